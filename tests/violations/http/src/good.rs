//! A connector that keeps every law: keys, each of which fits one door.

use hallpass_connector::grants::{Mark, Observation, Outcome, Presence, Settled};
use hallpass_connector::http::{self, Answer};
use hallpass_connector::inventory::{Continuation, Item, Page};
use hallpass_connector::log::Level;
use hallpass_connector::{Failure, Holding, Invocation, secrets};
use serde_json::{Value, json};

/// What a key is like.
pub(crate) struct Key {
    pub(crate) owner: String,
    pub(crate) open: bool,
    pub(crate) fits: bool,
    pub(crate) spare: String,
}

/// The address of the holding's key.
pub(crate) fn url(inv: &Invocation, want: &Holding) -> Result<String, Failure> {
    Ok(format!("{}/keys/{}", http::base(inv, "url")?, want.stamp()))
}

/// Nothing where there is no such key.
pub(crate) fn key(inv: &Invocation, url: &str) -> Result<Option<Key>, Failure> {
    let answer = http::get(url).send()?;
    if answer.status() == 404 { Ok(None) } else { read(&checked(inv, answer)?).map(Some) }
}

/// A success, or a failure after the target's own words are in the log.
fn checked(inv: &Invocation, answer: Answer) -> Result<Answer, Failure> {
    if answer.status() >= 400 {
        inv.log(Level::Debug, &String::from_utf8_lossy(answer.body()), &[]);
    }
    answer.success()
}

fn read(answer: &Answer) -> Result<Key, Failure> {
    let key = json(answer)?;
    let parts = (key["owner"].as_str(), key["open"].as_bool(), key["fits"].as_bool(), key["spare"].as_str());
    let (Some(owner), Some(open), Some(fits), Some(spare)) = parts else { return Err(strange()) };
    Ok(Key { owner: owner.to_owned(), open, fits, spare: spare.to_owned() })
}

fn json(answer: &Answer) -> Result<Value, Failure> {
    serde_json::from_slice(answer.body()).map_err(|_| strange())
}

fn strange() -> Failure {
    Failure::unavailable("unexpected-answer", "the target answered something that is no key")
}

pub(crate) fn settled(want: &Holding, already: bool) -> Outcome {
    Outcome::Settled(Settled { locator: want.stamp(), already, replaced: Vec::new() })
}

/// Makes the key, or gives it a new code where one is asked for.
pub(crate) fn cut(inv: &Invocation, want: &Holding, key: Option<&Key>) -> Result<(), Failure> {
    let url = url(inv, want)?;
    let answer = match key {
        None => http::put(&url).json(json!({"owner": want.stamp(), "open": !want.suspended()}).to_string()).send()?,
        Some(_) if want.fresh_credential() => http::post(&format!("{url}/code")).send()?,
        Some(_) => return Ok(()),
    };
    checked(inv, answer)?;
    let code = secrets::captured(inv, "code").map_err(Failure::after_a_change)?;
    secrets::deliver(inv, code, "code", &[]).map_err(Failure::after_a_change)
}

/// Makes it fit the door.
pub(crate) fn give(inv: &Invocation, want: &Holding) -> Result<Answer, Failure> {
    let resource = want.resource();
    let door = resource.strip_prefix("door:").unwrap_or_default();
    http::put(&format!("{}/doors/{door}/keys/{}", http::base(inv, "url")?, want.stamp())).send()
}

/// Locks or unlocks it.
pub(crate) fn turn(inv: &Invocation, want: &Holding) -> Result<(), Failure> {
    http::patch(&url(inv, want)?)
        .json(json!({"open": !want.suspended()}).to_string())
        .send()
        .and_then(|answer| checked(inv, answer))
        .map(drop)
}

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let key = key(inv, &url(inv, want)?)?;
    if inv.dry_run() {
        return Ok(settled(want, key.is_some()));
    }
    cut(inv, want, key.as_ref())?;
    if !key.as_ref().is_some_and(|key| key.fits) {
        give(inv, want).and_then(|answer| checked(inv, answer)).map_err(Failure::after_a_change)?;
    }
    if key.as_ref().is_some_and(|key| key.open == want.suspended()) {
        turn(inv, want).map_err(Failure::after_a_change)?;
    }
    Ok(settled(want, key.is_some()))
}

pub(crate) fn revoke(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let url = url(inv, want)?;
    let there = key(inv, &url)?.is_some();
    if there && !inv.dry_run() {
        let answer = http::delete(&url).send()?;
        if answer.status() != 404 {
            answer.success()?;
        }
    }
    Ok(settled(want, !there))
}

pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    Ok(match key(inv, &url(inv, want)?)? {
        None => seen(Presence::Absent, Mark::Unmarked),
        Some(key) => {
            let mark = if key.owner == want.stamp() { Mark::Ours } else { Mark::Foreign };
            seen(if key.open { Presence::Present } else { Presence::Suspended }, mark)
        }
    })
}

pub(crate) fn seen(presence: Presence, mark: Mark) -> Observation {
    Observation { presence, mark, locator: None, until: None, details: Vec::new() }
}

pub(crate) fn check(inv: &Invocation) -> Result<(), Failure> {
    http::get(&format!("{}/me", http::base(inv, "url")?)).send()?.success().map(drop)
}

pub(crate) fn list_page(inv: &Invocation, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
    // One more than asked for says whether anything follows.
    let after = http::encode(cursor.unwrap_or_default());
    let answer = http::get(&format!("{}/keys?after={after}&limit={}", http::base(inv, "url")?, limit + 1)).send()?.success()?;
    let document = json(&answer)?;
    let keys = document["keys"].as_array().ok_or_else(strange)?;
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let item = |key: &Value| {
        let (owner, door) = (key["owner"].as_str()?, key["door"].as_str()?);
        Some(Item {
            account: "nobody".to_owned(),
            entitlement: "door.open".to_owned(),
            resource: format!("door:{door}"),
            stamp: Some(owner.to_owned()),
            locator: None,
            details: Vec::new(),
        })
    };
    let items = keys.iter().take(asked).map(item).collect::<Option<Vec<_>>>().ok_or_else(strange)?;
    let last = items.last().and_then(|item| item.stamp.clone());
    let after = match last {
        Some(last) if keys.len() > asked => Continuation::Next(last),
        _ => Continuation::Complete,
    };
    Ok(Page { items, after })
}
