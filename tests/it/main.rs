//! The one test binary: `cargo test -p hallpass-tests crash` runs one suite of it.
//!
//! `cfg(test)` tells the lints what the target already knows: all of this is test code, helpers and macros included.

#[cfg(test)]
mod authoring;
#[cfg(test)]
mod authz;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod plugins;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod store;
#[cfg(test)]
mod tidy;

#[cfg(test)]
use hallpass_tests::server;

/// Not a test of its own: what a test starts as another process. Without arguments it does nothing.
#[test]
fn server_process() {
    #[expect(clippy::disallowed_methods, reason = "the arguments come from the process that starts this one")]
    let told = |name| std::env::var(name).ok();
    let words = |text: String| text.split_terminator('\u{1f}').map(str::to_owned).collect();
    let arguments: Option<Vec<String>> = told(server::ARGUMENTS).map(|text| serde_json::from_str(&text).unwrap());
    let Some(arguments) = arguments.or_else(|| told(server::WORDS).map(words)) else { return };
    let arguments: Vec<std::ffi::OsString> =
        std::iter::once("hallpass".into()).chain(arguments.into_iter().skip_while(|word| word == "hallpass").map(Into::into)).collect();
    let environment = match told(server::HOME) {
        Some(home) => hallpass::config::Environment::of([("HALLPASS_HOME", &home)]),
        None => hallpass::config::Environment::of([]),
    };
    let exit: std::process::ExitCode = hallpass::cli::run(arguments, environment, &mut std::io::stdout(), &mut std::io::stderr()).into();
    assert_eq!(format!("{exit:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
}

/// Not a test of its own: the broker of a test compiles connectors in a process apart, which is this binary with this one argument.
#[test]
fn compile_connector() {
    let mut arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let started_by_a_broker = arguments == [hallpass_runtime::COMPILER_ARGUMENT] && !std::io::IsTerminal::is_terminal(&std::io::stdin());
    if started_by_a_broker {
        arguments.insert(0, "hallpass".into());
        let environment = hallpass::config::Environment::of([]);
        let exit: std::process::ExitCode =
            hallpass::cli::run(arguments, environment, &mut std::io::stdout(), &mut std::io::stderr()).into();
        assert_eq!(format!("{exit:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    }
}
