//! Which addresses a client may be pointed at.

use url::{Host, Url};

/// A broker's address that is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is no usable address of a broker: {rule}; write it like https://hallpass.example")]
pub struct AddressError {
    /// What was given, without a password in it.
    pub address: String,
    /// What it must be.
    pub rule: &'static str,
}

/// Parses and judges the address. The result has no slash at its end.
pub(crate) fn parse(text: &str) -> Result<Url, AddressError> {
    let wrong = |rule| AddressError { address: shown(text), rule };
    let url = Url::parse(text).map_err(|_| wrong("it does not parse"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it must not carry a name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must not have a query or a fragment"));
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if is_this_machine(&host) => Ok(url),
        ("http", Some(_)) => Err(wrong("plain http is for this machine only, another one needs https")),
        _ => Err(wrong("it must begin with https://")),
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// What may stand in an error: nothing before an `@`.
fn shown(text: &str) -> String {
    let text = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_to_this_machine_only() {
        for good in [
            "https://hallpass.example",
            "https://hallpass.example:8443/broker",
            "http://127.0.0.1:7000",
            "http://localhost:1",
            "http://[::1]:80",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://hallpass.example",
            "http://10.0.0.1",
            "http://localhost.example",
            "http://[::2]",
            "ftp://localhost",
            "file:///etc/passwd",
            "hallpass",
            "",
            "https://",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_carries_nothing_else_and_errors_show_no_password() {
        for bad in [
            "https://bob:hush@hallpass.example",
            "https://bob@hallpass.example",
            "https://hallpass.example?a=b",
            "https://hallpass.example#a",
        ] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
