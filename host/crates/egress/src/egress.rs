//! The way of a request: decided, its host resolved and checked, the checked address dialled, the credential injected, bytes and time
//! counted, the answer cleaned.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hallpass_domain::clock::{Clock, Millis, Timestamp};
use hallpass_domain::port::Failure;
use hallpass_domain::secret::SecretText;
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};

use crate::answer::{self, Answer, AnswerBody, Held, Incoming, Reading};
use crate::dial::{self, Connection, Unanswered};
use crate::head::{self, Head};
use crate::inject::oauth2::{self, Owner, Token, Tokens};
use crate::inject::{Kind, OAuth2, bearer, mtls};
use crate::limits::{Timeouts, shorter, within};
use crate::network::NetworkGrant;
use crate::origin::Scheme;
use crate::place;
use crate::policy::{Allowance, Destination};
use crate::pool::{Place, Pools};
use crate::refusal::Refusal;
use crate::resolve::{Resolve, SystemResolver, addresses};
use crate::stage::{self, Stage, StagedRequest};
use crate::tls;

/// A request as a caller asks for it.
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Scheme, host, path and query.
    pub uri: Uri,
    /// Headers; those that only the host says are dropped.
    pub headers: HeaderMap,
    /// The whole body, which [`Allowance::take_in`] counted.
    pub body: Bytes,
    /// Secrets that a rule may put into it; of one name, the last.
    pub secrets: Vec<(String, SecretText)>,
}

/// Told what becomes of a request that may change the target.
#[async_trait]
pub trait Watch: Send + Sync {
    /// It goes out now, unless this fails. Called again where the same request is sent once more.
    async fn sending(&self) -> Result<(), Failure>;
    /// It did not go out after all.
    fn unsent(&self);
}

/// For requests that change nothing.
pub struct Unwatched;

#[async_trait]
impl Watch for Unwatched {
    async fn sending(&self) -> Result<(), Failure> {
        Ok(())
    }
    fn unsent(&self) {}
}

/// Sends requests of connectors: one for a whole process, so that connections and tokens are shared among calls.
pub struct Egress {
    clock: Arc<dyn Clock>,
    resolver: Arc<dyn Resolve>,
    pools: Arc<Pools>,
    tokens: Tokens,
}

/// Where and how a connection is made.
struct Wire<'a> {
    place: Place,
    roots: Option<&'a str>,
    certificate: Option<&'a tls::Certificate>,
    network: &'a [NetworkGrant],
    deadline: Timestamp,
    connect_ms: Millis,
    first_byte_ms: Millis,
}

