//! An HTTP server of a scripted world.

use serde_json::{Map, Value, json};

use super::fault::arrives;
use super::rule::{Rule, Section};
use super::state::{Room, Scope, twisted};
use super::{Fault, Gone, Point, World};

const JSON: &str = "application/json";

/// A request to a scripted target, as it would have gone out.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name in the manifest.
    pub name: String,
    /// Whether it is declared to change something.
    pub changes: bool,
    /// The slots of its path.
    pub slots: Vec<(String, String)>,
    /// The parts of its query that the manifest declares; `None` where one was left out.
    pub query: Vec<(String, Option<String>)>,
    /// Its body.
    pub body: Vec<u8>,
    /// All of it, credential included, as a target could repeat it.
    pub whole: String,
}

/// An answer of a scripted target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
    /// The end of the body never comes.
    pub stalls: bool,
}

impl World {
    /// Answers a request.
    pub fn ask(&self, asked: &Asked) -> Result<Answered, Gone> {
        let name = asked.name.clone();
        let fault = self.step(if asked.changes { Point::Send(name) } else { Point::Ask(name) })?;
        match &fault {
            Some(Fault::Status(status)) => return Ok(page(*status, "")),
            Some(Fault::Echo) => return Ok(page(500, &asked.whole)),
            _ => {}
        }
        let state = self.state();
        let values = asked.values();
        let room = Room::default();
        let scope = Scope { values: &values, state: &state, room: &room };
        let played = self.play(Section::Http, &asked.name, scope).and_then(|(rule, after)| {
            let answered = answer(&rule, scope).map_err(|what| self.broken(Section::Http, &asked.name, &what))?;
            Ok((answered, after))
        });
        let (answered, after) = match played {
            Ok(played) => played,
            Err(not_whole) => return Ok(page(500, &not_whole)),
        };
        if fault != Some(Fault::Skip) {
            self.inner().state = after;
        }
        arrives(fault.as_ref())?;
        // What stands in between answers with the best of statuses, whatever was asked for.
        let best = if asked.changes { answered.status } else { 200 };
        if let Some(document) = fault.as_ref().and_then(|fault| self.of_another_shape(fault, &asked.name)) {
            return Ok(Answered { headers: vec![("content-type".to_owned(), JSON.to_owned())], ..page(best, &document.to_string()) });
        }
        Ok(match fault {
            Some(Fault::StatusAfter(status)) => page(status, ""),
            Some(Fault::Stall) => Answered { stalls: true, ..answered },
            Some(Fault::Page) => page(best, "<html><body>Sign in to continue</body></html>"),
            Some(Fault::Garbage | Fault::Hollow | Fault::Bare) => garbage(answered),
            _ => answered,
        })
    }

    /// A document that no answer to this request looks like: one that some rule gives says something, and not nonsense.
    fn of_another_shape(&self, fault: &Fault, request: &str) -> Option<Value> {
        let document = match fault {
            Fault::Hollow => json!({}),
            Fault::Bare => json!([]),
            Fault::Foreign => json!({"message": "Welcome"}),
            _ => return None,
        };
        let rules = self.http.get(request).map_or(&[][..], |rules| &rules.0);
        let alike = |body: &Value| *body == document || (body.is_array() && document.is_array());
        (!rules.iter().filter_map(|rule| rule.body.as_ref()).any(alike)).then_some(document)
    }
}

/// What the rule says.
fn answer(rule: &Rule, scope: Scope<'_>) -> Result<Answered, String> {
    let filled = |text: &String| scope.thing(text);
    let mut headers = Vec::new();
    for (name, value) in rule.headers.iter().flatten() {
        headers.push((name.clone(), filled(value)?));
    }
    let body = match (&rule.body, &rule.text) {
        (Some(body), _) => {
            headers.push(("content-type".to_owned(), JSON.to_owned()));
            Some(scope.fill(body)?.to_string())
        }
        (None, text) => text.as_ref().map(filled).transpose()?,
    };
    let status = rule.status.unwrap_or(if body.is_some() { 200 } else { 204 });
    Ok(Answered { status, headers, body: body.unwrap_or_default(), stalls: false })
}

