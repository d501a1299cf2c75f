//! Checks the whole log.

use axum::Json;
use axum::extract::State;
use hallpass_audit::Which;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, OrDefault};
use crate::problem::Problem;

/// What the log is checked against.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogQuestion {
    /// A checkpoint that was kept elsewhere: the whole signed note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// What a check of the log found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogReport {
    /// Nothing is wrong.
    pub whole: bool,
    /// Leaves that are there.
    pub size: u64,
    /// The root over them, base64.
    pub root: String,
    /// The checkpoints that were believed.
    pub checkpoints: Vec<Believed>,
    /// Leaves after the stored checkpoint.
    pub uncovered: u64,
    /// Ids of events that have no index yet.
    pub unsequenced: Vec<String>,
    /// What is wrong, in the order of the log.
    pub findings: Vec<Finding>,
    /// Alterations that are not named one by one.
    pub more_altered: u64,
}

/// A checkpoint that was believed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Believed {
    /// `stored`, `beside` (the file in the data folder) or `external`.
    pub which: String,
    /// Its number of leaves.
    pub size: u64,
}

/// Something that is wrong with the log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// A stable word: `altered-leaf`, `relabelled-leaf`, `altered-value`, `missing-leaf`, `cut-tail`, `rewritten-tree`,
    /// `root-differs`, `rolled-back`, `other-key`, `no-checkpoint` or `unbelievable-checkpoint`.
    pub kind: String,
    /// What it is, with its place.
    pub detail: String,
}

impl From<hallpass_audit::Report> for LogReport {
    fn from(r: hallpass_audit::Report) -> Self {
        let which = |which: Which| match which {
            Which::Stored => "stored",
            Which::Beside => "beside",
            Which::External => "external",
        };
        Self {
            whole: r.is_whole(),
            size: r.size,
            root: r.root.to_string(),
            checkpoints: r.checkpoints.into_iter().map(|(w, size)| Believed { which: which(w).into(), size }).collect(),
            uncovered: r.uncovered,
            unsequenced: r.unsequenced,
            findings: r.findings.into_iter().map(|f| Finding { kind: f.word().into(), detail: f.to_string() }).collect(),
            more_altered: r.more_altered,
        }
    }
}

/// Verify the whole log
///
/// Against its own signed checkpoint, the one in the data folder, and one kept elsewhere where one is sent.
#[utoipa::path(
    post, path = "/v1/audit/verify", tag = "audit", operation_id = "verify_log",
    request_body = Option<LogQuestion>,
    responses((status = 200, description = "What was found; `whole` says whether all is well", body = LogReport)),
    extensions(("x-hallpass-action" = json!("audit.read")))
)]
pub(crate) async fn verify(
    State(app): State<App>,
    Caller(ctx): Caller,
    OrDefault(question): OrDefault<LogQuestion>,
) -> Result<Json<LogReport>, Problem> {
    Ok(Json(app.broker.verify_log(&ctx, question.checkpoint.as_deref()).await?.into()))
}
