//! The capability `secrets`: handles to what only the host's memory holds.

pub(crate) mod scram;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_domain::port::{Delivery, Failure, FailureKind};
use hallpass_domain::rng::Rng;
use hallpass_domain::secret::SecretText;
use wasmtime::Result;
use wasmtime::component::Resource;
use zeroize::Zeroizing;

use self::scram::Underway;
use crate::bindings::hallpass::connector::secrets;
use crate::bindings::hallpass::connector::types;
use crate::call::{Call, to_guest};
use crate::capability::sql::statement::Statement;
use crate::frame::Frame;
use crate::hostile_text;
use crate::manifest::document::{self, Alphabet, Recipe};

/// A secret, as the guest holds it: its place in the vault.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct SecretHandle {
    index: usize,
}

/// Secrets that one call makes, and handles to those that the target made, at most. A handle that is dropped counts as well: its secret
/// stays with the call, as everything that comes is searched for it.
const MOST_OF_EACH: usize = 16;

/// The secrets of one call; wiped with it.
#[derive(Default)]
pub(crate) struct Vault {
    entries: Vec<Entry>,
    /// A secret that was made before the guest asked for it.
    ahead: Option<Entry>,
    made: usize,
    kept: usize,
}

struct Entry {
    name: String,
    value: SecretText,
    verifier: Option<String>,
    underway: Option<Underway>,
}

impl Entry {
    fn new(name: &str, value: SecretText) -> Self {
        Self { name: name.to_owned(), value, verifier: None, underway: None }
    }

    fn made(name: &str, recipe: &Recipe, rng: &dyn Rng) -> std::result::Result<Self, Failure> {
        let mut bytes = Zeroizing::new(vec![0u8; recipe.bytes]);
        rng.fill(&mut bytes).map_err(|e| no_randomness(&e))?;
        let value = match recipe.alphabet {
            Alphabet::Base64url => SecretText::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())),
        };
        Ok(Self::new(name, value))
    }
}

impl Vault {
    /// For a call that begins. Where it is about to give a new account a password, that is made at once: its verifier is ready by
    /// the time that the guest has looked at the target. A guest that asks for none leaves it here, and it goes with the call.
    pub(crate) fn of(frame: &Frame) -> Self {
        let mut vault = Self::default();
        let mut recipes = frame.manifest.recipes.iter();
        // A stage is to see the same draws of randomness whatever the machine does meanwhile.
        if let (Some((name, recipe)), None, None) = (recipes.next(), recipes.next(), &frame.services.stage)
            && frame.kind == document::Call::Apply
            && frame.wish.as_ref().is_some_and(|wish| wish.fresh_credential)
            && frame.manifest.statements.values().any(Statement::takes_secret)
            && frame.permit("recipe", name).is_ok()
        {
            vault.make_ahead(name, recipe, frame.services.rng.as_ref());
        }
        vault
    }

    fn make_ahead(&mut self, name: &str, recipe: &Recipe, rng: &dyn Rng) {
        // What fails here fails again when the guest asks, and is said then.
        let (Ok(mut entry), Ok(salt)) = (Entry::made(name, recipe, rng), hallpass_domain::rng::bytes(rng)) else { return };
        entry.underway = Underway::begin(entry.value.clone(), salt);
        self.ahead = Some(entry);
    }

    fn make(&mut self, name: &str, recipe: &Recipe, rng: &dyn Rng) -> std::result::Result<usize, Failure> {
        count(&mut self.made, "secrets made")?;
        let entry = match self.ahead.take_if(|ahead| ahead.name == name) {
            Some(ahead) => ahead,
            None => Entry::made(name, recipe, rng)?,
        };
        self.entries.push(entry);
        Ok(self.entries.len() - 1)
    }

    /// Keeps a secret that a target answered with.
    fn keep(&mut self, name: &str, value: SecretText) -> std::result::Result<usize, Failure> {
        count(&mut self.kept, "handles to captured secrets")?;
        self.entries.push(Entry::new(name, value));
        Ok(self.entries.len() - 1)
    }

