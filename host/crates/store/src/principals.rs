//! Principals and their one-time enrolments.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::{Digest, EnrolmentId, PrincipalId};
use hallpass_domain::name::Name;
use hallpass_domain::principal::{Principal, PrincipalState};

use crate::error::{StoreError, StoreResult};
use crate::reads::{Conditions, Reads};
use crate::sql::{Row, args};
use crate::tx::{Bookkeeping, Tx};

const TABLE: &str = "principals";
const ENROLMENTS: &str = "enrolments";

/// A principal, and who is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The principal.
    pub principal: Principal,
    /// Who answers for it, where it is an agent or a workload.
    pub owner: Option<Principal>,
    /// The groups of the human: the principal or its owner.
    pub groups: Vec<Name>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, kind, name, owner, state, created, signing_key, recipient_key, version FROM principals", $rest)
    };
}

fn read(row: &Row) -> StoreResult<Principal> {
    Ok(Principal {
        id: row.parse("id")?,
        kind: row.parse("kind")?,
        name: row.parse("name")?,
        owner: row.opt_parse("owner")?,
        state: row.parse("state")?,
        created: row.time("created")?,
        signing_key: row.opt_text("signing_key")?,
        recipient_key: row.opt_text("recipient_key")?,
        version: row.int("version")?,
    })
}

impl Reads<'_> {
    /// The principal of this id.
    pub async fn principal(&mut self, id: &PrincipalId) -> StoreResult<Option<Principal>> {
        self.find(TABLE, select!(" WHERE id = $1"), args![id], read).await
    }

    /// The principal of this id with its owner, and the groups of the human of the two.
    pub async fn known(&mut self, id: &PrincipalId) -> StoreResult<Option<Known>> {
        let sql = concat!(
            "SELECT p.*, m.group_name AS group_name FROM (",
            select!(" WHERE id IN ($1, (SELECT owner FROM principals WHERE id = $1))"),
            ") AS p LEFT JOIN group_members m ON m.principal = p.id ORDER BY p.id, m.group_name"
        );
        let rows = self.all(TABLE, sql, args![id]).await?;
        let (mut principal, mut owner, mut groups) = (None, None, Vec::new());
        for row in &rows {
            let read = read(row)?;
            if read.owner.is_none() {
                groups.extend(row.opt_parse::<Name>("group_name")?);
            }
            let place = if read.id == *id { &mut principal } else { &mut owner };
            *place = Some(read);
        }
        Ok(principal.map(|principal| Known { principal, owner, groups }))
    }

    /// The principal of this name.
    pub async fn principal_by_name(&mut self, name: &Name) -> StoreResult<Option<Principal>> {
        self.find(TABLE, select!(" WHERE name = $1"), args![name], read).await
    }

    /// Principals in the order of their ids, behind `after`.
    pub async fn principals(&mut self, after: Option<&PrincipalId>, limit: u32) -> StoreResult<Vec<Principal>> {
        let mut conditions = Conditions::new();
        conditions.when("id >", after);
        let (sql, args) = conditions.page(select!(""), "id", limit);
        self.list(TABLE, sql, args, read).await
    }

    /// The agents and workloads that this human answers for.
    pub async fn owned_by(&mut self, owner: &PrincipalId) -> StoreResult<Vec<Principal>> {
        self.list(TABLE, select!(" WHERE owner = $1 ORDER BY id"), args![owner], read).await
    }
}

impl Tx {
    /// Adds a principal.
    pub async fn insert_principal(&mut self, p: &Principal) -> StoreResult<()> {
        let sql = "INSERT INTO principals (id, kind, name, owner, state, created, signing_key, recipient_key, version) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let args = args![p.id, p.kind, p.name, p.owner, p.state, p.created, p.signing_key, p.recipient_key, p.version];
        self.change(TABLE, sql, args).await.map(drop)
    }

    /// Registers a principal's keys (hexadecimal): invited → active.
    pub async fn enrol_principal(&mut self, id: &PrincipalId, signing_key: &str, recipient_key: &str) -> StoreResult<()> {
        let sql = "UPDATE principals SET state = $1, signing_key = $2, recipient_key = $3, version = version + 1 \
                   WHERE id = $4 AND state = $5";
        let args = args![PrincipalState::Active, signing_key, recipient_key, id, PrincipalState::Invited];
        self.swap(("principal", id.as_str()), TABLE, sql, args).await
    }

    /// A principal is gone: invited or active → offboarded.
    pub async fn offboard_principal(&mut self, id: &PrincipalId) -> StoreResult<()> {
        let sql = "UPDATE principals SET state = $1, version = version + 1 WHERE id = $2 AND state <> $1";
        self.swap(("principal", id.as_str()), TABLE, sql, args![PrincipalState::Offboarded, id]).await
    }

    /// Takes the principal's row as the anchor of a rule over several rows: others who take it wait until this transaction
    /// ends. Several anchors are taken in the order of their ids.
    pub async fn anchor_principal(&mut self, id: &PrincipalId) -> StoreResult<i64> {
        let sql = "UPDATE principals SET version = version + 1 WHERE id = $1 RETURNING version";
        let row = self.keep_one(Bookkeeping::Anchor, TABLE, sql, args![id]).await?;
        row.ok_or_else(|| StoreError::Stale { noun: "principal", id: id.to_string() })?.int("version")
    }

    /// Adds a one-time enrolment; of its token only the digest is kept.
    pub async fn insert_enrolment(
        &mut self,
        id: &EnrolmentId,
        token: &Digest,
        principal: &PrincipalId,
        expires: Timestamp,
    ) -> StoreResult<()> {
        let sql = "INSERT INTO enrolments (id, token, principal, expires) VALUES ($1, $2, $3, $4)";
        self.change(ENROLMENTS, sql, args![id, token, principal, expires]).await.map(drop)
    }

    /// Uses an enrolment up; `None` when there is none, it was used, or it expired at or before `now`.
    pub async fn take_enrolment(&mut self, token: &Digest, now: Timestamp) -> StoreResult<Option<PrincipalId>> {
        let sql = "UPDATE enrolments SET used = $1 WHERE token = $2 AND used IS NULL AND expires > $1 RETURNING id, principal";
        self.change_one(ENROLMENTS, sql, args![now, token]).await?.map(|row| row.parse("principal")).transpose()
    }

    /// Ends the enrolments of a principal that nobody used.
    pub async fn end_enrolments(&mut self, principal: &PrincipalId, now: Timestamp) -> StoreResult<()> {
        let sql = "UPDATE enrolments SET expires = $1 WHERE principal = $2 AND used IS NULL AND expires > $1";
        self.change(ENROLMENTS, sql, args![now, principal]).await.map(drop)
    }

    /// Notes that a link which was once good was refused; whose it was, unless that was noted after `since` already.
    pub async fn refuse_enrolment(&mut self, token: &Digest, now: Timestamp, since: Timestamp) -> StoreResult<Option<PrincipalId>> {
        let sql = "UPDATE enrolments SET refused = $1 WHERE token = $2 AND (refused IS NULL OR refused <= $3) RETURNING id, principal";
        self.change_one(ENROLMENTS, sql, args![now, token, since]).await?.map(|row| row.parse("principal")).transpose()
    }
}
