//! Activations: which version of its connector a target had, and which one it is to move to.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::{Digest, TargetId};

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::Tx;

const TABLE: &str = "activations";

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT target AS id, previous, next, held_back, reason, at FROM activations", $rest)
    };
}

/// What is known of a target's versions beside the one that it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// The target.
    pub target: TargetId,
    /// The version before the present one: where a rollback leads.
    pub previous: Option<Digest>,
    /// The version that it is to move to. Done by whichever node comes first.
    pub next: Option<Digest>,
    /// The version that last failed to become active here, and why.
    pub held_back: Option<(Digest, String)>,
    /// When this was written.
    pub at: Timestamp,
}

fn read(row: &Row) -> StoreResult<Activation> {
    let held_back = match (row.opt_parse("held_back")?, row.opt_text("reason")?) {
        (Some(digest), Some(reason)) => Some((digest, reason)),
        _ => None,
    };
    Ok(Activation {
        target: row.parse("id")?,
        previous: row.opt_parse("previous")?,
        next: row.opt_parse("next")?,
        held_back,
        at: row.time("at")?,
    })
}

impl Reads<'_> {
    /// What is known of this target's versions.
    pub async fn activation(&mut self, target: &TargetId) -> StoreResult<Option<Activation>> {
        self.find(TABLE, select!(" WHERE target = $1"), args![target], read).await
    }

    /// Every target that is to move to another version.
    pub async fn ordered_activations(&mut self) -> StoreResult<Vec<Activation>> {
        self.list(TABLE, select!(" WHERE next IS NOT NULL ORDER BY target"), args![], read).await
    }
}

impl Tx {
    /// Writes what is known of a target's versions.
    pub async fn put_activation(&mut self, a: &Activation) -> StoreResult<()> {
        let sql = "INSERT INTO activations (target, previous, next, held_back, reason, at) VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (target) DO UPDATE SET previous = excluded.previous, next = excluded.next, \
                   held_back = excluded.held_back, reason = excluded.reason, at = excluded.at";
        let held_back = a.held_back.as_ref();
        let args = args![a.target, a.previous, a.next, held_back.map(|(digest, _)| *digest), held_back.map(|(_, why)| why), a.at];
        self.change(TABLE, sql, args).await.map(drop)
    }
}
