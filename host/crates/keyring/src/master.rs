//! The master key: 32 bytes that open everything else. It is never in the database and never in a backup of it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use hallpass_domain::Rng;
use hallpass_domain::rng::RngError;
use hallpass_domain::secret::{SecretBytes, SecretText};
use zeroize::Zeroizing;

use crate::secret_file::{self, SecretFileError};

/// Where the master key comes from. Everywhere it is 64 hexadecimal digits; white space around them is ignored.
pub enum MasterSource {
    /// A file of mode 0600, made at the first start on an empty database.
    File(PathBuf),
    /// The value of an environment variable, read by the configuration.
    Variable {
        /// Its name, for errors.
        name: String,
        /// Its value.
        value: SecretText,
    },
    /// A program and its arguments, run without a shell; the key is what it prints. It must end by itself.
    Command(Vec<String>),
}

/// No usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// The database holds secrets, but the key's file is gone.
    #[error(
        "the master key {} is missing, and the database was sealed with one: bring the file back from where you keep it, \
         or name another source of the same key. A new key would open nothing",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file is there but not usable.
    #[error("the master key's file is not usable: {0}")]
    File(#[from] SecretFileError),
    /// Not 64 hexadecimal digits.
    #[error("the master key from {0} must be 64 hexadecimal digits (32 bytes); make one with `openssl rand -hex 32`")]
    Malformed(String),
    /// The command did not deliver.
    #[error("the command {program} gave no master key: {reason}; run it by hand as the same user to see why")]
    Command {
        /// The program.
        program: String,
        /// What happened.
        reason: String,
    },
    /// No random bytes for a new one.
    #[error(transparent)]
    Random(#[from] RngError),
}

/// The master key. It is only good for opening a [`crate::Keyring`].
pub struct MasterKey(pub(crate) Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Reads the key. Where the source is a file that does not exist, and the database is empty, makes it.
    ///
    /// # Errors
    /// When there is no key, it has the wrong form, or its file is open to others.
    pub fn obtain(source: &MasterSource, database_is_empty: bool, rng: &dyn Rng) -> Result<Self, MasterError> {
        match source {
            MasterSource::File(path) => match secret_file::read(path) {
                Ok(text) => Self::parse(text.expose(), || path.display().to_string()),
                Err(SecretFileError::Missing(_)) if database_is_empty => {
                    let mut bytes = Zeroizing::new([0u8; 32]);
                    rng.fill(bytes.as_mut_slice())?;
                    let mut text = Zeroizing::new(hex::encode(bytes.as_slice()));
                    text.push('\n');
                    secret_file::create(path, text.as_bytes())?;
                    Ok(Self(bytes))
                }
                Err(SecretFileError::Missing(path)) => Err(MasterError::Missing(path)),
                Err(other) => Err(other.into()),
            },
            MasterSource::Variable { name, value } => Self::parse(value.expose().as_bytes(), || format!("the variable {name}")),
            MasterSource::Command(words) => Self::parse(run(words)?.expose(), || format!("the command {}", words.join(" "))),
        }
    }

    fn parse(text: &[u8], origin: impl FnOnce() -> String) -> Result<Self, MasterError> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        match hex::decode_to_slice(text.trim_ascii(), bytes.as_mut_slice()) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(MasterError::Malformed(origin())),
        }
    }
}

fn run(words: &[String]) -> Result<SecretBytes, MasterError> {
    let fail = |reason: String| MasterError::Command { program: words.first().cloned().unwrap_or_default(), reason };
    let (program, arguments) = words.split_first().ok_or_else(|| fail("it is empty".to_owned()))?;
    // Its complaints go to our standard error; what it prints is the key, and is shown nowhere.
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| fail(e.to_string()))?;
    let key = SecretBytes::new(output.stdout);
    if output.status.success() { Ok(key) } else { Err(fail(output.status.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_domain::rng::SeededRng;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn obtain(source: &MasterSource) -> Result<MasterKey, MasterError> {
        MasterKey::obtain(source, false, &SeededRng::new(1))
    }

    fn variable(value: &str) -> MasterSource {
        MasterSource::Variable { name: "HALLPASS_MASTER_KEY".to_owned(), value: SecretText::new(value.to_owned()) }
    }

    fn command(words: &[&str]) -> MasterSource {
        MasterSource::Command(words.iter().map(|w| (*w).to_owned()).collect())
    }

    #[test]
    fn only_an_empty_database_makes_a_key_and_the_next_start_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let source = MasterSource::File(folder.path().join("master.key"));
        assert!(matches!(obtain(&source), Err(MasterError::Missing(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
        let made = MasterKey::obtain(&source, true, &SeededRng::new(1)).unwrap();
        assert_eq!(*obtain(&source).unwrap().0, *made.0);
        assert_eq!(*MasterKey::obtain(&source, true, &SeededRng::new(2)).unwrap().0, *made.0, "a key that is there is kept");
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        std::fs::write(&path, HEX).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = MasterKey::obtain(&MasterSource::File(path), true, &SeededRng::new(1)).err().unwrap();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }

    #[test]
    fn a_variable_and_a_command_give_the_same_key() {
        let key = obtain(&variable(HEX)).unwrap();
        assert_eq!(key.0[31], 0x1f);
        assert_eq!(*obtain(&command(&["echo", &format!("  {HEX}  ")])).unwrap().0, *key.0);
    }

    #[test]
    fn what_is_no_key_is_named_but_never_shown() {
        for bad in ["", "secret", &HEX[1..], &format!("{HEX}00"), &HEX.replace('0', "g")] {
            let text = obtain(&variable(bad)).err().unwrap().to_string();
            assert!(text.contains("HALLPASS_MASTER_KEY") && (bad.is_empty() || !text.contains(bad)), "{text}");
        }
        let text = obtain(&command(&["echo", "hush"])).err().unwrap().to_string();
        assert!(text.contains("64 hexadecimal digits"), "{text}");
    }

    #[test]
    fn a_command_that_fails_is_named() {
        for words in [&["false"][..], &["/nonexistent/program"], &[]] {
            assert!(matches!(obtain(&command(words)), Err(MasterError::Command { .. })), "{words:?}");
        }
    }
}
