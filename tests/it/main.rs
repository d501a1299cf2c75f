//! The one test binary: `cargo test -p hallpass-tests crash` runs one suite of it.
//!
//! `cfg(test)` tells the lints what the target already knows: all of this is test code, helpers and macros included.

#[cfg(test)]
mod authz;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod plugins;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod store;
#[cfg(test)]
mod tidy;

/// Not a test of its own: what a test starts as another process. Without arguments it does nothing.
#[test]
fn server_process() {
    #[expect(clippy::disallowed_methods, reason = "the arguments come from the process that starts this one")]
    let Ok(arguments) = std::env::var(hallpass_tests::server::ARGUMENTS) else { return };
    let arguments: Vec<std::ffi::OsString> = serde_json::from_str::<Vec<String>>(&arguments).unwrap().into_iter().map(Into::into).collect();
    let environment = hallpass::config::Environment::of([]);
    let exit: std::process::ExitCode = hallpass::cli::run(arguments, environment, &mut std::io::stdout(), &mut std::io::stderr()).into();
    assert_eq!(format!("{exit:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
}