impl Egress {
    /// Over the machine's own resolver.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_resolver(clock, Arc::new(SystemResolver))
    }

    /// Over another resolver.
    pub fn with_resolver(clock: Arc<dyn Clock>, resolver: Arc<dyn Resolve>) -> Self {
        Self { pools: Arc::new(Pools::new(Arc::clone(&clock))), clock, resolver, tokens: Tokens::default() }
    }

    /// Sends one request. Redirects are answers like others: nobody follows them here.
    pub async fn send(&self, allowance: &Arc<Allowance>, request: Request, asked: Timeouts, watch: &dyn Watch) -> Result<Answer, Refusal> {
        let bounds = allowance.meter.bounds();
        let under_way = allowance.meter.begin()?;
        head::check_size(&request.headers, bounds)?;
        let admitted = allowance.admit(&request.method, &request.uri)?;
        allowance.meter.knows(admitted.captures.len())?;
        let destination = admitted.destination;
        let body = place::fill(request.body, &admitted.places, &request.secrets, allowance)?;
        let mut head = Head::new(request.method, destination.origin.clone(), admitted.path, admitted.query, &request.headers, body);
        let tokens = self.inject(allowance, destination, &mut head).await?;
        let wire = Wire {
            place: place(allowance, destination),
            roots: destination.roots.as_deref(),
            certificate: mtls::certificate(&destination.credentials),
            network: &allowance.network,
            deadline: allowance.deadline,
            connect_ms: shorter(bounds.connect_ms, asked.connect_ms),
            first_byte_ms: shorter(bounds.first_byte_ms, asked.first_byte_ms),
        };
        let sent = match &allowance.stage {
            Some(stage) => {
                self.play(stage, &wire, stage::asked(admitted.rule, destination, &head), watch).await.map(|response| (response, None))
            }
            None => self.deliver(&wire, &head, watch).await.map(|(response, connection)| (response, Some(connection))),
        };
        let (response, connection) = sent.inspect_err(|refusal| {
            let names = wire.place.credentials.join(", ");
            tracing::warn!(target: "hallpass::egress", to = %destination.origin, request = admitted.rule.name, credential = names, "{refusal}");
        })?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            // Revoked before its time: the next request fetches another.
            for owner in &tokens {
                self.tokens.forget(owner);
            }
        }
        tracing::info!(
            target: "hallpass::egress",
            target_id = %allowance.target,
            to = destination.name,
            request = admitted.rule.name,
            method = %head.method,
            status = status.as_u16(),
            bytes_out = head.body.len(),
            credential = wire.place.credentials.join(", "),
            "a connector's request was answered"
        );
        let reading = Reading {
            allowance: Arc::clone(allowance),
            clock: Arc::clone(&self.clock),
            between_ms: shorter(bounds.between_bytes_ms, asked.between_bytes_ms),
            held: connection.map(|connection| Held { pools: Arc::clone(&self.pools), place: wire.place, connection }),
            under_way,
        };
        read(response, &admitted.captures, reading).await
    }

    /// Puts the destination's credentials into the request. Gives the owners of fetched tokens.
    async fn inject(&self, allowance: &Arc<Allowance>, destination: &Destination, head: &mut Head) -> Result<Vec<Owner>, Refusal> {
        let mut owners = Vec::new();
        let (signing, plain): (Vec<_>, Vec<_>) = destination.credentials.iter().partition(|c| c.signs());
        for credential in plain.into_iter().chain(signing) {
            let Kind::OAuth2(client) = &credential.kind else {
                credential.inject(head, self.clock.now())?;
                continue;
            };
            let owner = Owner {
                target: allowance.target.clone(),
                revision: allowance.revision,
                credential: credential.name.clone(),
                client: client.fingerprint(destination.roots.as_deref()),
            };
            let token = match &allowance.stage {
                Some(stage) => stage.token(),
                None => self.token(allowance, destination, client, &owner).await?,
            };
            allowance.hide_token(&token)?;
            bearer::inject(&token, head).map_err(|cause| Refusal::Credential { name: credential.name.clone(), cause })?;
            owners.push(owner);
        }
        Ok(owners)
    }

    /// The token that lasts, or a new one.
    async fn token(&self, allowance: &Allowance, destination: &Destination, client: &OAuth2, owner: &Owner) -> Result<SecretText, Refusal> {
        let slot = self.tokens.slot(owner);
        let mut kept = slot.lock().await;
        if let Some(token) = kept.as_ref().filter(|t| t.until > self.clock.now()) {
            return Ok(token.value.clone());
        }
        let token = self.fetch(allowance, destination, client, owner).await?;
        tracing::info!(target: "hallpass::egress", target_id = %allowance.target, credential = owner.credential, "a token was fetched");
        *kept = Some(token.clone());
        Ok(token.value)
    }

    async fn fetch(&self, allowance: &Allowance, destination: &Destination, client: &OAuth2, owner: &Owner) -> Result<Token, Refusal> {
        let failed = |cause: String| Refusal::Credential { name: owner.credential.clone(), cause };
        let head = client.request().map_err(failed)?;
        let bounds = allowance.meter.bounds();
        let wire = Wire {
            place: Place {
                target: allowance.target.clone(),
                revision: allowance.revision,
                origin: client.origin.clone(),
                trust: tls::fingerprint(destination.roots.as_deref(), None),
                credentials: vec![format!("{}/token", owner.credential)],
            },
            roots: destination.roots.as_deref(),
            certificate: None,
            network: &allowance.network,
            deadline: allowance.deadline,
            connect_ms: bounds.connect_ms,
            first_byte_ms: bounds.first_byte_ms,
        };
        let (response, _connection) = self.deliver(&wire, &head, &Unwatched).await?;
        let status = response.status();
        let body = async {
            let body = Limited::new(response.into_body(), oauth2::MOST_ANSWER_BYTES).collect().await;
            body.map(http_body_util::Collected::to_bytes)
                .map_err(|e| failed(format!("the answer of the token endpoint does not read: {e}")))
        };
        let clock = self.clock.as_ref();
        let body = within(clock, allowance.deadline, bounds.first_byte_ms, "the answer of the token endpoint", body).await?;
        oauth2::read(status, &body, self.clock.now()).map_err(failed)
    }

    /// Asks a stage instead.
    async fn play(
        &self,
        stage: &Arc<dyn Stage>,
        wire: &Wire<'_>,
        asked: StagedRequest,
        watch: &dyn Watch,
    ) -> Result<Response<Incoming>, Refusal> {
        watch.sending().await.map_err(Refusal::Fenced)?;
        within(self.clock.as_ref(), wire.deadline, wire.first_byte_ms, "the answer", stage::ask(Arc::clone(stage), asked)).await
    }

    /// Sends over a warm connection if one lives, else over a new one.
    async fn deliver(&self, wire: &Wire<'_>, head: &Head, watch: &dyn Watch) -> Result<(Response<Incoming>, Connection), Refusal> {
        let clock = self.clock.as_ref();
        let harmless = matches!(head.method, Method::GET | Method::HEAD);
        loop {
            let warm = self.pools.take(&wire.place);
            let was_warm = warm.is_some();
            let mut connection = match warm {
                Some(connection) => connection,
                None => within(clock, wire.deadline, wire.connect_ms, "connecting", self.connect(wire)).await?,
            };
            let request = head.request()?;
            watch.sending().await.map_err(Refusal::Fenced)?;
            let answer = async { Ok(connection.send(request).await) };
            match within(clock, wire.deadline, wire.first_byte_ms, "the answer", answer).await? {
                Ok(response) => return Ok((response.map(Incoming::Wire), connection)),
                Err(Unanswered::Unsent) => {
                    watch.unsent();
                    if !was_warm {
                        return Err(Refusal::Broken("the connection closed before the request was sent".to_owned()));
                    }
                }
                // A server may close an idle connection at the moment in which it is used again.
                Err(Unanswered::Lost(_)) if was_warm && harmless => {}
                Err(Unanswered::Lost(cause)) => return Err(Refusal::Broken(cause)),
            }
        }
    }

    async fn connect(&self, wire: &Wire<'_>) -> Result<Connection, Refusal> {
        let origin = &wire.place.origin;
        let tls = match origin.scheme {
            Scheme::Http => None,
            Scheme::Https => {
                let untrusted = |cause| Refusal::Untrusted { origin: origin.to_string(), cause };
                Some(tls::config(wire.roots, wire.certificate).map_err(untrusted)?)
            }
        };
        let addresses: Vec<SocketAddr> = addresses(self.resolver.as_ref(), origin, wire.network).await?;
        dial::dial(origin, &addresses, tls).await
    }
}

