//! Guests that misbehave, as the files that an operator would load.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The world of a guest that is written as text: the two interfaces that every connector exports, and what guests import. What one does
/// not use is not in its file.
const WORLD: &str = "package test:hostile;

world guest {
    import hallpass:connector/host@0.1.0;
    import hallpass:connector/secrets@0.1.0;
    import hallpass:connector/sql@0.1.0;
    import wasi:cli/environment@0.2.0;
    import wasi:cli/exit@0.2.0;
    import wasi:cli/stdout@0.2.0;
    import wasi:clocks/monotonic-clock@0.2.12;
    import wasi:clocks/wall-clock@0.2.0;
    import wasi:filesystem/preopens@0.2.0;
    import wasi:random/random@0.2.0;
    import wasi:random/insecure@0.2.0;
    import wasi:random/insecure-seed@0.2.0;
    export hallpass:connector/health@0.1.0;
    export hallpass:connector/grants@0.1.0;
}

package wasi:cli@0.2.0 {
    interface environment {
        get-environment: func() -> list<tuple<string, string>>;
        get-arguments: func() -> list<string>;
        initial-cwd: func() -> option<string>;
    }
    interface exit { exit: func(status: result); }
    interface stdout {
        use wasi:io/streams@0.2.12.{output-stream};
        get-stdout: func() -> output-stream;
    }
}

package wasi:clocks@0.2.0 {
    interface wall-clock {
        record datetime { seconds: u64, nanoseconds: u32 }
        now: func() -> datetime;
    }
}

package wasi:filesystem@0.2.0 {
    interface types { resource descriptor; }
    interface preopens {
        use types.{descriptor};
        get-directories: func() -> list<tuple<descriptor, string>>;
    }
}

package wasi:random@0.2.0 {
    interface random {
        get-random-bytes: func(len: u64) -> list<u8>;
        get-random-u64: func() -> u64;
    }
    interface insecure {
        get-insecure-random-bytes: func(len: u64) -> list<u8>;
        get-insecure-random-u64: func() -> u64;
    }
    interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
}
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The connector `guests`, whose setting `behaviour` names a file of `guests/src/behaviours`. Built once a run.
pub fn guests() -> Arc<Vec<u8>> {
    static BUILT: OnceLock<Arc<Vec<u8>>> = OnceLock::new();
    let build = || {
        let options = hallpass_build::Options::from_environment().unwrap();
        let built = hallpass_build::build(&root().join("guests"), &options, &mut |line| eprintln!("{line}"));
        Arc::new(built.unwrap_or_else(|e| panic!("{e}")).bytes)
    };
    Arc::clone(BUILT.get_or_init(build))
}

/// The component of the guests that speak HTTP, without a manifest. Built once a run.
pub fn http_component() -> Vec<u8> {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    let build = || {
        let options = hallpass_build::Options::from_environment().unwrap();
        let built = hallpass_build::component(&root().join("guests/http"), &options, &mut |line| eprintln!("{line}"));
        built.unwrap_or_else(|e| panic!("{e}"))
    };
    BUILT.get_or_init(build).clone()
}

/// The connector `guests-over-http`, whose setting `behaviour` names a file of `guests/http/src/behaviours`.
pub fn guests_over_http() -> Vec<u8> {
    hallpass_build::embed(http_component(), http_manifest().as_bytes(), b"{\"rules\":[]}")
}

/// Its manifest.
pub fn http_manifest() -> String {
    std::fs::read_to_string(root().join("guests/http/manifest.json")).unwrap()
}

/// The same code under another name, of as many letters: another file, another digest, another connector.
pub fn guests_as(name: &str) -> Vec<u8> {
    renamed(&guests(), "guests", name)
}

/// A plugin file whose manifest has another name, of as many letters.
pub fn renamed(file: &[u8], old: &str, new: &str) -> Vec<u8> {
    let [old, new] = [old, new].map(|name| format!(r#""name": "{name}""#));
    assert_eq!(old.len(), new.len(), "{new}");
    let at = file.windows(old.len()).position(|window| window == old.as_bytes()).expect("the manifest is in the file");
    let mut file = file.to_vec();
    file[at..at + old.len()].copy_from_slice(new.as_bytes());
    file
}

/// The manifest of the guests, under another name.
pub fn manifest(name: &str) -> String {
    let text = std::fs::read_to_string(root().join("guests/manifest.json")).unwrap();
    text.replace(r#""name": "guests""#, &format!(r#""name": "{name}""#))
}

/// The guest of `guests/wat/<name>.wat`: a core module is made a component, a component is taken as it is; both get a manifest.
pub fn written(name: &str) -> Vec<u8> {
    written_as(name, &name.replace('_', "-"))
}

/// The same, as a connector of another name.
pub fn written_as(name: &str, connector: &str) -> Vec<u8> {
    let path = root().join("guests/wat").join(format!("{name}.wat"));
    let bytes = wat::parse_file(&path).unwrap_or_else(|e| panic!("{e}"));
    let component = if bytes.get(4..8) == Some(&[1, 0, 0, 0]) { encoded(bytes) } else { bytes };
    hallpass_build::embed(component, manifest(connector).as_bytes(), b"{\"rules\":[]}")
}

/// A core module as a component of `WORLD`.
pub fn encoded(mut module: Vec<u8>) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_dir(root().parent().unwrap().join("wit")).unwrap();
    let package = resolve.push_str("hostile.wit", WORLD).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap_or_else(|e| panic!("{e:#}"))
}
