//! Guests that bend a request: its head, its path, its method, its framing.

use hallpass_domain::port::Effect;

use super::site::Site;

#[test]
pub(super) fn split_a_header() {
    let ends = Site::open().refuses("split_a_header");
    assert!(ends.iter().all(|end| end == "header-refused"), "the host's own set of headers takes none of them: {ends:?}");
}

#[test]
pub(super) fn split_the_path() {
    Site::open().refuses("split_the_path");
}

#[test]
pub(super) fn override_the_host() {
    Site::open().refuses("override_the_host");
}

#[test]
pub(super) fn override_the_method() {
    Site::open().refuses("override_the_method");
}

#[test]
pub(super) fn ask_by_another_method() {
    Site::open().refuses("ask_by_another_method");
}

#[test]
pub(super) fn leave_the_path() {
    Site::open().refuses("leave_the_path");
}

#[test]
pub(super) fn add_a_query() {
    Site::open().refuses("add_a_query");
}

#[test]
pub(super) fn smuggle_a_request() {
    Site::open().refuses("smuggle_a_request");
}

#[test]
pub(super) fn lie_about_the_length() {
    let site = Site::open();
    site.play("lie_about_the_length").failed("refused", Effect::Partial);
    // The one true length goes out, as the host counts it.
    assert!(site.seen().iter().all(|request| request.contains("content-length: 0\r\n")), "{:?}", site.seen());
}