fn place(allowance: &Allowance, destination: &Destination) -> Place {
    Place {
        target: allowance.target.clone(),
        revision: allowance.revision,
        origin: destination.origin.clone(),
        trust: tls::fingerprint(destination.roots.as_deref(), mtls::certificate(&destination.credentials)),
        credentials: destination.credentials.iter().map(|c| c.name.clone()).collect(),
    }
}

/// The answer that may be passed on.
async fn read(response: Response<Incoming>, captures: &[(String, String)], reading: Reading) -> Result<Answer, Refusal> {
    let (parts, body) = response.into_parts();
    if parts.status.is_informational() {
        return Err(Refusal::Broken(format!("it answered {}, which nobody asked for", parts.status.as_u16())));
    }
    let allowance = Arc::clone(&reading.allowance);
    let mut captured = Vec::new();
    let body = if captures.is_empty() || !parts.status.is_success() {
        AnswerBody::streamed(body, reading)?
    } else {
        let bytes = AnswerBody::unredacted(body, reading)?.read().await?;
        let (bytes, secrets) = answer::capture(&bytes, captures)?;
        for (_, secret) in &secrets {
            allowance.hide_counted(secret)?;
        }
        captured = secrets;
        answer::whole(&bytes, &allowance)?
    };
    let headers = answer::clean_headers(&parts.headers, &allowance)?;
    Ok(Answer { status: parts.status, headers, body, captured })
}

#[cfg(test)]
mod tests;
