//! Groups: named sets of users.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::PrincipalId;
use hallpass_domain::name::Name;

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::Tx;

const TABLE: &str = "user_groups";
const MEMBERS: &str = "group_members";

/// A group as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: Name,
    /// Where its members come from: `api`, later a claim or SCIM.
    pub source: String,
    /// When its members were last set.
    pub changed: Timestamp,
    /// Its members, in the order of their ids.
    pub members: Vec<PrincipalId>,
}

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT g.name AS name, g.source AS source, g.changed AS changed, m.principal AS principal \
             FROM user_groups g LEFT JOIN group_members m ON m.group_name = g.name ",
            $where,
            " ORDER BY g.name, m.principal"
        )
    };
}

fn fold(rows: &[Row]) -> StoreResult<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        let name: Name = row.parse("name")?;
        if groups.last().is_none_or(|last| last.name != name) {
            groups.push(Group { name, source: row.text("source")?, changed: row.time("changed")?, members: Vec::new() });
        }
        if let (Some(group), Some(member)) = (groups.last_mut(), row.opt_parse("principal")?) {
            group.members.push(member);
        }
    }
    Ok(groups)
}

impl Reads<'_> {
    /// The group of this name.
    pub async fn group(&mut self, name: &Name) -> StoreResult<Option<Group>> {
        let rows = self.all(TABLE, select!("WHERE g.name = $1"), args![name]).await?;
        Ok(fold(&rows)?.into_iter().next())
    }

    /// Every group.
    pub async fn groups(&mut self) -> StoreResult<Vec<Group>> {
        fold(&self.all(TABLE, select!(""), args![]).await?)
    }

    /// The names of the groups that this principal is in.
    pub async fn groups_of(&mut self, principal: &PrincipalId) -> StoreResult<Vec<Name>> {
        let sql = "SELECT group_name FROM group_members WHERE principal = $1 ORDER BY group_name";
        self.list(MEMBERS, sql, args![principal], |row| row.parse("group_name")).await
    }
}

impl Tx {
    /// Sets a group's members, making the group where it is missing.
    pub async fn set_group(&mut self, name: &Name, members: &[PrincipalId], source: &str) -> StoreResult<()> {
        let now = self.store().now();
        let sql = "INSERT INTO user_groups (name, source, changed) VALUES ($1, $2, $3) \
                   ON CONFLICT (name) DO UPDATE SET source = excluded.source, changed = excluded.changed";
        self.change(TABLE, sql, args![name, source, now]).await?;
        self.change(MEMBERS, "DELETE FROM group_members WHERE group_name = $1", args![name]).await?;
        for member in members {
            let sql = "INSERT INTO group_members (group_name, principal) VALUES ($1, $2) ON CONFLICT (group_name, principal) DO NOTHING";
            self.change(MEMBERS, sql, args![name, member]).await?;
        }
        Ok(())
    }
}
