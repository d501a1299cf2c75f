//! SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677) in the form that PostgreSQL stores. The server gets this, never the password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_domain::secret::SecretText;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use zeroize::Zeroizing;

/// PostgreSQL's own count.
const ITERATIONS: u32 = 4096;

/// `SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>`. The password is ASCII, on which SASLprep (RFC 4013) changes nothing.
pub(crate) fn verifier(password: &str, salt: [u8; 16]) -> String {
    let mut salted = Zeroizing::new([0u8; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, ITERATIONS, salted.as_mut());
    let client = Zeroizing::new(mac(salted.as_ref(), b"Client Key"));
    let stored: [u8; 32] = Sha256::digest(client.as_ref()).into();
    let server = mac(salted.as_ref(), b"Server Key");
    format!("SCRAM-SHA-256${ITERATIONS}:{}${}:{}", STANDARD.encode(salt), STANDARD.encode(stored), STANDARD.encode(server))
}

/// The verifier of a new secret, computed on a thread of its own: it takes a millisecond of a processor, which passes while the
/// call waits for its target. Dropped before it has begun, it does not begin; else it wipes the secret when that millisecond is over.
pub(crate) struct Underway(AbortOnDropHandle<String>);

impl Underway {
    /// Begins; `None` outside of a runtime.
    pub(crate) fn begin(password: SecretText, salt: [u8; 16]) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        Some(Self(AbortOnDropHandle::new(runtime.spawn_blocking(move || verifier(password.expose(), salt)))))
    }

    /// The verifier; `None` when the process is on its way down.
    pub(crate) async fn done(&mut self) -> Option<String> {
        (&mut self.0).await.ok()
    }
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length: this cannot fail, and an all-zero tag could log nobody in.
    <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).map(|m| m.chain_update(message).finalize().into_bytes().into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, section 3: user `user`, password `pencil`; the server's final message proves its ServerKey.
    #[test]
    fn the_verifier_proves_the_exchange_of_rfc_7677() {
        let salt: [u8; 16] = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        let text = verifier("pencil", salt);
        let (head, keys) = text.rsplit_once('$').unwrap();
        assert_eq!(head, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==");
        let (stored, server) = keys.split_once(':').unwrap();
        let auth = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let signature = mac(&STANDARD.decode(server).unwrap(), auth);
        assert_eq!(STANDARD.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let client_signature = mac(&STANDARD.decode(stored).unwrap(), auth);
        let client_key: Vec<u8> = proof.iter().zip(client_signature).map(|(p, s)| p ^ s).collect();
        assert_eq!(STANDARD.encode(Sha256::digest(&client_key)), stored);
    }
}
