//! The connectors that are loaded, by digest. A connector is its file: two versions stand side by side.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hallpass_domain::ids::Digest;
use hallpass_domain::port::{ConnectorFacts, Interface, NotAdmitted};
use tokio_util::sync::CancellationToken;
use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use crate::admission;
use crate::bindings::exports::hallpass::connector::{describe, grants, health, inventory, tool_outcomes, tools};
use crate::bindings::hallpass::connector::{host, secrets, sql, types};
use crate::cache::Cache;
use crate::call::Call;
use crate::capability;
use crate::compile::{Refusal, Workshop};
use crate::limits::Limits;
use crate::manifest::Manifest;

/// A connector that can be called.
pub(crate) struct Loaded {
    pub(crate) facts: Arc<ConnectorFacts>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) pre: InstancePre<Call>,
    pub(crate) grants: grants::GuestIndices,
    pub(crate) health: health::GuestIndices,
    /// Cancelled when every call in flight must end: the version was banned.
    pub(crate) interrupted: CancellationToken,
    /// Cancelled when the broker is stopping: calls may finish.
    pub(crate) stopping: CancellationToken,
    pub(crate) describe: Option<describe::GuestIndices>,
    pub(crate) inventory: Option<inventory::GuestIndices>,
    pub(crate) tools: Option<tools::GuestIndices>,
    pub(crate) tool_outcomes: Option<tool_outcomes::GuestIndices>,
    /// The bytes of `hallpass:fixture`.
    pub(crate) fixture: Arc<[u8]>,
}

impl Loaded {
    /// Which of the optional interfaces it exports.
    pub(crate) fn interfaces(&self) -> Vec<Interface> {
        let has = [
            (Interface::Describe, self.describe.is_some()),
            (Interface::Inventory, self.inventory.is_some()),
            (Interface::Tools, self.tools.is_some()),
            (Interface::ToolOutcomes, self.tool_outcomes.is_some()),
        ];
        has.into_iter().filter(|(_, exported)| *exported).map(|(interface, _)| interface).collect()
    }
}

/// All of them, and what loading needs.
pub(crate) struct Catalog {
    engine: Engine,
    linker: Linker<Call>,
    /// The same, and what engines of other languages need.
    engines: Linker<Call>,
    cache: Cache,
    workshop: Workshop,
    limits: Limits,
    stopping: CancellationToken,
    loaded: RwLock<HashMap<Digest, Arc<Loaded>>>,
}

impl Catalog {
    /// None loaded yet.
    pub(crate) fn new(engine: Engine, cache: Cache, workshop: Workshop, limits: Limits) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(&engine);
        types::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        host::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        secrets::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        sql::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        capability::http::link(&mut linker)?;
        let mut engines = linker.clone();
        capability::wasi::link(&mut engines)?;
        Ok(Self { engine, linker, engines, cache, workshop, limits, stopping: CancellationToken::new(), loaded: RwLock::default() })
    }

    /// The connector with this digest.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// Admits, compiles and links a file.
    pub(crate) async fn load(self: &Arc<Self>, file: &[u8]) -> Result<Arc<Loaded>, NotAdmitted> {
        // First: a digest of an endless file is work too.
        admission::fits(file, &self.limits)?;
        let digest = Digest::of(file);
        if let Some(loaded) = self.get(&digest) {
            return Ok(loaded);
        }
        let admitted = admission::admit(file, &self.limits)?;
        let manifest = Manifest::parse(admitted.manifest)?;
        let (fixture, interfaces) = (Arc::from(admitted.fixture), admitted.interfaces);
        let engine = admitted.engine;
        let component = self.component(digest, file).await.map_err(|refusal| {
            tracing::warn!(connector = %digest, name = manifest.name, "a connector was not compiled: {refusal:?}");
            NotAdmitted::from(refusal)
        })?;
        let catalog = Arc::clone(self);
        let loaded = apart(move || catalog.link(digest, &component, manifest, &interfaces, fixture, engine)).await?;
        let loaded = Arc::new(loaded?);
        let mut all = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(all.entry(digest).or_insert(loaded)))
    }

    /// The component of a file: out of the cache, else compiled and put there.
    async fn component(self: &Arc<Self>, digest: Digest, file: &[u8]) -> Result<Component, Refusal> {
        if let Some(component) = self.cached(digest).await? {
            return Ok(component);
        }
        let (_turn, waited) = self.workshop.turn().await;
        if waited && let Some(component) = self.cached(digest).await? {
            return Ok(component);
        }
        let code = self.workshop.compile(&self.engine, file.to_vec()).await?;
        let catalog = Arc::clone(self);
        let kept = apart(move || catalog.cache.put(&catalog.engine, &digest, &code)).await?;
        kept.map_err(|e| Refusal::Unfit(format!("{e:#}")))
    }

    async fn cached(self: &Arc<Self>, digest: Digest) -> Result<Option<Component>, Refusal> {
        let catalog = Arc::clone(self);
        apart(move || catalog.cache.get(&catalog.engine, &digest)).await
    }

    /// Takes a version out. Calls in flight keep what they use until they end; its compiled code goes from the disk.
    pub(crate) fn unload(&self, digest: &Digest) {
        let gone = self.loaded.write().unwrap_or_else(PoisonError::into_inner).remove(digest);
        self.cache.remove(digest);
        drop(gone);
    }

    /// Cuts off its calls that are in flight.
    pub(crate) fn interrupt(&self, digest: &Digest) {
        if let Some(loaded) = self.get(digest) {
            loaded.interrupted.cancel();
        }
    }

    /// Tells the calls of all of them that the broker is stopping.
    pub(crate) fn stopping(&self) {
        self.stopping.cancel();
    }

    fn link(
        &self,
        digest: Digest,
        component: &Component,
        manifest: Manifest,
        interfaces: &[Interface],
        fixture: Arc<[u8]>,
        engine: bool,
    ) -> Result<Loaded, NotAdmitted> {
        let mismatch = |e: wasmtime::Error| NotAdmitted {
            reason: format!("it does not fit the WIT of this host: {}", crate::hostile_text::line(&format!("{e:#}"), 500)),
            remedy: format!("Build it against hallpass:connector@{}", crate::manifest::WIT),
        };
        self.check_size(component)?;
        let exports = |interface| interfaces.contains(&interface);
        let linker = if engine { &self.engines } else { &self.linker };
        let pre = linker.instantiate_pre(component).map_err(mismatch)?;
        let _ = component.initialize_copy_on_write_image();
        Ok(Loaded {
            facts: Arc::new(manifest.facts(digest)),
            manifest: Arc::new(manifest),
            grants: grants::GuestIndices::new(&pre).map_err(mismatch)?,
            health: health::GuestIndices::new(&pre).map_err(mismatch)?,
            describe: exports(Interface::Describe).then(|| describe::GuestIndices::new(&pre)).transpose().map_err(mismatch)?,
            inventory: exports(Interface::Inventory).then(|| inventory::GuestIndices::new(&pre)).transpose().map_err(mismatch)?,
            tools: exports(Interface::Tools).then(|| tools::GuestIndices::new(&pre)).transpose().map_err(mismatch)?,
            tool_outcomes: exports(Interface::ToolOutcomes)
                .then(|| tool_outcomes::GuestIndices::new(&pre))
                .transpose()
                .map_err(mismatch)?,
            fixture,
            pre,
            interrupted: CancellationToken::new(),
            stopping: self.stopping.clone(),
        })
    }
}

