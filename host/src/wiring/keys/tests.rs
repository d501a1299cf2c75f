//! Which master key opens which database.

use std::path::Path;
use std::sync::Arc;

use hallpass_broker::SystemClock;
use hallpass_domain::rng::SystemRng;
use hallpass_keyring::KeyKind;

use super::*;

async fn store(data: &Path) -> Store {
    let which = hallpass_store::Config::Sqlite { dir: data.to_owned(), max_page_count: None };
    Store::open(which, Arc::new(SystemClock), Arc::new(SystemRng)).await.unwrap()
}

fn file(data: &Path) -> MasterSource {
    MasterSource::File(data.join("master.key"))
}

async fn load(data: &Path) -> Result<Keys, KeysError> {
    let store = store(data).await;
    let keys = Keys::load(&store, &file(data), &SystemRng).await;
    store.close().await;
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_makes_its_keys_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = load(folder.path()).await.ok().unwrap();
    let again = load(folder.path()).await.ok().unwrap();
    let public = |keys: &Keys| hallpass_domain::secret::Signer::public_key(keys.signing.current(KeyKind::Audit).unwrap());
    assert_eq!(public(&first), public(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_master_key_a_database_stays_closed_and_no_new_key_is_made() {
    let folder = tempfile::tempdir().unwrap();
    drop(load(folder.path()).await.ok().unwrap());
    let key = folder.path().join("master.key");
    std::fs::rename(&key, folder.path().join("elsewhere")).unwrap();
    let text = load(folder.path()).await.err().unwrap().to_string();
    assert!(text.contains("missing") && text.contains("bring the file back"), "{text}");
    assert!(!key.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_refused_by_its_fingerprint() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(load(one.path()).await.ok().unwrap());
    drop(load(two.path()).await.ok().unwrap());
    std::fs::copy(two.path().join("master.key"), one.path().join("master.key")).unwrap();
    assert!(matches!(load(one.path()).await, Err(KeysError::Other { .. })));
}
