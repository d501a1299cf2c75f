//! The yardstick of a call: wasmtime alone. Tuned pooling, concurrency support off, only what the call needs is linked.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, ComponentType, InstancePre, Lift, Linker, Resource, ResourceTable, ResourceType};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::stats::now;

const HOST: &str = "hallpass:connector/host@0.1.0";
const HEALTH: &str = "hallpass:connector/health@0.1.0";

/// What is behind the handle of the call: nothing, as behind every resource that the linker makes up by itself.
type Call = ();

#[derive(ComponentType, Lift, Debug)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "the guest of this bench does not fail")]
enum FailureKind {
    #[component(name = "invalid-input")]
    InvalidInput,
    #[component(name = "unauthenticated")]
    Unauthenticated,
    #[component(name = "forbidden")]
    Forbidden,
    #[component(name = "not-found")]
    NotFound,
    #[component(name = "conflict")]
    Conflict,
    #[component(name = "rate-limited")]
    RateLimited,
    #[component(name = "unavailable")]
    Unavailable,
    #[component(name = "timeout")]
    Timeout,
    #[component(name = "unsupported")]
    Unsupported,
    #[component(name = "internal")]
    Internal,
}

#[derive(ComponentType, Lift, Debug)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "the guest of this bench does not fail")]
enum Effect {
    #[component(name = "none")]
    None,
    #[component(name = "applied")]
    Applied,
    #[component(name = "partial")]
    Partial,
    #[component(name = "unknown")]
    Unknown,
}

#[derive(ComponentType, Lift, Debug)]
#[component(record)]
#[expect(dead_code, reason = "the guest of this bench does not fail")]
struct Failure {
    kind: FailureKind,
    code: String,
    message: String,
    effect: Effect,
    #[component(name = "retry-after-ms")]
    retry_after_ms: Option<u64>,
}

/// The component of a plugin, ready to be instantiated.
pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<ResourceTable>,
}

/// The times of one call.
pub(crate) struct Times {
    pub(crate) store: Duration,
    pub(crate) instantiate: Duration,
    pub(crate) call: Duration,
    pub(crate) drop: Duration,
}

impl Times {
    pub(crate) fn whole(&self) -> Duration {
        self.store + self.instantiate + self.call + self.drop
    }
}

impl Bare {
    pub(crate) fn new(file: &[u8], behaviour: &str) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.max_memory_size(64 << 20)
            .max_unused_warm_slots(100)
            .linear_memory_keep_resident(2 << 20)
            .table_keep_resident(1 << 20)
            .async_stack_keep_resident(64 << 10)
            .pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .concurrency_support(false)
            .memory_init_cow(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).unwrap();
        let component = Component::new(&engine, file).unwrap();
        let mut linker: Linker<ResourceTable> = Linker::new(&engine);
        let behaviour: Arc<str> = behaviour.into();
        let mut host = linker.instance(HOST).unwrap();
        host.resource("invocation", ResourceType::host::<Call>(), |_, _| Ok(())).unwrap();
        host.func_wrap("[method]invocation.setting", move |_, (_, _): (Resource<Call>, String)| Ok((Some(behaviour.to_string()),)))
            .unwrap();
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        Self { engine, pre }
    }

    /// A fresh store, an instance in it, one call of `health`, and the end of all of it.
    pub(crate) async fn call(&self) -> Times {
        let begun = now();
        let mut store = Store::new(&self.engine, ResourceTable::new());
        store.set_epoch_deadline(1_000_000);
        let made = now();
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let ready = now();
        let health = instance.get_export_index(&mut store, None, HEALTH).unwrap();
        let check = instance.get_export_index(&mut store, Some(&health), "check").unwrap();
        let check = instance.get_typed_func::<(Resource<Call>,), (Result<(), Failure>,)>(&mut store, check).unwrap();
        let handle = store.data_mut().push(()).unwrap();
        check.call_async(&mut store, (handle,)).await.unwrap().0.unwrap();
        let answered = now();
        drop(store);
        Times { store: made - begun, instantiate: ready - made, call: answered - ready, drop: now() - answered }
    }
}
