//! The host state of one call: everything that a guest can reach, thrown away with its store.

use std::collections::BTreeSet;
use std::sync::Arc;

use hallpass_domain::port::{Delivery, Failure};
use wasmtime::component::ResourceTable;

use crate::bindings::hallpass::connector::types;
use crate::capability::http::HttpUse;
use crate::capability::log::LogUse;
use crate::capability::secrets::Vault;
use crate::capability::wasi::WasiUse;
use crate::catalog::Loaded;
use crate::frame::Frame;
use crate::limits::Meter;

/// The data of a store.
pub(crate) struct Call {
    pub(crate) table: ResourceTable,
    pub(crate) meter: Meter,
    pub(crate) frame: Arc<Frame>,
    pub(crate) vault: Vault,
    pub(crate) delivery: Option<Delivery>,
    pub(crate) log: LogUse,
    pub(crate) sql: SqlUse,
    pub(crate) http: HttpUse,
    pub(crate) wasi: WasiUse,
    loaded: Arc<Loaded>,
}

/// What a call has used of the databases.
#[derive(Debug, Default)]
pub(crate) struct SqlUse {
    pub(crate) sessions: usize,
    pub(crate) statements: usize,
    pub(crate) bytes: usize,
    /// Databases that a declared statement named in this call.
    pub(crate) databases: BTreeSet<String>,
}

impl Call {
    /// The state at the start of a call.
    pub(crate) fn new(loaded: Arc<Loaded>, frame: Arc<Frame>) -> Self {
        let limits = &frame.services.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        Self {
            table,
            meter: Meter::new(limits.clone()),
            log: LogUse::new(limits.log_lines),
            http: HttpUse::new(Arc::clone(&frame)),
            wasi: WasiUse::default(),
            vault: Vault::of(&frame),
            loaded,
            frame,
            delivery: None,
            sql: SqlUse::default(),
        }
    }
}

impl Call {
    /// Whether it should come to an end: its time is over, its version was banned, or the broker is stopping. A call that nobody waits for
    /// is dropped, store and all, and asks nothing any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.frame.remaining() == 0 || self.loaded.interrupted.is_cancelled() || self.loaded.stopping.is_cancelled()
    }
}

impl types::Host for Call {}

/// A failure on its way to the guest.
pub(crate) fn to_guest(failure: Failure) -> types::Failure {
    use hallpass_domain::port::{Effect as E, FailureKind as K};
    types::Failure {
        kind: match failure.kind {
            K::InvalidInput => types::FailureKind::InvalidInput,
            K::Unauthenticated => types::FailureKind::Unauthenticated,
            K::Forbidden => types::FailureKind::Forbidden,
            K::NotFound => types::FailureKind::NotFound,
            K::Conflict => types::FailureKind::Conflict,
            K::RateLimited => types::FailureKind::RateLimited,
            K::Unavailable => types::FailureKind::Unavailable,
            K::Timeout => types::FailureKind::Timeout,
            K::Unsupported => types::FailureKind::Unsupported,
            K::Internal => types::FailureKind::Internal,
        },
        code: failure.code,
        message: failure.message,
        effect: match failure.effect {
            E::None => types::Effect::None,
            E::Applied => types::Effect::Applied,
            E::Partial => types::Effect::Partial,
            E::Unknown => types::Effect::Unknown,
        },
        retry_after_ms: failure.retry_after_ms,
    }
}

/// A failure as the guest says it: bounded, one line, a code that is a code.
pub(crate) fn from_guest(failure: &types::Failure) -> Failure {
    use hallpass_domain::port::{Effect as E, FailureKind as K};
    let coded = crate::hostile_text::is_code(&failure.code);
    Failure {
        kind: match failure.kind {
            types::FailureKind::InvalidInput => K::InvalidInput,
            types::FailureKind::Unauthenticated => K::Unauthenticated,
            types::FailureKind::Forbidden => K::Forbidden,
            types::FailureKind::NotFound => K::NotFound,
            types::FailureKind::Conflict => K::Conflict,
            types::FailureKind::RateLimited => K::RateLimited,
            types::FailureKind::Unavailable => K::Unavailable,
            types::FailureKind::Timeout => K::Timeout,
            types::FailureKind::Unsupported => K::Unsupported,
            types::FailureKind::Internal => K::Internal,
        },
        code: if coded { failure.code.clone() } else { "no-code".to_owned() },
        message: crate::hostile_text::line(&failure.message, 2048),
        effect: match failure.effect {
            types::Effect::None => E::None,
            types::Effect::Applied => E::Applied,
            types::Effect::Partial => E::Partial,
            types::Effect::Unknown => E::Unknown,
        },
        // A day: a hostile number must not park an operation for ever.
        retry_after_ms: failure.retry_after_ms.map(|ms| ms.min(86_400_000)),
        outage: false,
    }
}
