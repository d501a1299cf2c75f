//! The committed list of endpoints against what the service offers.

use std::collections::{BTreeMap, BTreeSet};

use hallpass_policy::Action;

/// One line per endpoint: method, path, and what policy is asked: an action, two with a bar between them where it depends on what
/// is asked for, or `public`.
const COMMITTED: &str = include_str!("endpoints.txt");

/// The lines of the committed list.
pub(crate) fn committed() -> BTreeMap<(String, String), String> {
    let lines = COMMITTED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [method, path, action] = words[..] else { panic!("not a line of the list: {line}") };
        ((method.to_owned(), path.to_owned()), action.to_owned())
    });
    let list: Vec<_> = read.collect();
    let map: BTreeMap<_, _> = list.iter().cloned().collect();
    assert_eq!(map.len(), list.len(), "an endpoint stands in the list twice");
    map
}

/// The operations of the OpenAPI document: with the action that each says it asks for, and whether it wants a token.
fn offered() -> BTreeMap<(String, String), (String, bool)> {
    let document = serde_json::to_value(hallpass_http::document()).unwrap();
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let action = operation["x-hallpass-action"].as_str().unwrap_or_else(|| panic!("{method} {path} names no action"));
            let token = operation["security"].as_array().is_some_and(|s| s.iter().any(|r| r.get("session").is_some()));
            found.insert((method.to_uppercase(), path.clone()), (action.to_owned(), token));
        }
    }
    found
}

#[test]
fn the_committed_list_and_the_service_name_the_same_endpoints_and_actions() {
    let offered: BTreeMap<_, _> = offered().into_iter().map(|(endpoint, (action, _))| (endpoint, action)).collect();
    let text = |map: &BTreeMap<(String, String), String>| map.iter().map(|((m, p), a)| format!("{m} {p} {a}")).collect::<BTreeSet<_>>();
    let (committed, offered) = (text(&committed()), text(&offered));
    let unlisted: Vec<_> = offered.difference(&committed).collect();
    let gone: Vec<_> = committed.difference(&offered).collect();
    assert!(unlisted.is_empty() && gone.is_empty(), "not in the list: {unlisted:#?}\nnot in the service: {gone:#?}");
}

#[test]
fn an_endpoint_that_is_not_public_wants_a_token_and_names_an_action_that_policy_knows() {
    let known: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    for ((method, path), (action, token)) in offered() {
        assert_eq!(token, action != "public", "{method} {path}");
        for action in action.split('|').filter(|action| *action != "public") {
            assert!(known.contains(action), "{method} {path}: policy knows no {action}");
        }
    }
}

#[test]
fn nothing_under_v1_is_public_but_the_public_keys() {
    let public: Vec<_> = committed().into_iter().filter(|((_, path), action)| path.starts_with("/v1/") && action == "public").collect();
    assert_eq!(public.into_iter().map(|((method, path), _)| format!("{method} {path}")).collect::<Vec<_>>(), ["GET /v1/keys"]);
}
