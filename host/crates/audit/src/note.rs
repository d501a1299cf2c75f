//! Signed notes (C2SP `signed-note`): a text, an empty line, and one line per signature.
//!
//! Only Ed25519 (algorithm byte 0x01) is made and read; lines of other keys and algorithms, a witness's for one, are passed
//! over.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hallpass_domain::secret::Signer;
use sha2::{Digest as _, Sha256};

/// The algorithm byte of Ed25519.
const ED25519: u8 = 0x01;
/// A note that is larger is not read.
pub const MOST_BYTES: usize = 64 * 1024;
/// A note with more signatures is not read, so that a forged one costs little.
const MOST_SIGNATURES: usize = 100;
/// What a signature line begins with: an em dash and a space.
const MARK: &str = "— ";

/// The public half of a note's key: its name, and an Ed25519 key. As text `name+hash+base64`, hash being eight
/// hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key `public` under `name`.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(&public).map_err(|_| NoteError::Key("it is no Ed25519 key"))?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// The name that its signature lines carry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)`: which key a signature line means.
    pub fn id(&self) -> [u8; 4] {
        let digest: [u8; 32] =
            Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519]).chain_update(self.key.as_bytes()).finalize().into();
        let [a, b, c, d, ..] = digest;
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim_end().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it must be `name+hash+base64`"));
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key("its third part is no base64"))?;
        let Some((&ED25519, public)) = key.split_first() else {
            return Err(NoteError::Key("only Ed25519 keys (algorithm byte 1) are read"));
        };
        let public = public.try_into().map_err(|_| NoteError::Key("an Ed25519 key has 32 bytes"))?;
        let key = Self::new(name, public)?;
        if id != format!("{:08x}", u32::from_be_bytes(key.id())) {
            return Err(NoteError::Key("its hash does not fit its name and key"));
        }
        Ok(key)
    }
}

/// Signs `text`, which must end with a newline, under `name`.
pub fn sign(text: &str, name: &str, signer: &dyn Signer) -> Result<String, NoteError> {
    let key = VerifierKey::new(name, signer.public_key())?;
    if !text.ends_with('\n') || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(NoteError::Malformed("its text must end with a newline and hold no other control character"));
    }
    let mut signature = key.id().to_vec();
    signature.extend_from_slice(&signer.sign(text.as_bytes()));
    Ok(format!("{text}\n{MARK}{name} {}\n", STANDARD.encode(signature)))
}

/// The text of `note`, when `key` signed it. Nothing of a note may be believed before this.
pub fn open<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, NoteError> {
    let (text, lines) = split(note)?;
    let mut signed = false;
    for (count, line) in lines.lines().enumerate() {
        if count >= MOST_SIGNATURES {
            return Err(NoteError::Malformed("it has more than 100 signatures"));
        }
        let (name, id, signature) = signature_line(line)?;
        if name != key.name || id != key.id() {
            continue;
        }
        let signature = Signature::from_slice(&signature).map_err(|_| NoteError::BadSignature { name: name.to_owned() })?;
        key.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::BadSignature { name: name.to_owned() })?;
        signed = true;
    }
    if signed { Ok(text) } else { Err(NoteError::NotSigned { name: key.name.clone() }) }
}

/// The text of a note before anybody has checked who signed it: to find out whose keys to ask. Believe nothing of it.
pub fn unchecked(note: &str) -> Result<&str, NoteError> {
    split(note).map(|(text, _)| text)
}

/// The keys that a note says signed it, `name+hash` each, at most ten: for a person. Believe nothing of it.
pub fn signed_by(note: &str) -> Vec<String> {
    let Ok((_, lines)) = split(note) else { return Vec::new() };
    let keys = lines.lines().filter_map(|line| signature_line(line).ok());
    let short = |name: &str| name.chars().take(80).flat_map(char::escape_debug).collect::<String>();
    keys.take(10).map(|(name, id, _)| format!("{}+{:08x}", short(name), u32::from_be_bytes(id))).collect()
}

/// A note with the signatures of both, which must be of the same text.
pub fn joined(note: &str, other: &str) -> Result<String, NoteError> {
    let ((text, lines), (other_text, other_lines)) = (split(note)?, split(other)?);
    if text != other_text {
        return Err(NoteError::Malformed("the signatures are of another text"));
    }
    let mut joined = note.to_owned();
    for line in other_lines.lines().filter(|line| !lines.lines().any(|known| known == *line)) {
        joined.push_str(line);
        joined.push('\n');
    }
    Ok(joined)
}

/// Text (with its last newline) and signature lines, nothing believed.
pub(crate) fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > MOST_BYTES {
        return Err(NoteError::Malformed("it is larger than 64 KiB"));
    }
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(NoteError::Malformed("it holds a control character"));
    }
    let gap = note.rfind("\n\n").ok_or(NoteError::Malformed("it has no empty line before its signatures"))?;
    let (text, lines) = note.split_at(gap + 1);
    let lines = lines.strip_prefix('\n').unwrap_or(lines);
    if !lines.ends_with('\n') {
        return Err(NoteError::Malformed("it must end with a signature line and a newline"));
    }
    Ok((text, lines))
}

fn signature_line(line: &str) -> Result<(&str, [u8; 4], Vec<u8>), NoteError> {
    let wrong = NoteError::Malformed("a signature line must be `— name base64`");
    let (name, signature) = line.strip_prefix(MARK).and_then(|rest| rest.split_once(' ')).ok_or(wrong.clone())?;
    check_name(name)?;
    let bytes = STANDARD.decode(signature).map_err(|_| wrong.clone())?;
    let (id, signature) = bytes.split_first_chunk::<4>().ok_or(wrong)?;
    Ok((name, *id, signature.to_vec()))
}

fn check_name(name: &str) -> Result<(), NoteError> {
    if name.is_empty() || name.contains('+') || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(NoteError::Name { name: name.chars().take(80).collect() });
    }
    Ok(())
}

/// A note or key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// No key can have this name.
    #[error("{name:?} is no name for a key: it must not be empty, nor hold a space or a plus sign")]
    Name {
        /// The name, at most 80 characters of it.
        name: String,
    },
    /// A verifier key that cannot be read.
    #[error("this is no verifier key: {0}")]
    Key(&'static str),
    /// It is not a signed note.
    #[error("this is no signed note: {0}")]
    Malformed(&'static str),
    /// There is a signature of the key, and it is false: text or signature was altered.
    #[error("the signature of {name} is false: the text was altered after it was signed")]
    BadSignature {
        /// The key's name.
        name: String,
    },
    /// There is no signature of the key.
    #[error("it is not signed by the trusted key {name}: another key made it, or it was altered")]
    NotSigned {
        /// The key's name.
        name: String,
    },
}

#[cfg(test)]
pub(crate) mod tests;
