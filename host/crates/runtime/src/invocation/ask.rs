//! What is asked of a connector: one question for each function that it exports, and the type of its answer.

use hallpass_domain::port::Delivery;
use wasmtime::component::{Instance, Resource};
use wasmtime::{Error, Result, Store};

use crate::bindings::exports::hallpass::connector::{describe, grants, inventory, tool_outcomes};
use crate::bindings::hallpass::connector::types;
use crate::call::Call;
use crate::capability::host::{HoldingHandle, InvocationHandle};
use crate::catalog::Loaded;

/// An answer within a trap: of the connector, not of the engine.
pub(crate) type Said<T> = Result<std::result::Result<T, types::Failure>>;

/// One question.
pub(crate) trait Ask: Send + 'static {
    /// What the connector answers.
    type Answer: Send + 'static;

    /// Calls the function.
    fn ask(self, guest: Guest<'_>) -> impl Future<Output = Said<Self::Answer>> + Send;
}

/// A sandbox in which one question is asked.
pub(crate) struct Guest<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) store: &'a mut Store<Call>,
    pub(super) instance: &'a Instance,
}

impl Guest<'_> {
    fn invocation(&mut self) -> Result<Resource<InvocationHandle>> {
        Ok(self.store.data_mut().table.push(InvocationHandle)?)
    }

    fn holding(&mut self) -> Result<Resource<HoldingHandle>> {
        Ok(self.store.data_mut().table.push(HoldingHandle)?)
    }

    fn grants(&mut self) -> Result<grants::Guest> {
        self.loaded.grants.load(&mut *self.store, self.instance)
    }
}

/// The caller has seen that it is there, or the contract is broken.
fn exported<T>(indices: Option<&T>) -> Result<&T> {
    indices.ok_or_else(|| Error::msg("the connector does not export the interface"))
}

/// `grants.apply`.
pub(crate) struct Apply(pub(crate) Option<String>);

impl Ask for Apply {
    type Answer = (grants::Outcome, Option<Delivery>);

    async fn ask(self, mut guest: Guest<'_>) -> Said<Self::Answer> {
        let (inv, want, grants) = (guest.invocation()?, guest.holding()?, guest.grants()?);
        let said = grants.call_apply(&mut *guest.store, inv, want, self.0.as_deref()).await?;
        Ok(said.map(|outcome| (outcome, guest.store.data_mut().delivery.take())))
    }
}

/// `grants.revoke`.
pub(crate) struct Revoke(pub(crate) Option<String>);

impl Ask for Revoke {
    type Answer = grants::Outcome;

    async fn ask(self, mut guest: Guest<'_>) -> Said<Self::Answer> {
        let (inv, want, grants) = (guest.invocation()?, guest.holding()?, guest.grants()?);
        grants.call_revoke(guest.store, inv, want, self.0.as_deref()).await
    }
}

/// `grants.observe`.
pub(crate) struct Observe;

impl Ask for Observe {
    type Answer = grants::Observation;

    async fn ask(self, mut guest: Guest<'_>) -> Said<Self::Answer> {
        let (inv, want, grants) = (guest.invocation()?, guest.holding()?, guest.grants()?);
        grants.call_observe(guest.store, inv, want).await
    }
}

/// `health.check`.
pub(crate) struct Check;

impl Ask for Check {
    type Answer = ();

    async fn ask(self, mut guest: Guest<'_>) -> Said<()> {
        let inv = guest.invocation()?;
        guest.loaded.health.load(&mut *guest.store, guest.instance)?.call_check(guest.store, inv).await
    }
}

/// `describe.describe`.
pub(crate) struct Describe;

impl Ask for Describe {
    type Answer = describe::Description;

    async fn ask(self, mut guest: Guest<'_>) -> Said<Self::Answer> {
        let inv = guest.invocation()?;
        let describe = exported(guest.loaded.describe.as_ref())?.load(&mut *guest.store, guest.instance)?;
        describe.call_describe(guest.store, inv).await
    }
}

/// `inventory.list-page`.
pub(crate) struct ListPage {
    pub(crate) cursor: Option<String>,
    /// Of items.
    pub(crate) limit: u32,
}

impl Ask for ListPage {
    type Answer = inventory::Page;

    async fn ask(self, mut guest: Guest<'_>) -> Said<Self::Answer> {
        let inv = guest.invocation()?;
        let inventory = exported(guest.loaded.inventory.as_ref())?.load(&mut *guest.store, guest.instance)?;
        inventory.call_list_page(guest.store, inv, self.cursor.as_deref(), self.limit).await
    }
}

/// `tools.call`.
pub(crate) struct CallTool {
    pub(crate) name: String,
    /// A JSON object.
    pub(crate) arguments: String,
}

impl Ask for CallTool {
    type Answer = String;

    async fn ask(self, mut guest: Guest<'_>) -> Said<String> {
        let inv = guest.invocation()?;
        let tools = exported(guest.loaded.tools.as_ref())?.load(&mut *guest.store, guest.instance)?;
        tools.call_call(guest.store, inv, &self.name, &self.arguments).await
    }
}

/// `tool-outcomes.observe`: of the operation with this id.
pub(crate) struct ObserveTool(pub(crate) String);

impl Ask for ObserveTool {
    type Answer = tool_outcomes::Outcome;

    async fn ask(self, mut guest: Guest<'_>) -> Said<Self::Answer> {
        let inv = guest.invocation()?;
        let outcomes = exported(guest.loaded.tool_outcomes.as_ref())?.load(&mut *guest.store, guest.instance)?;
        outcomes.call_observe(guest.store, inv, &self.0).await
    }
}
