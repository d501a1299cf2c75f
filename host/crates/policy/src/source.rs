//! The texts of a policy set: from a folder, or from wherever the caller has them.

use std::fs;
use std::io;
use std::path::Path;

use crate::fault::{Fault, LoadError, Problem};

/// The name of the file with the routes.
pub(crate) const ROUTES: &str = "routes.toml";

/// One text and the name of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's name, for errors and explanations.
    pub file: String,
    /// What stands in it.
    pub text: String,
}

/// All texts of one set. An empty one is valid: only the built-in policies hold, and nothing can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// Cedar texts.
    pub policies: Vec<Source>,
    /// `routes.toml`, where there is one.
    pub routes: Option<Source>,
}

impl Sources {
    /// Every `*.cedar` of a folder, by name, and its `routes.toml`. Other files and folders in it are left alone.
    pub fn read(dir: &Path) -> Result<Self, LoadError> {
        let mut sources = Self::default();
        let mut faults = Vec::new();
        let unreadable = |file: &str, e: &io::Error| Fault::new(file, Problem::Unreadable(e.to_string()));
        match file_names(dir) {
            Err(e) => faults.push(unreadable(&dir.display().to_string(), &e)),
            Ok(names) => {
                for file in names {
                    match fs::read_to_string(dir.join(&file)) {
                        Err(e) => faults.push(unreadable(&file, &e)),
                        Ok(text) if file == ROUTES => sources.routes = Some(Source { file, text }),
                        Ok(text) => sources.policies.push(Source { file, text }),
                    }
                }
            }
        }
        if faults.is_empty() { Ok(sources) } else { Err(LoadError { faults }) }
    }
}

fn file_names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name == ROUTES || Path::new(name.as_ref()).extension().is_some_and(|e| e == "cedar") {
            names.push(name.into_owned());
        }
    }
    names.sort();
    Ok(names)
}
