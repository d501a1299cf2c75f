//! Read access to the virtual hosts of a RabbitMQ server, through the HTTP API of its management plugin.

use hallpass_connector::grants::{Grants, Mark, Observation, Outcome, Presence, Settled};
use hallpass_connector::{Attribute, Failure, Health, Holding, Invocation, http};
use serde_json::{Value, json};

/// What a user with this access may do in the virtual host: read every queue, write and configure nothing.
const READ: [(&str, &str); 3] = [("configure", "^$"), ("write", "^$"), ("read", ".*")];

struct Connector;

impl Grants for Connector {
    fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        let url = permission(inv, want)?;
        let held = current(&url)?;
        if held.as_ref().is_some_and(|held| !is_ours(held)) {
            return Err(Failure::conflict("other-permission", "the user has another permission there: remove it, or ask for nothing"));
        }
        if held.is_none() && !inv.dry_run() {
            let body: Value = READ.iter().map(|(right, pattern)| ((*right).to_owned(), json!(pattern))).collect();
            http::put(&url).json(body.to_string()).send()?.success()?;
        }
        Ok(settled(want, held.is_some()))
    }

    fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        let url = permission(inv, want)?;
        let held = current(&url)?;
        if held.as_ref().is_some_and(|held| !is_ours(held)) {
            return Err(Failure::conflict("other-permission", "the user was given another permission there: remove it by hand"));
        }
        if held.is_some() && !inv.dry_run() {
            let answer = http::delete(&url).send()?;
            if answer.status() != 404 {
                answer.success()?;
            }
        }
        Ok(settled(want, held.is_none()))
    }

    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        let held = current(&permission(inv, want)?)?;
        let presence = if held.as_ref().is_some_and(is_ours) { Presence::Present } else { Presence::Absent };
        let members = held.as_ref().and_then(Value::as_object).into_iter().flatten();
        let details = members.map(|(name, value)| Attribute { name: name.clone(), value: value.to_string() }).collect();
        Ok(Observation { presence, mark: Mark::Unmarked, locator: Some(want.resource()), until: None, details })
    }
}

impl Health for Connector {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        let user = read(http::get(&format!("{}/api/whoami", http::base(inv, "url")?)).send()?.success()?)?;
        let (name, tags) = (&user["name"], &user["tags"]);
        // A list in new versions, words with commas between them in old ones.
        let tagged = tags.as_str().is_some_and(|words| words.split(',').any(|word| word == "administrator"))
            || tags.as_array().is_some_and(|words| words.iter().any(|word| word == "administrator"));
        if tagged {
            return Ok(());
        }
        Err(Failure::forbidden("no-administrator", format!("the user {name} needs the tag administrator to give permissions")))
    }
}

/// The permission of the holding's account on the holding's virtual host, as the server has it.
fn permission(inv: &Invocation, want: &Holding) -> Result<String, Failure> {
    let resource = want.resource();
    // Percent-encoded already.
    let vhost = resource.strip_prefix("vhost:").ok_or_else(|| Failure::invalid_input("no-vhost", "the resource is no virtual host"))?;
    let account = want.account().ok_or_else(|| Failure::invalid_input("no-account", "the holding has no account"))?;
    Ok(format!("{}/api/permissions/{vhost}/{}", http::base(inv, "url")?, http::encode(&account)))
}

/// Nothing where the account has no permission there.
fn current(url: &str) -> Result<Option<Value>, Failure> {
    let answer = http::get(url).send()?;
    if answer.status() == 404 {
        return Ok(None);
    }
    let held = read(answer.success()?)?;
    if READ.iter().all(|(right, _)| held[right].is_string()) {
        return Ok(Some(held));
    }
    Err(Failure::unavailable("no-permission", "the target answered something that is no permission: is `url` its management API?"))
}

fn is_ours(held: &Value) -> bool {
    READ.iter().all(|(right, pattern)| held[right] == *pattern)
}

fn read(answer: http::Answer) -> Result<Value, Failure> {
    serde_json::from_slice(answer.body()).map_err(|_| Failure::unavailable("no-json", "the target answered something that is not JSON: is `url` its management API?"))
}

fn settled(want: &Holding, already: bool) -> Outcome {
    Outcome::Settled(Settled { locator: want.resource(), already, replaced: vec![] })
}

hallpass_connector::connector!(Connector: grants, health);
