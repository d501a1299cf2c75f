//! The calls of the API, one method each: the only place of this package that knows paths and bodies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_domain::Millis;
use hallpass_domain::parameter::Parameters;
use serde_json::{Map, Value, json};

use super::api::{Api, ClientError};
use super::document::Look as _;

/// Text as one segment of a path.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A query out of the pairs that have a value.
fn query(pairs: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Name of the target.
    pub target: String,
    /// Which kind of access.
    pub entitlement: String,
    /// On what.
    pub resource: String,
    /// With which parameters.
    pub parameters: Parameters,
    /// For how long, in milliseconds.
    pub duration_ms: Millis,
    /// Why.
    pub justification: Option<String>,
}

impl Ask {
    fn body(&self) -> Value {
        let mut body = json!({
            "target": self.target, "entitlement": self.entitlement, "resource": self.resource, "duration_ms": self.duration_ms,
        });
        if let (Value::Object(body), false) = (&mut body, self.parameters.is_empty()) {
            body.insert("parameters".to_owned(), json!(self.parameters));
        }
        insert(&mut body, "justification", self.justification.as_deref());
        body
    }
}

fn insert(body: &mut Value, key: &str, value: Option<&str>) {
    if let (Value::Object(body), Some(value)) = (body, value) {
        body.insert(key.to_owned(), Value::String(value.to_owned()));
    }
}

impl Api {
    /// The caller.
    pub async fn me(&self) -> Result<Value, ClientError> {
        self.get("/v1/principals/me").await
    }

    /// Principals that the caller may see.
    pub async fn principals(&self) -> Result<Value, ClientError> {
        self.all("/v1/principals").await
    }

    /// Adds a principal; the answer holds its enrolment link.
    pub async fn add_principal(&self, kind: &str, name: &str, owner: Option<&str>) -> Result<Value, ClientError> {
        let mut body = json!({ "kind": kind, "name": name });
        insert(&mut body, "owner", owner);
        self.post("/v1/principals", &body).await
    }

    /// A new enrolment link for a principal.
    pub async fn invite(&self, principal: &str) -> Result<Value, ClientError> {
        self.post(&format!("/v1/principals/{}/enrolment", segment(principal)), &json!({})).await
    }

    /// Ends all that a principal holds, for good.
    pub async fn offboard(&self, principal: &str) -> Result<Value, ClientError> {
        self.post(&format!("/v1/principals/{}/offboard", segment(principal)), &json!({})).await
    }

    /// The id of a principal by name or id.
    pub async fn principal_id(&self, name: &str) -> Result<String, ClientError> {
        self.id_of("principal", "pr_", name, self.principals()).await
    }

    /// Groups that the caller may see.
    pub async fn groups(&self) -> Result<Value, ClientError> {
        self.all("/v1/groups").await
    }

    /// Sets the members of a group.
    pub async fn set_group(&self, name: &str, members: &[&str]) -> Result<Value, ClientError> {
        self.put(&format!("/v1/groups/{}", segment(name)), &json!({ "members": members })).await
    }

    /// Loads a connector; `signature` is the text of its `.sig` file.
    pub async fn load_connector(&self, file: &[u8], signature: Option<&str>, allow_downgrade: bool) -> Result<Value, ClientError> {
        let signature = signature.map(|text| URL_SAFE_NO_PAD.encode(text));
        let downgrade = allow_downgrade.then_some("true");
        let query = query(&[("signature", signature.as_deref()), ("allow_downgrade", downgrade)]);
        self.upload(&format!("/v1/connectors{query}"), "application/wasm", file).await
    }

    /// Accepts what a connector asks for, as its document shows it.
    pub async fn accept_connector(&self, connector: &Value) -> Result<Value, ClientError> {
        let path = format!("/v1/connectors/{}/accept", segment(connector.word("digest")));
        self.post(&path, &json!({ "permissions": connector.at("permissions_digest") })).await
    }

    /// Does something with a version: `upgrade`, `repin`, `unload`, `ban`.
    pub async fn connector_verb(&self, digest: &str, verb: &str, body: &Value) -> Result<Value, ClientError> {
        self.post(&format!("/v1/connectors/{}/{verb}", segment(digest)), body).await
    }

    /// Moves every target of a connector back to the version before.
    pub async fn roll_back_connector(&self, name: &str) -> Result<Value, ClientError> {
        let done = self.post("/v1/connectors/rollback", &json!({ "name": name })).await?;
        Ok(done.at("items").clone())
    }

    /// Lets a target's calls to its connector go on.
    pub async fn lift_quarantine(&self, target: &str) -> Result<Value, ClientError> {
        self.post(&format!("/v1/targets/{}/lift", segment(target)), &json!({})).await
    }

