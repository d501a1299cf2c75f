//! Who plays: an administrator, four people and an agent, each enrolled with keys of its own.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::broker::BrokerProcess;
use super::cluster::Cluster;
use super::database::{MANAGER, SHOP};
use crate::client::{Api, Look as _, Profiles, enrol};
use hallpass_domain::secret::SecretText;

/// The target's name.
pub(super) const TARGET: &str = "shop-prod";

/// Everyone, as callers of the broker.
pub(super) struct People {
    /// Runs the broker. Gets no access by it.
    pub(super) admin: Api,
    /// Owns the agent; of the data team and a developer.
    pub(super) alice: Api,
    /// Of the data team and a database administrator.
    pub(super) bob: Api,
    /// A database administrator.
    pub(super) carol: Api,
    /// A developer with an account of his own in the database.
    pub(super) dave: Api,
    /// Alice's agent.
    pub(super) bot: Api,
}

/// Enrols one principal and keeps its profile.
async fn enrolled(link: &str, profiles: &Profiles) -> anyhow::Result<Api> {
    let identity = enrol(link).await?;
    profiles.save(&identity.name, &identity)?;
    Ok(Api::new(identity)?)
}

impl People {
    /// The administrator enrols with the link of the first start, then adds everyone and the groups.
    pub(super) async fn enrol(broker: &BrokerProcess, folder: &Path) -> anyhow::Result<Self> {
        let profiles = Profiles::new(folder.to_owned());
        let link = broker.link.as_deref().context("the first start gave no enrolment link")?;
        let admin = enrolled(link, &profiles).await?;
        let add = async |kind: &str, name: &str, owner: Option<&str>| -> anyhow::Result<Api> {
            let invitation = admin.add_principal(kind, name, owner).await?;
            enrolled(invitation.at("link").as_str().context("an invitation without a link")?, &profiles).await
        };
        let alice = add("user", "alice", None).await?;
        let bob = add("user", "bob", None).await?;
        let carol = add("user", "carol", None).await?;
        let dave = add("user", "dave", None).await?;
        let bot = add("agent", "triage-bot", Some("alice")).await?;
        for (group, members) in [("data-team", ["alice", "bob"]), ("dba", ["bob", "carol"]), ("developers", ["alice", "dave"])] {
            admin.set_group(group, &members).await?;
        }
        Ok(Self { admin, alice, bob, carol, dave, bot })
    }

    /// The administrator loads the connector, adds the database as a target and maps Dave's account.
    pub(super) async fn prepare_target(&self, connector: Vec<u8>, cluster: &Cluster, manager: &SecretText) -> anyhow::Result<()> {
        let loaded = self.admin.load_and_accept(connector).await?;
        let target = json!({
            "name": TARGET,
            "environment": "production",
            "connector": loaded.at("digest"),
            "settings": {
                "host": cluster.host(), "port": cluster.port().to_string(), "user": MANAGER, "database": SHOP, "tls": "off",
            },
            "secrets": { "password": manager.expose() },
        });
        self.admin.add_target(&target).await?;
        let target = self.admin.target_id(TARGET).await?;
        self.admin.check_target(&target).await?;
        self.admin.set_account(&target, &self.dave.identity().principal, super::database::DAVE).await?;
        Ok(())
    }
}
