//! The manifest of a connector, read strictly and checked whole: what it is, what it asks for, what it can do.

pub(crate) mod document;
mod facts;
pub(crate) mod http;
mod shown;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hallpass_domain::ids::Digest;
use hallpass_domain::parameter;
use hallpass_domain::port::{ConnectorFacts, Endpoint, NotAdmitted};

use self::document::{Call, Document, Entitlement, Recipe, SecretUse, Setting, SettingType};
use crate::capability::http::declare::Http;
use crate::capability::http::look::Look as HttpLook;
use crate::capability::http::request::Request;
use crate::capability::sql::look::Look;
use crate::capability::sql::statement::Statement;

/// The version of the WIT package that this host speaks.
pub(crate) const WIT: &str = "0.1.0";

/// A checked manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The connector's name: log lines carry it.
    pub(crate) name: String,
    /// Statements by name.
    pub(crate) statements: BTreeMap<String, Statement>,
    /// Recipes by name.
    pub(crate) recipes: BTreeMap<String, Recipe>,
    /// What it says of HTTP.
    pub(crate) http: Http,
    looks: BTreeMap<String, Looks>,
    /// The lines that the operator reads, by the kind and name that each begins with.
    permissions: BTreeMap<(String, String), String>,
    document: Document,
}

/// How the host sees an entitlement for itself: all must agree.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    pub(crate) sql: Vec<Look>,
    pub(crate) http: Vec<HttpLook>,
}

/// What a plugin file says of itself, after the checks that every host makes before it compiles one. Nothing of it runs.
pub fn inspect(file: &[u8]) -> Result<ConnectorFacts, NotAdmitted> {
    let manifest = Manifest::parse(crate::admission::admit(file, &crate::limits::Limits::default())?.manifest)?;
    Ok(manifest.facts(Digest::of(file)))
}

/// The refusal of a manifest.
pub(crate) fn refuse(reason: impl Into<String>) -> NotAdmitted {
    NotAdmitted {
        reason: format!("its manifest is not valid: {}", reason.into()),
        remedy: "Mend manifest.json and build the connector again".to_owned(),
    }
}

