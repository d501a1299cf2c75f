//! What a file must be before it is compiled: a component with a manifest, that imports nothing but what this host offers and
//! exports what this version of the host can call. Nothing of it runs here.

use hallpass_domain::port::{Interface, NotAdmitted};
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;

use crate::capability::wasi::ENGINES_OWN;
use crate::limits::Limits;

/// The imports that are ever linked.
const IMPORTS: [&str; 4] =
    ["hallpass:connector/types@0.1.0", "hallpass:connector/host@0.1.0", "hallpass:connector/secrets@0.1.0", "hallpass:connector/sql@0.1.0"];

/// Imports of WASI 0.2 that are linked for everybody. `wasi:clocks/monotonic-clock` stands here for a type that `wasi:http` names: its
/// functions are linked for engines alone.
const WASI: [&str; 6] =
    ["wasi:http/types", "wasi:http/outgoing-handler", "wasi:io/error", "wasi:io/poll", "wasi:io/streams", "wasi:clocks/monotonic-clock"];

/// Exports that every connector has.
const REQUIRED: [&str; 2] = ["hallpass:connector/health@0.1.0", "hallpass:connector/grants@0.1.0"];

/// Exports that a connector may have.
const OPTIONAL: [&str; 4] = [
    "hallpass:connector/describe@0.1.0",
    "hallpass:connector/inventory@0.1.0",
    "hallpass:connector/tools@0.1.0",
    "hallpass:connector/tool-outcomes@0.1.0",
];

/// The section that holds the manifest.
const MANIFEST: &str = "hallpass:manifest";

/// The section that holds the fixture.
const FIXTURE: &str = "hallpass:fixture";

/// A file that may be compiled.
#[derive(Debug, Clone)]
pub(crate) struct Admitted<'a> {
    /// The bytes of its manifest.
    pub(crate) manifest: &'a [u8],
    /// The bytes of its fixture; empty where it has none, which conformance then says.
    pub(crate) fixture: &'a [u8],
    /// What it exports of the interfaces that it may leave out.
    pub(crate) interfaces: Vec<Interface>,
    /// Whether it imports what only the engines of other languages need.
    pub(crate) engine: bool,
}

/// The remedy for a file that is no component.
const BUILD: &str = "Build it with `hallpass connector build DIR` and load the .wasm file that it names";

fn refuse(reason: impl Into<String>, remedy: &str) -> NotAdmitted {
    NotAdmitted { reason: reason.into(), remedy: remedy.to_owned() }
}

/// The interface of a WASI 0.2 import, without its version.
fn wasi(import: &str) -> Option<&str> {
    let (interface, version) = import.split_once('@')?;
    let patch = version.strip_prefix("0.2.")?;
    (interface.starts_with("wasi:") && !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit())).then_some(interface)
}

/// Refuses a file that is too long.
pub(crate) fn fits(file: &[u8], limits: &Limits) -> Result<(), NotAdmitted> {
    if file.len() <= limits.file_bytes {
        return Ok(());
    }
    let reason = format!("it has {} bytes, more than the {} that a connector may have", file.len(), limits.file_bytes);
    Err(refuse(reason, "Strip it, or build it with optimisation for size"))
}

/// Checks `file` and returns what it carries.
pub(crate) fn admit<'a>(file: &'a [u8], limits: &Limits) -> Result<Admitted<'a>, NotAdmitted> {
    fits(file, limits)?;
    if Engine::detect_precompiled(file).is_some() {
        return Err(refuse("it is compiled machine code, which is never accepted from outside", BUILD));
    }
    if !file.starts_with(b"\0asm") {
        return Err(refuse("it is not WebAssembly", BUILD));
    }
    let shape = shape(file)?;
    let mut engine = false;
    for import in &shape.imports {
        let wasi = wasi(import);
        let for_all = IMPORTS.contains(import) || wasi.is_some_and(|i| WASI.contains(&i));
        let for_engines = wasi.is_some_and(|i| ENGINES_OWN.iter().any(|prefix| i.starts_with(prefix)));
        engine |= for_engines && !for_all;
        if !for_all && !for_engines {
            let reason = format!("it imports `{}`, which no connector is given", crate::hostile_text::line(import, 200));
            let remedy = format!("Remove what needs it; the imports that exist are {} and wasi:http of WASI 0.2", IMPORTS.join(", "));
            return Err(refuse(reason, &remedy));
        }
    }
    for export in &shape.exports {
        if !REQUIRED.contains(export) && !OPTIONAL.contains(export) {
            let reason = format!("it exports `{}`, which is no interface of a connector", crate::hostile_text::line(export, 200));
            return Err(refuse(reason, "Export only interfaces of hallpass:connector"));
        }
    }
    if let Some(missing) = REQUIRED.iter().find(|r| !shape.exports.contains(*r)) {
        return Err(refuse(format!("it does not export `{missing}`"), "Implement the interface and name it in `connector!`"));
    }
    let manifest = section(&shape.manifests, MANIFEST, "manifest.json", limits)?;
    let manifest = manifest.ok_or_else(|| refuse(format!("it has no section `{MANIFEST}`"), BUILD))?;
    let fixture = section(&shape.fixtures, FIXTURE, "fixture.json", limits)?.unwrap_or_default();
    let interfaces = shape.exports.iter().filter_map(|export| crate::records::interface(export)).collect();
    Ok(Admitted { manifest, fixture, interfaces, engine })
}

fn section<'a>(found: &[&'a [u8]], name: &str, source: &str, limits: &Limits) -> Result<Option<&'a [u8]>, NotAdmitted> {
    match found {
        [] => Ok(None),
        [one] if one.len() > limits.manifest_bytes => {
            let reason = format!("its section `{name}` has more than {} bytes", limits.manifest_bytes);
            Err(refuse(reason, &format!("Shorten {source}")))
        }
        [one] => Ok(Some(one)),
        _ => Err(refuse(format!("it has more than one section `{name}`"), BUILD)),
    }
}

#[derive(Default)]
struct Shape<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
    manifests: Vec<&'a [u8]>,
    fixtures: Vec<&'a [u8]>,
}

/// Names at the outermost level; what is nested inside is the component's own affair.
fn shape(file: &[u8]) -> Result<Shape<'_>, NotAdmitted> {
    let broken = |e: &wasmparser::BinaryReaderError| {
        refuse(
            format!("it is truncated or damaged at byte {}: {}", e.offset(), crate::hostile_text::line(e.message(), 300)),
            "Fetch or build it again and compare its digest",
        )
    };
    let mut shape = Shape::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(file) {
        match payload.map_err(|e| broken(&e))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(refuse("it is a core WebAssembly module, not a component", BUILD));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    shape.imports.push(import.map_err(|e| broken(&e))?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    shape.exports.push(export.map_err(|e| broken(&e))?.name.name);
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST => shape.manifests.push(section.data()),
            Payload::CustomSection(section) if depth == 0 && section.name() == FIXTURE => shape.fixtures.push(section.data()),
            _ => {}
        }
    }
    Ok(shape)
}

#[cfg(test)]
mod tests;
