//! `hallpass demo`: the whole story, played for real against a private PostgreSQL, with every claim checked in the target.

pub mod cluster;
pub mod ports;

mod broker;
mod database;
mod people;
mod report;
mod stage;
mod story1;
mod story2;
mod story3;
mod story4;
mod story5;
mod tamper;

use std::io::Write;
use std::path::PathBuf;

use report::Report;
use stage::Stage;

use crate::lifecycle::wait_for_signal;

/// How the demo is played.
#[derive(Debug, Clone)]
pub struct Options {
    /// One JSON line a step instead of text for people.
    pub json: bool,
    /// Leave everything running until Ctrl-C.
    pub keep: bool,
    /// A connector that is built already.
    pub connector: Option<PathBuf>,
    /// Our own file, from which the broker is started.
    pub executable: PathBuf,
    /// The folders of `PATH`.
    pub path: Vec<PathBuf>,
}

/// Plays the demo. Tells whether every check held; a process or a file is left behind in no case.
pub async fn run(options: Options, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    let mut report = Report::new(out, options.json);
    let mut stage = None;
    let outcome = tokio::select! {
        outcome = play(&options, &mut stage, &mut report) => outcome,
        signal = wait_for_signal() => signal.and_then(|()| Err(anyhow::anyhow!("interrupted"))),
    };
    if let Err(e) = &outcome {
        report.check("the story was played to its end", false, &format!("{e:#}"));
        if let Some(stage) = &stage {
            report.step(&format!("the end of the broker's log:\n{}", broker::tail(&stage.log())));
        }
    }
    if let Some(stage) = stage {
        if options.keep && outcome.is_ok() {
            keep(&stage, &mut report).await?;
        }
        report.busy("clearing away");
        let cleared = stage.close().await;
        report.idle();
        if let Err(e) = cleared {
            report.check("nothing is left behind", false, &format!("{e:#}"));
        }
    }
    Ok(report.finish())
}

async fn play(options: &Options, slot: &mut Option<Stage>, report: &mut Report<'_>) -> anyhow::Result<()> {
    let stage = slot.insert(Stage::set(options, report).await?);
    story1::play(stage, report).await?;
    story2::play(stage, report).await?;
    story3::play(stage, report).await?;
    story4::play(stage, report).await?;
    story5::play(stage, report).await
}

/// Says where everything is, and waits.
async fn keep(stage: &Stage, report: &mut Report<'_>) -> anyhow::Result<()> {
    let profiles = stage.folder().join("profiles");
    report.step(&format!(
        "the broker stays at {} (process {}), its log in {}",
        stage.url(),
        stage.broker_id().unwrap_or(0),
        stage.log().display()
    ));
    report.step(&format!(
        "PostgreSQL stays at {}:{}, its log in {}",
        stage.cluster.host(),
        stage.cluster.port(),
        stage.cluster.log_path().display()
    ));
    report.step(&format!("play on as anybody: HALLPASS_HOME={} hallpass --as bob inbox", profiles.display()));
    report.step("Ctrl-C ends it and clears everything away");
    wait_for_signal().await
}
