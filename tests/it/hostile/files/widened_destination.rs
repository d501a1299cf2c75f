//! A newer version of a connector over HTTP that asks for not one request more: it only sends the credential to one more place.

use hallpass_tests::guests::{http_component, http_manifest};

pub(in super::super) fn make() -> Vec<u8> {
    let manifest = http_manifest().replace(r#""version": "0.1.0""#, r#""version": "0.1.1""#);
    let elsewhere = r#""elsewhere": {"url": {"setting": "elsewhere"}}"#;
    let widened = manifest.replace(elsewhere, r#""elsewhere": {"url": {"setting": "elsewhere"}, "credentials": ["main"]}"#);
    assert_ne!(widened, manifest);
    hallpass_build::embed(http_component(), widened.as_bytes(), b"{\"rules\":[]}")
}
