//! What somebody with write access to the data folder could do to the log. Used on copies only.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use hallpass_audit::{Checkpoint, Hash, Tree};
use hallpass_broker::SystemClock;
use hallpass_domain::ids::Digest;
use hallpass_domain::rng::SystemRng;
use hallpass_keyring::{KeyKind, MasterSource};
use hallpass_store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::wiring::{self, Keys};

/// How many leaves are cut off.
const CUT: i64 = 5;

async fn open(data: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(data.join("hallpass.db")).disable_statement_logging();
    Ok(SqliteConnection::connect_with(&options).await?)
}

/// A leaf in the middle, with one byte changed.
async fn altered(log: &mut SqliteConnection) -> anyhow::Result<(i64, Vec<u8>)> {
    let row =
        sqlx::query("SELECT seq, bytes FROM events WHERE leaf_index = (SELECT max(leaf_index) / 2 FROM events)").fetch_one(log).await?;
    let (seq, mut bytes): (i64, Vec<u8>) = (row.try_get("seq")?, row.try_get("bytes")?);
    *bytes.last_mut().context("an empty leaf")? ^= 1;
    Ok((seq, bytes))
}

/// Alters one byte of one leaf.
pub(super) async fn alter_byte(data: &Path) -> anyhow::Result<()> {
    let mut log = open(data).await?;
    let (seq, bytes) = altered(&mut log).await?;
    sqlx::query("UPDATE events SET bytes = $1 WHERE seq = $2").bind(bytes).bind(seq).execute(&mut log).await?;
    Ok(log.close().await?)
}

/// Cuts the last leaves off; `covered`: and every checkpoint that knows of them, in the database and beside it.
pub(super) async fn cut_tail(data: &Path, covered: bool) -> anyhow::Result<()> {
    let mut log = open(data).await?;
    let size: i64 = sqlx::query_scalar("SELECT max(leaf_index) + 1 FROM events").fetch_one(&mut log).await?;
    let left = if covered {
        // Down to an older checkpoint, so that what is left fits it.
        let older = "SELECT size FROM checkpoints WHERE size < $1 ORDER BY size DESC LIMIT 1";
        sqlx::query_scalar(older).bind(size - CUT).fetch_one(&mut log).await?
    } else {
        size - CUT
    };
    sqlx::query("DELETE FROM events WHERE leaf_index >= $1").bind(left).execute(&mut log).await?;
    if covered {
        sqlx::query("DELETE FROM checkpoints WHERE size > $1").bind(left).execute(&mut log).await?;
        let note: String = sqlx::query_scalar("SELECT note FROM checkpoints WHERE size = $1").bind(left).fetch_one(&mut log).await?;
        std::fs::write(data.join(wiring::CHECKPOINT), note)?;
    }
    Ok(log.close().await?)
}

/// Alters a leaf and makes everything fit that can be made to fit without a key: its digest, and the state of the tree.
pub(super) async fn rewrite(data: &Path) -> anyhow::Result<()> {
    let mut log = open(data).await?;
    let tree = rewritten(&mut log).await?;
    sqlx::query("UPDATE tree SET bytes = $1").bind(tree.to_bytes()).execute(&mut log).await?;
    Ok(log.close().await?)
}

async fn rewritten(log: &mut SqliteConnection) -> anyhow::Result<Tree> {
    let (seq, bytes) = altered(log).await?;
    let digest = Digest::of(&bytes).to_string();
    sqlx::query("UPDATE events SET bytes = $1, digest = $2 WHERE seq = $3").bind(bytes).bind(digest).bind(seq).execute(&mut *log).await?;
    let leaves: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT bytes FROM events WHERE leaf_index IS NOT NULL ORDER BY leaf_index").fetch_all(&mut *log).await?;
    let mut tree = Tree::new();
    for leaf in &leaves {
        tree.append(Hash::of_leaf(leaf));
    }
    Ok(tree)
}

/// The same, by somebody who also took the master key: the checkpoint is signed anew with the broker's own audit key.
pub(super) async fn rewrite_and_sign(data: &Path) -> anyhow::Result<()> {
    let which = hallpass_store::Config::Sqlite { dir: data.to_owned(), max_page_count: None };
    let store = Store::open(which, Arc::new(SystemClock), Arc::new(SystemRng)).await?;
    let keys = Keys::load(&store, &MasterSource::File(wiring::default_master_key(data)), &SystemRng).await?;
    let origin = hallpass_broker::log_origin(&store);
    store.close().await;
    drop(store);
    let mut log = open(data).await?;
    let tree = rewritten(&mut log).await?;
    let file = data.join(wiring::CHECKPOINT);
    let signer = keys.signing.current(KeyKind::Audit).context("no audit key")?;
    let note = Checkpoint::of(&origin, &tree).sign(signer)?;
    std::fs::write(file, &note)?;
    sqlx::query("DELETE FROM checkpoints").execute(&mut log).await?;
    sqlx::query("INSERT INTO checkpoints (size, root, note, at) VALUES ($1, $2, $3, 0)")
        .bind(i64::try_from(tree.size())?)
        .bind(Digest(tree.root().0).to_string())
        .bind(note)
        .execute(&mut log)
        .await?;
    sqlx::query("UPDATE tree SET bytes = $1").bind(tree.to_bytes()).execute(&mut log).await?;
    Ok(log.close().await?)
}
