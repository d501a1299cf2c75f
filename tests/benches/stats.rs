//! Times, what is said of many of them, and what machine they were taken on.

use std::time::{Duration, Instant};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Many times of the same thing.
#[derive(Default, Clone)]
pub(crate) struct Series(Vec<Duration>);

impl Series {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that this share of all is not above, in microseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (share * last as f64).round() as usize;
        sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    /// One line of a table.
    pub(crate) fn line(&self, name: &str) -> String {
        let [p10, median, p99] = [0.1, 0.5, 0.99].map(|share| self.quantile(share));
        format!("{name:<44} {:>6} {p10:>10.1} {median:>10.1} {p99:>10.1}", self.0.len())
    }
}

/// The heading over [`Series::line`].
pub(crate) fn heading() -> String {
    format!("{:<44} {:>6} {:>10} {:>10} {:>10}", "", "n", "p10 µs", "median µs", "p99 µs")
}

/// How much slower `ours` is than `theirs`: at the median, and at the 10th percentile, which a machine that is slow for a while
/// moves less.
pub(crate) fn ratio(ours: &Series, theirs: &Series) -> String {
    let [median, p10] = [0.5, 0.1].map(|share| ours.quantile(share) / theirs.quantile(share));
    format!("ratio: {median:.2} at the median, {p10:.2} at p10")
}

/// One line on the machine and the build.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).map_or("unknown processor", |m| m.trim_matches([':', ' ', '\t']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let build = if cfg!(debug_assertions) { "DEBUG BUILD: these figures mean nothing" } else { "profile bench" };
    format!("{model}, {cores} cores, Linux {}, {build}", read("/proc/sys/kernel/osrelease").trim())
}
