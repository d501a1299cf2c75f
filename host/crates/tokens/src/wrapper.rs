//! Signing block 0 with a key that we never see.
//!
//! The library builds a Biscuit only with the private root key in hand. Here it builds one under a key of its own, and
//! the root signature is then replaced by one that the [`Signer`] makes, in the form with domain separation (signature
//! version 1 of the Biscuit specification). The result is read back with the library before it leaves.

use biscuit_auth::{Algorithm, Biscuit, PublicKey};
use hallpass_domain::secret::Signer;
use prost::Message;

use crate::mint::MintError;

const SIGNATURE_VERSION: u32 = 1;

#[derive(Clone, PartialEq, Message)]
struct Token {
    #[prost(uint32, optional, tag = "1")]
    root_key_id: Option<u32>,
    #[prost(message, required, tag = "2")]
    authority: SignedBlock,
    #[prost(message, required, tag = "4")]
    proof: Proof,
}

#[derive(Clone, PartialEq, Message)]
struct SignedBlock {
    #[prost(bytes = "vec", required, tag = "1")]
    block: Vec<u8>,
    #[prost(message, required, tag = "2")]
    next_key: NextKey,
    #[prost(bytes = "vec", required, tag = "3")]
    signature: Vec<u8>,
    #[prost(uint32, optional, tag = "5")]
    version: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct NextKey {
    #[prost(int32, required, tag = "1")]
    algorithm: i32,
    #[prost(bytes = "vec", required, tag = "2")]
    key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Proof {
    #[prost(bytes = "vec", optional, tag = "1")]
    next_secret: Option<Vec<u8>>,
}

/// `draft` with its root signature made by `signer`.
pub(crate) fn signed_by(draft: &Biscuit, signer: &dyn Signer) -> Result<Biscuit, MintError> {
    let built = |e: &dyn std::fmt::Display| MintError::Build(e.to_string());
    let bytes = draft.to_vec().map_err(|e| built(&e))?;
    let mut token = Token::decode(bytes.as_slice()).map_err(|e| built(&e))?;
    token.root_key_id = Some(signer.key_id());
    token.authority.signature = signer.sign(&payload(&token.authority)).to_vec();
    token.authority.version = Some(SIGNATURE_VERSION);
    let issuer = PublicKey::from_bytes(&signer.public_key(), Algorithm::Ed25519).map_err(|e| built(&e))?;
    Biscuit::from(token.encode_to_vec(), issuer).map_err(|e| built(&e))
}

fn payload(block: &SignedBlock) -> Vec<u8> {
    [
        b"\0BLOCK\0\0VERSION\0".as_slice(),
        &SIGNATURE_VERSION.to_le_bytes(),
        b"\0PAYLOAD\0",
        &block.block,
        b"\0ALGORITHM\0",
        &block.next_key.algorithm.to_le_bytes(),
        b"\0NEXTKEY\0",
        &block.next_key.key,
    ]
    .concat()
}
