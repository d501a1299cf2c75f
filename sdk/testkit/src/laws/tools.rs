//! A tool does what it is described as, and says truthfully what became of it.

use super::twice::difference;
use crate::bench::{Bench, Law, broken, run, said};
use crate::fixture::ToolCall;
use crate::subject::{Effect, Run, Tool, ToolOutcome};
use crate::world::Fault;

const ITEM: &str = "tools.call";

pub(super) fn skip(bench: &Bench<'_>) -> Option<&'static str> {
    (!bench.surface().tools).then_some("it does not export `tools`")
}

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    let described =
        bench.scene().describe(&run(1)).await.map_err(|failure| {
            broken("describe.describe", format!("it fails: {}", said(&failure)), "A connector with tools describes them")
        })?;
    for tool in &described.tools {
        if !bench.fixture.calls.iter().any(|call| call.tool == tool.name) {
            let what = format!("it has no call of the tool `{}`", tool.name);
            return Err(broken("hallpass:fixture", what, "Add one to `calls` in fixture.json"));
        }
    }
    for call in &bench.fixture.calls {
        let tool = described.tools.iter().find(|tool| tool.name == call.tool).ok_or_else(|| {
            let what = format!("it has a call of the tool `{}`, which is not described", call.tool);
            broken("describe.describe", what, "Describe every tool that can be called")
        })?;
        ordinary(bench, call, tool).await?;
        if tool.changes {
            lost(bench, call).await?;
        }
    }
    if bench.scene().call_tool(&run(1), "no-such-tool", "{}").await.is_ok() {
        return Err(broken(ITEM, "a tool that is not described can be called", "Answer `unsupported` for a name that you do not know"));
    }
    Ok(())
}

async fn ordinary(bench: &Bench<'_>, call: &ToolCall, tool: &Tool) -> Law {
    let arguments = serde_json::Value::Object(call.arguments.clone()).to_string();
    let scene = bench.scene();
    let before = scene.state();
    let dry = Run { dry_run: true, ..run(1) };
    let _ = scene.call_tool(&dry, &call.tool, &arguments).await;
    if scene.state() != before {
        let what = format!("a dry run of `{}` changes the target: {}", call.tool, difference(&before, &scene.state()));
        return Err(broken(ITEM, what, "Ask `invocation.dry-run` before anything that changes the target"));
    }
    scene.call_tool(&run(2), &call.tool, &arguments).await.map_err(|failure| {
        let what = format!("`{}` was called in a world where nothing goes wrong, and failed: {}", call.tool, said(&failure));
        broken(ITEM, what, "Make it succeed, or complete the fixture")
    })?;
    if !tool.changes && scene.state() != before {
        let what = format!("`{}` is described as a read and changes the target: {}", call.tool, difference(&before, &scene.state()));
        return Err(broken("describe.tool", what, "Describe its side effect as `write` or `destructive`"));
    }
    if bench.surface().tool_outcomes
        && let Ok(ToolOutcome::NotDone) = scene.tool_outcome(&run(3), 2).await
        && tool.changes
    {
        let what = format!("`{}` was done, and its outcome is told as `not-done`", call.tool);
        return Err(broken("tool-outcomes.observe", what, "Find the operation in the target by its id; in doubt it is `unknown`"));
    }
    Ok(())
}

/// A reply that is lost: what is said of the effect, then and later, is true.
async fn lost(bench: &Bench<'_>, call: &ToolCall) -> Law {
    let arguments = serde_json::Value::Object(call.arguments.clone()).to_string();
    let steps = {
        let scene = bench.scene();
        let _ = scene.call_tool(&run(2), &call.tool, &arguments).await;
        scene.trace()
    };
    for (n, step) in steps.iter().enumerate() {
        for fault in [Fault::Lose, Fault::LoseReply] {
            let scene = bench.scene();
            let before = scene.state();
            let story = format!("`{}` ({step} {fault})", call.tool);
            scene.strike(n, fault);
            let done = scene.call_tool(&run(2), &call.tool, &arguments).await;
            let changed = scene.state() != before;
            if let Err(failure) = &done
                && failure.effect == Effect::None
                && changed
            {
                let what = format!("{story} ends in {}, and yet {}", said(failure), difference(&before, &scene.state()));
                return Err(broken(ITEM, what, "In doubt the effect is `unknown`"));
            }
            if !bench.surface().tool_outcomes || done.is_ok() {
                continue;
            }
            let wrong = match scene.tool_outcome(&run(3), 2).await {
                Ok(ToolOutcome::Done(_)) if !changed => "done",
                Ok(ToolOutcome::NotDone) if changed => "not-done",
                _ => continue,
            };
            let what = format!("{story}, and its outcome is told as `{wrong}`, which is not so");
            return Err(broken("tool-outcomes.observe", what, "Find the operation in the target by its id; in doubt it is `unknown`"));
        }
    }
    Ok(())
}
