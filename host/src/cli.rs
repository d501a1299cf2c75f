//! The command line: one file per subcommand.
//!
//! To add a subcommand: a file beside these with `Args` and `run`, a variant in [`Command`], an arm in [`dispatch`].

mod approve;
mod audit;
mod compile;
mod completion;
mod connector;
mod context;
mod credential;
mod demo;
mod deny;
mod doctor;
mod exit;
mod failure;
mod grant;
mod group;
mod login;
mod pass;
mod policy;
mod principal;
mod render;
mod request;
mod revoke;
mod serve;
mod target;
mod whoami;
mod withdraw;

use std::ffi::OsString;
use std::io::Write;

use clap::{Parser, Subcommand};

pub use context::Context;
pub use exit::Exit;
pub use failure::Failure;
pub(crate) use pass::judge;

use crate::config::Environment;

/// Approved, time-boxed access for people and agents.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version, about, after_help = exit::HELP, max_term_width = 100, propagate_version = true)]
struct Cli {
    /// Print one JSON document instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    /// Act as this profile, one of those that `hallpass login` made [variable: HALLPASS_PROFILE].
    #[arg(long = "as", visible_alias = "profile", global = true, value_name = "PROFILE")]
    profile: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a broker.
    Serve(serve::Args),
    /// Play the whole story against a private PostgreSQL.
    Demo(demo::Args),
    /// Enrol with a one-time link, or list the profiles.
    Login(login::Args),
    /// Say who you are.
    Whoami,
    /// Ask for access; list and show requests.
    Request(request::Args),
    /// List the requests that wait for your verdict.
    Inbox,
    /// Approve a request, perhaps for a shorter time.
    Approve(approve::Args),
    /// Deny a request.
    Deny(deny::Args),
    /// Take a request of yours back.
    Withdraw(withdraw::Args),
    /// List, show and give back grants.
    #[command(subcommand)]
    Grant(grant::Args),
    /// Take a grant away.
    Revoke(revoke::Args),
    /// Pick up or replace the credential of a grant.
    #[command(subcommand)]
    Credential(credential::Args),
    /// Mint, read and verify passes.
    #[command(subcommand)]
    Pass(pass::Args),
    /// Build, check, test, sign and load connectors, and look after their versions.
    #[command(subcommand)]
    Connector(connector::Args),
    /// Add and look after targets, and the accounts in them.
    #[command(subcommand)]
    Target(target::Args),
    /// Add, list and offboard principals.
    #[command(subcommand)]
    Principal(principal::Args),
    /// Set and list groups.
    #[command(subcommand)]
    Group(group::Args),
    /// Check policies, and explain what they say.
    #[command(subcommand)]
    Policy(policy::Args),
    /// Prove the log, read its checkpoint and events.
    #[command(subcommand)]
    Audit(audit::Args),
    /// Say what is wrong and how to mend it.
    Doctor(doctor::Args),
    /// Print a completion script for a shell.
    Completion(completion::Args),
    /// Compile a connector for the broker that starts this.
    #[command(name = hallpass_runtime::COMPILER_ARGUMENT, hide = true)]
    Compile,
}

/// Runs one command line, the first of `args` being the program's name. Nothing else is read or written than what is
/// handed in, so that a test can call it.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    environment: Environment,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => return usage(&e, out, err),
    };
    if matches!(cli.command, Command::Compile) {
        return compile::run(out, err);
    }
    let profile = cli.profile.or_else(|| environment.get("HALLPASS_PROFILE").map(str::to_owned));
    let mut context = Context { environment, json: cli.json, profile, out, err };
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(dispatch(cli.command, &mut context));
            // A blocking read of a terminal must not keep the process.
            runtime.shutdown_background();
            outcome
        }
        Err(e) => Err(Failure::failed(format!("the runtime does not start: {e}"))),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            context.fail(&failure);
            failure.exit
        }
    }
}

fn usage(e: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let text = e.render();
    // When nobody reads there is nobody to tell.
    if e.use_stderr() {
        let _ = write!(err, "{text}");
        Exit::Usage
    } else {
        let _ = write!(out, "{text}");
        Exit::Done
    }
}

async fn dispatch(command: Command, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let done = |(): ()| Exit::Done;
    match command {
        Command::Serve(args) => serve::run(args, cx).await.map(done),
        Command::Demo(args) => demo::run(args, cx).await,
        Command::Login(args) => login::run(args, cx).await.map(done),
        Command::Whoami => whoami::run(cx).await.map(done),
        Command::Request(args) => request::run(args, cx).await.map(done),
        Command::Inbox => request::inbox(cx).await.map(done),
        Command::Approve(args) => approve::run(args, cx).await.map(done),
        Command::Deny(args) => deny::run(args, cx).await.map(done),
        Command::Withdraw(args) => withdraw::run(args, cx).await.map(done),
        Command::Grant(args) => grant::run(args, cx).await.map(done),
        Command::Revoke(args) => revoke::run(args, cx).await.map(done),
        Command::Credential(args) => credential::run(args, cx).await.map(done),
        Command::Pass(args) => pass::run(args, cx).await,
        Command::Connector(args) => connector::run(args, cx).await,
        Command::Target(args) => target::run(args, cx).await.map(done),
        Command::Principal(args) => principal::run(args, cx).await.map(done),
        Command::Group(args) => group::run(args, cx).await.map(done),
        Command::Policy(args) => policy::run(args, cx).await,
        Command::Audit(args) => audit::run(args, cx).await,
        Command::Doctor(args) => doctor::run(args, cx).await,
        Command::Completion(args) => completion::run(&args, cx).map(done),
        Command::Compile => Ok(compile::run(cx.out, cx.err)),
    }
}

/// The command line as clap knows it, for completion scripts.
fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests;
