//! The child's side: bounds first, then one file, one answer.

use std::io::{self, Read, Write};

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use super::wire::{Order, Reply};

/// How much more address space than memory the child may reserve: what is reserved and not written costs nothing.
const RESERVED_PER_WRITTEN: u64 = 4;

/// Compiles one connector for the process that started this one. **It bounds the whole process**: call it first and nothing after it.
///
/// Reads an order and a component from `input` to its end and writes one reply to `output`. Errors: the streams cannot be used, or the
/// process cannot be bounded.
pub fn serve(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    let order = Order::read(input)?;
    bound(&order)?;
    let mut file = Vec::new();
    input.read_to_end(&mut file)?;
    let reply = match crate::engine::compiling().and_then(|engine| engine.precompile_component(&file)) {
        Ok(code) => Reply::Compiled(code),
        Err(e) if e.is::<wasmtime::OutOfMemory>() => Reply::NoMemory,
        Err(e) => Reply::Invalid(format!("{e:#}")),
    };
    reply.write(output)
}

/// Memory, processor time, and nothing else: no file can be opened, no socket made, nothing written but to the streams.
fn bound(order: &Order) -> io::Result<()> {
    let both = |n: u64| Rlimit { current: Some(n), maximum: Some(n) };
    let set = |what: Resource, limit: Rlimit| match setrlimit(what, limit) {
        // Other systems know fewer limits.
        Err(e) if cfg!(target_os = "linux") => Err(io::Error::other(format!("the compiler cannot be bounded ({what:?}): {e}"))),
        _ => Ok(()),
    };
    set(Resource::As, both(order.memory_bytes.saturating_mul(RESERVED_PER_WRITTEN)))?;
    set(Resource::Data, both(order.memory_bytes))?;
    // The first signal says why; the second cannot be caught.
    set(Resource::Cpu, Rlimit { current: Some(order.cpu_seconds), maximum: Some(order.cpu_seconds.saturating_add(1)) })?;
    set(Resource::Core, both(0))?;
    set(Resource::Fsize, both(0))?;
    set(Resource::Nofile, both(3))?;
    // Calls of connectors go first.
    let _ = nice(10);
    Ok(())
}
