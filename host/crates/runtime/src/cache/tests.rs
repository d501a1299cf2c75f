//! Laws of the cache: nothing runs from disk that this installation did not put there.

use super::*;

/// The smallest component: an empty one.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn engine() -> Engine {
    crate::engine::start(&crate::limits::Limits::default(), &crate::turns::Ticks::default()).unwrap()
}

fn keep(cache: &Cache, engine: &Engine, digest: &Digest) {
    cache.put(engine, digest, &engine.precompile_component(EMPTY).unwrap()).unwrap();
}

fn key(byte: u8) -> SecretBytes {
    SecretBytes::new(vec![byte; 32])
}

#[test]
fn altered_code_is_never_loaded_and_is_replaced() {
    let (folder, engine, digest) = (tempfile::tempdir().unwrap(), engine(), Digest::of(EMPTY));
    let cache = Cache::open(folder.path(), key(1), &engine).unwrap();
    keep(&cache, &engine, &digest);
    let path = cache.path(&digest);
    let good = fs::read(&path).unwrap();
    assert!(cache.read(&path).is_some());
    for at in [0, MAC_BYTES, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(cache.read(&path).is_none(), "byte {at}");
    }
    fs::write(&path, &good[..MAC_BYTES - 1]).unwrap();
    assert!(cache.read(&path).is_none(), "cut short");
    assert!(cache.get(&engine, &digest).is_none());
    keep(&cache, &engine, &digest);
    assert!(cache.get(&engine, &digest).is_some(), "replaced");
}

#[test]
fn code_under_another_name_or_key_does_not_verify() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), engine());
    let cache = Cache::open(folder.path(), key(1), &engine).unwrap();
    let digest = Digest::of(EMPTY);
    keep(&cache, &engine, &digest);
    let other = cache.path(&Digest::of(b"another connector"));
    fs::copy(cache.path(&digest), &other).unwrap();
    assert!(cache.read(&other).is_none());
    let stranger = Cache::open(folder.path(), key(2), &engine).unwrap();
    assert!(stranger.read(&stranger.path(&digest)).is_none());
}

/// An engine of other settings, and one for a processor without what this one has beyond its family.
fn others() -> [Engine; 2] {
    let mut settings = wasmtime::Config::new();
    settings.consume_fuel(true);
    let mut processor = wasmtime::Config::new();
    processor.target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH)).unwrap();
    processor.epoch_interruption(true);
    [settings, processor].map(|config| Engine::new(&config).unwrap())
}

#[test]
fn code_for_another_engine_or_processor_has_another_name_and_another_mac() {
    let (folder, engine, digest) = (tempfile::tempdir().unwrap(), engine(), Digest::of(EMPTY));
    let cache = Cache::open(folder.path(), key(1), &engine).unwrap();
    keep(&cache, &engine, &digest);
    for other in others() {
        let there = Cache::open(folder.path(), key(1), &other).unwrap();
        assert_ne!(there.path(&digest), cache.path(&digest));
        assert!(there.get(&other, &digest).is_none(), "it is compiled anew");
        fs::copy(cache.path(&digest), there.path(&digest)).unwrap();
        assert!(there.read(&there.path(&digest)).is_none(), "under its own name it does not verify");
    }
}

#[test]
fn code_that_verifies_and_does_not_fit_the_engine_is_made_anew() {
    let (folder, engine, digest) = (tempfile::tempdir().unwrap(), engine(), Digest::of(EMPTY));
    let cache = Cache::open(folder.path(), key(1), &engine).unwrap();
    let [other, _] = others();
    cache.write(&cache.path(&digest), &other.precompile_component(EMPTY).unwrap()).unwrap();
    assert!(cache.read(&cache.path(&digest)).is_some(), "it is ours");
    assert!(cache.get(&engine, &digest).is_none(), "and not for this engine");
    keep(&cache, &engine, &digest);
    assert!(cache.get(&engine, &digest).is_some(), "replaced");
}

#[test]
fn what_is_unloaded_leaves_no_code_on_disk() {
    let (folder, engine, digest) = (tempfile::tempdir().unwrap(), engine(), Digest::of(EMPTY));
    let cache = Cache::open(folder.path(), key(1), &engine).unwrap();
    keep(&cache, &engine, &digest);
    assert!(cache.path(&digest).exists());
    cache.remove(&digest);
    assert!(!cache.path(&digest).exists());
    cache.remove(&digest);
}

#[test]
fn the_folder_and_its_files_are_for_one_user() {
    let (parent, engine) = (tempfile::tempdir().unwrap(), engine());
    let folder = parent.path().join("a/b");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let cache = Cache::open(&folder, key(1), &engine).unwrap();
    let digest = Digest::of(EMPTY);
    keep(&cache, &engine, &digest);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&cache.path(&digest))), (0o700, 0o600));
}
