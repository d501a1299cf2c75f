//! A request that a manifest declares, checked, and what of it one call may do.

use std::collections::BTreeMap;

use hallpass_egress::{Method, Rule, Segment};

use super::slot::{Filled, Source};
use crate::capability::sql::statement::render::Frozen;
use crate::hostile_text::{is_one_line, quoted, word};
use crate::manifest::document::{Call, Effect};
use crate::manifest::http as document;

/// Methods that a manifest may name.
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// A declared request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Its name in the manifest.
    pub(crate) name: String,
    /// The destination.
    pub(crate) to: String,
    /// What it does.
    pub(crate) effect: Effect,
    /// The calls that may make it.
    pub(crate) calls: Vec<Call>,
    method: Method,
    path: Vec<Part>,
    query: BTreeMap<String, Source>,
    places: Vec<(String, String)>,
    captures: Vec<(String, String)>,
    /// What a look expects, as the operator reads it.
    expects: Option<String>,
}

/// A segment of a path: text, or text around one slot.
#[derive(Debug, Clone)]
struct Part {
    prefix: String,
    slot: Option<Slot>,
    suffix: String,
}

/// A slot of a path.
#[derive(Debug, Clone)]
struct Slot {
    name: String,
    source: Source,
}

impl Request {
    /// Checks one request. The error is a sentence about it.
    pub(crate) fn declare(name: &str, doc: &document::Request) -> Result<Self, String> {
        let wrong = |what: String| format!("the request `{name}` {what}");
        let method = METHODS.into_iter().find(|m| m.as_str() == doc.method);
        let method = method
            .ok_or_else(|| wrong(format!("has the method `{}`, which is none of GET, HEAD, POST, PUT, PATCH, DELETE", doc.method)))?;
        let harmless = matches!(method, Method::GET | Method::HEAD);
        let effect = doc.effect.unwrap_or(if harmless { Effect::Read } else { Effect::Change });
        match (effect, &method) {
            (Effect::Change, m) if harmless => return Err(wrong(format!("changes something by {m}, which must change nothing"))),
            (Effect::Read, m) if !harmless && *m != Method::POST => {
                return Err(wrong(format!("is declared as a read by {m}; only POST may be, as for a search")));
            }
            _ => {}
        }
        if doc.calls.is_empty() {
            return Err(wrong("names no call in `calls`, so nothing can use it".to_owned()));
        }
        if effect == Effect::Change
            && let Some(call) = doc.calls.iter().find(|c| !c.changes())
        {
            return Err(wrong(format!("changes something and is declared for `{}`, which must change nothing", call.word())));
        }
        let is_look = doc.calls.contains(&Call::Look);
        if is_look != doc.expect.is_some() || (is_look && doc.calls.len() > 1) {
            return Err(wrong("must have `expect` exactly when its calls are [\"look\"]".to_owned()));
        }
        let path = path(&doc.path, &doc.slots).map_err(wrong)?;
        let query = query(&doc.query).map_err(wrong)?;
        let has_a_say = sources_of(&path).chain(query.values()).any(|s| matches!(s, Source::Open | Source::Locator));
        if is_look && (has_a_say || !doc.capture.is_empty() || method != Method::GET) {
            return Err(wrong("is a look: it reads by GET, captures nothing, and no connector has a say in its slots".to_owned()));
        }
        if !doc.secrets.is_empty() && effect == Effect::Read {
            return Err(wrong("takes a secret and is declared as a read".to_owned()));
        }
        let places = pointers("puts a secret", &doc.secrets).map_err(wrong)?;
        let captures = pointers("captures", &doc.capture).map_err(wrong)?;
        let expects = doc.expect.as_ref().map(document::Expect::describe);
        let (name, to, calls) = (name.to_owned(), doc.to.clone(), doc.calls.clone());
        Ok(Self { name, to, effect, calls, method, path, query, places, captures, expects })
    }

