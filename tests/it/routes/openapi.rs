//! The OpenAPI document as it was agreed.

use std::path::Path;

use serde_json::Value;

/// Set it to write the document anew: `UPDATE_GOLDEN=1 cargo test -p hallpass-tests openapi`.
const UPDATE: &str = "UPDATE_GOLDEN";

#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests; no configuration of the product")]
fn is_to_be_updated() -> bool {
    std::env::var_os(UPDATE).is_some_and(|value| value == "1")
}

#[test]
fn the_document_is_the_one_that_was_agreed() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/it/routes/openapi.json"));
    let now = format!("{}\n", hallpass_http::document().to_pretty_json().unwrap());
    if is_to_be_updated() {
        std::fs::write(path, &now).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap();
    let line =
        agreed.lines().zip(now.lines()).position(|(a, b)| a != b).map_or_else(|| "the end".to_owned(), |n| format!("line {}", n + 1));
    assert!(agreed == now, "the document differs from it/routes/openapi.json at {line}; if that is meant, run the test with {UPDATE}=1");
}

fn document() -> Value {
    serde_json::to_value(hallpass_http::document()).unwrap()
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    found.push(reference.clone());
                }
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50, "only {} references were found", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn the_document_is_openapi_3_1_and_every_operation_has_a_name_of_its_own() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids: Vec<&str> = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        ids.extend(item.as_object().unwrap().values().map(|operation| operation["operationId"].as_str().unwrap()));
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn every_body_that_comes_in_refuses_members_that_it_does_not_know() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else { continue };
            let reference =
                schema["$ref"].as_str().or_else(|| schema["oneOf"].as_array().and_then(|of| of.iter().find_map(|s| s["$ref"].as_str())));
            let schema = document.pointer(reference.unwrap().strip_prefix('#').unwrap()).unwrap();
            assert_eq!(schema["additionalProperties"], Value::Bool(false), "{method} {path}");
        }
    }
}
