//! The environment of this process, read once.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The variables that the product reads, besides those that stand for keys of the configuration file.
const KNOWN: &[&str] = &[
    "HALLPASS_CONFIG",     // path of the configuration file
    "HALLPASS_HOME",       // folder of the profiles that `hallpass login` makes
    "HALLPASS_PROFILE",    // the profile to use
    "HALLPASS_EXECUTABLE", // our own file, where it is not the one that runs
    "HALLPASS_MASTER_KEY", // the usual name where the master key comes from the environment
    hallpass_build::TOOLCHAIN_VARIABLE,
];

/// What the harness of the tests may set freely.
const OF_TESTS: &str = "HALLPASS_TEST_";

/// A snapshot of the environment. Tests make their own.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process. What is not UTF-8 is left out.
    pub fn read() -> Self {
        let pairs = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self(pairs.collect())
    }

    /// These variables and no other.
    pub fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The value of a variable; an empty one is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable of ours that means nothing, which is most often a slip of the pen. `configured` are those that stand for
    /// keys of the file.
    pub(crate) fn unknown<'a>(&'a self, configured: &[String]) -> Option<&'a str> {
        let ours = self.0.keys().filter(|name| name.starts_with("HALLPASS_") && !name.starts_with(OF_TESTS));
        ours.map(String::as_str).find(|name| !KNOWN.contains(name) && !configured.iter().any(|known| known == name))
    }

    /// The folder of the profiles: `HALLPASS_HOME`, else `$XDG_CONFIG_HOME/hallpass`, else `~/.config/hallpass`.
    pub fn profiles(&self) -> Option<PathBuf> {
        let chosen = self.get("HALLPASS_HOME").map(PathBuf::from);
        let configured = || self.get("XDG_CONFIG_HOME").map(|dir| PathBuf::from(dir).join("hallpass"));
        let home = || self.get("HOME").map(|dir| PathBuf::from(dir).join(".config/hallpass"));
        chosen.or_else(configured).or_else(home)
    }

    /// Our own file: what a child process is started from.
    pub fn executable(&self) -> std::io::Result<PathBuf> {
        self.get("HALLPASS_EXECUTABLE").map_or_else(std::env::current_exe, |path| Ok(PathBuf::from(path)))
    }

    /// The folders of `PATH`.
    pub fn path(&self) -> Vec<PathBuf> {
        self.get("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_profiles_is_the_most_particular_one_that_is_set() {
        let all = [("HALLPASS_HOME", "/h"), ("XDG_CONFIG_HOME", "/x"), ("HOME", "/home/a")];
        assert_eq!(Environment::of(all).profiles(), Some(PathBuf::from("/h")));
        assert_eq!(Environment::of([all[1], all[2]]).profiles(), Some(PathBuf::from("/x/hallpass")));
        assert_eq!(Environment::of([("HALLPASS_HOME", ""), all[2]]).profiles(), Some(PathBuf::from("/home/a/.config/hallpass")));
        assert_eq!(Environment::of([]).profiles(), None);
    }

    #[test]
    fn a_slip_of_the_pen_in_a_variable_is_found() {
        let configured = [String::from("HALLPASS_SERVER_LISTEN")];
        let fine = Environment::of([("HALLPASS_SERVER_LISTEN", "x"), ("HALLPASS_HOME", "y"), ("HALLPASS_TEST_X", "z"), ("HOME", "w")]);
        assert_eq!(fine.unknown(&configured), None);
        assert_eq!(Environment::of([("HALLPASS_SERVER_LISTNE", "x")]).unknown(&configured), Some("HALLPASS_SERVER_LISTNE"));
    }
}