    /// Where its texts come from.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        sources_of(&self.path).chain(self.query.values())
    }

    /// The recipes of the secrets that go into its body.
    pub(crate) fn recipes(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|(recipe, _)| recipe.as_str())
    }

    /// Kinds of the resource that fill its slots.
    pub(crate) fn resource_kinds(&self) -> impl Iterator<Item = &str> {
        self.sources().filter_map(|s| if let Source::Resource(kind) = s { Some(kind.as_str()) } else { None })
    }

    /// All of it in one line, for the operator.
    pub(crate) fn describe(&self) -> String {
        let effect = match self.effect {
            Effect::Read => "reads",
            Effect::Change => "changes",
        };
        let calls: Vec<&str> = self.calls.iter().map(|c| c.word()).collect();
        let part =
            |p: &Part| format!("/{}{}{}", p.prefix, p.slot.as_ref().map_or(String::new(), |s| format!("{{{}}}", s.source)), p.suffix);
        let path: Vec<String> = self.path.iter().map(part).collect();
        let path = path.concat();
        let optional = |s: &Source| if *s == Source::Open { " or left out" } else { "" };
        let query: Vec<String> = self.query.iter().map(|(name, s)| format!("{name}={{{s}{}}}", optional(s))).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let places = self.places.iter().map(|(recipe, pointer)| format!("a secret of the recipe {recipe} goes to {}", word(pointer)));
        let captures =
            self.captures.iter().map(|(name, pointer)| format!("the secret at {} becomes {name}, for the holder", word(pointer)));
        let secrets: Vec<String> = places.chain(captures).collect();
        let secrets = if secrets.is_empty() { String::new() } else { format!(" [{}]", secrets.join(", ")) };
        let expects = self.expects.as_ref().map_or(String::new(), |e| format!("; expects {e}"));
        format!("request {} ({effect}; in {}{expects}): {} {}{path}{query}{secrets}", self.name, calls.join(", "), self.method, self.to)
    }

    /// What of it this call may do; `None` where it has not what fills a slot.
    pub(crate) fn rule(&self, frozen: Frozen<'_>) -> Option<Rule> {
        let path = self.path.iter().map(|p| p.fill(frozen)).collect::<Option<Vec<_>>>()?;
        let query = self.query.iter().map(|(name, s)| Some((name.clone(), s.fill(frozen)?.exactly()))).collect::<Option<_>>()?;
        Some(Rule {
            name: self.name.clone(),
            method: self.method.clone(),
            path,
            query,
            places: self.places.clone(),
            captures: self.captures.clone(),
        })
    }

    /// The slots of a decoded path that fits.
    pub(crate) fn slots(&self, path: &[String]) -> Vec<(String, String)> {
        let slot = |(part, segment): (&Part, &String)| {
            let text = segment.strip_prefix(part.prefix.as_str())?.strip_suffix(part.suffix.as_str())?;
            Some((part.slot.as_ref()?.name.clone(), text.to_owned()))
        };
        self.path.iter().zip(path).filter_map(slot).collect()
    }

    /// The declared parts of a decoded query; `None` where one was left out.
    pub(crate) fn parts(&self, query: &[(String, String)]) -> Vec<(String, Option<String>)> {
        let sent = |name: &String| query.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        self.query.keys().map(|name| (name.clone(), sent(name))).collect()
    }

    /// The address below `base`, where every slot is the host's to fill; `None` where this call has not what fills one.
    pub(crate) fn address(&self, base: &str, frozen: Frozen<'_>) -> Option<String> {
        let mut out = base.to_owned();
        for part in &self.path {
            let segment = part.fill(frozen).filter(|s| !s.open)?;
            out.push('/');
            out.push_str(&hallpass_egress::encode(&segment.prefix));
        }
        let pair = |(name, source): (&String, &Source)| {
            let value = source.fill(frozen)?.exactly()?;
            Some(format!("{}={}", hallpass_egress::encode(name), hallpass_egress::encode(&value)))
        };
        let query = self.query.iter().map(pair).collect::<Option<Vec<_>>>()?;
        if !query.is_empty() {
            out.push('?');
            out.push_str(&query.join("&"));
        }
        Some(out)
    }
}

impl Part {
    fn fill(&self, frozen: Frozen<'_>) -> Option<Segment> {
        let Some(slot) = &self.slot else { return Some(Segment::exact(self.prefix.clone())) };
        match slot.source.fill(frozen)? {
            Filled::Open => Some(Segment { prefix: self.prefix.clone(), open: true, suffix: self.suffix.clone() }),
            Filled::Exactly(text) => {
                let whole = format!("{}{text}{}", self.prefix, self.suffix);
                // No server agrees with another about these as names.
                let fits = !text.is_empty()
                    && whole != "."
                    && whole != ".."
                    && !whole.contains(['/', '\\'])
                    && !whole.chars().any(char::is_control);
                fits.then(|| Segment::exact(whole))
            }
        }
    }
}

