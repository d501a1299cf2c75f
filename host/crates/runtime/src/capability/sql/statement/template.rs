//! Parses the text of a declared statement: one statement, slots outside of quotes, nothing that could give a quoted value
//! another meaning. What is refused here is refused at load, before any value exists.

use std::collections::BTreeMap;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// SQL of the author.
    Text(String),
    /// A value of the host or, through the host, of the guest.
    Slot {
        /// Index into [`Template::slots`].
        slot: usize,
        /// How it is quoted here.
        rendering: Rendering,
    },
}

/// How a value is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// `"name"`.
    Identifier,
    /// `'text'`.
    Text,
    /// `42`.
    Integer,
    /// `'2026-01-01T00:00:00.000Z'`, read by PostgreSQL as a `timestamptz`.
    Instant,
    /// `TRUE`.
    Boolean,
    /// `'SCRAM-SHA-256$…'`.
    Verifier,
}

/// What fills a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The holding's mark.
    Stamp,
    /// The latest end of all grants.
    Until,
    /// `stamp/attempt`.
    Mark,
    /// The account that gains access.
    Account,
    /// The entitlement's name.
    Entitlement,
    /// The segment of this kind of the approved resource.
    Resource(String),
    /// An approved parameter.
    Parameter(String),
    /// The guest's argument.
    Open(Rendering),
}

impl Source {
    /// Reads what a slot is declared as.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let kind = |rest: &str| (!rest.is_empty()).then(|| rest.to_owned());
        Some(match text {
            "stamp" => Self::Stamp,
            "grant.until" => Self::Until,
            "grant.mark" => Self::Mark,
            "grant.account" => Self::Account,
            "grant.entitlement" => Self::Entitlement,
            "identifier" => Self::Open(Rendering::Identifier),
            "text" => Self::Open(Rendering::Text),
            "integer" => Self::Open(Rendering::Integer),
            "instant" => Self::Open(Rendering::Instant),
            "boolean" => Self::Open(Rendering::Boolean),
            "secret:scram-sha-256" => Self::Open(Rendering::Verifier),
            other => match other.split_once('.') {
                Some(("resource", rest)) => Self::Resource(kind(rest)?),
                Some(("parameter", rest)) => Self::Parameter(kind(rest)?),
                _ => return None,
            },
        })
    }

    fn default_rendering(&self) -> Rendering {
        match self {
            Self::Stamp | Self::Account | Self::Resource(_) => Rendering::Identifier,
            Self::Mark | Self::Entitlement | Self::Parameter(_) => Rendering::Text,
            Self::Until => Rendering::Instant,
            Self::Open(rendering) => *rendering,
        }
    }

    /// Names may be written as identifier or as text; nothing else has two forms.
    fn allows(&self, rendering: Rendering) -> bool {
        let name = matches!(self.default_rendering(), Rendering::Identifier | Rendering::Text);
        rendering == self.default_rendering() || (name && matches!(rendering, Rendering::Identifier | Rendering::Text))
    }
}

/// A slot and what fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Its name in the text.
    pub(crate) name: String,
    /// What fills it.
    pub(crate) source: Source,
}

/// A parsed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// In order.
    pub(crate) pieces: Vec<Piece>,
    /// In order of first appearance.
    pub(crate) slots: Vec<Slot>,
}

/// What a declared statement may begin with: what reads or writes rows, and what makes, changes or removes roles and their rights.
/// Anything else would end the host's transaction, change the session that others use after it, run a text as a program
/// (`DO`, `CALL`), or change the server itself (`ALTER SYSTEM`).
const ALLOWED: &[&str] = &[
    "alter default privileges",
    "alter group",
    "alter role",
    "alter user",
    "comment on",
    "create group",
    "create role",
    "create user",
    "delete",
    "drop group",
    "drop owned",
    "drop role",
    "drop user",
    "grant",
    "insert",
    "merge",
    "reassign owned",
    "revoke",
    "select",
    "show",
    "table",
    "update",
    "values",
    "with",
];

/// What a statement may begin with that reads. `WITH` may change something all the same, and `SELECT` call what does: there the
/// read-only transaction decides.
const READS: &[&str] = &["select", "show", "table", "values", "with"];

/// The first word of a text that changes something whatever follows it.
pub(crate) fn change(text: &str) -> Option<&str> {
    text.split_whitespace().next().filter(|word| !READS.iter().any(|reads| word.eq_ignore_ascii_case(reads)))
}

/// Functions that run a text as SQL, reach another server, or read and write files of the server.
const BEYOND: &[&str] = &[
    "_to_xml",
    "dblink",
    "lo_export",
    "lo_import",
    "pg_ls_",
    "pg_read_",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_stat_file",
    "set_config",
    "ts_rewrite",
    "ts_stat",
];

