//! What the engines of JavaScript and Python import before they run any of their author's code: `wasi:cli`, `filesystem`, `clocks` and
//! `random`, with nothing behind them. No environment, no arguments, no files, no sockets; what is printed ends in the log.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Result;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::bindings::hallpass::connector::host::Level;
use crate::call::Call;
use crate::frame::Frame;

/// What a call may print, in bytes.
const PRINTED_BYTES: usize = 16 * 1024;
/// What a call may ask of randomness at once, in bytes.
const RANDOM_BYTES: u64 = 64 * 1024;

/// Prefixes of the imports that only engines need.
pub(crate) const ENGINES_OWN: [&str; 4] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:random/"];

/// Made when the guest first asks.
#[derive(Default)]
pub(crate) struct WasiUse(Option<(WasiCtx, MemoryOutputPipe)>);

struct Hands(Arc<Frame>);

impl HostWallClock for Hands {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.services.clock.now().as_unsigned())
    }
}

impl HostMonotonicClock for Hands {
    fn resolution(&self) -> u64 {
        1_000_000
    }
    fn now(&self) -> u64 {
        self.0.services.clock.now().as_unsigned().saturating_mul(1_000_000)
    }
}

impl WasiView for Call {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let frame = &self.frame;
        let (ctx, _) = self.wasi.0.get_or_insert_with(|| {
            let printed = MemoryOutputPipe::new(PRINTED_BYTES);
            let mut builder = WasiCtxBuilder::new();
            builder.stdout(printed.clone()).stderr(printed.clone()).max_random_size(RANDOM_BYTES);
            builder.wall_clock(Hands(Arc::clone(frame))).monotonic_clock(Hands(Arc::clone(frame)));
            builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
            (builder.build(), printed)
        });
        WasiCtxView { ctx, table: &mut self.table }
    }
}

impl Call {
    /// Writes what was printed to the log, as the connector's own words.
    pub(crate) fn log_printed(&mut self) {
        let Some((_, printed)) = &self.wasi.0 else { return };
        let bytes = printed.contents();
        for line in String::from_utf8_lossy(&bytes).lines().filter(|l| !l.trim().is_empty()) {
            self.log.line(&self.frame, Level::Info, line, &[]);
        }
    }
}

/// Links the inert interfaces. Sockets are not among them: what imports those is not admitted.
pub(crate) fn link(linker: &mut Linker<Call>) -> Result<()> {
    clocks::wall_clock::add_to_linker::<Call, WasiClocks>(linker, Call::clocks)?;
    clocks::monotonic_clock::add_to_linker::<Call, WasiClocks>(linker, Call::clocks)?;
    filesystem::preopens::add_to_linker::<Call, WasiFilesystem>(linker, Call::filesystem)?;
    filesystem::types::add_to_linker::<Call, WasiFilesystem>(linker, Call::filesystem)?;
    random::random::add_to_linker::<Call, WasiRandom>(linker, |call| call.ctx().ctx.random())?;
    random::insecure::add_to_linker::<Call, WasiRandom>(linker, |call| call.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<Call, WasiRandom>(linker, |call| call.ctx().ctx.random())?;
    cli::exit::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::environment::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::stdin::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::stdout::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::stderr::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::terminal_input::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::terminal_output::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::terminal_stdin::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::terminal_stdout::add_to_linker::<Call, WasiCli>(linker, Call::cli)?;
    cli::terminal_stderr::add_to_linker::<Call, WasiCli>(linker, Call::cli)
}
