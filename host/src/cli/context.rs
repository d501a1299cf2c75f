//! What every subcommand gets: the environment, the profile, and where to write.

use std::io::Write;

use serde_json::Value;

use super::failure::Failure;
use crate::client::{Api, Profiles};
use crate::config::Environment;

/// What a subcommand works with.
pub struct Context<'a> {
    /// The environment of the process.
    pub environment: Environment,
    /// Print JSON.
    pub json: bool,
    /// The profile to act as.
    pub profile: Option<String>,
    /// For results.
    pub out: &'a mut (dyn Write + Send),
    /// For everything else.
    pub err: &'a mut (dyn Write + Send),
}

impl Context<'_> {
    /// The folder of profiles.
    pub fn profiles(&self) -> Result<Profiles, Failure> {
        let folder = self.environment.profiles();
        folder.map(Profiles::new).ok_or_else(|| Failure::failed("there is no folder for profiles: set HALLPASS_HOME or HOME"))
    }

    /// The broker as the chosen profile sees it. Signs in when the first call is made.
    pub fn api(&self) -> Result<Api, Failure> {
        let identity = self.profiles()?.load(self.profile.as_deref())?;
        Ok(Api::new(identity)?)
    }

    /// Prints a result: the document itself, or `human` made of it.
    pub fn show(&mut self, document: &Value, human: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        let text = if self.json { document.to_string() } else { human(document) };
        match writeln!(self.out, "{}", text.trim_end()) {
            // Whoever read has seen enough, as `head` does.
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(Failure::from),
        }
    }

    /// Tells a person something beside the result; silent with `--json`.
    pub fn tell(&mut self, line: &str) {
        if !self.json {
            // When nobody reads there is nobody to tell.
            let _ = writeln!(self.err, "{line}");
        }
    }

    /// Prints why the command failed.
    pub(super) fn fail(&mut self, failure: &Failure) {
        let _ = if self.json { writeln!(self.out, "{}", failure.document()) } else { writeln!(self.err, "error: {failure}") };
    }
}
