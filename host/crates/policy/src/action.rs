//! What can be asked of policy: a closed set, the same as the actions of the schema.

use std::fmt;

macro_rules! actions {
    ($($(#[$meta:meta])* $variant:ident => $text:literal,)+) => {
        /// What a principal wants to do. The text is the name of the Cedar action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$meta])* $variant,)+ }

        impl Action {
            /// Every action, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in policies: `Action::"grant.revoke"`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

actions! {
    /// Ask for access.
    Request => "request",
    /// Have it without anybody's verdict.
    AutoApprove => "auto_approve",
    /// Give a verdict on a request, yes or no.
    Approve => "approve",
    /// Add a principal.
    PrincipalCreate => "principal.create",
    /// See a principal.
    PrincipalRead => "principal.read",
    /// Make a new enrolment link for a principal.
    PrincipalEnrol => "principal.enrol",
    /// End all that a principal holds, for good.
    PrincipalOffboard => "principal.offboard",
    /// See a group and its members.
    GroupRead => "group.read",
    /// Make a group, add and remove members.
    GroupConfigure => "group.configure",
    /// Add a target.
    TargetCreate => "target.create",
    /// See a target's settings.
    TargetRead => "target.read",
    /// Change a target's settings, secrets and accounts.
    TargetConfigure => "target.configure",
    /// Remove a target for good.
    TargetRemove => "target.remove",
    /// Add a connector.
    ConnectorLoad => "connector.load",
    /// See a connector.
    ConnectorRead => "connector.read",
    /// Take a connector out of use.
    ConnectorUnload => "connector.unload",
    /// Try a version out at a sandbox target.
    ConnectorTest => "connector.test",
    /// Move targets to another version, forward or back.
    ConnectorUpgrade => "connector.upgrade",
    /// Give a verdict on a version that asks for more than the one before.
    ConnectorApprove => "connector.approve",
    /// Move live holdings to another version.
    ConnectorRepin => "connector.repin",
    /// Stop a version for good, and let one that broke the rules go on in a target.
    ConnectorBan => "connector.ban",
    /// See what can be asked for at a target.
    EntitlementRead => "entitlement.read",
    /// See a request.
    RequestRead => "request.read",
    /// Take a request back.
    RequestWithdraw => "request.withdraw",
    /// See the verdicts on a request.
    ApprovalRead => "approval.read",
    /// See a grant.
    GrantRead => "grant.read",
    /// Take a grant away.
    GrantRevoke => "grant.revoke",
    /// Give back a grant that one holds.
    GrantRelease => "grant.release",
    /// Pick up the credential of a grant, once.
    CredentialPickUp => "credential.pick_up",
    /// Get a pass for a grant.
    PassMint => "pass.mint",
    /// Read the log and its proofs.
    AuditRead => "audit.read",
    /// Read the metrics.
    MetricsRead => "metrics.read",
    /// Read the policies in force, and their explanations for anybody.
    PolicyRead => "policy.read",
    /// Check policies that are not in force.
    PolicyCheck => "policy.check",
}

impl Action {
    /// Whether it is one of those that decide on a request, which a permit must name alone.
    pub const fn decides_access(self) -> bool {
        matches!(self, Self::Request | Self::AutoApprove | Self::Approve | Self::ConnectorApprove)
    }

    /// The action with this name.
    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.as_str() == text)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::names::parse_schema;

    #[test]
    fn the_schema_and_the_enum_name_the_same_actions() {
        let schema = parse_schema().unwrap();
        let in_schema: BTreeSet<String> = schema.actions().map(|uid| uid.id().unescaped().to_owned()).collect();
        let in_enum: BTreeSet<String> = Action::ALL.iter().map(|a| a.as_str().to_owned()).collect();
        assert_eq!(in_schema, in_enum);
        assert_eq!(in_enum.len(), Action::ALL.len(), "two actions share a name");
    }
}
