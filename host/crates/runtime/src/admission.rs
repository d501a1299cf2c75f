//! What a file must be before it is compiled: a component with a manifest, that imports nothing but what this host offers and
//! exports what this version of the host can call. Nothing of it runs here.

use hallpass_domain::port::NotAdmitted;
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;

use crate::limits::Limits;

/// The imports that are ever linked.
const IMPORTS: [&str; 4] =
    ["hallpass:connector/types@0.1.0", "hallpass:connector/host@0.1.0", "hallpass:connector/secrets@0.1.0", "hallpass:connector/sql@0.1.0"];

/// Exports that every connector has.
const REQUIRED: [&str; 2] = ["hallpass:connector/health@0.1.0", "hallpass:connector/grants@0.1.0"];

/// Exports of the package that this version of the host does not call.
const LATER: [&str; 4] = [
    "hallpass:connector/describe@0.1.0",
    "hallpass:connector/inventory@0.1.0",
    "hallpass:connector/tools@0.1.0",
    "hallpass:connector/tool-outcomes@0.1.0",
];

/// The section that holds the manifest.
const MANIFEST: &str = "hallpass:manifest";

/// The remedy for a file that is no component.
const BUILD: &str = "Build it with `hallpass connector build DIR` and load the .wasm file that it names";

fn refuse(reason: impl Into<String>, remedy: &str) -> NotAdmitted {
    NotAdmitted { reason: reason.into(), remedy: remedy.to_owned() }
}

/// Checks `file` and returns the bytes of its manifest.
pub(crate) fn admit<'a>(file: &'a [u8], limits: &Limits) -> Result<&'a [u8], NotAdmitted> {
    if file.len() > limits.file_bytes {
        let reason = format!("it has {} bytes, more than the {} that a connector may have", file.len(), limits.file_bytes);
        return Err(refuse(reason, "Strip it, or build it with optimisation for size"));
    }
    if Engine::detect_precompiled(file).is_some() {
        return Err(refuse("it is compiled machine code, which is never accepted from outside", BUILD));
    }
    if !file.starts_with(b"\0asm") {
        return Err(refuse("it is not WebAssembly", BUILD));
    }
    let shape = shape(file)?;
    for import in &shape.imports {
        if !IMPORTS.contains(import) {
            let reason = format!("it imports `{}`, which no connector is given", crate::hostile_text::line(import, 200));
            let remedy = format!("Remove what needs it; the imports that exist are {}", IMPORTS.join(", "));
            return Err(refuse(reason, &remedy));
        }
    }
    for export in &shape.exports {
        if LATER.contains(export) {
            let reason = format!("it exports `{export}`, which this version of Hallpass does not call yet");
            return Err(refuse(reason, "Leave the interface out, or update Hallpass"));
        }
        if !REQUIRED.contains(export) {
            let reason = format!("it exports `{}`, which is no interface of a connector", crate::hostile_text::line(export, 200));
            return Err(refuse(reason, "Export only interfaces of hallpass:connector"));
        }
    }
    if let Some(missing) = REQUIRED.iter().find(|r| !shape.exports.contains(*r)) {
        return Err(refuse(format!("it does not export `{missing}`"), "Implement the interface and name it in `connector!`"));
    }
    let manifest = match shape.manifests.as_slice() {
        [one] => *one,
        [] => return Err(refuse(format!("it has no section `{MANIFEST}`"), BUILD)),
        _ => return Err(refuse(format!("it has more than one section `{MANIFEST}`"), BUILD)),
    };
    if manifest.len() > limits.manifest_bytes {
        return Err(refuse("its manifest is too large", "Shorten manifest.json"));
    }
    Ok(manifest)
}

#[derive(Default)]
struct Shape<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
    manifests: Vec<&'a [u8]>,
}

/// Names at the outermost level; what is nested inside is the component's own affair.
fn shape(file: &[u8]) -> Result<Shape<'_>, NotAdmitted> {
    let broken = |e: &wasmparser::BinaryReaderError| {
        refuse(
            format!("it is truncated or damaged at byte {}: {}", e.offset(), e.message()),
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
            _ => {}
        }
    }
    Ok(shape)
}

#[cfg(test)]
mod tests;
