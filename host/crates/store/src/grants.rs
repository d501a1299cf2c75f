//! Grants.

use hallpass_domain::Timestamp;
use hallpass_domain::grant::{Grant, GrantState};
use hallpass_domain::ids::{GrantId, HoldingId, PrincipalId, RequestId, TargetId};

use crate::error::StoreResult;
use crate::reads::{Conditions, Reads};
use crate::sql::{Row, args, json};
use crate::tx::Tx;

const TABLE: &str = "grants";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, request, principal, target, entitlement, resource, parameters, holding, state, duration_ms, policy_revision, created, \
             activate_by, activated, ends, end_reason, ending_since, ended, seen_by, left_behind, last_failure, version FROM grants",
            $rest
        )
    };
}

/// Which grants; what is `None` or `false` is not asked.
#[derive(Debug, Clone, Default)]
pub struct GrantFilter {
    /// Held by.
    pub principal: Option<PrincipalId>,
    /// Held by this principal, or by an agent or workload of theirs.
    pub behind: Option<PrincipalId>,
    /// Of access in.
    pub target: Option<TargetId>,
    /// From this request.
    pub request: Option<RequestId>,
    /// In this state.
    pub state: Option<GrantState>,
    /// Only those that have not ended: also those whose access should be gone and is not yet.
    pub live: bool,
}

fn read(row: &Row) -> StoreResult<Grant> {
    Ok(Grant {
        id: row.parse("id")?,
        request: row.parse("request")?,
        principal: row.parse("principal")?,
        target: row.parse("target")?,
        entitlement: row.text("entitlement")?,
        resource: row.parse("resource")?,
        parameters: row.json("parameters")?,
        holding: row.parse("holding")?,
        state: row.parse("state")?,
        duration_ms: row.number("duration_ms")?,
        policy_revision: row.text("policy_revision")?,
        created: row.time("created")?,
        activate_by: row.time("activate_by")?,
        activated: row.opt_time("activated")?,
        ends: row.opt_time("ends")?,
        end_reason: row.opt_parse("end_reason")?,
        ending_since: row.opt_time("ending_since")?,
        ended: row.opt_time("ended")?,
        seen_by: row.opt_parse("seen_by")?,
        left: row.opt_parse("left_behind")?,
        last_failure: row.opt_text("last_failure")?,
        version: row.int("version")?,
    })
}

impl Reads<'_> {
    /// Grants that still ask for access and whose connector is banned.
    pub async fn banned_grants(&mut self, limit: u32) -> StoreResult<Vec<Grant>> {
        let sql = select!(
            " WHERE state IN ('activating', 'active', 'suspended') AND holding IN (SELECT h.id FROM holdings h \
             JOIN connectors c ON c.digest = h.connector WHERE c.state = 'banned') ORDER BY id LIMIT $1"
        );
        self.list(TABLE, sql, args![limit], read).await
    }

    /// The grant of this id.
    pub async fn grant(&mut self, id: &GrantId) -> StoreResult<Option<Grant>> {
        self.find(TABLE, select!(" WHERE id = $1"), args![id], read).await
    }

    /// Grants in the order of their ids, behind `after`.
    pub async fn grants(&mut self, filter: &GrantFilter, after: Option<&GrantId>, limit: u32) -> StoreResult<Vec<Grant>> {
        let mut conditions = Conditions::new();
        conditions
            .when("principal =", filter.principal.as_ref())
            .with("principal IN (SELECT p.id FROM principals p WHERE p.id = {} OR p.owner = {})", filter.behind.as_ref())
            .when("target =", filter.target.as_ref())
            .when("request =", filter.request.as_ref())
            .when("state =", filter.state)
            .also("state IN ('scheduled', 'activating', 'active', 'suspended', 'ending')", filter.live)
            .when("id >", after);
        let (sql, args) = conditions.page(select!(""), "id", limit);
        self.list(TABLE, sql, args, read).await
    }

    /// Grants that time ends: active or suspended ones whose end has come, and those that were not seen within their window.
    pub async fn due_grants(&mut self, now: Timestamp, limit: u32) -> StoreResult<Vec<Grant>> {
        // Two index ranges, one answer.
        let over = select!(" WHERE state IN ('active', 'suspended') AND ends <= $1 ORDER BY ends, id LIMIT $2");
        let mut grants = self.list(TABLE, over, args![now, limit], read).await?;
        let unseen = select!(" WHERE state = 'activating' AND activate_by <= $1 ORDER BY activate_by, id LIMIT $2");
        grants.append(&mut self.list(TABLE, unseen, args![now, limit], read).await?);
        Ok(grants)
    }

    /// The grants on a holding that have not ended: those that its wish is computed from, and those on their way to an end.
    pub async fn unended_grants_of(&mut self, holding: &HoldingId) -> StoreResult<Vec<Grant>> {
        let sql = select!(" WHERE holding = $1 AND state IN ('activating', 'active', 'suspended', 'ending') ORDER BY id");
        self.list(TABLE, sql, args![holding], read).await
    }

    /// The grants on a holding that are on their way to an end.
    pub async fn ending_grants_of(&mut self, holding: &HoldingId) -> StoreResult<Vec<Grant>> {
        self.list(TABLE, select!(" WHERE holding = $1 AND state = 'ending' ORDER BY id"), args![holding], read).await
    }

    /// The grants that a holding's wish is computed from (law 8).
    pub async fn live_grants_of(&mut self, holding: &HoldingId) -> StoreResult<Vec<Grant>> {
        let sql = select!(" WHERE holding = $1 AND state IN ('activating', 'active', 'suspended') ORDER BY id");
        self.list(TABLE, sql, args![holding], read).await
    }
}

impl Tx {
    /// Adds a grant.
    pub async fn insert_grant(&mut self, g: &Grant) -> StoreResult<()> {
        let sql = "INSERT INTO grants (id, request, principal, target, entitlement, resource, holding, state, duration_ms, \
                   policy_revision, created, activate_by, activated, ends, end_reason, ending_since, ended, seen_by, left_behind, last_failure, \
                   version, parameters) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
        let args = args![
            g.id,
            g.request,
            g.principal,
            g.target,
            g.entitlement,
            g.resource,
            g.holding,
            g.state,
            g.duration_ms,
            g.policy_revision,
            g.created,
            g.activate_by,
            g.activated,
            g.ends,
            g.end_reason,
            g.ending_since,
            g.ended,
            g.seen_by,
            g.left,
            g.last_failure,
            g.version,
            json(TABLE, "parameters", &g.parameters)?
        ];
        self.change(TABLE, sql, args).await.map(drop)
    }

    /// Writes what can change of a grant as version + 1; `g` has the version that it was read with. Gives the new one.
    pub async fn update_grant(&mut self, g: &Grant) -> StoreResult<i64> {
        let sql = "UPDATE grants SET state = $1, duration_ms = $2, activated = $3, ends = $4, end_reason = $5, ending_since = $6, \
                   ended = $7, seen_by = $8, last_failure = $9, holding = $10, activate_by = $11, left_behind = $12, \
                   version = version + 1 WHERE id = $13 AND version = $14";
        let args = args![
            g.state,
            g.duration_ms,
            g.activated,
            g.ends,
            g.end_reason,
            g.ending_since,
            g.ended,
            g.seen_by,
            g.last_failure,
            g.holding,
            g.activate_by,
            g.left,
            g.id,
            g.version
        ];
        self.swap(("grant", g.id.as_str()), TABLE, sql, args).await?;
        Ok(g.version + 1)
    }
}
