//! The components of `tests/violations`: connectors that break one law each.

use std::path::Path;
use std::sync::Arc;

use hallpass_domain::ids::Digest;
use hallpass_testkit::Report;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::bench::Bench;

/// A component, loaded once: a call has a sandbox of its own anyhow.
pub(super) struct Planted {
    folder: &'static str,
    file: OnceCell<Arc<[u8]>>,
    loaded: OnceCell<(Bench, Digest)>,
}

/// The one that talks to a database.
pub(super) static SQL: Planted = Planted { folder: "violations", file: OnceCell::const_new(), loaded: OnceCell::const_new() };
/// The one that speaks HTTP.
pub(super) static HTTP: Planted = Planted { folder: "violations/http", file: OnceCell::const_new(), loaded: OnceCell::const_new() };

impl Planted {
    pub(super) async fn file(&self) -> &[u8] {
        let folder = self.folder;
        self.file.get_or_init(|| async { tokio::task::spawn_blocking(move || build(folder)).await.unwrap() }).await
    }

    pub(super) async fn bench(&self) -> &(Bench, Digest) {
        let load = || async {
            let bench = Bench::new();
            let digest = bench.load(self.file().await).await;
            (bench, digest)
        };
        self.loaded.get_or_init(load).await
    }

    /// The report on a violation, with the fixture changed in other ways too.
    pub(super) async fn report(&self, violation: &str, change: impl FnOnce(&mut Value)) -> Report {
        let (bench, digest) = self.bench().await;
        let mut fixture: Value = serde_json::from_slice(&bench.runtime.fixture(digest).unwrap()).unwrap();
        fixture["target"]["settings"]["violation"] = json!(violation);
        change(&mut fixture);
        bench.report(digest, fixture.to_string().as_bytes()).await
    }

    /// The violation breaks the law, in this item of the WIT.
    pub(super) async fn is_caught(&self, violation: &str, law: &str, item: &str) {
        let report = self.report(violation, |_| {}).await;
        let found = report.broken().find(|(checked, _)| checked.law == law);
        let (_, finding) = found.unwrap_or_else(|| panic!("{violation} passes the law {law}; what was found: {}", report.problems()));
        assert_eq!(finding.item, item, "{finding:?}");
        assert!(!finding.what.is_empty() && !finding.mend.is_empty());
    }
}

fn build(folder: &str) -> Arc<[u8]> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = hallpass_build::Options::from_environment().unwrap();
    // One standard library for WebAssembly is enough.
    options.target_dir = Some(root.parent().unwrap().join("plugins/target"));
    let built = hallpass_build::build(&root.join(folder), &options, &mut |line| eprintln!("{line}"));
    built.unwrap_or_else(|e| panic!("{e}")).bytes.into()
}
