//! Asks the target's own host at a port that is not the target's, in every way of writing one.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let (good, port) = (scene.authority(), scene.forbidden_port());
    let host = good.rsplit_once(':').map(|(host, _)| host.to_owned()).unwrap_or_default();
    let ports = [port.clone(), format!("0{port}"), format!("+{port}"), "0".to_owned(), String::new(), "65536".to_owned(), "80".to_owned()];
    let mut hosts: Vec<String> = ports.iter().map(|port| format!("{host}:{port}")).collect();
    hosts.extend([format!("{good}:{port}"), format!("{good},{host}:{port}"), format!("{good} {port}")]);
    refused(hosts.into_iter().map(|authority| Raw { authority, ..Raw::get(&scene.at("/v1/treasure")) }))
}
