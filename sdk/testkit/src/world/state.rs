//! What a scripted world holds: things by name, each with fields. And the little language in which rules speak of it.
//!
//! A fixture is its author's, and is played in the memory of whoever loads the connector: what rules make of it has bounds.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::canary;

/// Things by name, each with its fields.
pub type State = BTreeMap<String, Map<String, Value>>;

/// What a rule may speak of: the values of a statement or request, and the state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) values: &'a Map<String, Value>,
    pub(crate) state: &'a State,
    pub(crate) room: &'a Room,
}

/// What one statement or request may make, in bytes.
const MOST_MADE: usize = 1024 * 1024;
/// What a world may hold, in bytes.
const MOST_HELD: usize = 256 * 1024;

/// Room for what one statement or request makes.
#[derive(Debug)]
pub(crate) struct Room(Cell<usize>);

impl Default for Room {
    fn default() -> Self {
        Self(Cell::new(MOST_MADE))
    }
}

impl Room {
    /// Takes room for this much, before it is made.
    fn take(&self, bytes: usize) -> Told<()> {
        let left = self.0.get().checked_sub(bytes).ok_or_else(|| format!("it makes more than {MOST_MADE} bytes"))?;
        self.0.set(left);
        Ok(())
    }
}

/// Refuses a state that is too large for a world.
pub(crate) fn check_held(state: &State) -> Told<()> {
    let held: usize = state.iter().map(|(thing, fields)| thing.len() + size_of_fields(fields)).sum();
    if held <= MOST_HELD {
        Ok(())
    } else {
        Err(format!("the world holds {held} bytes, and may hold {MOST_HELD}: model what matters and no more"))
    }
}

/// What a value takes, about.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 32 + text.len(),
        Value::Array(items) => 32 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => size_of_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
    }
}

fn size_of_fields(fields: &Map<String, Value>) -> usize {
    32 + fields.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>()
}

/// A fault of the fixture, as a sentence.
pub(crate) type Told<T> = Result<T, String>;

impl Scope<'_> {
    /// `text` with each `{name}` replaced by its value. A text that is one such name alone keeps the value's type.
    fn text(self, text: &str) -> Told<Value> {
        // What a request leaves out of its body is nothing, as for whoever reads one.
        let left_out = |name: &str| name.starts_with("body.").then_some(&Value::Null);
        let value = |name: &str| {
            self.values
                .get(name)
                .or_else(|| left_out(name))
                .ok_or_else(|| format!("`{{{name}}}` in \"{text}\" is no value that is known there"))
        };
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
            && !name.contains(['{', '}'])
        {
            let value = value(name)?;
            self.room.take(size(value))?;
            return Ok(value.clone());
        }
        self.room.take(32 + text.len())?;
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| format!("\"{text}\" has a brace that is not closed"))?;
            out.push_str(before);
            let value = value(name)?;
            self.room.take(size(value))?;
            out.push_str(&plain(value));
            rest = after;
        }
        out.push_str(rest);
        Ok(out.into())
    }

    /// The name of a thing.
    pub(crate) fn thing(self, template: &str) -> Told<String> {
        Ok(plain(&self.text(template)?))
    }

    /// A thing and one of its fields, written `thing.field`.
    pub(crate) fn place(self, template: &str) -> Told<(String, String)> {
        let (thing, field) =
            template.rsplit_once('.').ok_or_else(|| format!("\"{template}\" names no field: write it as \"thing.field\""))?;
        Ok((self.thing(thing)?, self.thing(field)?))
    }

    /// What a place holds; null where there is nothing.
    pub(crate) fn at(self, template: &str) -> Told<Value> {
        let (thing, field) = self.place(template)?;
        let Some(found) = self.state.get(&thing).and_then(|fields| fields.get(&field)) else { return Ok(Value::Null) };
        self.room.take(size(found))?;
        Ok(found.clone())
    }

    /// A template with everything filled in.
    pub(crate) fn fill(self, template: &Value) -> Told<Value> {
        match template {
            Value::String(text) => self.text(text),
            Value::Array(items) => self.list(items).map(Value::Array),
            Value::Object(fields) => match self.form(fields)? {
                Some(value) => Ok(value),
                None => {
                    fields.iter().map(|(name, value)| Ok((name.clone(), self.fill(value)?))).collect::<Told<Map<_, _>>>().map(Value::Object)
                }
            },
            other => {
                self.room.take(size(other))?;
                Ok(other.clone())
            }
        }
    }

    /// An object that stands for a value: `{"$": place}` with `is` or `else`, `{"exists": thing}`, `{"all": [..]}`, `{"secret": name}`.
    fn form(self, fields: &Map<String, Value>) -> Told<Option<Value>> {
        let only = |names: &[&str]| fields.keys().all(|key| names.contains(&key.as_str()));
        if let Some(Value::String(place)) = fields.get("$") {
            if !only(&["$", "is", "else"]) {
                return Err(format!("beside \"$\": \"{place}\" stand only `is` and `else`"));
            }
            let found = self.at(place)?;
            return Ok(Some(match (fields.get("is"), fields.get("else")) {
                (Some(wanted), _) => Value::Bool(found == self.fill(wanted)?),
                (None, Some(other)) if found.is_null() => self.fill(other)?,
                _ => found,
            }));
        }
        if let (Some(Value::String(thing)), true) = (fields.get("exists"), only(&["exists"])) {
            return Ok(Some(Value::Bool(self.state.contains_key(&self.thing(thing)?))));
        }
        if let (Some(Value::Array(all)), true) = (fields.get("all"), only(&["all"])) {
            let mut whole = true;
            for one in all {
                whole &= self.fill(one)? == Value::Bool(true);
            }
            return Ok(Some(Value::Bool(whole)));
        }
        if let (Some(Value::String(name)), true) = (fields.get("secret"), only(&["secret"])) {
            return Ok(Some(Value::String(canary::of(name))));
        }
        Ok(None)
    }

    /// A list in which `{"each": prefix, "row": template}` stands for one entry per thing whose name begins with the prefix, with
    /// `{thing}` and `{key}` (the rest of its name); `after` and `limit` cut it as a page.
    pub(crate) fn list(self, template: &[Value]) -> Told<Vec<Value>> {
        let mut out = Vec::new();
        for entry in template {
            let Some((prefix, row)) = entry.get("each").and_then(Value::as_str).zip(entry.get("row")) else {
                out.push(self.fill(entry)?);
                continue;
            };
            let prefix = self.thing(prefix)?;
            let after = entry.get("after").map(|after| self.fill(after)).transpose()?.map(|v| plain(&v)).unwrap_or_default();
            let limit = entry.get("limit").map(|limit| self.fill(limit)).transpose()?.as_ref().and_then(number).unwrap_or(usize::MAX);
            let things = self.state.keys().filter_map(|thing| Some((thing, thing.strip_prefix(&prefix)?)));
            for (thing, key) in things.filter(|(_, key)| after.is_empty() || *key > after.as_str()).take(limit) {
                self.room.take(size_of_fields(self.values))?;
                let mut values = self.values.clone();
                values.insert("thing".to_owned(), thing.clone().into());
                values.insert("key".to_owned(), key.into());
                out.push(Scope { values: &values, ..self }.fill(row)?);
            }
        }
        Ok(out)
    }
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).and_then(|n| usize::try_from(n).ok())
}

