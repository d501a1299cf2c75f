//! Story 5: the log is proven whole, and every way of tampering with it is found and named.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::Value;

use super::report::Report;
use super::stage::{MOMENT, Stage, eventually};
use super::tamper;
use crate::client::Look as _;

pub(super) async fn play(stage: &mut Stage, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.story(5, "The log is proven whole, and tampering with it is found and named");
    let kept = whole(stage, report).await?;
    report.busy("copying the data folder");
    stage.broker().stop().await?;
    tampered(stage, report, &kept).await?;
    report.idle();
    // Whoever keeps the demo running wants its broker back.
    stage.start_broker(None).await
}

/// Proven on the running broker; its checkpoint is kept elsewhere.
async fn whole(stage: &Stage, report: &mut Report<'_>) -> anyhow::Result<PathBuf> {
    let admin = &stage.people.admin;
    let sequenced = eventually(MOMENT, || async {
        let log = admin.verify_log(None).await?;
        Ok(log.says("whole") && log.at("unsequenced").as_array().is_some_and(Vec::is_empty) && log.number("uncovered") == Some(0))
    })
    .await?;
    let log = admin.verify_log(None).await?;
    report.check("the log is whole against its signed checkpoint", sequenced, &format!("{} leaves", log.at("size")));
    let kept = stage.folder().join("kept-elsewhere");
    std::fs::write(&kept, admin.checkpoint().await?)?;
    report.step("the checkpoint is kept elsewhere; the log goes on");
    // One more event, so that the checkpoint kept elsewhere is older than the log.
    admin.add_principal("user", "erin", None).await?;
    let note = std::fs::read_to_string(&kept)?;
    let still = admin.verify_log(Some(&note)).await?;
    report.check("and against the checkpoint kept elsewhere, which is older", still.says("whole"), "");
    Ok(kept)
}

/// Copies of the data folder, each tampered with in another way.
async fn tampered(stage: &Stage, report: &mut Report<'_>, kept: &Path) -> anyhow::Result<()> {
    let copy = |name: &str| -> anyhow::Result<PathBuf> {
        let copy = stage.folder().join(name);
        copy_folder(&stage.data(), &copy)?;
        Ok(copy)
    };
    let untouched = copy("copy-untouched")?;
    let fine = verify(stage, &untouched, Some(kept)).await?;
    report.check("an untouched copy of the data folder is whole, offline", fine.0 && fine.1.says("whole"), "");

    let altered = copy("copy-altered")?;
    tamper::alter_byte(&altered).await?;
    found(stage, report, "one altered byte is found", &altered, None, "altered-leaf").await?;

    let cut = copy("copy-cut")?;
    tamper::cut_tail(&cut, false).await?;
    found(stage, report, "a cut tail is found", &cut, None, "cut-tail").await?;

    let covered = copy("copy-covered")?;
    tamper::cut_tail(&covered, true).await?;
    found(stage, report, "a tail cut together with its checkpoints is found by the one kept elsewhere", &covered, Some(kept), "cut-tail")
        .await?;

    let rewritten = copy("copy-rewritten")?;
    tamper::rewrite(&rewritten).await?;
    found(stage, report, "a rewritten tree, in which every digest fits, is found", &rewritten, None, "rewritten-tree").await?;

    let signed = copy("copy-signed")?;
    tamper::rewrite_and_sign(&signed).await?;
    let what = "a rewritten tree signed with the broker's own stolen keys is found by the checkpoint kept elsewhere";
    found(stage, report, what, &signed, Some(kept), "rewritten-tree").await
}

async fn found(stage: &Stage, report: &mut Report<'_>, what: &str, data: &Path, kept: Option<&Path>, kind: &str) -> anyhow::Result<()> {
    let (success, outcome) = verify(stage, data, kept).await?;
    let finding = outcome.items("findings").iter().find(|finding| finding.at("kind") == kind);
    let detail = finding.map_or_else(|| outcome.to_string(), |f| f.word("detail").to_owned());
    report.check(what, !success && finding.is_some(), &detail);
    Ok(())
}

/// `hallpass audit verify --data COPY`, as an auditor would run it.
async fn verify(stage: &Stage, data: &Path, kept: Option<&Path>) -> anyhow::Result<(bool, Value)> {
    let mut command = tokio::process::Command::new(&stage.options.executable);
    command.env_clear().args(["audit", "verify", "--json", "--data"]).arg(data);
    if let Some(kept) = kept {
        command.arg("--checkpoint").arg(kept);
    }
    let out = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let document = serde_json::from_slice(&out.stdout)
        .with_context(|| format!("hallpass audit verify said: {}", String::from_utf8_lossy(&out.stderr)))?;
    Ok((out.status.success(), document))
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
