//! Compiled connectors on disk. What is loaded from here runs as machine code, so each file carries an HMAC-SHA256 under a key
//! that only this installation has; a file that does not verify is compiled anew and replaced.

use std::fs;
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hallpass_domain::ids::Digest;
use hallpass_domain::secret::SecretBytes;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

const MAC_BYTES: usize = 32;

/// The folder of compiled connectors.
pub(crate) struct Cache {
    folder: PathBuf,
    key: SecretBytes,
    /// What of the engine decides whether compiled code fits it: version, settings, processor.
    fits: String,
}

impl Cache {
    /// Opens the folder, made if missing, for this user alone.
    pub(crate) fn open(folder: &Path, key: SecretBytes, engine: &Engine) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let mut hasher = Sha(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { folder: folder.to_owned(), key, fits: hex::encode(hasher.0.finalize()) })
    }

    /// The component of this digest, where the cache has it and it fits.
    pub(crate) fn get(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let code = self.read(&self.path(digest))?;
        deserialize(engine, &code)
            .inspect_err(
                |error| tracing::warn!(connector = %digest, %error, "a compiled connector does not fit this engine and is made anew"),
            )
            .ok()
    }

    /// Keeps what our compiler made, and makes a component of it.
    pub(crate) fn put(&self, engine: &Engine, digest: &Digest, code: &[u8]) -> wasmtime::Result<Component> {
        let component = deserialize(engine, code)?;
        if let Err(error) = self.write(&self.path(digest), code) {
            tracing::warn!(connector = %digest, %error, "a compiled connector could not be kept, the next start compiles it again");
        }
        Ok(component)
    }

    /// Removes what is kept of a file; nothing where there is nothing.
    pub(crate) fn remove(&self, digest: &Digest) {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(connector = %digest, %error, "the compiled code of an unloaded connector could not be removed");
            }
            _ => {}
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}-{}.cwasm", hex::encode(digest.0), self.fits.get(..32).unwrap_or_default()))
    }

    fn mac(&self, path: &Path) -> Option<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.key.expose()).ok()?;
        mac.update(b"hallpass compiled connector\0");
        // The name is part of what is signed: one connector's code under another's name does not verify.
        mac.update(path.file_name()?.as_encoded_bytes());
        mac.update(self.fits.as_bytes());
        Some(mac)
    }

    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let mut file = fs::File::open(path).ok()?;
        // Apart, not cut off afterwards: the code is tens of megabytes.
        let (mut mac, mut code) = ([0; MAC_BYTES], Vec::new());
        file.read_exact(&mut mac).and_then(|()| file.read_to_end(&mut code)).ok()?;
        if self.mac(path)?.chain_update(&code).verify_slice(&mac).is_err() {
            tracing::warn!(file = %path.display(), "a compiled connector was altered or belongs to another installation, and is made anew");
            return None;
        }
        Some(code)
    }

    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let mac = self.mac(path).ok_or_else(|| io::Error::other("the key cannot be used"))?.chain_update(code).finalize().into_bytes();
        let whole = path.with_extension(format!("{}.new", std::process::id()));
        let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&whole)?;
        let written = out.write_all(&mac).and_then(|()| out.write_all(code)).and_then(|()| out.sync_all());
        written.and_then(|()| fs::rename(&whole, path)).inspect_err(|_| {
            let _ = fs::remove_file(&whole);
        })
    }
}

#[expect(unsafe_code, reason = "compiled code is native code: both callers hand over what our own compiler made or what carries our MAC")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` came out of `Engine::precompile_component`, of this process or of the child that it started from its own
    // executable and spoke to over a pipe of theirs, or out of a file whose HMAC under this installation's key was checked over
    // these very bytes.
    unsafe { Component::deserialize(engine, code) }
}

/// SHA-256 as a hasher: the standard one promises nothing across versions.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    fn finish(&self) -> u64 {
        self.0.clone().finalize().iter().take(8).fold(0, |n, b| (n << 8) | u64::from(*b))
    }
}

#[cfg(test)]
mod tests;