impl Manifest {
    /// Reads the bytes of the section `hallpass:manifest`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NotAdmitted> {
        let json = &mut serde_json::Deserializer::from_slice(bytes);
        let mut document: Document = serde_path_to_error::deserialize(&mut *json).map_err(|e| match e.path().to_string().as_str() {
            "." => refuse(e.inner().to_string()),
            path => refuse(format!("at `{path}`: {}", e.inner())),
        })?;
        json.end().map_err(|e| refuse(format!("something follows it: {e}")))?;
        check_names(&document).map_err(refuse)?;
        shown::check(&document).map_err(refuse)?;
        check_settings(&document).map_err(refuse)?;
        let statements = document
            .statements
            .iter()
            .map(|(name, s)| Statement::declare(name, s).map(|s| (name.clone(), s)))
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map_err(refuse)?;
        let expected = looks_over_http(&document).map_err(refuse)?;
        let http = Http::declare(&mut document).map_err(refuse)?;
        let looks = document
            .entitlements
            .iter()
            .map(|e| looks_of(e, &document, &expected).map(|looks| (e.name.clone(), looks)))
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map_err(refuse)?;
        let mut manifest =
            Self { name: document.name.clone(), statements, recipes: BTreeMap::new(), http, looks, permissions: BTreeMap::new(), document };
        manifest.check_statements().map_err(refuse)?;
        manifest.recipes = std::mem::take(&mut manifest.document.recipes);
        for (name, recipe) in &manifest.recipes {
            if !(16..=64).contains(&recipe.bytes) {
                return Err(refuse(format!("the recipe `{name}` must make 16 to 64 bytes")));
            }
        }
        manifest.permissions = facts::by_name(manifest.lines());
        Ok(manifest)
    }

    /// The line that asks for the permission of this kind and name: `statement`, `create_role`.
    pub(crate) fn permission(&self, kind: &str, name: &str) -> Option<&str> {
        self.permissions.get(&(kind.to_owned(), name.to_owned())).map(String::as_str)
    }

    /// The looks of an entitlement; `None` where the connector's own `observe` is all there is.
    pub(crate) fn looks(&self, entitlement: &str) -> Option<&Looks> {
        self.looks.get(entitlement).filter(|looks| !(looks.sql.is_empty() && looks.http.is_empty()))
    }

    /// Whether it declares an entitlement of this name.
    pub(crate) fn has_entitlement(&self, name: &str) -> bool {
        self.document.entitlements.iter().any(|e| e.name == name)
    }

    /// A setting of this target, or its default; `None` for what the manifest does not declare.
    pub(crate) fn setting(&self, endpoint: &Endpoint, key: &str) -> Option<String> {
        let declared = self.document.settings.get(key)?;
        endpoint.settings.get(key).cloned().or_else(|| declared.default.as_ref().map(plain))
    }

    /// Whether the setting decides where, as whom or how the host connects.
    pub(crate) fn connects(&self, setting: &str) -> bool {
        let database = ["host", "port", "user", "database", "tls", "root_certificate"];
        (!self.statements.is_empty() && database.contains(&setting)) || self.http.connects(setting)
    }

    /// Whether the secret is declared for the login.
    pub(crate) fn login_secret(&self, name: &str) -> bool {
        self.document.secrets.get(name).is_some_and(|s| s.r#use.contains(&SecretUse::SqlLogin))
    }

    /// Whether a secret of this name is declared.
    pub(crate) fn has_secret(&self, name: &str) -> bool {
        self.document.secrets.contains_key(name)
    }

    fn check_statements(&self) -> Result<(), String> {
        for statement in self.statements.values() {
            let users = self.document.entitlements.iter();
            let named = |kind: &str| self.document.entitlements.iter().any(|e| e.resource.split('/').any(|k| k == kind));
            if let Some(kind) = statement.resource_kinds().find(|k| !named(k)) {
                return Err(format!("the statement `{}` is filled with `resource.{kind}`, a kind that no entitlement has", statement.name));
            }
            if let Some(key) = statement.parameters().find(|k| !users.clone().any(|e| e.parameters.contains_key(*k))) {
                return Err(format!("the statement `{}` is filled with `parameter.{key}`, which no entitlement declares", statement.name));
            }
            if statement.calls().contains(&Call::Look) && !users.clone().any(|e| e.look.contains(&statement.name)) {
                return Err(format!("the look `{}` belongs to no entitlement: name it in one's `look`", statement.name));
            }
        }
        if !self.statements.is_empty() {
            for key in ["host", "user", "database"] {
                if !self.document.settings.contains_key(key) {
                    return Err(format!("it declares statements and not the setting `{key}`, which the host connects with"));
                }
            }
        }
        Ok(())
    }
}

/// The answers that looks over HTTP expect, by request.
fn looks_over_http(document: &Document) -> Result<BTreeMap<String, (Request, http::Expect)>, String> {
    let mut out = BTreeMap::new();
    for (name, request) in &document.http.requests {
        if let Some(expect) = &request.expect {
            out.insert(name.clone(), (Request::declare(name, request)?, expect.clone()));
        }
    }
    Ok(out)
}

fn looks_of(
    entitlement: &Entitlement,
    document: &Document,
    over_http: &BTreeMap<String, (Request, http::Expect)>,
) -> Result<Looks, String> {
    let of = format!("the entitlement `{}`", entitlement.name);
    let mut looks = Looks::default();
    for name in &entitlement.look {
        let unsuspended = || format!("{of} can be suspended and `{name}` does not say what that looks like: add `expect.suspended`");
        let foreign = |kind: &str| format!("{of} looks with `{name}`, whose slot `resource.{kind}` its resource does not have");
        let has = |kind: &str| entitlement.resource.split('/').any(|e| e == kind);
        if let Some((request, expect)) = over_http.get(name) {
            if entitlement.suspend && expect.suspended.is_none() {
                return Err(unsuspended());
            }
            if let Some(kind) = request.resource_kinds().find(|k| !has(k)) {
                return Err(foreign(kind));
            }
            looks.http.push(HttpLook::declare(request.clone(), expect)?);
            continue;
        }
        let statement =
            document.statements.get(name).ok_or_else(|| format!("{of} looks with `{name}`, which is no statement or request"))?;
        let expect = statement.expect.as_ref().ok_or_else(|| format!("{of} looks with `{name}`, which has no `expect`"))?;
        if entitlement.suspend && expect.suspended.is_none() {
            return Err(unsuspended());
        }
        let declared = Statement::declare(name, statement)?;
        if let Some(kind) = declared.resource_kinds().find(|k| !has(k)) {
            return Err(foreign(kind));
        }
        looks.sql.push(Look::declare(declared, expect)?);
    }
    Ok(looks)
}

