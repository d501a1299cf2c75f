//! What the engines of other languages import before they run any of their author's code: `wasi:cli`, `filesystem`, `clocks` and
//! `random`, with nothing behind them. No environment, no arguments, no files, no sockets; clocks stand still, a timer is over or never rings, and
//! randomness is the same in every call of one connector. What is printed ends in the log.

use std::time::Duration;

use async_trait::async_trait;
use hallpass_domain::ids::Digest;
use sha2::{Digest as _, Sha256};
use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::bindings::hallpass::connector::host::Level;
use crate::call::Call;

/// What a call may print, in bytes.
const PRINTED_BYTES: usize = 16 * 1024;
/// What a call may ask of randomness at once, in bytes.
const RANDOM_BYTES: u64 = 64 * 1024;
/// What every wall clock shows: 2000-01-01T00:00:00Z, in seconds since the Unix epoch. Nobody takes it for the time.
const INSTANT: u64 = 946_684_800;

/// Prefixes of the imports that only engines need.
pub(crate) const ENGINES_OWN: [&str; 4] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:random/"];

/// Made when the guest first asks.
#[derive(Default)]
pub(crate) struct WasiUse(Option<(WasiCtx, MemoryOutputPipe)>);

/// A clock that stands still.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }
    fn now(&self) -> Duration {
        Duration::from_secs(INSTANT)
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }
    fn now(&self) -> u64 {
        0
    }
}

/// A moment of a clock that stands still: it is over, or it never comes. Anything else would be a clock.
enum Moment {
    /// Whoever asks for the first time lets others go on.
    Over {
        asked: bool,
    },
    Never,
}

#[async_trait]
impl Pollable for Moment {
    async fn ready(&mut self) {
        match self {
            Self::Over { asked: true } => {}
            Self::Over { asked } => {
                *asked = true;
                tokio::task::yield_now().await;
            }
            Self::Never => std::future::pending::<()>().await,
        }
    }
}

struct Timers;

impl HasData for Timers {
    type Data<'a> = TimersOf<'a>;
}

struct TimersOf<'a>(&'a mut ResourceTable);

impl clocks::monotonic_clock::Host for TimersOf<'_> {
    fn now(&mut self) -> Result<u64> {
        Ok(HostMonotonicClock::now(&Still))
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(HostMonotonicClock::resolution(&Still))
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        self.subscribe_duration(when)
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        let moment = self.0.push(if duration == 0 { Moment::Over { asked: false } } else { Moment::Never })?;
        subscribe(self.0, moment)
    }
}

/// Bytes that say nothing but which connector asks. Some of them, so that whoever draws until a number fits comes to an end.
fn known_bytes(connector: &Digest) -> Vec<u8> {
    (0_u8..=127).flat_map(|n| Sha256::new().chain_update(connector.0).chain_update([n]).finalize()).collect()
}

impl WasiView for Call {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let connector = &self.frame.call.connector;
        let (ctx, _) = self.wasi.0.get_or_insert_with(|| {
            let printed = MemoryOutputPipe::new(PRINTED_BYTES);
            let mut builder = WasiCtxBuilder::new();
            builder.stdout(printed.clone()).stderr(printed.clone()).max_random_size(RANDOM_BYTES);
            builder.wall_clock(Still).monotonic_clock(Still);
            let bytes = known_bytes(connector);
            let (seed, _) = connector.0.split_at(16);
            builder.insecure_random_seed(u128::from_be_bytes(seed.try_into().unwrap_or_default()));
            builder.secure_random(Deterministic::new(bytes.clone())).insecure_random(Deterministic::new(bytes));
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
    clocks::monotonic_clock::add_to_linker::<Call, Timers>(linker, |call| TimersOf(&mut call.table))?;
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
