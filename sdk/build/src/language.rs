//! The languages that a connector can be written in.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::Error;

/// What a connector is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the crate `hallpass-connector`.
    Rust,
    /// JavaScript, by the npm package `@bytecodealliance/componentize-js`.
    JavaScript,
    /// Python, by the PyPI package `componentize-py`.
    Python,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "js",
            Self::Python => "python",
        }
    }

    /// The file that a connector in this language has in its folder.
    fn mark(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "requirements.txt",
        }
    }

    /// The language of the connector in `dir`. Errors: [`Error::NoConnector`] where no file tells, [`Error::Ambiguous`] where several do.
    pub(crate) fn of(dir: &Path) -> Result<Self, Error> {
        let found: Vec<Self> = Self::ALL.into_iter().filter(|language| dir.join(language.mark()).is_file()).collect();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(Error::NoConnector { dir: dir.to_owned() }),
            several => {
                let marks = several.iter().map(|language| language.mark()).collect::<Vec<_>>().join(" and ");
                Err(Error::Ambiguous { dir: dir.to_owned(), marks })
            }
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|language| language.as_str() == text);
        found.ok_or_else(|| Error::UnknownLanguage { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_could_be_two_things_is_refused_with_both_files() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Language::of(dir.path()), Err(Error::NoConnector { .. })));
        std::fs::write(dir.path().join("package.json"), "{}").unwrap();
        assert_eq!(Language::of(dir.path()).unwrap(), Language::JavaScript);
        std::fs::write(dir.path().join("requirements.txt"), "").unwrap();
        let error = Language::of(dir.path()).unwrap_err().to_string();
        assert!(error.contains("package.json and requirements.txt"), "{error}");
    }

    #[test]
    fn every_language_is_read_back_from_its_word() {
        for language in Language::ALL {
            assert_eq!(language.to_string().parse::<Language>().unwrap(), language);
        }
        assert!("cobol".parse::<Language>().unwrap_err().to_string().contains("rust, js and python"));
    }
}
