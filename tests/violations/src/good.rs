//! A connector that keeps every law: keys to doors, which are made and melted, and lists on which somebody stands for a while.

use hallpass_connector::describe::{Description, SideEffect, Tool};
use hallpass_connector::grants::{Mark, Observation, Outcome, Presence, Settled};
use hallpass_connector::inventory::{Continuation, Item, Page};
use hallpass_connector::secrets::{self, Secret};
use hallpass_connector::sql::{self, Argument, Session, Step};
use hallpass_connector::tool_outcomes::Outcome as ToolOutcome;
use hallpass_connector::{Failure, Holding, Invocation};

/// What a key is like.
pub(crate) struct Key {
    pub(crate) marked: bool,
    pub(crate) open: bool,
    pub(crate) door: bool,
    pub(crate) token: String,
}

pub(crate) fn key(session: &Session) -> Result<Option<Key>, Failure> {
    let page = session.query(&Step::new("key"), 1)?;
    let Some(row) = page.record() else { return Ok(None) };
    Ok(Some(Key {
        marked: row.optional_text("mark")?.is_some(),
        open: row.boolean("open")?,
        door: row.boolean("door")?,
        token: row.text("token")?.to_owned(),
    }))
}

pub(crate) fn settled(locator: String, already: bool) -> Outcome {
    Outcome::Settled(Settled { locator, already, replaced: Vec::new() })
}

pub(crate) fn is_list(want: &Holding) -> bool {
    want.entitlement() == "list.member"
}

pub(crate) fn deliver(inv: &Invocation, secret: Secret) -> Result<(), Failure> {
    secrets::deliver(inv, secret, "key", &[]).map_err(Failure::after_a_change)
}

/// The steps that make a key, or make it right.
pub(crate) fn steps<'a>(key: Option<&Key>, want: &Holding, secret: Option<&'a Secret>) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    if key.is_none() {
        steps.push(Step::new("cut"));
    }
    if let Some(secret) = secret {
        steps.push(Step::new("secret").with(Argument::Secret(secret)));
        steps.push(Step::new("mark"));
    }
    if key.is_none_or(|key| !key.door) {
        steps.push(Step::new("give"));
    }
    match (want.suspended(), key.is_none_or(|key| key.open)) {
        (true, true) => steps.push(Step::new("shut")),
        (false, false) => steps.push(Step::new("open")),
        _ => {}
    }
    steps
}

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let session = sql::open(inv, Some(want), None)?;
    if is_list(want) {
        if !is_member(&session)? {
            session.transact(&[Step::new("join")])?;
        }
        return Ok(settled(want.resource(), false));
    }
    let key = key(&session)?;
    let secret = if key.is_none() || want.fresh_credential() { Some(secrets::generate(inv, "password")?) } else { None };
    let steps = steps(key.as_ref(), want, secret.as_ref());
    if steps.is_empty() {
        return Ok(settled(want.stamp(), true));
    }
    session.transact(&steps)?;
    match secret {
        Some(secret) if !inv.dry_run() => deliver(inv, secret)?,
        _ => {}
    }
    Ok(settled(want.stamp(), false))
}

pub(crate) fn is_member(session: &Session) -> Result<bool, Failure> {
    match session.query(&Step::new("member"), 1)?.record() {
        None => Ok(false),
        Some(row) => row.boolean("member"),
    }
}

pub(crate) fn revoke(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let session = sql::open(inv, Some(want), None)?;
    if is_list(want) {
        session.transact(&[Step::new("leave")])?;
        return Ok(settled(want.resource(), false));
    }
    let there = key(&session)?.is_some();
    if there {
        session.transact(&[Step::new("melt")])?;
    }
    Ok(settled(want.stamp(), !there))
}

pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    let session = sql::open(inv, Some(want), None)?;
    if is_list(want) {
        let presence = if is_member(&session)? { Presence::Present } else { Presence::Absent };
        return Ok(seen(presence, Mark::Unmarked));
    }
    Ok(match key(&session)? {
        None => seen(Presence::Absent, Mark::Unmarked),
        Some(key) => {
            let presence = if key.open { Presence::Present } else { Presence::Suspended };
            seen(presence, if key.marked { Mark::Ours } else { Mark::Unmarked })
        }
    })
}

pub(crate) fn seen(presence: Presence, mark: Mark) -> Observation {
    Observation { presence, mark, locator: None, until: None, details: Vec::new() }
}

pub(crate) fn check(inv: &Invocation) -> Result<(), Failure> {
    sql::open(inv, None, None)?.query(&Step::new("ready"), 1).map(drop)
}

pub(crate) fn describe() -> Description {
    Description { tools: vec![tool("rooms", SideEffect::Read), tool("ring", SideEffect::Write)], entitlements: Vec::new() }
}

pub(crate) fn tool(name: &str, side_effect: SideEffect) -> Tool {
    Tool {
        name: name.to_owned(),
        description: format!("The tool {name}"),
        input_schema: r#"{"type": "object", "properties": {"house": {"type": "string"}}, "required": ["house"]}"#.to_owned(),
        output_schema: None,
        side_effect,
        entitlement: "door.open".to_owned(),
        resource_rule: "door:{/house}".to_owned(),
    }
}

pub(crate) fn list_page(inv: &Invocation, cursor: Option<String>, limit: u32) -> Result<Page, Failure> {
    let session = sql::open(inv, None, None)?;
    let after = cursor.unwrap_or_default();
    // One more than asked for says whether anything follows.
    let step = Step::new("list").with(Argument::Text(after)).with(Argument::Integer(i64::from(limit) + 1));
    let page = session.query(&step, limit + 1)?;
    let mut items = Vec::new();
    let mut keys = Vec::new();
    for row in page.records() {
        keys.push(row.text("id")?.to_owned());
        items.push(Item {
            account: row.text("who")?.to_owned(),
            entitlement: row.text("what")?.to_owned(),
            resource: row.text("place")?.to_owned(),
            stamp: row.optional_text("stamp")?.map(str::to_owned),
            locator: None,
            details: Vec::new(),
        });
    }
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > asked;
    items.truncate(asked);
    keys.truncate(asked);
    let after = match keys.pop() {
        Some(last) if more => Continuation::Next(last),
        _ => Continuation::Complete,
    };
    Ok(Page { items, after })
}

pub(crate) fn call(inv: &Invocation, tool: &str) -> Result<String, Failure> {
    let session = sql::open(inv, None, None)?;
    match tool {
        "rooms" => {
            let page = session.query(&Step::new("rooms"), 10)?;
            Ok(format!("{{\"rooms\": {}}}", page.rows.len()))
        }
        "ring" => {
            session.transact(&[Step::new("ring").with(Argument::Text(inv.operation()))])?;
            Ok("{\"rung\": true}".to_owned())
        }
        other => Err(Failure::unsupported("no-such-tool", format!("there is no tool `{other}`; there are rooms and ring"))),
    }
}

pub(crate) fn outcome(inv: &Invocation, operation: String) -> Result<ToolOutcome, Failure> {
    let session = sql::open(inv, None, None)?;
    let page = session.query(&Step::new("rung").with(Argument::Text(operation)), 1)?;
    Ok(if page.rows.is_empty() { ToolOutcome::NotDone } else { ToolOutcome::Done("{\"rung\": true}".to_owned()) })
}
