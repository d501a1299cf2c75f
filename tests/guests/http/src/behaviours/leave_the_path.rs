//! Asks for what lies beside and above the paths that the manifest declares.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let paths = [
        "/admin",
        "/",
        "",
        "/v1",
        "/v1/",
        "/v1/../admin",
        "/v1/x/../../admin",
        "/v1/%2e%2e/admin",
        "/v1/%2E%2E",
        "/v1/.",
        "/v1/..%2fadmin",
        "/v1/x%2fy",
        "/v1/x%5c..%5cadmin",
        "/v1/x\\y",
        "/v1/x/",
        "/v1//x",
        "//v1/x",
        "/V1/x",
        "/v1/x/y",
        "/keys/",
        "/keys;a=b",
    ];
    refused(paths.iter().map(|path| Raw { path: (*path).to_owned(), ..Raw::get(&scene.at("/")) }))
}
