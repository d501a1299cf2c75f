//! Log lines of connectors: bounded in number and size, one printable line each, always named as the connector's own words.

use crate::bindings::hallpass::connector::host::{Level, LogAttribute};
use crate::frame::Frame;
use crate::hostile_text;

/// What a line may hold, in bytes, attributes included.
const LINE_BYTES: usize = 1024;

/// What a call has logged.
#[derive(Debug)]
pub(crate) struct LogUse {
    left: usize,
    dropped: usize,
}

impl LogUse {
    /// A call that may log `lines` lines.
    pub(crate) fn new(lines: usize) -> Self {
        Self { left: lines, dropped: 0 }
    }

    /// Writes a line, or counts it.
    pub(crate) fn line(&mut self, frame: &Frame, level: Level, message: &str, attributes: &[LogAttribute]) {
        let Some(left) = self.left.checked_sub(1) else {
            self.dropped += 1;
            return;
        };
        self.left = left;
        let mut text = hostile_text::line(message, LINE_BYTES);
        for attribute in attributes.iter().take(16) {
            let field = format!(" {}={:?}", hostile_text::line(&attribute.name, 64), hostile_text::line(&attribute.value, 256));
            if text.len() + field.len() > LINE_BYTES {
                break;
            }
            text.push_str(&field);
        }
        if let Some(stage) = &frame.services.stage {
            stage.logged(&text);
            return;
        }
        let (name, digest, operation) = (frame.manifest.name.as_str(), &frame.call.connector, &frame.call.operation);
        match level {
            Level::Debug => tracing::debug!(target: "hallpass::connector", name, %digest, %operation, text),
            Level::Info => tracing::info!(target: "hallpass::connector", name, %digest, %operation, text),
            Level::Warn => tracing::warn!(target: "hallpass::connector", name, %digest, %operation, text),
            Level::Error => tracing::error!(target: "hallpass::connector", name, %digest, %operation, text),
        }
    }

    /// Says how many lines were dropped.
    pub(crate) fn close(&self, frame: &Frame) {
        if self.dropped > 0 {
            tracing::warn!(name = frame.manifest.name, operation = %frame.call.operation, dropped = self.dropped, "a connector logged more than a call may");
        }
    }
}
