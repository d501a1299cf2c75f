//! `hallpass serve`: run a broker.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hallpass_domain::failpoint::Failpoint;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::render::pairs;
use crate::config::{Config, Flags};
use crate::lifecycle::{self, Ready, Trial};
use crate::telemetry;

/// Run a broker. Without any configuration it works from one folder, ./hallpass-data, on 127.0.0.1:8420.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The one folder that holds database, keys, cache and checkpoint.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The configuration file [variable: HALLPASS_CONFIG].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder of Cedar policies and routes.toml.
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Die at this point; only on a folder made with --throwaway.
    #[arg(long, hide = true, value_name = "NAME")]
    fail_at: Option<Failpoint>,
    /// Mark a new data folder as one that nothing depends on.
    #[arg(long, hide = true)]
    throwaway: bool,
    /// End when standard input ends: whoever started this process and holds the other end is gone.
    #[arg(long, hide = true)]
    with_parent: bool,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let is_named = args.config.is_some() || cx.environment.get("HALLPASS_CONFIG").is_some();
    if !is_named && Path::new("hallpass.toml").exists() {
        cx.tell("There is a hallpass.toml here, and it is not read: name it with --config hallpass.toml");
    }
    let flags = Flags { config: args.config, data: args.data, listen: args.listen, policies: args.policies };
    let config = Config::load(&flags, &cx.environment)?;
    telemetry::start(&config.server.log, config.server.log_json).map_err(|e| Failure::usage(e.to_string()))?;
    let trial = Trial { throwaway: args.throwaway, fail_at: args.fail_at, with_parent: args.with_parent };
    let environment = cx.environment.clone();
    lifecycle::serve(&config, &environment, trial, |ready| announce(cx, &ready)).await?;
    Ok(())
}

fn announce(cx: &mut Context<'_>, ready: &Ready) -> anyhow::Result<()> {
    let document = json!({
        "url": ready.url,
        "data": ready.data,
        "policies": ready.policies,
        "enrolment": ready.invitation.as_ref().map(|i| i.link.clone()),
        "enrolment_expires": ready.invitation.as_ref().map(|i| i.expires.to_string()),
    });
    let shown = cx.show(&document, |_| {
        let policies = ready.policies.as_ref().map_or_else(
            || String::from("only the built-in ones: nobody can ask for anything until --policies names a folder"),
            |folder| folder.display().to_string(),
        );
        let head = pairs(&[("listening on", ready.url.clone()), ("data in", ready.data.display().to_string()), ("policies", policies)]);
        match &ready.invitation {
            None => head,
            Some(first) => format!(
                "{head}\n\nNobody administers this broker yet. Enrol its administrator with this link, once, until {}:\n\n  hallpass login {}\n",
                first.expires, first.link
            ),
        }
    });
    cx.out.flush()?;
    shown.map_err(|e| anyhow::anyhow!(e.message))
}