impl Catalog {
    /// What a component takes at its birth must fit a call, or no call of it ever succeeds.
    fn check_size(&self, component: &Component) -> Result<(), NotAdmitted> {
        const PAGE: u64 = 64 * 1024;
        let limits = &self.limits;
        let refuse = |what: String| Err(NotAdmitted { reason: what, remedy: "Declare fewer and smaller memories and tables".to_owned() });
        let Some(needs) = component.resources_required() else {
            return refuse("what it needs of memories and tables is not in the file".to_owned());
        };
        let declared = [
            ("memories", u64::from(needs.num_memories), limits.memories),
            ("bytes of a memory", needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE), limits.memory_bytes),
            ("tables", u64::from(needs.num_tables), limits.tables),
            ("elements of a table", needs.max_initial_table_size.unwrap_or(0), limits.table_elements),
        ];
        match declared.into_iter().find(|(_, found, most)| *found > u64::try_from(*most).unwrap_or(u64::MAX)) {
            None => Ok(()),
            Some((what, found, most)) => refuse(format!("it begins with {found} {what}, more than the {most} that a call may have")),
        }
    }
}

/// Work that takes a while, on a thread that nobody waits for.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Refusal::Crashed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use hallpass_domain::clock::{ManualClock, Timestamp};
    use hallpass_domain::secret::SecretBytes;

    use super::*;
    use crate::compile::Compiler;

    /// Why a component is too large; nothing where it is not. Without a pool, which has bounds of its own.
    fn too_large(limits: &Limits, parts: &str) -> String {
        let (folder, engine) = (tempfile::tempdir().unwrap(), crate::engine::compiling().unwrap());
        let cache = Cache::open(folder.path(), SecretBytes::new(vec![1; 32]), &engine).unwrap();
        let workshop = Workshop::new(Compiler::Here, limits.clone(), Arc::new(ManualClock::new(Timestamp(0))));
        let catalog = Catalog::new(engine.clone(), cache, workshop, limits.clone()).unwrap();
        let text = format!("(component (core module $m {parts}) (core instance (instantiate $m)))");
        let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        catalog.check_size(&component).err().map(|refused| refused.reason).unwrap_or_default()
    }

    #[test]
    fn what_no_call_could_begin_with_is_refused_at_load() {
        let limits = Limits { memories: 2, memory_bytes: 2 * 65_536, tables: 2, table_elements: 10, ..Limits::default() };
        for (fits, much, says) in [
            ("(memory 1) (memory 1)", "(memory 0) (memory 0) (memory 0)", "3 memories, more than the 2"),
            ("(memory 2)", "(memory 3)", "196608 bytes of a memory, more than the 131072"),
            ("(table 1 funcref) (table 1 funcref)", "(table 0 funcref) (table 0 funcref) (table 0 funcref)", "3 tables, more than the 2"),
            ("(table 10 funcref)", "(table 11 funcref)", "11 elements of a table, more than the 10"),
        ] {
            assert_eq!(too_large(&limits, fits), "", "{fits}");
            let refused = too_large(&limits, much);
            assert!(refused.contains(says), "{much}: {refused}");
        }
    }
}
