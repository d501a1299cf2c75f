//! What a pass says, for people to read. Nothing here is verified.

use std::fmt;

use biscuit_auth::UnverifiedBiscuit;
use prost::Message as _;
use serde::Serialize;

use crate::admission;
use crate::refusal::Refusal;
use crate::verify::decode;
use crate::wire;

/// The content of a pass, without what would let a reader extend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Always false: signatures, revocation and time were not looked at.
    pub verified: bool,
    /// Size in bytes.
    pub bytes: usize,
    /// The issuer key that it names.
    pub key_id: Option<u32>,
    /// Nobody can add a block any more.
    pub sealed: bool,
    /// Block 0 first.
    pub blocks: Vec<InspectedBlock>,
}

/// One block of a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedBlock {
    /// The name by which this block, and all made from it, can be revoked.
    pub revocation_id: String,
    /// The key of the third party that signed it, in hexadecimal.
    pub signed_by: Option<String>,
    /// Its facts and checks as Datalog.
    pub source: String,
}

/// Reads a pass without verifying it.
pub fn inspect(pass: &str) -> Result<Inspection, Refusal> {
    let bytes = decode(pass)?;
    if bytes.len() > admission::MAX_BYTES {
        return Err(Refusal::TooLarge { bytes: bytes.len() });
    }
    let proof = wire::Token::decode(bytes.as_slice()).map_err(|_| Refusal::Malformed)?.proof;
    let biscuit = UnverifiedBiscuit::from(&bytes).map_err(|_| Refusal::Malformed)?;
    let signers = biscuit.external_public_keys();
    let ids = biscuit.revocation_identifiers();
    let blocks = ids.iter().zip(signers).enumerate().map(|(index, (id, signer))| {
        let source = biscuit.print_block_source(index).map_err(|_| Refusal::Malformed)?;
        Ok(InspectedBlock { revocation_id: hex::encode(id), signed_by: signer.map(|k| k.to_bytes_hex()), source })
    });
    Ok(Inspection {
        verified: false,
        bytes: bytes.len(),
        key_id: biscuit.root_key_id(),
        sealed: matches!(proof.content, Some(wire::ProofContent::FinalSignature(_))),
        blocks: blocks.collect::<Result<_, Refusal>>()?,
    })
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key_id.map_or_else(|| "names no issuer key".to_owned(), |id| format!("names issuer key {id}"));
        let sealed = if self.sealed { ", sealed" } else { "" };
        writeln!(f, "Not verified: {} bytes, {key}{sealed}", self.bytes)?;
        for (index, block) in self.blocks.iter().enumerate() {
            write!(f, "\nBlock {index}")?;
            if let Some(key) = &block.signed_by {
                write!(f, ", signed by ed25519/{key}")?;
            }
            writeln!(f, "\n  revocation id {}", block.revocation_id)?;
            for line in block.source.lines() {
                // A pass comes from anyone: control characters must not reach the terminal.
                let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}
