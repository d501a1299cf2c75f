//! Guests that send, ask for or wait for more than a call may have over HTTP.

use std::sync::Arc;

use hallpass::client::Until;
use hallpass_broker::SystemClock;
use hallpass_domain::clock::{Clock as _, ManualClock};
use hallpass_domain::port::{Connector as _, Effect};
use hallpass_egress::Bounds;

use super::act::{Act, Outcome};
use super::site::Site;
use super::stage::{executor, stage};

const DAY: u64 = 86_400_000;

/// It failed with this code, and the operator reads this.
fn bounded(behaviour: &'static str, code: &str, says: &str) -> Site {
    let site = Site::open();
    let done = site.play(behaviour).failed(code, Effect::None);
    assert!(done.log.iter().any(|line| line.contains(says)), "`{says}` is not in {:?}", done.log);
    site
}

#[test]
pub(super) fn flood_of_headers() {
    let site = bounded("flood_of_headers", "over-limit", "more headers in a request: a call may have 64");
    assert!(site.seen().is_empty());
}

#[test]
pub(super) fn flood_of_header_bytes() {
    let site = bounded("flood_of_header_bytes", "over-limit", "more bytes of headers: a call may have 16384");
    assert!(site.seen().is_empty());
}

#[test]
pub(super) fn flood_of_fields() {
    bounded("flood_of_fields", "broken-rule", "broken-rule");
}

#[test]
pub(super) fn flood_of_requests() {
    let site = bounded("flood_of_requests", "over-limit", "more requests: a call may have 30");
    assert_eq!(site.seen().len(), 30);
}

#[test]
pub(super) fn capture_a_flood() {
    let site = Site::open();
    let done = site.play("capture_a_flood").failed("over-limit", Effect::Partial);
    let says = "more secrets: a call may have 32";
    assert!(done.log.iter().any(|line| line.contains(says)), "{:?}", done.log);
    assert_eq!(site.seen().len(), 16, "two secrets in each, and the one too many makes no key that nobody gets");
}

#[test]
pub(super) fn capture_something_huge() {
    let done = Site::open().play("capture_something_huge").failed("withheld", Effect::Unknown);
    assert!(done.log.iter().any(|line| line.contains("has more than 16384 bytes")), "{:?}", done.log);
}

#[test]
pub(super) fn hold_handles_without_end() {
    let done = Site::open().play("hold_handles_without_end").failed("over-limit", Effect::Partial);
    let says = "more handles to captured secrets: a call may have 16";
    assert!(done.failure().message.contains(says), "one that is dropped counts as well: {}", done.failure());
}

#[test]
pub(super) fn send_without_end() {
    let site = Site::open();
    let done = site.play("send_without_end").failed("over-limit", Effect::None);
    assert!(done.log.iter().any(|line| line.contains("more bytes to send: a call may have 1048576")), "{:?}", done.log);
    assert!(site.seen().is_empty(), "what is cut short is not sent at all");
}

#[test]
pub(super) fn send_many_bodies() {
    let site = Site::open();
    let done = site.play("send_many_bodies").failed("over-limit", Effect::None);
    assert!(done.log.iter().any(|line| line.contains("more bytes to send: a call may have 1048576")), "{:?}", done.log);
    assert!(site.seen().is_empty());
}

#[test]
pub(super) fn receive_without_end() {
    bounded("receive_without_end", "broken-answer", "more bytes to receive: a call may have 2097152");
}

#[test]
pub(super) fn receive_a_flood_of_headers() {
    bounded("receive_a_flood_of_headers", "broken-answer", "the connection broke");
}

#[test]
pub(super) fn receive_a_bomb() {
    let site = bounded("receive_a_bomb", "withheld", "it is compressed, though that was not asked for");
    assert!(site.seen()[0].contains("accept-encoding: identity\r\n"), "{:?}", site.seen());
}

#[test]
pub(super) fn receive_it_packed_in_transit() {
    bounded("receive_it_packed_in_transit", "withheld", "it is compressed, though that was not asked for");
}

#[test]
pub(super) fn receive_a_head_without_end() {
    bounded("receive_a_head_without_end", "broken-answer", "the connection broke");
}

#[test]
pub(super) fn receive_nonsense() {
    let site = Site::open();
    let done = site.play("receive_nonsense").failed("all-refused", Effect::None);
    let told = done.log.iter().filter(|line| line.contains("has no answer: ")).count();
    assert_eq!((told, site.seen().len()), (8, 8), "the operator reads of each, and nothing is asked twice: {:#?}", done.log);
}

