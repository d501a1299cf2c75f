//! Every bound of a call: memory over all memories together, tables, CPU, handles, log and SQL; and of
//! what comes before: file, manifest, compiler. All are always set.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The bounds. One set for all connectors of a runtime.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Size of a plugin file, in bytes.
    pub file_bytes: usize,
    /// Size of a manifest, in bytes.
    pub manifest_bytes: usize,
    /// What compiling a file may write to, in bytes.
    pub compile_memory_bytes: u64,
    /// Processor time of compiling a file, over all threads, in seconds.
    pub compile_cpu_seconds: u64,
    /// How long compiling a file may take, in milliseconds: no less than its processor time, which one processor may have to give.
    pub compile_ms: u64,
    /// Machine code of a file, in bytes.
    pub compiled_bytes: usize,
    /// All linear memories of a call together, in bytes.
    pub memory_bytes: usize,
    /// Elements of all tables of a call together.
    pub table_elements: usize,
    /// Core instances of a call.
    pub instances: usize,
    /// Tables of a call.
    pub tables: usize,
    /// Linear memories of a call.
    pub memories: usize,
    /// What a guest may hand over in one call of the host, in bytes.
    pub hostcall_bytes: usize,
    /// Handles that a guest may hold.
    pub component_handles: usize,
    /// Host resources of a call.
    pub resources: usize,
    /// Length of a slice of CPU time.
    pub tick: Duration,
    /// Slices of CPU time of a call; then it is interrupted.
    pub cpu_ticks: u64,
    /// Lines that a call may log.
    pub log_lines: usize,
    /// Sessions that a call may have open at once.
    pub sql_sessions: usize,
    /// Statements that a call may run.
    pub sql_statements: usize,
    /// Rows that one query may return.
    pub sql_rows: u32,
    /// Bytes that the queries of a call may return together.
    pub sql_bytes: usize,
    /// What a call may use of HTTP.
    pub http: hallpass_egress::Bounds,
    /// How long logging in to a target may take, in milliseconds.
    pub connect_ms: u64,
    /// Idle connections kept per target and database.
    pub idle_connections: usize,
    /// How long an idle connection is kept, in milliseconds.
    pub idle_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 * 1024 * 1024,
            manifest_bytes: 1024 * 1024,
            compile_memory_bytes: 2 * 1024 * 1024 * 1024,
            compile_cpu_seconds: 240,
            compile_ms: 240_000,
            compiled_bytes: 256 * 1024 * 1024,
            memory_bytes: 64 * 1024 * 1024,
            table_elements: 100_000,
            instances: 256,
            tables: 64,
            memories: 8,
            hostcall_bytes: 4 * 1024 * 1024,
            component_handles: 2_000,
            resources: 1_000,
            tick: Duration::from_millis(2),
            cpu_ticks: 1_000,
            log_lines: 100,
            sql_sessions: 8,
            sql_statements: 1_000,
            sql_rows: 10_000,
            sql_bytes: 4 * 1024 * 1024,
            http: hallpass_egress::Bounds::default(),
            connect_ms: 10_000,
            idle_connections: 4,
            idle_ms: 60_000,
        }
    }
}

/// Counts what one call uses of memory and tables, summed over all of them: a bound per memory would be a bound times the
/// number of memories.
#[derive(Debug)]
pub(crate) struct Meter {
    memory: usize,
    elements: usize,
    limits: Limits,
}

impl Meter {
    /// A meter at zero.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { memory: 0, elements: 0, limits }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(grow(&mut self.memory, self.limits.memory_bytes, current, desired))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(grow(&mut self.elements, self.limits.table_elements, current, desired))
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}

fn grow(used: &mut usize, limit: usize, current: usize, desired: usize) -> bool {
    match used.checked_add(desired.saturating_sub(current)) {
        Some(sum) if sum <= limit => {
            *used = sum;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, Store};

    use super::*;

    /// What the engine says of so many instances of a module. Without a pool, which has bounds of its own.
    fn instantiated(limits: Limits, times: usize, module: &str) -> Result<(), String> {
        let engine = crate::engine::compiling().unwrap();
        let module = Module::new(&engine, wat::parse_str(module).unwrap()).unwrap();
        let mut store = Store::new(&engine, Meter::new(limits));
        store.limiter(|meter| meter);
        (0..times).try_for_each(|_| Instance::new(&mut store, &module, &[]).map(drop).map_err(|e| format!("{e:#}")))
    }

    #[test]
    fn instances_memories_and_tables_of_a_call_are_counted_together() {
        let limits = Limits { instances: 4, memories: 3, tables: 2, ..Limits::default() };
        for (most, module, says) in [
            (4, "(module)", "instance count too high at 5"),
            (3, "(module (memory 0))", "memory count too high at 4"),
            (2, "(module (table 0 funcref))", "table count too high at 3"),
        ] {
            assert_eq!(instantiated(limits.clone(), most, module), Ok(()));
            let refused = instantiated(limits.clone(), most + 1, module).unwrap_err();
            assert!(refused.contains(says), "{module}: {refused}");
        }
    }

    #[test]
    fn many_small_memories_share_one_bound() {
        let mut meter = Meter::new(Limits { memory_bytes: 100, ..Limits::default() });
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(!meter.memory_growing(0, 60, None).unwrap(), "a second memory of the same size is too much");
        assert!(meter.memory_growing(60, 100, None).unwrap(), "a refused growth costs nothing");
        assert!(!meter.memory_growing(0, usize::MAX, None).unwrap());
    }
}
