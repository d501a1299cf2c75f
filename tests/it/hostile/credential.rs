//! Guests that want the credential which the host puts into their requests, by way of a target that repeats it.

use std::sync::Arc;

use hallpass_domain::port::{Done, Effect};
use hallpass_domain::rng::{Rng, RngError};
use hallpass_tests::guests::guests_over_http;

use super::act::Outcome;
use super::site::{KEY, Site, TOKEN};
use super::stage::{executor, limits, stage};

/// What the guest says that it saw.
fn seen(done: &Outcome) -> String {
    match &done.result {
        Ok(Some(applied)) => match &applied.done {
            Done::Settled { locator, .. } => locator.clone(),
            Done::Pending(_) => panic!("the guests never wait"),
        },
        other => panic!("it saw nothing: {:?}", other.as_ref().err()),
    }
}

/// The target got the credential and repeated it; the guest sees that something was there, and not what.
fn kept(behaviour: &'static str) -> String {
    let site = Site::open();
    let done = site.play(behaviour).succeeded();
    assert!(site.seen().iter().all(|request| request.contains(&format!("authorization: Bearer {TOKEN}\r\n"))), "{:?}", site.seen());
    seen(&done)
}

#[test]
pub(super) fn steal_by_echo() {
    let seen = kept("steal_by_echo");
    assert!(seen.starts_with("200 ") && seen.contains("authorization: Bearer (secret)"), "{seen}");
}

#[test]
pub(super) fn steal_by_header() {
    let seen = kept("steal_by_header");
    assert!(seen.contains("x-token: (secret)") && seen.ends_with(" ok"), "{seen}");
    for left_out in ["cookie", "authenticate", "authorization", "c4nary"] {
        assert!(!seen.contains(left_out), "{left_out}: {seen}");
    }
}

#[test]
pub(super) fn steal_in_pieces() {
    assert!(kept("steal_in_pieces").ends_with(" before (secret) after, and (secret)"));
}

#[test]
pub(super) fn steal_by_trailer() {
    let seen = kept("steal_by_trailer");
    assert!(seen.ends_with(" ok") && !seen.contains("x-token"), "{seen}");
}

#[test]
pub(super) fn steal_by_redirect() {
    let seen = kept("steal_by_redirect");
    assert!(seen.starts_with("302 ") && seen.contains("location: /callback?access_token=(secret)#(secret)"), "{seen}");
}

#[test]
pub(super) fn steal_by_error() {
    let failed = Site::open().play("steal_by_error").failed("target-said-no", Effect::None);
    assert!(failed.failure().message.contains("the token (secret) may not do this"), "{}", failed.failure());
}

#[test]
pub(super) fn steal_by_log() {
    let done = Site::open().play("steal_by_log").succeeded();
    let told = done.log.iter().filter(|line| line.contains("hallpass::connector") && line.contains("Bearer (secret)")).count();
    assert_eq!(told, 1, "{:?}", done.log);
}

#[test]
pub(super) fn steal_in_another_spelling() {
    let seen = kept("steal_in_another_spelling");
    for line in seen.lines() {
        assert!(line.contains("(secret)"), "{line}");
    }
    assert_eq!(seen.lines().count(), 15, "{seen}");
}

#[test]
pub(super) fn steal_in_parts() {
    Site::open().refuses("steal_in_parts");
}

#[test]
pub(super) fn steal_from_the_request() {
    assert_eq!(kept("steal_from_the_request"), r#"1 1: ["x-mine"]"#);
}

#[test]
pub(super) fn bring_a_credential() {
    Site::open().refuses("bring_a_credential");
}

#[test]
pub(super) fn carry_it_elsewhere() {
    let (site, aside) = (Site::open(), Site::open());
    let url = aside.url("127.0.0.1");
    let done = site.judge(site.act("carry_it_elsewhere").with("elsewhere", url.clone()).granted(&url).play()).succeeded();
    assert_eq!(seen(&done), "200");
    let [carried] = aside.seen().try_into().unwrap();
    super::leak::none("what was carried off", &carried, TOKEN);
    assert!(!carried.to_ascii_lowercase().contains("authorization:"), "the credential belongs to the one place: {carried}");
}

#[test]
pub(super) fn keep_a_captured_secret() {
    let site = Site::open();
    let done = site.play("keep_a_captured_secret").succeeded();
    let seen = seen(&done);
    assert!(seen.contains(r#""secret":"(captured)""#) && seen.contains("x-key: (secret)"), "{seen}");
    assert!(seen.ends_with("false"), "the broker's own secrets are not to be captured: {seen}");
    let delivered = done.result.ok().flatten().and_then(|applied| applied.delivery).expect("it goes to the holder");
    assert_eq!(delivered.value.expose(), KEY);
}

/// Makes every secret of one byte, so that a guest can know what it looks for.
struct Stuck;

impl Rng for Stuck {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        out.fill(b'Z');
        Ok(())
    }
}

#[test]
pub(super) fn dump_its_memory() {
    assert!(TOKEN.starts_with("c4narybird/t0ken") && KEY.starts_with("m1nted/by+the=ta"), "the guest looks for these");
    let site = Site::open();
    let runtime = executor().block_on(stage().another_with(Arc::new(Stuck), limits(), &[guests_over_http()]));
    let done = site.judge(site.act("dump_its_memory").on(&runtime).play()).succeeded();
    assert_eq!(seen(&done), "nothing");
    let [minted, echoed] = site.seen().try_into().unwrap();
    assert!([minted, echoed].iter().all(|request| request.contains(TOKEN)), "the token went through");
    let delivered = done.result.ok().flatten().and_then(|applied| applied.delivery).expect("it goes to the holder");
    assert!(delivered.value.expose().starts_with("WlpaWlpaWlpaWlpa"), "and so does this one");
}