#[test]
pub(super) fn leave_answers_unread() {
    let site = bounded("leave_answers_unread", "over-limit", "more requests at once: a call may have 8");
    assert_eq!(site.seen().len(), 8);
}

#[test]
pub(super) fn ask_at_once() {
    bounded("ask_at_once", "over-limit", "more requests at once: a call may have 8");
}

/// Plays it in a runtime whose clock goes on by `step`, again and again once it `waits`, until the call is over; the server that drips
/// says one more piece each time. The neighbour answers in that runtime meanwhile, and afterwards.
fn in_time(site: &Site, act: Act, http: Bounds, step: u64, waits: impl Fn() -> bool) -> Outcome {
    let clock = ManualClock::new(SystemClock.now());
    let (runtime, neighbour) = executor().block_on(stage().beside(Arc::new(clock.clone()), http));
    let act = act.on(&runtime);
    let done = std::thread::scope(|scope| {
        let playing = scope.spawn(|| act.play());
        executor().block_on(async {
            while !waits() {
                assert!(!playing.is_finished(), "it ended before it began");
                Until::pause().await;
            }
            runtime.health(&neighbour).await.expect("the neighbour works while the guest waits");
            while !playing.is_finished() {
                clock.advance(step);
                site.more.notify_one();
                Until::pause().await;
            }
            runtime.health(&neighbour).await.expect("the neighbour works afterwards");
        });
        playing.join().unwrap()
    });
    site.judge(done)
}

/// The guest waits for the target, which has its request, until this time is over; the operator reads so.
fn waits(behaviour: &'static str, http: Bounds, code: &str, says: &str) {
    let site = Site::open();
    let act = site.act(behaviour).within_ms(DAY);
    let done = in_time(&site, act, http, 5_000, || !site.seen().is_empty()).failed(code, Effect::None);
    assert!(done.log.iter().any(|line| line.contains(says)), "{:?}", done.log);
}

/// Bounds in which all but one time are a day.
fn patient() -> Bounds {
    Bounds { connect_ms: DAY, first_byte_ms: DAY, between_bytes_ms: DAY, ..Bounds::default() }
}

#[test]
pub(super) fn receive_slowly() {
    let http = Bounds { between_bytes_ms: 10_000, ..patient() };
    waits("receive_slowly", http, "broken-answer", "the next piece of the answer took longer than 10000 ms");
}

#[test]
pub(super) fn wait_for_an_answer() {
    let http = Bounds { first_byte_ms: 30_000, ..patient() };
    waits("wait_for_an_answer", http, "no-answer", "the answer took longer than 30000 ms");
}

#[test]
pub(super) fn wait_through_hints() {
    let http = Bounds { first_byte_ms: 30_000, ..patient() };
    waits("wait_through_hints", http, "no-answer", "the answer took longer than 30000 ms");
}

#[test]
pub(super) fn receive_drop_by_drop() {
    // A piece always comes in time: what ends it is the deadline of the call.
    let site = Site::open();
    let act = site.act("receive_drop_by_drop").within_ms(60_000);
    in_time(&site, act, patient(), 5_000, || !site.seen().is_empty()).failed("deadline", Effect::None);
}

#[test]
pub(super) fn wait_for_a_handshake() {
    let site = Site::open();
    let url = site.url("127.0.0.1").replace("http://", "https://");
    let act = site.act("wait_for_a_handshake").with("elsewhere", url.clone()).granted(&url).within_ms(DAY);
    let http = Bounds { connect_ms: 10_000, ..patient() };
    let done = in_time(&site, act, http, 5_000, || site.connections() > 0).failed("unreachable", Effect::None);
    assert!(done.log.iter().any(|line| line.contains("connecting took longer than 10000 ms")), "{:?}", done.log);
}

#[test]
pub(super) fn wait_for_a_name() {
    let site = Site::open();
    let act = site.act("wait_for_a_name").with("elsewhere", "https://never.example".to_owned()).within_ms(DAY);
    let http = Bounds { connect_ms: 10_000, ..patient() };
    let done = in_time(&site, act, http, 5_000, || stage().names.lookups("never.example") > 0).failed("unreachable", Effect::None);
    assert!(done.log.iter().any(|line| line.contains("connecting took longer than 10000 ms")), "{:?}", done.log);
}
