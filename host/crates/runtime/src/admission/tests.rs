//! Laws of admission: each wrong file is refused with its own reason.

use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, CustomSection,
    InstanceType, Module,
};

use super::*;

/// A component that imports and exports empty instances of these names and carries these manifests.
fn component(imports: &[&str], exports: &[&str], manifests: &[&[u8]]) -> Vec<u8> {
    let mut component = Component::new();
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    component.section(&types);
    let mut section = ComponentImportSection::new();
    // What is exported has to come from somewhere: an import, which every file here has.
    for import in ["hallpass:connector/host@0.1.0"].iter().chain(imports) {
        section.import(*import, ComponentTypeRef::Instance(0));
    }
    component.section(&section);
    let mut section = ComponentExportSection::new();
    for export in exports {
        section.export(*export, ComponentExportKind::Instance, 0, None);
    }
    component.section(&section);
    for manifest in manifests {
        component.section(&CustomSection { name: MANIFEST.into(), data: (*manifest).into() });
    }
    component.finish()
}

fn refusal(file: &[u8]) -> String {
    admit(file, &Limits::default()).unwrap_err().reason
}

#[test]
fn a_connector_with_all_its_parts_is_admitted() {
    let file = component(&[], &REQUIRED, &[b"{}"]);
    let admitted = admit(&file, &Limits::default()).unwrap();
    assert_eq!(admitted.manifest, b"{}");
    assert!(admitted.fixture.is_empty() && admitted.interfaces.is_empty());
}

#[test]
fn a_file_that_is_no_component_is_refused_for_what_it_is() {
    let good = component(&[], &REQUIRED, &[b"{}"]);
    let engine = crate::engine::start(&Limits::default(), &crate::turns::Ticks::default()).unwrap();
    let compiled = engine.precompile_component(b"\0asm\x0d\0\x01\0").unwrap();
    for (file, why) in [
        (b"".to_vec(), "not WebAssembly"),
        (b"#!/bin/sh".to_vec(), "not WebAssembly"),
        (Module::new().finish(), "core WebAssembly module"),
        (good[..good.len() - 3].to_vec(), "truncated or damaged"),
        (good[..6].to_vec(), "truncated or damaged"),
        (compiled, "machine code"),
    ] {
        let reason = refusal(&file);
        assert!(reason.contains(why), "{why}: {reason}");
    }
    let small = Limits { file_bytes: good.len() - 1, ..Limits::default() };
    assert!(admit(&good, &small).unwrap_err().reason.contains("more than"));
}

#[test]
fn an_import_outside_of_the_list_is_named() {
    for import in ["wasi:sockets/tcp@0.2.0", "hallpass:connector/host@0.2.0", "hallpass:connector/hosts@0.1.0"] {
        let reason = refusal(&component(&[import], &REQUIRED, &[b"{}"]));
        assert!(reason.contains(import), "{reason}");
    }
}

#[test]
fn exports_are_all_that_is_required_and_nothing_that_is_not_called() {
    for missing in REQUIRED {
        let rest: Vec<&str> = REQUIRED.into_iter().filter(|r| *r != missing).collect();
        assert!(refusal(&component(&[], &rest, &[b"{}"])).contains(missing));
    }
    let with = |extra: &'static str| component(&[], &REQUIRED.into_iter().chain([extra]).collect::<Vec<_>>(), &[b"{}"]);
    for extra in ["acme:own/thing@1.0.0", "hallpass:connector/describe@0.2.0"] {
        assert!(refusal(&with(extra)).contains(extra));
    }
    for extra in OPTIONAL {
        let file = with(extra);
        let interface = admit(&file, &Limits::default()).unwrap().interfaces;
        assert_eq!(interface.len(), 1, "{extra}: {interface:?}");
    }
}

#[test]
fn there_is_exactly_one_manifest_of_bounded_size() {
    assert!(refusal(&component(&[], &REQUIRED, &[])).contains("no section"));
    assert!(refusal(&component(&[], &REQUIRED, &[b"{}", b"{}"])).contains("more than one"));
    let limits = Limits { manifest_bytes: 1, ..Limits::default() };
    assert!(admit(&component(&[], &REQUIRED, &[b"{}"]), &limits).is_err());
}
