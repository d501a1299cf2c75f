//! Load, swap and unload, thousands of times over: what stays behind. And what a connector that is only loaded takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hallpass_build::Language;
use hallpass_domain::port::Connector as _;
use hallpass_tests::guests::{guests_as, renamed};

use crate::guests::call;
use crate::stage::{folder, keyring, runtime};
use crate::starts::{NAME, template};
use crate::stats::now;

/// After how many swaps it is looked what stays behind. Up to the first, pools fill up and the allocator takes what it needs; what is
/// asked for is a thousand, and what creeps shows in more.
const LOOKS: [usize; 5] = [100, 1_000, 2_000, 3_000, 4_000];
/// Connectors that are loaded and idle.
const IDLE: usize = 50;
/// The same of those that bring an engine of their language along.
const IDLE_LARGE: usize = 4;

/// What a process holds.
struct Held {
    resident_kib: u64,
    own_kib: u64,
    files: usize,
    threads: usize,
    mappings: usize,
}

impl Held {
    fn now() -> Self {
        let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap();
        let kib = |key: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim_matches([':', ' ']).trim_end_matches(" kB").parse().unwrap()
        };
        let entries = |path: &str| fs::read_dir(path).unwrap().count();
        Self {
            resident_kib: kib("Rss"),
            own_kib: kib("Private_Dirty"),
            files: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            mappings: fs::read_to_string("/proc/self/maps").unwrap().lines().count(),
        }
    }

    fn line(&self, when: &str) -> String {
        let Self { resident_kib, own_kib, files, threads, mappings } = self;
        format!("{when:<20} resident {resident_kib} KiB, own {own_kib} KiB, {files} files, {threads} threads, {mappings} mappings")
    }
}

/// Where, in such a folder, the compiled code lies.
const COMPILED: &str = "compiled";

/// The first argument of a process that is started for one part.
pub(crate) const CHILD: &str = "churn-child";

/// Both parts run in processes of their own, which compile nothing: a compiler leaves much behind in the allocator.
pub(crate) fn run() {
    let rust: Vec<Vec<u8>> = (0..IDLE).map(variant).collect();
    apart(&["swaps", "idle"], &rust);
    for language in [Language::JavaScript, Language::Python] {
        println!("{language}:");
        match template(language) {
            Ok(file) => {
                let as_another = |n| renamed(&file, NAME, &format!("be{n:03}"));
                apart(&["idle"], &(0..IDLE_LARGE).map(as_another).collect::<Vec<_>>());
            }
            Err(error) => println!("not measured, it was not built: {error}"),
        }
    }
}

/// Compiles these files, and runs each part in a process that finds them and what they were compiled to.
fn apart(parts: &[&str], files: &[Vec<u8>]) {
    let filled = folder();
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    tokio.block_on(async {
        let fill = runtime(filled.path().join(COMPILED), &keyring());
        for (n, file) in files.iter().enumerate() {
            fill.load(file).await.unwrap();
            fs::write(filled.path().join(format!("{n:05}.wasm")), file).unwrap();
        }
    });
    for part in parts {
        let mut child = Command::new(std::env::current_exe().unwrap());
        // One arena: else every thread takes one of its own, a megabyte, when it first allocates.
        child.args([CHILD, part]).arg(filled.path()).env("MALLOC_ARENA_MAX", "1");
        assert!(child.status().unwrap().success());
    }
}

/// The plugin files of a folder that [`apart`] filled, in order.
fn files(filled: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(filled).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "wasm")).collect();
    files.sort();
    files
}

/// The other process, for one part.
pub(crate) fn child(part: &str, filled: &Path) {
    // Few threads for blocking work: each keeps a quarter of a megabyte, which is soon taken and then looks like a leak.
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(2).build().unwrap();
    match part {
        "swaps" => tokio.block_on(swaps(filled)),
        _ => tokio.block_on(idle(filled)),
    }
}

/// Two versions in turns: the next is loaded and called while the one before is there, which is then unloaded.
async fn swaps(filled: &Path) {
    let cache = folder();
    let runtime = runtime(cache.path().to_owned(), &keyring());
    let versions: Vec<Vec<u8>> = files(filled).iter().take(2).map(|path| fs::read(path).unwrap()).collect();
    let mut before = None;
    println!("load, call, unload the one before:");
    for (from, to) in [0].into_iter().chain(LOOKS).zip(LOOKS) {
        let begun = now();
        for n in from..to {
            // Unloading removes the compiled code; it is put back.
            copy_files(&filled.join(COMPILED), cache.path());
            let next = runtime.load(&versions[n % 2]).await.unwrap().digest;
            runtime.health(&call(next, "do_nothing")).await.unwrap();
            if let Some(before) = before.replace(next) {
                runtime.unload(&before).await;
            }
        }
        let each = (now() - begun) / u32::try_from(to - from).unwrap();
        println!("{}, {} µs each", Held::now().line(&format!("after {to}")), each.as_micros());
    }
}

/// Loads what lies compiled in this folder, and lets it be.
async fn idle(filled: &Path) {
    let runtime = runtime(filled.join(COMPILED), &keyring());
    let files = files(filled);
    // One first, for what all share.
    let (first, others) = files.split_first().unwrap();
    runtime.load(&fs::read(first).unwrap()).await.unwrap();
    let before = Held::now();
    for file in others {
        runtime.load(&fs::read(file).unwrap()).await.unwrap();
    }
    let after = Held::now();
    let each = |kib: fn(&Held) -> u64| kib(&after).saturating_sub(kib(&before)) / others.len() as u64;
    let resident = each(|held| held.resident_kib).max(1);
    println!("idle: {resident} KiB resident each ({} KiB its own), {} in a GB", each(|held| held.own_kib), (1 << 20) / resident);
    println!("{}", before.line("with 1"));
    println!("{}", after.line(&format!("with {}", files.len())));
}

/// The guests as another connector: its name makes its digest differ.
fn variant(n: usize) -> Vec<u8> {
    guests_as(&format!("g{n:05}"))
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if !there.exists() {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}
