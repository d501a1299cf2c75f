//! Groups: named sets of users. Only users are members: nobody approves through an agent.

use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::name::Name;
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::{Reads, run_tx};

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::views::Group;

impl Broker {
    /// Groups that the caller may see.
    pub async fn groups(&self, ctx: &OpContext) -> Result<Vec<Group>, BrokerError> {
        let mut reads = self.store.reads().await?;
        let mut groups = Vec::new();
        for group in reads.groups().await? {
            if ctx.authorize(Action::GroupRead, ResourceFacts::Group(&group.name)).is_err() {
                continue;
            }
            groups.push(view(&mut reads, group).await?);
        }
        Ok(groups)
    }

    /// One group.
    pub async fn group(&self, ctx: &OpContext, name: &Name) -> Result<Group, BrokerError> {
        ctx.authorize(Action::GroupRead, ResourceFacts::Group(name))?;
        let mut reads = self.store.reads().await?;
        let group = reads.group(name).await?.ok_or_else(|| BrokerError::not_found("group", name))?;
        view(&mut reads, group).await
    }

    /// Makes a group, or gives it other members.
    pub async fn set_group(&self, ctx: &OpContext, name: &Name, members: Vec<Name>) -> Result<Group, BrokerError> {
        ctx.authorize(Action::GroupConfigure, ResourceFacts::Group(name))?;
        let mut ids = Vec::new();
        for member in &members {
            ids.push(self.live_user(member, "members").await?.id);
        }
        ids.sort();
        ids.dedup();
        let actors = ctx.actors();
        run_tx!(self.store, "group.set", |tx| -> Result<(), BrokerError> {
            // Whoever leaves does nothing any more that the group allowed once this is committed.
            let leave = tx.reads().group(name).await?.map(|g| g.members).unwrap_or_default();
            let ctx = ctx.refresh(tx, &[leave, ids.clone()].concat()).await?;
            ctx.authorize(Action::GroupConfigure, ResourceFacts::Group(name))?;
            tx.set_group(name, &ids, "api").await?;
            let mut event = Event::new(EventKind::GroupChanged, name).by(&actors);
            event = event.number("members", i64::try_from(ids.len()).unwrap_or(i64::MAX));
            tx.emit(event.word(
                "digest",
                &hallpass_domain::ids::Digest::of(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").as_bytes()),
            ))
            .await?;
            Ok(())
        })?;
        self.group(ctx, name).await
    }
}

async fn view(reads: &mut Reads<'_>, group: hallpass_store::Group) -> Result<Group, BrokerError> {
    let mut members = Vec::new();
    for id in &group.members {
        if let Some(principal) = reads.principal(id).await? {
            members.push(principal.name);
        }
    }
    Ok(Group { name: group.name, members, source: group.source, refreshed: group.changed })
}
