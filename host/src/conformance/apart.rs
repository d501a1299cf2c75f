//! An examination in a thread of its own. What it plays is its author's, and nobody has accepted it yet: it takes no worker of the
//! broker, stands back behind everybody else, writes no log (nothing in it is real), and has an end.

use std::sync::Arc;

use hallpass_domain::Clock;
use hallpass_domain::clock::Millis;
use hallpass_domain::ids::Digest;
use hallpass_domain::port::NotAdmitted;
use hallpass_runtime::Runtime;
use hallpass_testkit::Report;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::subscriber::{NoSubscriber, with_default};

/// How long an examination may take. A connector of one entitlement takes less than a second in Rust, and a few in Python.
const MOST_MS: Millis = 120_000;
/// What is added to the niceness of the thread.
const NICER: i32 = 10;

/// Why there was no examination at all.
pub(super) fn failed(cause: &dyn std::fmt::Display) -> NotAdmitted {
    NotAdmitted { reason: format!("it could not be examined: {cause}"), remedy: "Load it again".to_owned() }
}

/// Runs all laws. Dropped, it ends them.
pub(super) async fn conform(runtime: Runtime, connector: Digest, clock: Arc<dyn Clock>) -> Result<Report, NotAdmitted> {
    let (send, done) = oneshot::channel();
    let stop = CancellationToken::new();
    let _stop_when_dropped = stop.clone().drop_guard();
    let examine = move || {
        // Where it may not, it works with the priority of the others.
        let _ = rustix::process::nice(NICER);
        // Whoever asked may be gone.
        let _ = send.send(with_default(NoSubscriber::default(), || run(&runtime, &connector, clock.as_ref(), &stop)));
    };
    std::thread::Builder::new().name("examination".to_owned()).spawn(examine).map_err(|e| failed(&e))?;
    done.await.map_err(|e| failed(&e))?
}

fn run(runtime: &Runtime, connector: &Digest, clock: &dyn Clock, stop: &CancellationToken) -> Result<Report, NotAdmitted> {
    let here = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| failed(&e))?;
    let end = clock.now().plus(MOST_MS);
    here.block_on(async {
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(failed(&"nobody waits for it any more")),
            () = clock.sleep_until(end) => Err(NotAdmitted {
                reason: format!("its laws were not all checked after {} s", MOST_MS / 1_000),
                remedy: "Keep to one wish for each thing that is done in another way, and to calls that are short".to_owned(),
            }),
            report = super::conform(runtime, connector) => report,
        }
    })
}
