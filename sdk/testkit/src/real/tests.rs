//! Each law that is checked at a real target catches a connector that breaks it there, and whatever was made is taken away.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::try_out;
use crate::fixture::Sample;
use crate::report::Verdict;
use crate::subject::{
    Applied, Description, Done, Effect, Entitlement, Failure, Host, Item, Kind, Observed, Page, Presence, Run, Subject, Surface,
    ToolOutcome, Wish,
};
use crate::world::World;

const NOW: u64 = 1_767_225_600_000;
/// How long a slow answer takes, in milliseconds.
const SLOW: u64 = 8_000;
/// How long a trial lasts, in milliseconds.
const ENDS: u64 = 40_000;

/// What is in the target, by mark or account.
type Held = BTreeMap<String, Presence>;

/// A target and its connector, which breaks one law.
#[derive(Clone)]
struct Target {
    breaks: &'static str,
    held: Arc<Mutex<Held>>,
    time: Arc<AtomicU64>,
    pages: Arc<AtomicUsize>,
    surface: Surface,
}

impl Target {
    fn new(breaks: &'static str) -> Self {
        let entitlement = |name: &str, provisions| Entitlement {
            name: name.into(),
            provisions,
            suspend: provisions,
            marked: provisions,
            host_looks: true,
        };
        let surface =
            Surface { entitlements: vec![entitlement("login", true), entitlement("member", false)], inventory: true, ..Surface::default() };
        Self { breaks, held: Arc::default(), time: Arc::new(AtomicU64::new(NOW)), pages: Arc::default(), surface }
    }

    fn breaks(&self, what: &str) -> bool {
        self.breaks == what
    }

    /// It takes eight seconds to answer.
    fn dawdle(&self) {
        self.time.fetch_add(SLOW, Ordering::Relaxed);
    }

    fn key(&self, want: &Wish) -> String {
        want.sample.account.clone().unwrap_or_else(|| self.stamp(want.holding))
    }
}

impl Host for Target {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn subject(&self, _: &Arc<World>) -> Arc<dyn Subject> {
        Arc::new(self.clone())
    }
}

fn failure(code: &str) -> Failure {
    Failure { kind: Kind::Conflict, code: code.into(), message: "no".into(), effect: Effect::None }
}

#[async_trait]
impl Subject for Target {
    fn stamp(&self, holding: u32) -> String {
        format!("hp_trial000_{holding}")
    }

    fn now(&self) -> u64 {
        self.time.load(Ordering::Relaxed)
    }

    async fn apply(&self, run: &Run, want: &Wish, _: Option<&str>) -> Result<Applied, Failure> {
        let mut held = self.held.lock().unwrap();
        let there = held.contains_key(&self.key(want));
        if self.breaks("twice") && there && run.operation == 1 {
            return Err(failure("there-already"));
        }
        let locator = if self.breaks("fresh-instance") && run.within_ms < 10_000 { "sooner".into() } else { self.key(want) };
        let delivers = want.provisions && (want.fresh_credential || !there || self.breaks("secrets"));
        if (!run.dry_run || self.breaks("dry-run")) && !self.breaks("agreement") {
            held.insert(self.key(want), if want.suspended { Presence::Suspended } else { Presence::Present });
        }
        let delivered = (delivers && !run.dry_run).then(|| vec!["password".to_owned()]);
        Ok(Applied { done: Done::Settled { locator, already: there, replaced: Vec::new() }, delivered })
    }

    async fn revoke(&self, run: &Run, want: &Wish, _: Option<&str>) -> Result<Done, Failure> {
        if self.breaks("slow-sweep") && run.operation == 70 {
            self.dawdle();
            return Err(failure("not-now"));
        }
        let mut held = self.held.lock().unwrap();
        if self.breaks("absent") && !held.contains_key(&self.key(want)) {
            return Err(failure("not-there"));
        }
        if !run.dry_run && !self.breaks("sweep") {
            held.remove(&self.key(want));
        }
        Ok(Done::Settled { locator: self.key(want), already: false, replaced: Vec::new() })
    }

    async fn observe(&self, run: &Run, want: &Wish) -> Result<Observed, Failure> {
        let mut held = self.held.lock().unwrap();
        let presence = held.get(&self.key(want)).copied().unwrap_or(Presence::Absent);
        // Only after it answered: what is seen later is another.
        if self.breaks("reads") && run.operation < 900 {
            held.remove(&self.key(want));
        }
        Ok(Observed { presence, ours: want.provisions.then_some(true), words: Vec::new() })
    }

    async fn look(&self, _: &Run, want: &Wish) -> Result<Option<Presence>, Failure> {
        Ok(Some(self.held.lock().unwrap().get(&self.key(want)).copied().unwrap_or(Presence::Absent)))
    }

    async fn health(&self, _: &Run) -> Result<(), Failure> {
        if self.breaks("health") { Err(failure("unwell")) } else { Ok(()) }
    }

    async fn describe(&self, _: &Run) -> Result<Description, Failure> {
        Ok(Description::default())
    }

    async fn page(&self, _: &Run, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
        let page = self.pages.fetch_add(1, Ordering::Relaxed);
        if self.breaks("slow-pages") {
            self.dawdle();
        }
        if self.breaks("slow-pages") || self.breaks("endless") {
            return Ok(Page { items: Vec::new(), next: Some(page.to_string()) });
        }
        let held = self.held.lock().unwrap();
        let from = cursor.map_or(0, |c| c.parse::<usize>().unwrap());
        let item = |key: &String| {
            let login = key.starts_with("hp_");
            let (entitlement, resource) = if login { ("login", "database:a") } else { ("member", "role:b") };
            Item {
                account: key.clone(),
                entitlement: entitlement.into(),
                resource: resource.into(),
                stamp: login.then(|| key.clone()),
                words: Vec::new(),
            }
        };
        let all: Vec<Item> = held.keys().map(item).collect();
        let to = from + usize::try_from(limit).unwrap();
        let items: Vec<Item> =
            all.iter().skip(from).take(to - from).filter(|i| !self.breaks("paging") || i.stamp.is_none()).cloned().collect();
        Ok(Page { items, next: (to < all.len()).then(|| to.to_string()) })
    }