fn check_names(document: &Document) -> Result<(), String> {
    let word = |what: &str, text: &str, also: &str| {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || also.as_bytes().contains(&b);
        if !text.is_empty() && text.len() <= 64 && text.bytes().all(fits) && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase()) {
            Ok(())
        } else {
            Err(format!("{what} `{text}` must be 1 to 64 characters a-z, 0-9 or one of `{also}`, beginning with a letter"))
        }
    };
    word("the name", &document.name, "-")?;
    word("the publisher", &document.publisher, "-.")?;
    let mut parts = document.version.split('.');
    let number = |part: Option<&str>| part.is_some_and(|p| p.parse::<u32>().is_ok_and(|n| n.to_string() == p));
    if !(number(parts.next()) && number(parts.next()) && number(parts.next()) && parts.next().is_none()) {
        return Err(format!("the version `{}` must be three numbers, such as 0.1.0", document.version));
    }
    if document.wit != WIT {
        return Err(format!("it is written for `wit` {}, this host speaks {WIT}", document.wit));
    }
    for entitlement in &document.entitlements {
        word("the entitlement", &entitlement.name, ".-")?;
        if document.entitlements.iter().filter(|e| e.name == entitlement.name).count() > 1 {
            return Err(format!("the entitlement `{}` stands twice", entitlement.name));
        }
        for kind in entitlement.resource.split('/') {
            word("the kind of resource", kind, "-")?;
        }
        entitlement.parameters.keys().try_for_each(|k| word("the parameter", k, "_-"))?;
        if entitlement.parameters.len() > parameter::MOST {
            return Err(format!("the entitlement `{}` has more than {} parameters", entitlement.name, parameter::MOST));
        }
        if entitlement.parameters.values().any(|p| p.values.as_ref().is_some_and(Vec::is_empty)) {
            return Err(format!("a parameter of the entitlement `{}` has an empty list of values", entitlement.name));
        }
    }
    if document.entitlements.is_empty() {
        return Err("it declares no entitlement".to_owned());
    }
    document.settings.keys().try_for_each(|k| word("the setting", k, "_-"))?;
    document.secrets.keys().try_for_each(|k| word("the secret", k, "_-"))?;
    document.recipes.keys().try_for_each(|k| word("the recipe", k, "_-"))?;
    document.statements.keys().try_for_each(|k| word("the statement", k, "_-"))?;
    document.http.destinations.keys().try_for_each(|k| word("the destination", k, "_-"))?;
    document.http.credentials.keys().try_for_each(|k| word("the credential", k, "_-"))?;
    document.http.requests.values().flat_map(|r| r.capture.values()).try_for_each(|k| word("the captured secret", k, "_-"))?;
    document.http.requests.keys().try_for_each(|k| word("the request", k, "_-"))
}

fn check_settings(document: &Document) -> Result<(), String> {
    for (name, setting) in &document.settings {
        let values = setting.values.iter().flatten().chain(&setting.default);
        if values.clone().any(|v| !fits(setting, v)) {
            return Err(format!("the setting `{name}` has a value or default that is not of its type"));
        }
        if let (Some(list), Some(default)) = (&setting.values, &setting.default)
            && !list.contains(default)
        {
            return Err(format!("the setting `{name}` has a default that is none of its values"));
        }
        if setting.required && setting.default.is_some() {
            return Err(format!("the setting `{name}` is required and has a default: keep one of them"));
        }
    }
    Ok(())
}

fn fits(setting: &Setting, value: &serde_json::Value) -> bool {
    match setting.r#type {
        SettingType::String => value.is_string(),
        SettingType::Integer => value.is_i64(),
        SettingType::Boolean => value.is_boolean(),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