    /// The SCRAM-SHA-256 verifier of a secret: the same one throughout the call.
    pub(crate) async fn verifier(&mut self, handle: &SecretHandle, rng: &dyn Rng) -> std::result::Result<String, Failure> {
        let missing = || Failure::none(FailureKind::Internal, "no-secret", "the secret is not of this call");
        let entry = self.entries.get_mut(handle.index).ok_or_else(missing)?;
        if let Some(verifier) = &entry.verifier {
            return Ok(verifier.clone());
        }
        let begun = match &mut entry.underway {
            Some(underway) => underway.done().await,
            None => None,
        };
        entry.underway = None;
        let verifier = match begun {
            Some(verifier) => verifier,
            None => scram::verifier(entry.value.expose(), hallpass_domain::rng::bytes(rng).map_err(|e| no_randomness(&e))?),
        };
        entry.verifier = Some(verifier.clone());
        Ok(verifier)
    }

    /// The same text without any secret of this call or what was derived from it.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.entries.iter().fold(text.to_owned(), |text, entry| {
            let text = text.replace(entry.value.expose(), "(secret)");
            entry.verifier.as_deref().map_or(text.clone(), |v| text.replace(v, "(verifier)"))
        })
    }
}

fn no_randomness(error: &hallpass_domain::rng::RngError) -> Failure {
    Failure::none(FailureKind::Unavailable, "no-randomness", error.to_string())
}

/// One more of what a call may have few of.
fn count(so_far: &mut usize, what: &str) -> std::result::Result<(), Failure> {
    if *so_far >= MOST_OF_EACH {
        let message = format!("more {what}: a call may have {MOST_OF_EACH}");
        return Err(Failure::none(FailureKind::InvalidInput, "over-limit", message));
    }
    *so_far += 1;
    Ok(())
}

fn refusal(kind: FailureKind, code: &str, message: impl Into<String>) -> types::Failure {
    to_guest(Failure::none(kind, code, message))
}

impl secrets::Host for Call {
    async fn generate(
        &mut self,
        _: Resource<super::host::InvocationHandle>,
        recipe: String,
    ) -> Result<std::result::Result<Resource<SecretHandle>, types::Failure>> {
        // Also where no fresh credential is asked for: an object that vanished is made again, with a secret of its own.
        if self.frame.kind != document::Call::Apply {
            return Ok(Err(refusal(FailureKind::Forbidden, "no-secret-here", "a secret is made in `apply` alone")));
        }
        let frame = std::sync::Arc::clone(&self.frame);
        let Some(declared) = frame.manifest.recipes.get(&recipe) else {
            let message = format!("the manifest has no recipe `{}`", hostile_text::line(&recipe, 64));
            return Ok(Err(refusal(FailureKind::Unsupported, "no-such-recipe", message)));
        };
        if let Err(failure) = frame.permit("recipe", &recipe) {
            return Ok(Err(to_guest(failure)));
        }
        match self.vault.make(&recipe, declared, frame.services.rng.as_ref()) {
            Ok(index) => {
                if let Some(entry) = self.vault.entries.get(index) {
                    frame.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((recipe, entry.value.clone()));
                }
                Ok(Ok(self.table.push(SecretHandle { index })?))
            }
            Err(failure) => Ok(Err(to_guest(failure))),
        }
    }

    async fn named(
        &mut self,
        _: Resource<super::host::InvocationHandle>,
        name: String,
    ) -> Result<std::result::Result<Resource<SecretHandle>, types::Failure>> {
        let shown = hostile_text::line(&name, 64);
        if self.frame.manifest.has_secret(&name) {
            let message = format!("the secret `{shown}` is used by the host alone: a connector has no use for a handle to it");
            return Ok(Err(refusal(FailureKind::Forbidden, "host-only-secret", message)));
        }
        Ok(Err(refusal(FailureKind::NotFound, "no-such-secret", format!("the manifest declares no secret `{shown}`"))))
    }

