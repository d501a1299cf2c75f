//! Turns: how guests share the processors with the broker and with each other, and what of their CPU budget that costs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::UpdateDeadline;

/// Ticks after which a guest must let others go on. The first has begun already when its turn does, so that a turn lasts one to
/// two.
const TURN: u64 = 2;

/// Ticks since the engine started. The engine's own epoch cannot be read.
#[derive(Clone, Default)]
pub(crate) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    /// One more.
    pub(crate) fn tick(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The CPU time of one call, in ticks that pass while the guest runs. What passes while it waits is free; so is, but for one tick, what
/// the machine takes away in the middle of a turn, and what the host does on the guest's behalf, which has bounds of its own.
pub(crate) struct Budget {
    ticks: Ticks,
    whole: u64,
    left: AtomicU64,
    /// When the turn began.
    began: AtomicU64,
}

impl Budget {
    /// `whole` ticks.
    pub(crate) fn new(ticks: Ticks, whole: u64) -> Arc<Self> {
        Arc::new(Self { ticks, whole, left: AtomicU64::new(whole), began: AtomicU64::new(0) })
    }

    fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.left() == 0
    }

    /// Whether a turn's worth was spent, at once or bit by bit: the rest is for the low-priority threads.
    pub(crate) fn is_long(&self) -> bool {
        self.whole - self.left() >= TURN
    }

    /// The guest goes on after it waited, for others or for something.
    pub(crate) fn begin_turn(&self) {
        self.began.store(self.ticks.now(), Ordering::Relaxed);
    }

    /// What becomes of a guest whose deadline in the engine's epoch is over.
    pub(crate) fn passed(&self) -> UpdateDeadline {
        let ran = self.ticks.now().saturating_sub(self.began.load(Ordering::Relaxed));
        if ran == 0 {
            // It was over before this turn began.
            return UpdateDeadline::Continue(1);
        }
        let left = self.left().saturating_sub(1);
        self.left.store(left, Ordering::Relaxed);
        match ran {
            _ if left == 0 => UpdateDeadline::Interrupt,
            ran if ran < TURN => UpdateDeadline::Continue(1),
            _ => UpdateDeadline::Yield(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ticks: &Ticks, length: usize, budget: &Budget) -> &'static str {
        (0..length).for_each(|_| ticks.tick());
        match budget.passed() {
            UpdateDeadline::Continue(1) => "goes on",
            UpdateDeadline::Yield(1) => "yields",
            UpdateDeadline::Interrupt => "ends",
            _ => "something else",
        }
    }

    #[test]
    fn a_guest_yields_after_each_turn_and_ends_with_its_budget() {
        let ticks = Ticks::default();
        let budget = Budget::new(ticks.clone(), 4);
        budget.begin_turn();
        assert_eq!((after(&ticks, 1, &budget), budget.is_long()), ("goes on", false), "the first tick was not a whole one");
        assert_eq!((after(&ticks, 1, &budget), budget.is_long()), ("yields", true));
        budget.begin_turn();
        assert_eq!((after(&ticks, 1, &budget), budget.is_spent()), ("goes on", false));
        assert_eq!((after(&ticks, 1, &budget), budget.is_spent()), ("ends", true));
    }

    #[test]
    fn what_a_guest_waits_costs_nothing_and_what_is_taken_from_it_one_tick() {
        let ticks = Ticks::default();
        let budget = Budget::new(ticks.clone(), 3);
        (0..100).for_each(|_| ticks.tick());
        budget.begin_turn();
        assert_eq!((after(&ticks, 0, &budget), budget.left()), ("goes on", 3));
        assert_eq!((after(&ticks, 100, &budget), budget.left()), ("yields", 2));
    }

    #[test]
    fn a_guest_that_waits_between_short_turns_is_long_all_the_same() {
        let ticks = Ticks::default();
        let budget = Budget::new(ticks.clone(), 100);
        for long in [false, true] {
            budget.begin_turn();
            assert_eq!((after(&ticks, 1, &budget), budget.is_long()), ("goes on", long));
        }
    }
}
