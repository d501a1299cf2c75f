//! The connectors that are loaded, by digest. A connector is its file: two versions stand side by side.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hallpass_domain::ids::Digest;
use hallpass_domain::port::{ConnectorFacts, NotAdmitted};
use wasmtime::Engine;
use wasmtime::component::{HasSelf, InstancePre, Linker};

use crate::admission;
use crate::bindings::exports::hallpass::connector::{grants, health};
use crate::bindings::hallpass::connector::{host, secrets, sql, types};
use crate::cache::Cache;
use crate::call::Call;
use crate::limits::Limits;
use crate::manifest::Manifest;

/// A connector that can be called.
pub(crate) struct Loaded {
    pub(crate) facts: Arc<ConnectorFacts>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) pre: InstancePre<Call>,
    pub(crate) grants: grants::GuestIndices,
    pub(crate) health: health::GuestIndices,
}

/// All of them, and what loading needs.
pub(crate) struct Catalog {
    engine: Engine,
    linker: Linker<Call>,
    cache: Cache,
    limits: Limits,
    loaded: RwLock<HashMap<Digest, Arc<Loaded>>>,
}

impl Catalog {
    /// None loaded yet.
    pub(crate) fn new(engine: Engine, cache: Cache, limits: Limits) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(&engine);
        types::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        host::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        secrets::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        sql::add_to_linker::<_, HasSelf<Call>>(&mut linker, |call| call)?;
        Ok(Self { engine, linker, cache, limits, loaded: RwLock::default() })
    }

    /// The connector with this digest.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// Admits, compiles and links a file. Takes as long as the compiler does: not for a thread that others wait for.
    pub(crate) fn load(&self, file: &[u8]) -> Result<Arc<Loaded>, NotAdmitted> {
        // The size first: a digest of an endless file is work too.
        let manifest = if file.len() <= self.limits.file_bytes { None } else { Some(admission::admit(file, &self.limits)?) };
        let digest = Digest::of(file);
        if let Some(loaded) = self.get(&digest) {
            return Ok(loaded);
        }
        let manifest = Manifest::parse(manifest.map_or_else(|| admission::admit(file, &self.limits), Ok)?)?;
        let loaded = Arc::new(self.link(digest, file, manifest)?);
        let mut all = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(all.entry(digest).or_insert(loaded)))
    }

    fn link(&self, digest: Digest, file: &[u8], manifest: Manifest) -> Result<Loaded, NotAdmitted> {
        let component = self.cache.component(&self.engine, &digest, file).map_err(|e| NotAdmitted {
            reason: format!("it does not compile: {}", crate::hostile_text::line(&format!("{e:#}"), 500)),
            remedy: "Build it again with `hallpass connector build DIR`; a damaged file shows in its digest".to_owned(),
        })?;
        let mismatch = |e: wasmtime::Error| NotAdmitted {
            reason: format!("it does not fit the WIT of this host: {}", crate::hostile_text::line(&format!("{e:#}"), 500)),
            remedy: format!("Build it against hallpass:connector@{}", crate::manifest::WIT),
        };
        let pre = self.linker.instantiate_pre(&component).map_err(mismatch)?;
        let _ = component.initialize_copy_on_write_image();
        Ok(Loaded {
            facts: Arc::new(manifest.facts(digest)),
            manifest: Arc::new(manifest),
            grants: grants::GuestIndices::new(&pre).map_err(mismatch)?,
            health: health::GuestIndices::new(&pre).map_err(mismatch)?,
            pre,
        })
    }
}