fn page(status: u16, text: &str) -> Answered {
    Answered { status, headers: Vec::new(), body: text.to_owned(), stalls: false }
}

/// The same document with values of other types; what is none becomes one.
fn garbage(answered: Answered) -> Answered {
    let body = serde_json::from_str(&answered.body).map_or_else(|_| Value::from(-7), |document| scrambled(&document));
    Answered { body: body.to_string(), ..answered }
}

fn scrambled(value: &Value) -> Value {
    match value {
        Value::Object(fields) if !fields.is_empty() => fields.iter().map(|(name, value)| (name.clone(), scrambled(value))).collect(),
        Value::Array(items) if !items.is_empty() => items.iter().map(scrambled).collect(),
        other => twisted(other),
    }
}

impl Asked {
    /// What rules speak of: slots by their names, the query as `query.page`, and each value of a JSON body by its path, `body.tags.0`.
    fn values(&self) -> Map<String, Value> {
        let mut values: Map<String, Value> = self.slots.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        values.extend(self.query.iter().map(|(name, value)| (format!("query.{name}"), value.clone().into())));
        if let Ok(document) = serde_json::from_slice(&self.body) {
            spread("body", &document, &mut values);
        }
        values
    }
}

fn spread(path: &str, value: &Value, values: &mut Map<String, Value>) {
    values.insert(path.to_owned(), value.clone());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| spread(&format!("{path}.{name}"), value, values)),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, value)| spread(&format!("{path}.{n}"), value, values)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fixture::Fixture;

    fn world() -> Arc<World> {
        let fixture = json!({
            "world": {"item a": {}, "item b": {}, "item c": {}},
            "http": {
                "thing": [
                    {"if": "thing {id}", "headers": {"etag": "{id}"}, "body": {"owner": {"$": "thing {id}.owner"}, "id": "{id}"}},
                    {"status": 404, "text": "no {id}"}
                ],
                "same": {"like": "thing"},
                "make": {"set": {"thing {id}": {"owner": "{body.owner.name}", "tag": "{body.tags.0}", "more": "{body.more}"}}, "status": 201},
                "list": {"body": {"items": [{"each": "item ", "after": "{query.after}", "limit": "{query.limit}", "row": {"id": "{key}"}}]}}
            }
        });
        World::new(&Fixture::parse(fixture.to_string().as_bytes()).unwrap())
    }

    fn asked(name: &str, body: &str) -> Asked {
        Asked {
            name: name.to_owned(),
            changes: name == "make",
            slots: vec![("id".to_owned(), "x".to_owned())],
            query: vec![("after".to_owned(), None), ("limit".to_owned(), Some("2".to_owned()))],
            body: body.as_bytes().to_vec(),
            whole: "authorization: hush".to_owned(),
        }
    }

    const MADE: &str = r#"{"owner": {"name": "ada"}, "tags": ["new"]}"#;

    fn struck(fault: Fault) -> (Result<Answered, Gone>, bool) {
        let world = world();
        world.begin(Some((0, fault)));
        let answered = world.ask(&asked("make", MADE));
        (answered, world.state().contains_key("thing x"))
    }

    #[test]
    fn an_answer_speaks_of_the_path_the_query_and_the_body() {
        let world = world();
        assert_eq!(world.ask(&asked("thing", "")).unwrap(), page(404, "no x"));
        assert_eq!(world.ask(&asked("make", MADE)).unwrap().status, 201);
        assert_eq!(world.state()["thing x"], *json!({"owner": "ada", "tag": "new", "more": null}).as_object().unwrap());
        let thing = world.ask(&asked("thing", "")).unwrap();
        let said: Value = serde_json::from_str(&thing.body).unwrap();
        assert_eq!((thing.status, said), (200, json!({"id": "x", "owner": "ada"})));
        assert_eq!(world.ask(&asked("same", "")).unwrap(), thing);
        assert!(thing.headers.contains(&("etag".to_owned(), "x".to_owned())), "{:?}", thing.headers);
        let list = world.ask(&asked("list", "")).unwrap();
        assert_eq!(list.body, r#"{"items":[{"id":"a"},{"id":"b"}]}"#, "what is left out of the query is no limit, and no fault");
        assert_eq!(world.problems(), Vec::<String>::new());
        assert_eq!(world.ask(&asked("other", "")).unwrap().status, 500);
        assert!(world.problems()[0].contains("`http.other`"), "{:?}", world.problems());
    }

    #[test]
    fn each_fault_strikes_before_or_after_the_effect() {
        for (fault, status, done) in [
            (Fault::Status(403), Ok(403), false),
            (Fault::StatusAfter(503), Ok(503), true),
            (Fault::Lose, Err(Gone::Lost), false),
            (Fault::LoseReply, Err(Gone::Lost), true),
            (Fault::Hang, Err(Gone::Hang), false),
            (Fault::HangAfter, Err(Gone::Hang), true),
            (Fault::Trap, Err(Gone::Trap), false),
            (Fault::TrapAfter, Err(Gone::Trap), true),
            (Fault::Skip, Ok(201), false),
            (Fault::Garbage, Ok(201), true),
            (Fault::Page, Ok(201), true),
            (Fault::Foreign, Ok(201), true),
            (Fault::Echo, Ok(500), false),
        ] {
            let (answered, there) = struck(fault.clone());
            assert_eq!((answered.map(|a| a.status), there), (status, done), "{fault:?}");
        }
        assert!(struck(Fault::Stall).0.unwrap().stalls);
        assert!(struck(Fault::Echo).0.unwrap().body.contains("authorization: hush"));
        let nothing = Answered { body: r#"{"items":[]}"#.to_owned(), ..page(200, "") };
        assert_eq!(garbage(nothing).body, r#"{"items":"garbage"}"#);
    }

    #[test]
    fn a_document_of_another_shape_is_none_that_a_rule_gives() {
        let rules = json!({
            "thing": [{"if": "thing", "body": {"owner": "ada"}}, {"status": 404, "text": "none"}],
            "list": {"body": [{"each": "thing", "row": {}}]},
            "maybe": {"body": {}}
        });
        let world = World::new(&Fixture::parse(json!({"http": rules}).to_string().as_bytes()).unwrap());
        let said = |request: &str, fault: Fault| {
            world.begin(Some((0, fault)));
            let answered = world.ask(&asked(request, "")).unwrap();
            (answered.status, answered.body)
        };
        for (fault, body) in [(Fault::Hollow, "{}"), (Fault::Bare, "[]"), (Fault::Foreign, r#"{"message":"Welcome"}"#)] {
            assert_eq!(said("thing", fault), (200, body.to_owned()), "with the best of statuses");
        }
        assert_eq!(said("list", Fault::Hollow).1, "{}");
        assert_eq!(said("list", Fault::Bare).1, r#""garbage""#, "an empty list is an answer there");
        assert_eq!(said("maybe", Fault::Hollow).1, r#""garbage""#);
        assert_eq!(world.problems(), Vec::<String>::new());
    }

    #[test]
    fn a_rule_has_no_parts_of_the_other_section() {
        let refused = |fixture: Value| Fixture::parse(fixture.to_string().as_bytes()).unwrap_err().to_string();
        let wish = |n: u32| json!({"name": n.to_string(), "entitlement": "x", "resource": "x:y"});
        assert!(refused(json!({"wishes": (0..33).map(wish).collect::<Vec<_>>()})).contains("more than 32 wishes"));
        assert!(refused(json!({"http": {"thing": {"rows": []}}})).contains("`http.thing`: `rows` says nothing here"));
        assert!(refused(json!({"sql": {"thing": {"status": 200}}})).contains("`sql.thing`: `status` says nothing here"));
        for (rule, says) in [
            (json!({"status": 99}), "status 99"),
            (json!({"body": {}, "text": ""}), "`body` or a `text`"),
            (json!({"headers": {"x y": "1"}}), "header `x y`"),
            (json!({"like": "other"}), "`other`, which has no rules"),
            (json!([{"like": "other"}, {}]), "stands alone"),
        ] {
            let refused = refused(json!({"http": {"thing": rule}}));
            assert!(refused.contains("`http.thing`") && refused.contains(says), "{refused}");
        }
    }
}
