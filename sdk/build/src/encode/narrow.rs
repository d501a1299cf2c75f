//! Takes out of a component what its tool left over, and puts back names that were hidden from the tool.

use wasm_encoder::{Component, ComponentImportSection, ComponentInstanceSection, RawSection};
use wasmparser::{ComponentExternalKind, Parser, Payload};

use crate::Error;

/// Exports that begin with anything else are of no use to the host.
const CONTRACT: &str = "hallpass:connector/";

/// The same component whose imports `kept:…` are named `wasi:…`, and which exports interfaces of the contract alone. Only the outermost
/// level is touched; what is inside is copied byte for byte.
pub(crate) fn narrow(component: &[u8], kept: &str) -> Result<Vec<u8>, Error> {
    let broken = |reason: String| Error::Encode { reason };
    let mut narrowed = Component::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| broken(error.to_string()))?;
        if depth == 0 {
            match &payload {
                Payload::ComponentImportSection(section) => {
                    let mut imports = ComponentImportSection::new();
                    for import in section.clone() {
                        let import = import.map_err(|error| broken(error.to_string()))?;
                        let name = match import.name.name.strip_prefix(kept).filter(|rest| rest.starts_with(':')) {
                            Some(rest) => format!("wasi{rest}"),
                            None => import.name.name.to_owned(),
                        };
                        imports.import(name.as_str(), import.ty.into());
                    }
                    narrowed.section(&imports);
                }
                Payload::ComponentExportSection(section) => {
                    let exports = section.clone().into_iter().collect::<Result<Vec<_>, _>>().map_err(|error| broken(error.to_string()))?;
                    let [export] = exports.as_slice() else {
                        return Err(broken("the tool wrote several exports into one section, which is not expected".to_owned()));
                    };
                    if export.name.name.starts_with(CONTRACT) {
                        copy(&payload, component, &mut narrowed);
                    } else if export.kind == ComponentExternalKind::Instance {
                        // An export takes a number in the list of instances; an empty one keeps that place.
                        let mut place = ComponentInstanceSection::new();
                        place.export_items::<&str, [_; 0]>([]);
                        narrowed.section(&place);
                    } else {
                        return Err(broken(format!("it exports `{}`, which is no interface of {CONTRACT}", export.name.name)));
                    }
                }
                other => copy(other, component, &mut narrowed),
            }
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let bytes = narrowed.finish();
    wasmparser::Validator::new().validate_all(&bytes).map_err(|error| broken(error.to_string()))?;
    Ok(bytes)
}

fn copy(payload: &Payload<'_>, component: &[u8], into: &mut Component) {
    let Some((id, range)) = payload.as_section() else { return };
    let range = usize::try_from(range.start).unwrap_or(usize::MAX)..usize::try_from(range.end).unwrap_or(usize::MAX);
    // The parser has read this very range.
    if let Some(data) = component.get(range) {
        into.section(&RawSection { id, data });
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{ComponentExportKind, ComponentExportSection, ComponentTypeRef, ComponentTypeSection, InstanceType};

    use super::*;

    /// A component that imports these instances and exports the first of them under these names, each in a section of its own.
    fn made(imports: &[&str], exports: &[&str]) -> Vec<u8> {
        let mut component = Component::new();
        let mut types = ComponentTypeSection::new();
        types.instance(&InstanceType::new());
        component.section(&types);
        let mut section = ComponentImportSection::new();
        for import in imports {
            section.import(*import, ComponentTypeRef::Instance(0));
        }
        component.section(&section);
        for export in exports {
            let mut section = ComponentExportSection::new();
            section.export(*export, ComponentExportKind::Instance, 0, None);
            component.section(&section);
        }
        component.finish()
    }

    fn names(component: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                Payload::ComponentImportSection(section) => {
                    names.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
                }
                Payload::ComponentExportSection(section) => {
                    names.extend(section.into_iter().map(|export| export.unwrap().name.name.to_owned()));
                }
                _ => {}
            }
        }
        names
    }

    #[test]
    fn hidden_names_come_back_and_leftover_exports_go() {
        let component = made(
            &["kept:http/types@0.2.12", "hallpass:connector/host@0.1.0", "kepter:http/types@0.2.12"],
            &["exports", "hallpass:connector/health@0.1.0"],
        );
        let narrowed = narrow(&component, "kept").unwrap();
        assert_eq!(
            names(&narrowed),
            ["wasi:http/types@0.2.12", "hallpass:connector/host@0.1.0", "kepter:http/types@0.2.12", "hallpass:connector/health@0.1.0"]
        );
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(matches!(narrow(b"\0asm", "kept"), Err(Error::Encode { .. })));
    }
}