/// A value inside of a text.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A value of another type.
pub(crate) fn twisted(value: &Value) -> Value {
    if value.is_string() || value.is_null() { Value::from(-7) } else { Value::from("garbage") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state() -> State {
        serde_json::from_value(json!({"role a.b": {"login": true, "until": 7}, "member x/1": {}, "member x/2": {}, "member y/3": {}}))
            .unwrap()
    }

    fn values() -> Map<String, Value> {
        serde_json::from_value(json!({"stamp": "a.b", "until": 7, "of": "x"})).unwrap()
    }

    #[test]
    fn templates_speak_of_values_and_of_the_state() {
        let (state, values) = (state(), values());
        let scope = Scope { values: &values, state: &state, room: &Room::default() };
        for (template, filled) in [
            (json!("{until}"), json!(7)),
            (json!("until {until}!"), json!("until 7!")),
            (json!({"$": "role {stamp}.login"}), json!(true)),
            (json!({"$": "role {stamp}.until", "is": "{until}"}), json!(true)),
            (json!({"$": "role nobody.until", "is": "{until}"}), json!(false)),
            (json!({"$": "role nobody.until", "else": 0}), json!(0)),
            (json!({"exists": "role {stamp}"}), json!(true)),
            (json!({"all": [true, {"$": "role {stamp}.usage"}]}), json!(false)),
            (json!({"instant": "{until}"}), json!({"instant": 7})),
        ] {
            assert_eq!(scope.fill(&template).unwrap(), filled, "{template}");
        }
        assert!(scope.fill(&json!("{nothing}")).unwrap_err().contains("`{nothing}`"));
        assert!(scope.fill(&json!({"$": "role"})).unwrap_err().contains("names no field"));
    }

    #[test]
    fn a_list_is_cut_as_a_page() {
        let (state, mut values) = (state(), values());
        let template = [json!({"each": "member {of}/", "after": "{after}", "limit": "{limit}", "row": {"who": "{key}"}})];
        for (after, limit, found) in [("", 5, json!([{"who": "1"}, {"who": "2"}])), ("1", 1, json!([{"who": "2"}])), ("2", 5, json!([]))] {
            values.insert("after".to_owned(), after.into());
            values.insert("limit".to_owned(), limit.into());
            let scope = Scope { values: &values, state: &state, room: &Room::default() };
            assert_eq!(Value::Array(scope.list(&template).unwrap()), found);
        }
    }

    #[test]
    fn what_a_rule_makes_has_bounds() {
        let long = "x".repeat(100_000);
        let state: State = serde_json::from_value(json!({"thing": {"field": long}})).unwrap();
        let values: Map<String, Value> = serde_json::from_value(json!({"name": long})).unwrap();
        let many = |one: Value| Value::Array(vec![one; 20]);
        for bomb in [
            many(json!({"$": "thing.field"})),
            many(json!("{name}")),
            json!("{name}".repeat(20)),
            many(json!([long])),
            json!([{"each": "thing", "row": many(json!({"$": "{thing}.field"}))}]),
        ] {
            let scope = Scope { values: &values, state: &state, room: &Room::default() };
            assert!(scope.fill(&bomb).unwrap_err().contains("more than 1048576 bytes"));
        }
        let full: State = (0..3).map(|n| (format!("thing {n}"), state["thing"].clone())).collect();
        assert!(check_held(&full).unwrap_err().contains("may hold 262144"));
        assert!(check_held(&state).is_ok());
    }
}