    /// Loads an unsigned connector and accepts whatever it asks for: where the caller made it.
    pub async fn load_and_accept(&self, file: Vec<u8>) -> Result<Value, ClientError> {
        let loaded = self.load_connector(&file, None, false).await?;
        if loaded.at("granted").is_null() { self.accept_connector(&loaded).await } else { Ok(loaded) }
    }

    /// Loaded connectors.
    pub async fn connectors(&self) -> Result<Value, ClientError> {
        self.all("/v1/connectors").await
    }

    /// One connector by digest.
    pub async fn connector(&self, digest: &str) -> Result<Value, ClientError> {
        self.get(&format!("/v1/connectors/{}", segment(digest))).await
    }

    /// Adds a target.
    pub async fn add_target(&self, target: &Value) -> Result<Value, ClientError> {
        self.post("/v1/targets", target).await
    }

    /// Changes a target; what the change does not name stays.
    pub async fn update_target(&self, id: &str, change: &Value) -> Result<Value, ClientError> {
        self.patch(&format!("/v1/targets/{}", segment(id)), change).await
    }

    /// Removes a target for good.
    pub async fn remove_target(&self, id: &str) -> Result<Value, ClientError> {
        self.delete(&format!("/v1/targets/{}", segment(id))).await
    }

    /// Targets that the caller may see.
    pub async fn targets(&self) -> Result<Value, ClientError> {
        self.all("/v1/targets").await
    }

    /// One target by id.
    pub async fn target(&self, id: &str) -> Result<Value, ClientError> {
        self.get(&format!("/v1/targets/{}", segment(id))).await
    }

    /// The id of a target by name or id.
    pub async fn target_id(&self, name: &str) -> Result<String, ClientError> {
        self.id_of("target", "tg_", name, self.targets()).await
    }

    /// Whether a target answers and its account may do what the connector needs.
    pub async fn check_target(&self, id: &str) -> Result<Value, ClientError> {
        self.post(&format!("/v1/targets/{}/check", segment(id)), &json!({})).await
    }

    /// Says which account a principal has in a target.
    pub async fn set_account(&self, target: &str, principal: &str, account: &str) -> Result<Value, ClientError> {
        self.put(&format!("/v1/targets/{}/accounts/{}", segment(target), segment(principal)), &json!({ "account": account })).await
    }

    /// The accounts of a target.
    pub async fn accounts(&self, target: &str) -> Result<Value, ClientError> {
        self.all(&format!("/v1/targets/{}/accounts", segment(target))).await
    }

    /// What can be asked for.
    pub async fn entitlements(&self) -> Result<Value, ClientError> {
        self.all("/v1/entitlements").await
    }

    /// Asks for access.
    pub async fn submit(&self, ask: &Ask) -> Result<Value, ClientError> {
        self.post("/v1/requests", &ask.body()).await
    }

    /// What policy would answer.
    pub async fn explain(&self, ask: &Ask) -> Result<Value, ClientError> {
        self.post("/v1/requests/explain", &ask.body()).await
    }

    /// Requests that the caller may see.
    pub async fn requests(&self, state: Option<&str>, mine: bool) -> Result<Value, ClientError> {
        self.all(&format!("/v1/requests{}", query(&[("state", state), ("mine", mine.then_some("true"))]))).await
    }

    /// One request.
    pub async fn request(&self, id: &str) -> Result<Value, ClientError> {
        self.get(&format!("/v1/requests/{}", segment(id))).await
    }

    /// Takes a request back.
    pub async fn withdraw(&self, id: &str) -> Result<Value, ClientError> {
        self.post(&format!("/v1/requests/{}/withdraw", segment(id)), &json!({})).await
    }

    /// The requests that wait for the caller's verdict.
    pub async fn inbox(&self) -> Result<Value, ClientError> {
        self.all("/v1/approvals").await
    }

    /// Gives a verdict: `approve`, perhaps for a shorter time, or `deny`.
    pub async fn decide(&self, request: &str, verdict: &str, for_ms: Option<Millis>, reason: Option<&str>) -> Result<Value, ClientError> {
        let mut body = json!({ "verdict": verdict });
        if let (Value::Object(body), Some(ms)) = (&mut body, for_ms) {
            body.insert("narrowed_ms".to_owned(), json!(ms));
        }
        insert(&mut body, "reason", reason);
        self.post(&format!("/v1/requests/{}/approvals", segment(request)), &body).await
    }

    /// Grants that the caller may see.
    pub async fn grants(&self, live: bool, principal: Option<&str>) -> Result<Value, ClientError> {
        self.all(&format!("/v1/grants{}", query(&[("live", live.then_some("true")), ("principal", principal)]))).await
    }

