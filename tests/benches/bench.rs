//! The one bench binary. `cargo bench` runs all of it, `cargo bench -- activation` one part.
//!
//! It prints figures and asserts none: they belong to the machine that they were taken on. Where a ratio is asked for, both sides
//! are measured in turns in the same run, because the speed of a machine changes from minute to minute. What came out, and on
//! what machine, is kept in `host/BENCHMARKS.md`.

mod activation;
mod bare;
mod by_hand;
mod calls;
mod churn;
mod guests;
mod neighbours;
mod stage;
mod starts;
mod stats;
mod timeline;

/// A part and what runs it.
type Part = (&'static str, fn());

const PARTS: &[Part] = &[
    ("calls", calls::run),
    ("neighbours", neighbours::run),
    ("starts", starts::run),
    ("churn", churn::run),
    ("activation", activation::run),
];

fn main() {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if let [churn::CHILD, part, filled] = wanted.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return churn::child(part, filled.as_ref());
    }
    let chosen: Vec<&Part> = PARTS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        eprintln!("there is no such part; the parts are: {}", names.join(", "));
        std::process::exit(2);
    }
    println!("{}", stats::machine());
    for (name, run) in chosen {
        println!("\n== {name}");
        run();
    }
}