    async fn captured(
        &mut self,
        _: Resource<super::host::InvocationHandle>,
        name: String,
    ) -> Result<std::result::Result<Resource<SecretHandle>, types::Failure>> {
        let newest = {
            let all = self.frame.captured.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            all.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| value.clone())
        };
        let Some(value) = newest else {
            let message = format!("no answer of this call held a secret `{}`", hostile_text::line(&name, 64));
            return Ok(Err(refusal(FailureKind::NotFound, "not-captured", message)));
        };
        match self.vault.keep(&name, value) {
            Ok(index) => Ok(Ok(self.table.push(SecretHandle { index })?)),
            Err(failure) => Ok(Err(to_guest(failure))),
        }
    }

    async fn deliver(
        &mut self,
        _: Resource<super::host::InvocationHandle>,
        value: Resource<SecretHandle>,
        label: String,
        public: Vec<types::Attribute>,
    ) -> Result<std::result::Result<(), types::Failure>> {
        let handle = self.table.delete(value)?;
        if self.delivery.is_some() {
            return Ok(Err(refusal(FailureKind::InvalidInput, "second-delivery", "a call delivers one secret")));
        }
        let fits = |text: &str, most: usize| !text.is_empty() && text.len() <= most && hostile_text::line(text, most) == text;
        if !fits(&label, 64) || public.len() > 16 || !public.iter().all(|a| fits(&a.name, 64) && fits(&a.value, 1024)) {
            let message = "label and attributes must be single printable lines: names of at most 64 bytes, at most 16 values of 1024";
            return Ok(Err(refusal(FailureKind::InvalidInput, "bad-delivery", message)));
        }
        let Some(entry) = self.vault.entries.get(handle.index) else {
            return Ok(Err(refusal(FailureKind::Internal, "no-secret", "the secret is not of this call")));
        };
        let public = public.into_iter().map(|a| (a.name, a.value)).collect();
        self.delivery = Some(Delivery { label, value: entry.value.clone(), public });
        Ok(Ok(()))
    }
}

impl secrets::HostSecret for Call {
    async fn name(&mut self, handle: Resource<SecretHandle>) -> Result<String> {
        let index = self.table.get(&handle)?.index;
        Ok(self.vault.entries.get(index).map(|e| e.name.clone()).unwrap_or_default())
    }

    async fn drop(&mut self, handle: Resource<SecretHandle>) -> Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hallpass_domain::rng::SeededRng;

    use super::*;

    fn recipe() -> Recipe {
        Recipe { bytes: 32, alphabet: Alphabet::Base64url }
    }

    #[tokio::test]
    async fn the_secret_that_is_handed_out_is_the_one_whose_verifier_was_begun() {
        let (rng, mut vault) = (SeededRng::new(1), Vault::default());
        vault.make_ahead("password", &recipe(), &rng);
        let other = vault.make("other", &recipe(), &rng).unwrap();
        let first = vault.make("password", &recipe(), &rng).unwrap();
        let second = vault.make("password", &recipe(), &rng).unwrap();
        let texts: Vec<String> = vault.entries.iter().map(|entry| entry.value.expose().to_owned()).collect();
        assert!(texts[other] != texts[first] && texts[first] != texts[second] && texts[other] != texts[second], "one secret each");
        let again = SeededRng::new(1);
        let made = Entry::made("password", &recipe(), &again).unwrap();
        assert_eq!(texts[first], made.value.expose(), "the one that was made ahead");
        let verifier = vault.verifier(&SecretHandle { index: first }, &rng).await.unwrap();
        assert_eq!(verifier, scram::verifier(&texts[first], hallpass_domain::rng::bytes(&again).unwrap()));
        assert_eq!(verifier, vault.verifier(&SecretHandle { index: first }, &rng).await.unwrap(), "the same one throughout the call");
        assert!(vault.redact(&format!("{} {verifier}", texts[first])) == "(secret) (verifier)");
    }
}
