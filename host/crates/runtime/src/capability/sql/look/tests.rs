//! Laws of the host's look.

use hallpass_domain::clock::Timestamp;
use hallpass_domain::holding::Mode;
use hallpass_domain::ids::{HoldingId, InstallationId, Stamp};
use hallpass_domain::port::Wish;
use hallpass_domain::rng::SeededRng;
use serde_json::json;

use super::*;
use crate::manifest::document;

fn declared(expect: &serde_json::Value) -> Result<Look, String> {
    let text = json!({ "text": "SELECT 1", "effect": "read", "calls": ["look"], "expect": expect });
    let statement: document::Statement = serde_json::from_value(text).unwrap();
    let expect = statement.expect.as_ref().unwrap();
    Look::declare(Statement::declare("look", &statement).unwrap(), expect)
}

fn wish() -> Wish {
    let rng = SeededRng::new(1);
    Wish {
        stamp: Stamp::new(&InstallationId::new(&rng).unwrap(), &HoldingId::new(Timestamp(0), &rng).unwrap()),
        mode: Mode::Provisioning,
        account: None,
        entitlement: "schema.read".to_owned(),
        resource: "database:shop/schema:sales".parse().unwrap(),
        parameters: std::collections::BTreeMap::default(),
        until: Timestamp(1_000),
        suspended: false,
        fresh_credential: true,
        locator: None,
    }
}

fn row(mark: &str, login: bool, missing: i64) -> Vec<(String, Value)> {
    vec![
        ("login".to_owned(), Value::Boolean(login)),
        ("mark".to_owned(), Value::Text(mark.to_owned())),
        ("missing".to_owned(), Value::Integer(missing)),
        ("sessions".to_owned(), Value::Integer(2)),
    ]
}

#[test]
fn a_row_is_a_state_only_when_every_column_is() {
    let look = declared(&json!({
        "present": { "login": true, "mark": "grant.mark", "missing": 0 },
        "suspended": { "login": false, "mark": "grant.mark" },
        "absent": "no rows",
    }))
    .unwrap();
    let wish = wish();
    let frozen = Frozen { wish: Some(&wish), attempt: 9 };
    let mark = format!("{}/7", wish.stamp);
    let judge = |rows: &[Vec<(String, Value)>]| look.judge(rows, false, frozen);

    let present = judge(&[row(&mark, true, 0)]);
    assert_eq!((present.presence, present.attempt), (Some(Presence::Present), Some(7)), "the attempt that landed, not the one that asks");
    assert_eq!(present.details, [("sessions".to_owned(), "2".to_owned())]);
    assert_eq!(judge(&[row(&mark, false, 5)]).presence, Some(Presence::Suspended));
    assert_eq!(judge(&[]).presence, Some(Presence::Absent));

    let drift = judge(&[row(&mark, true, 1)]);
    assert_eq!((drift.presence, drift.attempt), (None, Some(7)));
    assert_eq!(drift.details, [("look.missing".to_owned(), "1".to_owned())]);
    for foreign in
        [format!("{}/x", wish.stamp), format!("{}/+1", wish.stamp), format!("{}/01", wish.stamp), "other/1".to_owned(), String::new()]
    {
        assert_eq!(judge(&[row(&foreign, true, 0)]).presence, None, "{foreign}");
    }
    assert_eq!(judge(&[row(&mark, true, 0), row(&mark, true, 0)]).presence, None, "two rows are no state");
    assert_eq!(look.judge(&[row(&mark, true, 0)], true, frozen).presence, None, "nor is one of many");
}

#[test]
fn access_with_another_parameter_is_not_the_access_that_was_approved() {
    let look = declared(&json!({ "present": { "level": "parameter.level" }, "absent": "no rows" })).unwrap();
    let level = |text: &str| vec![vec![("level".to_owned(), Value::Text(text.to_owned()))]];
    let mut wish = wish();
    assert_eq!(look.judge(&level("read"), false, Frozen { wish: Some(&wish), attempt: 1 }).presence, None, "nothing was approved");
    wish.parameters.insert("level".to_owned(), "read".to_owned());
    let frozen = Frozen { wish: Some(&wish), attempt: 1 };
    assert_eq!(look.judge(&level("read"), false, frozen).presence, Some(Presence::Present));
    assert_eq!(look.judge(&level("write"), false, frozen).presence, None);
}

#[test]
fn looks_that_disagree_are_drift() {
    let verdict = |presence, attempt| Verdict { presence, attempt, details: vec![] };
    let (present, absent) = (Some(Presence::Present), Some(Presence::Absent));
    assert_eq!(agree(vec![verdict(present, Some(1)), verdict(present, None)]), verdict(present, Some(1)));
    assert_eq!(agree(vec![verdict(present, None), verdict(absent, None)]).presence, None);
    assert_eq!(agree(vec![verdict(present, Some(1)), verdict(present, Some(2))]).presence, None);
    assert_eq!(agree(vec![]).presence, None, "no look proves nothing");
}

#[test]
fn a_look_that_could_not_tell_two_states_apart_is_refused() {
    assert!(declared(&json!({ "present": "no rows", "absent": "no rows" })).is_err());
    assert!(declared(&json!({ "present": {}, "absent": "no rows" })).is_err());
    assert!(declared(&json!({ "present": { "a": [1] }, "absent": "no rows" })).is_err());
    assert!(declared(&json!({ "present": { "a": "grant.unknown" }, "absent": "no rows" })).is_err());
}