    /// One grant.
    pub async fn grant(&self, id: &str) -> Result<Value, ClientError> {
        self.get(&format!("/v1/grants/{}", segment(id))).await
    }

    /// Takes a grant away.
    pub async fn revoke(&self, id: &str, reason: Option<&str>) -> Result<Value, ClientError> {
        let mut body = json!({});
        insert(&mut body, "reason", reason);
        self.post(&format!("/v1/grants/{}/revoke", segment(id)), &body).await
    }

    /// Gives a grant of the caller's back.
    pub async fn release(&self, id: &str) -> Result<Value, ClientError> {
        self.post(&format!("/v1/grants/{}/release", segment(id)), &json!({})).await
    }

    /// Asks for a new credential in place of the one that was lost.
    pub async fn rotate(&self, id: &str) -> Result<Value, ClientError> {
        self.post(&format!("/v1/grants/{}/credential/rotate", segment(id)), &json!({})).await
    }

    /// Mints a pass.
    pub async fn mint_pass(&self, id: &str, audience: Option<&str>) -> Result<Value, ClientError> {
        let mut body = json!({});
        insert(&mut body, "audience", audience);
        self.post(&format!("/v1/grants/{}/pass", segment(id)), &body).await
    }

    /// Picks up the credential of a grant, once, and opens it with the caller's key.
    pub async fn pick_up(&self, id: &str) -> Result<Value, ClientError> {
        let answer = self.post(&format!("/v1/grants/{}/credential", segment(id)), &json!({})).await?;
        self.open_credential(id, &answer)
    }

    /// Events of the log that the caller may see, oldest first.
    pub async fn events(&self, grant: Option<&str>, request: Option<&str>, subject: Option<&str>) -> Result<Value, ClientError> {
        self.all(&format!("/v1/audit/events{}", query(&[("grant", grant), ("request", request), ("subject", subject)]))).await
    }

    /// The newest signed checkpoint: a note in text.
    pub async fn checkpoint(&self) -> Result<String, ClientError> {
        self.text("/v1/audit/checkpoint").await
    }

    /// Numbers of the broker in the text format of Prometheus.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        self.text("/metrics").await
    }

    /// Proves the log whole, on the broker; against a checkpoint kept elsewhere where one is given.
    pub async fn verify_log(&self, checkpoint: Option<&str>) -> Result<Value, ClientError> {
        let mut body = json!({});
        insert(&mut body, "checkpoint", checkpoint);
        self.post("/v1/audit/verify", &body).await
    }

    /// The published keys that verify passes.
    pub async fn keys(&self) -> Result<Value, ClientError> {
        self.get("/v1/keys").await
    }

    /// All pages of a list.
    async fn all(&self, path: &str) -> Result<Value, ClientError> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = match &after {
                None => self.get(path).await?,
                Some(after) => self.get(&format!("{path}{joint}{}", query(&[("after", Some(after))]).trim_start_matches('?'))).await?,
            };
            let (part, next) = page_of(page);
            items.extend(part);
            // A cursor that repeats would never end.
            if next.is_none() || next == after {
                return Ok(Value::Array(items));
            }
            after = next;
        }
    }

    async fn id_of(
        &self,
        noun: &str,
        prefix: &str,
        name: &str,
        list: impl Future<Output = Result<Value, ClientError>>,
    ) -> Result<String, ClientError> {
        if name.starts_with(prefix) {
            return Ok(name.to_owned());
        }
        let list = list.await?;
        let found = list.items("").iter().find(|item| item.word("name") == name);
        found
            .map(|item| item.word("id").to_owned())
            .ok_or_else(|| ClientError::local(404, &format!("there is no {noun} {name:?} that you may see; list them to find its name")))
    }
}

/// The items of a page, and the cursor of the next one.
fn page_of(page: Value) -> (Vec<Value>, Option<String>) {
    match page {
        Value::Array(items) => (items, None),
        Value::Object(mut page) => {
            let next = page.get("next").and_then(Value::as_str).map(str::to_owned);
            (items_of(&mut page), next)
        }
        _ => (Vec::new(), None),
    }
}

fn items_of(page: &mut Map<String, Value>) -> Vec<Value> {
    match page.remove("items") {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_paths_cannot_leave_their_segment() {
        assert_eq!(segment("a/../b c?d#e%"), "a%2F..%2Fb%20c%3Fd%23e%25");
        assert_eq!(query(&[("a", Some("x y&z")), ("b", None)]), "?a=x+y%26z");
        assert_eq!(query(&[("b", None)]), "");
    }
}