fn sources_of(path: &[Part]) -> impl Iterator<Item = &Source> {
    path.iter().filter_map(|part| part.slot.as_ref()).map(|slot| &slot.source)
}

fn path(text: &str, slots: &BTreeMap<String, String>) -> Result<Vec<Part>, String> {
    let rest = text.strip_prefix('/').ok_or("has a path that does not begin with a slash")?;
    let plain = |c: char| c.is_ascii_graphic() && !"?#%\\".contains(c);
    if text.len() > 1024 || !text.chars().all(plain) {
        return Err("has a path with a query, a `%` or what is no plain character: write it decoded, the query apart".to_owned());
    }
    let mut used = Vec::new();
    let parts = rest.split('/').map(|segment| part(segment, slots, &mut used)).collect::<Result<Vec<_>, _>>()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    if let Some(bad) = slots.keys().find(|n| !(1..=64).contains(&n.len()) || !n.bytes().all(plain)) {
        return Err(format!("declares the slot {}, which is no plain name: use 1 to 64 of A-Z, a-z, 0-9, `_` and `-`", quoted(bad)));
    }
    match slots.keys().find(|name| !used.contains(name)) {
        Some(unused) => Err(format!("declares the slot `{unused}` and does not use it: remove one or write {{{unused}}} into the path")),
        None => Ok(parts),
    }
}

fn part<'a>(segment: &str, slots: &'a BTreeMap<String, String>, used: &mut Vec<&'a String>) -> Result<Part, String> {
    let Some((prefix, rest)) = segment.split_once('{') else {
        if segment.contains('}') || segment == "." || segment == ".." {
            return Err(format!("has the segment `{segment}` in its path"));
        }
        return Ok(Part { prefix: segment.to_owned(), slot: None, suffix: String::new() });
    };
    let (name, suffix) = rest.split_once('}').ok_or("has a slot that does not end")?;
    if prefix.contains('}') || suffix.contains(['{', '}']) {
        return Err("has more than one slot between two slashes".to_owned());
    }
    let source = match slots.get_key_value(name) {
        Some((key, source)) => {
            used.push(key);
            Source::parse(source)
                .filter(|s| !matches!(s, Source::Literal(_)))
                .ok_or_else(|| format!("declares the slot `{name}` as `{source}`, which nothing fills"))?
        }
        None if name == "stamp" => Source::Stamp,
        None => return Err(format!("uses the slot `{name}` and does not declare it: add it to `slots`")),
    };
    let slot = Slot { name: name.to_owned(), source };
    Ok(Part { prefix: prefix.to_owned(), slot: Some(slot), suffix: suffix.to_owned() })
}

/// Checks the name of a part of a query: one that needs no encoding, so that no two queries are shown alike.
pub(super) fn check_query_name(name: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._~-[]".contains(&b);
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(format!("has {} in its query, which is no plain name: use 1 to 64 of A-Z, a-z, 0-9 and `._~-[]`", quoted(name)))
}

fn query(declared: &BTreeMap<String, String>) -> Result<BTreeMap<String, Source>, String> {
    let read = |(name, source): (&String, &String)| match Source::parse(source) {
        Some(source) => check_query_name(name).map(|()| (name.clone(), source)),
        None => Err(format!("fills `{name}` of its query with `{source}`, which is nothing: `text` for any value, `=…` for this one")),
    };
    declared.iter().map(read).collect()
}

fn pointers(does: &str, declared: &BTreeMap<String, String>) -> Result<Vec<(String, String)>, String> {
    let read = |(pointer, name): (&String, &String)| {
        if !pointer.starts_with('/') {
            return Err(format!("{does} at `{pointer}`, which is no JSON pointer: it begins with a slash"));
        }
        if !is_one_line(pointer) {
            return Err(format!("{does} at {}, which is not one plain line", quoted(pointer)));
        }
        Ok((name.clone(), pointer.clone()))
    };
    declared.iter().map(read).collect()
}
