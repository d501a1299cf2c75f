//! Calls that have their effect once, however often they are sent: `Idempotency-Key`.
//!
//! The answer is kept in the commit of what the call made. Whoever sends the call again gets that answer; of two that are sent at
//! the same moment the second fails on the key, is rolled back whole, and reads the answer of the first.

use hallpass_domain::ids::Digest;
use hallpass_domain::secret::SecretBytes;
use hallpass_store::{Answer, Tx};

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;

/// The status of every answer that is kept: something was made.
const CREATED: u16 = 201;

/// A call with a key. `K` is what the answer to keep is made of.
pub struct Once<'a, K> {
    /// The caller's key.
    pub key: String,
    /// The call, whole: its route and its body, which may hold secrets.
    pub call: SecretBytes,
    /// The answer to keep. It holds no secret.
    pub answer: &'a (dyn Fn(K) -> String + Send + Sync),
}

/// What came of a call with a key.
pub enum Made<V> {
    /// It was made now.
    Now(V),
    /// The same call made it before: its answer then.
    Before(String),
}

impl Broker {
    /// Runs `make` unless the same call was answered before.
    pub(crate) async fn once<K, V>(
        &self,
        ctx: &OpContext,
        once: &Once<'_, K>,
        make: impl Future<Output = Result<V, BrokerError>> + Send,
    ) -> Result<Made<V>, BrokerError> {
        if let Some(answer) = self.answered(ctx, once).await? {
            return Ok(Made::Before(answer));
        }
        match make.await {
            Ok(made) => Ok(Made::Now(made)),
            // The same call at the same moment, and it was first.
            Err(error) => self.answered(ctx, once).await?.map(Made::Before).ok_or(error),
        }
    }

    /// Keeps the answer of a call with a key, in the commit of what it made.
    pub(crate) async fn keep_answer<K>(&self, tx: &mut Tx, ctx: &OpContext, once: &Once<'_, K>, made: K) -> Result<(), BrokerError> {
        let answer = Answer { request: self.digest(once), status: CREATED, body: (once.answer)(made) };
        Ok(tx.put_idempotent(ctx.principal(), &once.key, &answer).await?)
    }

    async fn answered<K>(&self, ctx: &OpContext, once: &Once<'_, K>) -> Result<Option<String>, BrokerError> {
        let Some(answer) = self.store.reads().await?.idempotent(ctx.principal(), &once.key).await? else { return Ok(None) };
        if answer.request == self.digest(once) {
            return Ok(Some(answer.body));
        }
        Err(BrokerError::invalid(
            "Idempotency-Key",
            "this key was sent with another call before",
            "Take a new key for each new call. To send a call again, send exactly the bytes of the first time.",
        ))
    }

    fn digest<K>(&self, once: &Once<'_, K>) -> Digest {
        self.keyring.mac_of_call(once.call.expose())
    }
}
