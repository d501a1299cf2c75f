//! Requests and approvals.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::{Digest, PrincipalId, RequestId, TargetId};
use hallpass_domain::name::Name;
use hallpass_domain::request::{Approval, Ask, Asked, Request, RequestState};

use crate::error::StoreResult;
use crate::reads::{Conditions, Reads};
use crate::sql::{Row, args, json};
use crate::tx::Tx;

const TABLE: &str = "requests";
const APPROVALS: &str = "approvals";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, requester, target, entitlement, resource, parameters, duration_ms, justification, mode, connector, version_digest, permissions, \
             state, stage, state_at, stages, approved_ms, policies, policy_revision, created, expires, version FROM requests",
            $rest
        )
    };
}

/// Which requests; what is `None` is not asked.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Asked by.
    pub requester: Option<PrincipalId>,
    /// Asked by this principal, or by an agent or workload of theirs.
    pub behind: Option<PrincipalId>,
    /// For access in.
    pub target: Option<TargetId>,
    /// For the permissions of.
    pub connector: Option<Digest>,
    /// `pending`, `approved`, `denied`, `withdrawn` or `lapsed`.
    pub state: Option<String>,
}

/// State, stage and instant as columns.
fn state_columns(state: &RequestState) -> (&'static str, Option<u32>, Timestamp) {
    let stage = match state {
        RequestState::Pending { stage, .. } => Some(*stage),
        _ => None,
    };
    let at = match state {
        RequestState::Pending { since: at, .. }
        | RequestState::Approved { at }
        | RequestState::Denied { at }
        | RequestState::Withdrawn { at }
        | RequestState::Lapsed { at } => *at,
    };
    (state.as_str(), stage, at)
}

fn read_state(row: &Row) -> StoreResult<RequestState> {
    let at = row.time("state_at")?;
    match row.text("state")?.as_str() {
        "pending" => Ok(RequestState::Pending { stage: row.number("stage")?, since: at }),
        "approved" => Ok(RequestState::Approved { at }),
        "denied" => Ok(RequestState::Denied { at }),
        "withdrawn" => Ok(RequestState::Withdrawn { at }),
        "lapsed" => Ok(RequestState::Lapsed { at }),
        _ => Err(row.wrong("state")),
    }
}

fn read_asked(row: &Row) -> StoreResult<Asked> {
    if row.opt_text("permissions")?.is_some() {
        return Ok(Asked::Permissions(row.json("permissions")?));
    }
    Ok(Asked::Access(Ask {
        target: row.parse("target")?,
        entitlement: row.text("entitlement")?,
        resource: row.parse("resource")?,
        parameters: row.json("parameters")?,
        mode: row.parse("mode")?,
        duration_ms: row.number("duration_ms")?,
        justification: row.opt_text("justification")?,
    }))
}

fn read(row: &Row) -> StoreResult<Request> {
    Ok(Request {
        id: row.parse("id")?,
        requester: row.parse("requester")?,
        ask: read_asked(row)?,
        connector: row.text("connector")?,
        state: read_state(row)?,
        stages: row.json("stages")?,
        approved_ms: row.number("approved_ms")?,
        policies: row.json("policies")?,
        policy_revision: row.text("policy_revision")?,
        created: row.time("created")?,
        expires: row.time("expires")?,
        version: row.int("version")?,
    })
}

fn read_approval(row: &Row) -> StoreResult<Approval> {
    Ok(Approval {
        id: row.parse("id")?,
        request: row.parse("request")?,
        stage: row.number("stage")?,
        approver: row.parse("approver")?,
        verdict: row.parse("verdict")?,
        narrowed_ms: row.opt_millis("narrowed_ms")?,
        reason: row.opt_text("reason")?,
        at: row.time("at")?,
    })
}

