//! `hallpass connector keygen` and `sign`: who publishes connectors, and that a file is theirs.

use std::path::{Path, PathBuf};

use hallpass_broker::{SignedFile, VerifierKey};
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::Signer as _;
use hallpass_keyring::{PublisherKey, PublisherKeyError};
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::render::{pairs, text};

/// A new publisher's key.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Keygen {
    /// Its name, which signatures carry: acme-release.
    name: String,
    /// The file to write, of mode 0600; NAME.key where none is named.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A signature.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Sign {
    /// The .wasm file.
    file: PathBuf,
    /// The key's file, as `hallpass connector keygen` wrote it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub(super) fn keygen(args: Keygen, cx: &mut Context<'_>) -> Result<(), Failure> {
    let key = PublisherKey::generate(&args.name, &SystemRng).map_err(|e| Failure::failed(e.to_string()))?;
    let public = VerifierKey::new(key.name(), key.signer().public_key()).map_err(|e| Failure::usage(e.to_string()))?;
    let file = args.out.unwrap_or_else(|| PathBuf::from(format!("{}.key", args.name)));
    key.write(&file).map_err(|e| Failure::failed(e.to_string()))?;
    let document = json!({ "name": args.name, "file": file, "public": public.to_string() });
    cx.show(&document, |d| {
        let head = pairs(&[("key", text(d, "name")), ("file", text(d, "file")), ("public", text(d, "public"))]);
        format!("{head}\n\nKeep the file to yourself. An operator trusts the public line in [[connectors.publishers]].")
    })
}

pub(super) fn sign(args: &Sign, cx: &mut Context<'_>) -> Result<(), Failure> {
    let key = PublisherKey::read(&args.key).map_err(|e| match e {
        // Every other reason names the file.
        PublisherKeyError::Malformed(_) => Failure::failed(format!("{}: {e}", args.key.display())),
        e => Failure::failed(e.to_string()),
    })?;
    let bytes = read(&args.file)?;
    let facts = hallpass_runtime::inspect(&bytes).map_err(|e| Failure::failed(e.to_string()))?;
    let out = signature_file(&args.file);
    let signed = SignedFile::of(&facts);
    // Signatures of an earlier build are of no use any more.
    let earlier = std::fs::read_to_string(&out).ok().filter(|note| note.starts_with(&signed.text()));
    let note = signed.sign(key.name(), key.signer(), earlier.as_deref()).map_err(|e| Failure::failed(e.to_string()))?;
    std::fs::write(&out, &note).map_err(|e| Failure::failed(format!("{} cannot be written: {e}", out.display())))?;
    let signatures = note.lines().filter(|line| line.starts_with("— ")).count();
    let document = json!({
        "file": out, "digest": signed.digest, "name": signed.name, "version": signed.version, "publisher": signed.publisher,
        "signatures": signatures, "key": key.name(),
    });
    cx.show(&document, |d| {
        pairs(&[
            ("signed", format!("{} {} of {}", text(d, "name"), text(d, "version"), text(d, "publisher"))),
            ("digest", text(d, "digest")),
            ("by", text(d, "key")),
            ("file", text(d, "file")),
            ("signatures", text(d, "signatures")),
        ])
    })
}

/// Where the signatures of a file are.
pub(super) fn signature_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// A plugin file.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file.is_dir() {
        let shown = file.display();
        return Err(Failure::usage(format!(
            "{shown} is a folder: give the .wasm file that `hallpass connector build {shown}` makes of it and names"
        )));
    }
    std::fs::read(file).map_err(|e| Failure::failed(format!("{} cannot be read: {e}", file.display())))
}
