//! Describes another thing each time that it is asked.

use hallpass_connector::describe::Description;
use hallpass_connector::{Failure, Invocation};

use crate::good;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every describe")]
pub(crate) fn describe(inv: &Invocation) -> Result<Description, Failure> {
    let mut description = good::describe();
    for tool in &mut description.tools {
        tool.description = format!("asked in {}", inv.operation());
    }
    Ok(description)
}