    async fn call_tool(&self, _: &Run, _: &str, _: &str) -> Result<String, Failure> {
        Err(failure("no-tools"))
    }

    async fn tool_outcome(&self, _: &Run, _: u32) -> Result<ToolOutcome, Failure> {
        Err(failure("no-tools"))
    }
}

fn sample(name: &str, entitlement: &str, resource: &str, account: Option<&str>) -> Sample {
    let account = account.map(str::to_owned);
    Sample { name: name.into(), entitlement: entitlement.into(), resource: resource.into(), account, parameters: BTreeMap::new() }
}

fn wishes() -> Vec<Sample> {
    vec![sample("log in", "login", "database:a", None), sample("join", "member", "role:b", Some("ada"))]
}

#[tokio::test]
async fn what_keeps_the_laws_passes_and_leaves_nothing() {
    let target = Target::new("nothing");
    let tried = try_out(&target, wishes(), u64::MAX).await;
    assert!(tried.report.is_kept() && tried.left.is_empty(), "{}", tried.report.problems());
    let kept = |law: &str| tried.report.laws.iter().any(|c| c.law == law && matches!(c.verdict, Verdict::Kept { calls } if calls > 0));
    for law in ["fixture", "health", "agreement", "twice", "absent", "reads", "dry-run", "secrets", "fresh-instance", "paging"] {
        assert!(kept(law), "{law} was not checked: {:?}", tried.report);
    }
    assert!(target.held.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_law_catches_who_breaks_it_and_nothing_stays() {
    for law in ["health", "agreement", "twice", "absent", "reads", "dry-run", "secrets", "fresh-instance", "paging"] {
        let target = Target::new(law);
        let tried = try_out(&target, wishes(), u64::MAX).await;
        assert!(tried.report.broken().any(|(checked, _)| checked.law == law), "{law}: {}", tried.report.problems());
        assert!(tried.left.is_empty() && target.held.lock().unwrap().is_empty(), "{law}: {:?}", tried.left);
    }
}

#[tokio::test]
async fn what_cannot_be_taken_away_is_named_and_not_tried_any_more() {
    let target = Target::new("sweep");
    let tried = try_out(&target, wishes(), u64::MAX).await;
    assert_eq!(tried.left, ["hp_trial000_1: login on database:a", "ada: member on role:b"]);
    let because = |law: &str| tried.report.laws.iter().find(|c| c.law == law).map(|c| c.verdict.clone());
    assert!(matches!(because("absent"), Some(Verdict::Skipped { .. })), "{:?}", because("absent"));
}

#[tokio::test]
async fn what_somebody_holds_is_not_touched_and_what_a_trial_left_is() {
    let target = Target::new("nothing");
    let before: Held = [("ada".to_owned(), Presence::Present), ("hp_trial000_1".to_owned(), Presence::Present)].into();
    *target.held.lock().unwrap() = before;
    let tried = try_out(&target, wishes(), u64::MAX).await;
    let (law, finding) = tried.report.broken().next().unwrap();
    assert_eq!((law.law, tried.report.broken().count()), ("fixture", 1));
    assert!(finding.what.contains("`join` is there already"), "{finding:?}");
    assert_eq!(target.held.lock().unwrap().keys().collect::<Vec<_>>(), ["ada"]);
}

#[tokio::test]
async fn when_time_is_over_no_law_is_begun() {
    let tried = try_out(&Target::new("nothing"), wishes(), NOW).await;
    assert!(tried.report.laws.iter().all(|c| matches!(c.verdict, Verdict::Skipped { .. })), "{:?}", tried.report);
}

#[tokio::test]
async fn a_law_that_takes_for_ever_is_cut_off_and_what_it_made_is_taken_away() {
    let target = Target::new("slow-pages");
    let tried = try_out(&target, wishes(), NOW + ENDS).await;
    assert_eq!(target.now(), NOW + ENDS, "no page was asked for after the end");
    assert_eq!(target.pages.load(Ordering::Relaxed), usize::try_from(ENDS / SLOW).unwrap());
    let cut = tried.report.laws.iter().filter(|c| matches!(&c.verdict, Verdict::Skipped { because } if because.contains("time")));
    assert!(cut.map(|c| c.law).any(|law| law == "paging") && tried.report.is_kept(), "{:?}", tried.report);
    assert!(tried.left.is_empty() && target.held.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_listing_without_end_is_not_read_for_ever() {
    let target = Target::new("endless");
    let tried = try_out(&target, wishes(), u64::MAX).await;
    let (law, finding) = tried.report.broken().next().unwrap();
    assert!(law.law == "paging" && finding.what.contains("no end"), "{finding:?}");
    assert!(target.pages.load(Ordering::Relaxed) < 200, "{:?}", target.pages);
    assert!(tried.left.is_empty() && target.held.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_takes_for_ever_to_be_taken_away_is_named_and_waited_for_no_longer() {
    let target = Target::new("slow-sweep");
    let many = (0..16).map(|n| sample(&n.to_string(), "member", "role:b", Some(&n.to_string()))).collect();
    let tried = try_out(&target, many, NOW + 1).await;
    assert!(tried.left.len() == 16 && target.now() < NOW + 1 + super::CLEANUP + SLOW, "{:?}", tried.left);
}