impl Template {
    /// Parses `text`, whose slots are `declared`. The error is a sentence without its subject: `has …`.
    pub(crate) fn parse(text: &str, declared: &BTreeMap<String, String>) -> Result<Self, String> {
        if text.len() > 16 * 1024 {
            return Err("has a text of more than 16 KiB: split it".to_owned());
        }
        let plain = text.to_ascii_lowercase();
        let words: Vec<&str> = plain.split_whitespace().collect();
        if !ALLOWED.iter().any(|allowed| allowed.split(' ').enumerate().all(|(n, word)| words.get(n) == Some(&word))) {
            let first: String = plain.trim_start().chars().take(24).collect();
            return Err(format!("must not begin with `{first}`: what a statement may begin with is {}", ALLOWED.join(", ")));
        }
        if let Some(beyond) = BEYOND.iter().find(|beyond| plain.contains(*beyond)) {
            return Err(format!("must not use `{beyond}`: it runs text, reaches files or other servers, or changes the session"));
        }
        let template =
            Parser { chars: text.chars().collect(), at: 0, literal: String::new(), declared, pieces: vec![], slots: vec![] }.run()?;
        if let Some(unused) = declared.keys().find(|name| !template.slots.iter().any(|s| s.name == **name)) {
            return Err(format!("declares the slot `{unused}` and does not use it: remove one or write {{{unused}}} into the text"));
        }
        Ok(template)
    }
}

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    literal: String,
    declared: &'a BTreeMap<String, String>,
    pieces: Vec<Piece>,
    slots: Vec<Slot>,
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<char> {
        self.at.checked_sub(1).and_then(|n| self.chars.get(n)).copied()
    }

    fn run(mut self) -> Result<Template, String> {
        let mut quote: Option<char> = None;
        while let Some(c) = self.peek(0) {
            match (c, quote) {
                ('{' | '}', _) if self.peek(1) == Some(c) => {
                    self.literal.push(c);
                    self.at += 1;
                }
                ('{', None) => {
                    self.slot()?;
                    continue;
                }
                ('{', Some(_)) => return Err("has a slot inside quotes: the host quotes, write the slot alone".to_owned()),
                ('}', _) => return Err("has a lone `}`: write `}}` for the character".to_owned()),
                ('\\', _) => return Err("has a backslash: it means different things by the server's settings".to_owned()),
                (c, _) if c.is_control() && c != '\n' && c != '\t' => return Err("has a control character".to_owned()),
                (c, Some(open)) => {
                    quote = (c != open).then_some(open);
                    self.literal.push(c);
                }
                ('\'' | '"', None) => {
                    if self.before().is_some_and(|b| b.is_alphanumeric() || b == '_' || b == '&') {
                        return Err("has a quote right behind a letter, digit or `&`: only plain quotes are allowed".to_owned());
                    }
                    quote = Some(c);
                    self.literal.push(c);
                }
                (';', None) => return Err("has a `;`: one declared statement is one statement".to_owned()),
                ('$', None) => return Err("has a `$`: dollar quotes and parameters are not allowed, use slots".to_owned()),
                ('-', None) if self.peek(1) == Some('-') => return Err("has a comment: describe it in the title".to_owned()),
                ('/', None) if self.peek(1) == Some('*') => return Err("has a comment: describe it in the title".to_owned()),
                (c, None) => self.literal.push(c),
            }
            self.at += 1;
        }
        if quote.is_some() {
            return Err("has a quote that does not end".to_owned());
        }
        self.flush();
        Ok(Template { pieces: self.pieces, slots: self.slots })
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.literal)));
        }
    }

    fn slot(&mut self) -> Result<(), String> {
        if self.before().is_some_and(|b| !(b.is_whitespace() || "(,.=<>[|:".contains(b))) {
            return Err("has a slot right behind another word, quote or slot: put a space between them".to_owned());
        }
        self.at += 1;
        let mut inside = String::new();
        loop {
            match self.peek(0) {
                Some('}') => break,
                Some(c) if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':') => inside.push(c),
                _ => return Err(format!("has a slot that is no name: `{{{inside}`")),
            }
            self.at += 1;
        }
        self.at += 1;
        if self.peek(0).is_some_and(|a| !(a.is_whitespace() || "),.=<>]|:".contains(a))) {
            return Err(format!("has the slot `{inside}` right before another word, quote or slot: put a space between them"));
        }
        let (name, wanted) = inside.split_once(':').map_or((inside.as_str(), None), |(n, r)| (n, Some(r)));
        let source = match self.declared.get(name) {
            Some(text) => Source::parse(text).ok_or_else(|| format!("declares the slot `{name}` as `{text}`, which nothing fills"))?,
            None if name == "stamp" => Source::Stamp,
            None => return Err(format!("uses the slot `{name}` and does not declare it: add it to `slots`")),
        };
        let rendering = match wanted {
            None => source.default_rendering(),
            Some("identifier") => Rendering::Identifier,
            Some("text") => Rendering::Text,
            Some("integer") => Rendering::Integer,
            Some("instant") => Rendering::Instant,
            Some("boolean") => Rendering::Boolean,
            Some(other) => return Err(format!("renders the slot `{name}` as `{other}`, which is no rendering")),
        };
        if !source.allows(rendering) {
            return Err(format!("renders the slot `{name}` in a form that its value does not have"));
        }
        if rendering == Rendering::Verifier && !(self.makes_a_role() && self.literal.trim_end().to_ascii_lowercase().ends_with("password"))
        {
            return Err(format!("has the secret `{name}` elsewhere than behind PASSWORD in CREATE or ALTER of a ROLE or USER"));
        }
        self.flush();
        let slot = self.slots.iter().position(|s| s.name == name).unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(Slot { name: name.to_owned(), source });
        }
        self.pieces.push(Piece::Slot { slot, rendering });
        Ok(())
    }

    /// A secret may stand only where the server keeps it for a login and shows it in no result.
    fn makes_a_role(&self) -> bool {
        let text: String = self.chars.iter().collect::<String>().to_ascii_lowercase();
        let mut words = text.split_whitespace();
        matches!(words.next(), Some("create" | "alter")) && matches!(words.next(), Some("role" | "user")) && words.next() != Some("mapping")
    }
}