impl Reads<'_> {
    /// The request of this id.
    pub async fn request(&mut self, id: &RequestId) -> StoreResult<Option<Request>> {
        self.find(TABLE, select!(" WHERE id = $1"), args![id], read).await
    }

    /// The request of this id with the name and the environment of the target that it asks for access in, as they are now.
    pub async fn request_and_target(&mut self, id: &RequestId) -> StoreResult<Option<(Request, Option<(Name, Name)>)>> {
        let sql = concat!(
            "SELECT r.*, t.name AS target_name, t.environment AS target_environment FROM (",
            select!(" WHERE id = $1"),
            ") AS r LEFT JOIN targets t ON t.id = r.target"
        );
        self.find(TABLE, sql, args![id], |row| Ok((read(row)?, row.opt_parse("target_name")?.zip(row.opt_parse("target_environment")?))))
            .await
    }

    /// Requests in the order of their ids, behind `after`.
    pub async fn requests(&mut self, filter: &RequestFilter, after: Option<&RequestId>, limit: u32) -> StoreResult<Vec<Request>> {
        let mut conditions = Conditions::new();
        conditions
            .when("requester =", filter.requester.as_ref())
            .with("requester IN (SELECT p.id FROM principals p WHERE p.id = {} OR p.owner = {})", filter.behind.as_ref())
            .when("target =", filter.target.as_ref())
            .when("version_digest =", filter.connector.as_ref())
            .when("state =", filter.state.as_ref())
            .when("id >", after);
        let (sql, args) = conditions.page(select!(""), "id", limit);
        self.list(TABLE, sql, args, read).await
    }

    /// How many requests of a principal wait for a verdict.
    pub async fn pending_requests_of(&mut self, requester: &PrincipalId) -> StoreResult<u64> {
        let sql = "SELECT COUNT(*) AS n FROM requests WHERE requester = $1 AND state = 'pending'";
        Ok(self.find(TABLE, sql, args![requester], |row| row.number("n")).await?.unwrap_or(0))
    }

    /// Pending requests whose stage's time, or whose own, is over; the longest over first.
    pub async fn due_requests(&mut self, now: Timestamp, limit: u32) -> StoreResult<Vec<Request>> {
        self.list(TABLE, select!(" WHERE due IS NOT NULL AND due <= $1 ORDER BY due, id LIMIT $2"), args![now, limit], read).await
    }

    /// The verdicts on a request, the first one first.
    pub async fn approvals(&mut self, request: &RequestId) -> StoreResult<Vec<Approval>> {
        let sql = "SELECT id, request, stage, approver, verdict, narrowed_ms, reason, at FROM approvals WHERE request = $1 ORDER BY id";
        self.list(APPROVALS, sql, args![request], read_approval).await
    }

    /// The humans behind the verdicts on a request: one counts once, over all stages (law 9).
    pub async fn approving_humans(&mut self, request: &RequestId) -> StoreResult<Vec<PrincipalId>> {
        let sql = "SELECT id, human FROM approvals WHERE request = $1 ORDER BY id";
        self.list(APPROVALS, sql, args![request], |row| row.parse("human")).await
    }
}

impl Tx {
    /// Adds a request.
    pub async fn insert_request(&mut self, r: &Request) -> StoreResult<()> {
        let sql = "INSERT INTO requests (id, requester, target, entitlement, resource, duration_ms, justification, mode, connector, version_digest, permissions, \
                   state, stage, state_at, stages, approved_ms, policies, policy_revision, created, expires, due, version, parameters) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
        let (state, stage, at) = state_columns(&r.state);
        let (stages, policies) = (json(TABLE, "stages", &r.stages)?, json(TABLE, "policies", &r.policies)?);
        let access = r.ask.access();
        let (connector, permissions) = match &r.ask {
            Asked::Access(_) => (None, None),
            Asked::Permissions(ask) => (Some(ask.connector), Some(json(TABLE, "permissions", ask)?)),
        };
        let parameters = access.map(|ask| json(TABLE, "parameters", &ask.parameters)).transpose()?;
        let args = args![
            r.id,
            r.requester,
            access.map(|ask| &ask.target),
            access.map(|ask| &ask.entitlement),
            access.map(|ask| &ask.resource),
            r.ask.duration_ms(),
            r.ask.justification(),
            access.map(|ask| &ask.mode),
            r.connector,
            connector,
            permissions,
            state,
            stage,
            at,
            stages,
            r.approved_ms,
            policies,
            r.policy_revision,
            r.created,
            r.expires,
            r.due(),
            r.version,
            parameters
        ];
        self.change(TABLE, sql, args).await.map(drop)
    }

    /// Writes state, stages and narrowing of a request as version + 1; `r` has the version that it was read with. Gives the new
    /// one. A stage whose time-out was handled has none any more, so it does not come again.
    pub async fn update_request(&mut self, r: &Request) -> StoreResult<i64> {
        let sql = "UPDATE requests SET state = $1, stage = $2, state_at = $3, stages = $4, due = $5, approved_ms = $6, \
                   version = version + 1 WHERE id = $7 AND version = $8";
        let (state, stage, at) = state_columns(&r.state);
        let args = args![state, stage, at, json(TABLE, "stages", &r.stages)?, r.due(), r.approved_ms, r.id, r.version];
        self.swap(("request", r.id.as_str()), TABLE, sql, args).await?;
        Ok(r.version + 1)
    }

    /// Adds a verdict. `human` is who stands behind the approver: a second one is [`Constraint::ApprovalHuman`](crate::Constraint).
    pub async fn insert_approval(&mut self, a: &Approval, human: &PrincipalId) -> StoreResult<()> {
        let sql = "INSERT INTO approvals (id, request, stage, approver, human, verdict, narrowed_ms, reason, at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let args = args![a.id, a.request, a.stage, a.approver, human, a.verdict, a.narrowed_ms, a.reason, a.at];
        self.change(APPROVALS, sql, args).await.map(drop)
    }
}
