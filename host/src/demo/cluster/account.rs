//! PostgreSQL refuses to run as root: which account stands in for it.

use std::process::Command;

use super::ClusterError;

/// An account of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Whether we are root.
pub(super) fn we_are_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The account to run the server as: none when we are not root, else `postgres`, else `nobody`.
pub(super) fn find() -> Result<Option<Account>, ClusterError> {
    if !we_are_root() {
        return Ok(None);
    }
    ["postgres", "nobody"].into_iter().find_map(look_up).map(Some).ok_or(ClusterError::NoAccount)
}

fn look_up(name: &str) -> Option<Account> {
    let id = |which: &str| -> Option<u32> {
        let output = Command::new("id").args([which, name]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    Some(Account { uid: id("-u")?, gid: id("-g")? }).filter(|account| account.uid != 0)
}
