//! The one engine: Cranelift only, no shared memory, epochs for CPU time, pooled instances where the address space allows.

use std::num::NonZeroUsize;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use crate::limits::Limits;
use crate::turns::Ticks;

/// Makes the engine and starts its ticker, which counts in `ticks` too.
pub(crate) fn start(limits: &Limits, ticks: &Ticks) -> wasmtime::Result<Engine> {
    let pooled = {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
        Engine::new(&config)
    };
    let engine = match pooled {
        Ok(engine) => engine,
        Err(error) => {
            // Pools reserve address space for every slot; where that is bounded, instances are made one by one.
            tracing::info!(%error, "no room for pooled instances, they are made on demand");
            let mut config = config();
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config)?
        }
    };
    tick(&engine, limits.tick, ticks.clone())?;
    Ok(engine)
}

/// An engine that only compiles, for exactly the engine above: pools and tickers do not change machine code.
pub(crate) fn compiling() -> wasmtime::Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&config)
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .epoch_interruption(true)
        .concurrency_support(false)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .max_wasm_stack(512 * 1024)
        .async_stack_size(2 * 1024 * 1024)
        .async_stack_zeroing(true)
        .memory_init_cow(true)
        // Addresses in the author's file are shown to nobody, and would be a tenth of what is kept, authenticated and loaded.
        .generate_address_map(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(8));
    config
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(256)
        .total_core_instances(4096)
        .total_memories(512)
        .total_tables(2048)
        .total_stacks(512)
        .max_memory_size(limits.memory_bytes)
        .table_elements(limits.table_elements)
        .max_component_instance_size(10 * 1024 * 1024)
        .max_core_instance_size(10 * 1024 * 1024)
        .max_core_instances_per_component(200)
        .max_memories_per_component(u32::try_from(limits.memories).unwrap_or(u32::MAX))
        .max_tables_per_component(u32::try_from(limits.tables).unwrap_or(u32::MAX))
        .max_memories_per_module(u32::try_from(limits.memories).unwrap_or(u32::MAX))
        .max_tables_per_module(u32::try_from(limits.tables).unwrap_or(u32::MAX))
        // What a slot keeps between two calls is wiped by hand: cheaper than asking the system for fresh pages, up to a size.
        .max_unused_warm_slots(32)
        .linear_memory_keep_resident(2 * 1024 * 1024)
        .table_keep_resident(1024 * 1024)
        .async_stack_keep_resident(64 * 1024)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// A thread of its own, not a task: a guest that keeps all workers busy must not stop the clock that interrupts it. It ends
/// when the engine is gone.
fn tick(engine: &Engine, every: Duration, ticks: Ticks) -> wasmtime::Result<()> {
    let weak = engine.weak();
    std::thread::Builder::new().name("epoch".to_owned()).spawn(move || {
        while let Some(engine) = weak.upgrade() {
            ticks.tick();
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(every);
        }
    })?;
    Ok(())
}
