//! Ends earlier attempts in the target: sessions that carry the holding's stamp. After that none can have a late effect.

use hallpass_domain::port::{Failure, FailureKind};

use super::connect;
use super::session::{Purpose, Session};
use super::statement::render::{Rendered, literal};
use crate::frame::Frame;

/// Terminates sessions named `stamp/…` and waits until the server shows none. Such sessions belong to the broker's own account,
/// whose name only it can see and which it may end.
pub(crate) async fn fence_off(frame: &Frame) -> Result<(), Failure> {
    let Some(wish) = &frame.wish else { return Ok(()) };
    // A stage has no session beside the call's own.
    if frame.services.stage.is_some() {
        return Ok(());
    }
    let quoted = literal(&format!("{}/", wish.stamp)).map_err(|m| Failure::none(FailureKind::Internal, "bad-stamp", m))?;
    let terminate = format!(
        "SELECT pid::int8, pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
         WHERE usename = current_user AND pid <> pg_catalog.pg_backend_pid() AND pg_catalog.starts_with(application_name, {quoted})"
    );
    let home = connect::home(&frame.manifest, &frame.call.endpoint)?;
    let mut session = Session::open(frame, &home, Purpose::Look).await?;
    while frame.remaining() > 0 {
        let left = session.query(frame, Rendered::own("fence", terminate.clone()), 1, usize::MAX).await?;
        if left.rows.is_empty() {
            return Ok(());
        }
        // The server waits, so that no other clock is needed.
        session.query(frame, Rendered::own("fence", "SELECT pg_catalog.pg_sleep(0.01)::text"), 1, usize::MAX).await?;
    }
    Err(Failure::none(FailureKind::Timeout, "fence-timeout", "an earlier attempt's session did not end in time"))
}
