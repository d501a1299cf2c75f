//! How soon a connector that was compiled before is ready in a new process: its artifact read and authenticated, linked, and called
//! for the first time.

use std::sync::Arc;

use hallpass_build::{Error, Language, Options, Project, build, create};
use hallpass_domain::ids::Digest;
use hallpass_domain::port::{Connector as _, Endpoint, Invocation};
use hallpass_domain::secret::SecretText;
use hallpass_tests::guests::guests;
use tempfile::TempDir;

use crate::guests::call;
use crate::stage::{folder, keyring, runtime};
use crate::stats::{Series, heading, now};

/// The name of what [`template`] builds.
pub(crate) const NAME: &str = "bench";
const TIMES: usize = 40;

pub(crate) fn run() {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let others = [("JavaScript", Language::JavaScript), ("Python", Language::Python)].map(|(name, language)| (name, template(language)));
    println!("{}", heading());
    tokio.block_on(async {
        measure("Rust", &guests(), 10).await;
        for (name, file) in &others {
            match file {
                Ok(file) => measure(name, file, 100).await,
                Err(error) => println!("{name}: not measured, it was not built: {error}"),
            }
        }
    });
}

/// What `hallpass connector new` writes in this language, built. It needs the language's own tools, and the network for the first time.
pub(crate) fn template(language: Language) -> Result<Vec<u8>, Error> {
    let folder = folder();
    create(&Project { name: NAME, publisher: None, language }, folder.path())?;
    Ok(build(folder.path(), &Options::from_environment()?, &mut |line| eprintln!("{line}"))?.bytes)
}

/// A health check of a target that is on no network that the call may reach.
fn first_call(connector: Digest) -> Invocation {
    let call = call(connector, "do_nothing");
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut endpoint = Endpoint::clone(&call.endpoint);
    endpoint.settings.extend([setting("url", "http://127.0.0.1:9"), setting("user", "bench")]);
    endpoint.secrets.insert("password".to_owned(), SecretText::new("bench".to_owned()));
    Invocation { endpoint: Arc::new(endpoint), ..call }
}

async fn measure(language: &str, file: &[u8], asked_ms: u64) {
    let (folder, keyring): (TempDir, Arc<_>) = (folder(), Arc::new(keyring()));
    let fill = runtime(folder.path().to_owned(), &keyring);
    let compiling = now();
    fill.load(file).await.unwrap();
    let compiled = now() - compiling;
    drop(fill);
    let mut parts: [Series; 4] = Default::default();
    for _ in 0..TIMES {
        let begun = now();
        let fresh = runtime(folder.path().to_owned(), &keyring);
        let started = now();
        let digest = fresh.load(file).await.unwrap().digest;
        let loaded = now();
        let said = fresh.health(&first_call(digest)).await;
        assert!(said.is_ok() || said.is_err_and(|failure| failure.code == "no-answer"), "the guest said what it saw");
        let called = now();
        let each = [called - started, loaded - started, called - loaded, started - begun];
        parts.iter_mut().zip(each).for_each(|(series, time)| series.push(time));
    }
    let ready = format!("{language}: cached, until the first call is done");
    for (name, series) in
        [&ready, "  load: read, authenticate, link", "  first call", "  the engine's own start, not in it"].iter().zip(&parts)
    {
        println!("{}", series.line(name));
    }
    let kept: u64 = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    println!(
        "  asked for: {asked_ms} ms; {} KiB, compiled {} KiB; not cached, it compiles for {:.0} ms",
        file.len() / 1024,
        kept / 1024,
        compiled.as_secs_f64() * 1e3
    );
}
