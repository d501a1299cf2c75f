//! From a target's settings to the options of a connection. TLS is `verify-full` unless nothing leaves the machine.

use std::net::IpAddr;

use hallpass_domain::port::{Endpoint, Failure, FailureKind};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::manifest::Manifest;

/// Set in every session, whatever role or database would set otherwise. They are options of the start-up packet, so that
/// `RESET ALL` returns to them.
const PINNED: [(&str, &str); 4] = [
    ("search_path", "pg_catalog,pg_temp"),
    ("standard_conforming_strings", "on"),
    // Notices may quote names and values, and would reach the driver's log.
    ("client_min_messages", "error"),
    ("default_transaction_isolation", "read committed"),
];

/// The name of a session that changes nothing.
pub(crate) const APPLICATION: &str = "hallpass";

fn wrong(endpoint: &Endpoint, message: &str) -> Failure {
    Failure::none(FailureKind::InvalidInput, "bad-setting", format!("the target `{}` {message}", endpoint.name))
}

/// The database of calls that name no other.
pub(crate) fn home(manifest: &Manifest, endpoint: &Endpoint) -> Result<String, Failure> {
    manifest
        .setting(endpoint, "database")
        .filter(|d| !d.is_empty())
        .ok_or_else(|| wrong(endpoint, "has no setting `database`: name the database to connect to where a resource names none"))
}

/// Options for a connection to `database`. The password is in them: they must never be printed.
pub(crate) fn options(manifest: &Manifest, endpoint: &Endpoint, database: &str) -> Result<PgConnectOptions, Failure> {
    let setting = |key: &str| manifest.setting(endpoint, key).filter(|v| !v.is_empty());
    let need = |key: &str| setting(key).ok_or_else(|| wrong(endpoint, &format!("has no setting `{key}`: add it")));
    let host = need("host")?;
    let port = match setting("port") {
        None => 5432,
        Some(text) => text
            .parse::<u16>()
            .ok()
            .filter(|p| *p > 0)
            .ok_or_else(|| wrong(endpoint, "has a setting `port` that is no number from 1 to 65535"))?,
    };
    if [&host, database].iter().any(|t| t.contains('\0')) {
        return Err(wrong(endpoint, "has a setting with a NUL character"));
    }
    let mode = tls(&host, setting("tls").as_deref()).map_err(|message| wrong(endpoint, message))?;
    // Every field that the environment could have filled is set here; the password file is not read.
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&host)
        .port(port)
        .username(&need("user")?)
        .password(endpoint.secrets.get("password").filter(|_| manifest.login_secret("password")).map_or("", |s| s.expose()))
        .database(database)
        .ssl_mode(mode)
        .application_name(APPLICATION)
        .statement_cache_capacity(0)
        .options(PINNED)
        .disable_statement_logging();
    if let Some(pem) = setting("root_certificate") {
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(wrong(endpoint, "has a `root_certificate` that is not PEM: paste the text from BEGIN to END CERTIFICATE"));
        }
        options = options.ssl_root_cert_from_pem(pem.into_bytes());
    }
    Ok(options)
}

/// The driver's mode for the setting `tls`.
fn tls(host: &str, setting: Option<&str>) -> Result<PgSslMode, &'static str> {
    let local = host.starts_with('/');
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    match setting {
        // Inside a socket of this machine there is no name to verify, and the server offers no TLS.
        None | Some("verify-full" | "off") if local => Ok(PgSslMode::Disable),
        Some("off") if loopback => Ok(PgSslMode::Disable),
        Some("off") => Err("has `tls` off, which is allowed only for a unix socket or a loopback address: set `verify-full`"),
        None | Some("verify-full") => Ok(PgSslMode::VerifyFull),
        Some(_) => Err("has a setting `tls` that is neither `verify-full` nor `off`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_verified_wherever_bytes_leave_the_machine() {
        let is = |host, setting, mode: PgSslMode| format!("{:?}", tls(host, setting).unwrap()) == format!("{mode:?}");
        assert!(is("db.example.com", None, PgSslMode::VerifyFull));
        assert!(is("127.0.0.1", None, PgSslMode::VerifyFull));
        assert!(is("127.0.0.1", Some("off"), PgSslMode::Disable));
        assert!(is("::ffff:127.0.0.1", Some("off"), PgSslMode::Disable));
        assert!(is("/run/postgresql", None, PgSslMode::Disable));
        for (host, setting) in [("db.example.com", "off"), ("10.0.0.1", "off"), ("localhost.example.com", "off"), ("db", "prefer")] {
            assert!(tls(host, Some(setting)).is_err(), "{host} {setting}");
        }
    }
}
