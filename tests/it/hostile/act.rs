//! One misdeed, and the three things that must be true of every one: the broker stays up, a neighbour's call in the same runtime
//! succeeds during it and right after, and the operator sees what happened.

use std::sync::Arc;

use hallpass_domain::ids::Digest;
use hallpass_domain::port::{Applied, Connector as _, Effect, Failure, Wish};
use hallpass_domain::secret::SecretText;
use hallpass_runtime::Runtime;

use super::log;
use super::stage::{PASSWORD, executor, load, load_signed, stage};

/// How the runtime ends a call that breaks a rule.
const CUT_OFF: [&str; 6] = ["cpu-budget", "stack-overflow", "panic", "trap", "broken-rule", "bad-answer"];

/// In which call a guest shows itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum In {
    Apply,
    Revoke,
    Observe,
    Health,
    Describe,
}

/// One call of one guest.
pub(super) struct Act {
    connector: Digest,
    behaviour: &'static str,
    call: In,
    patience_ms: u64,
    settings: Vec<(&'static str, String)>,
    secrets: Vec<(&'static str, &'static str)>,
    granted: Vec<String>,
    entitlement: &'static str,
    runtime: Arc<Runtime>,
}

/// What came of it.
pub(super) struct Outcome {
    /// The guest's answer, or the failure that the operator reads.
    pub(super) result: Result<Option<Applied>, Failure>,
    /// The lines of the log that name its operation.
    pub(super) log: Vec<String>,
    /// The holding that it was for.
    pub(super) wish: Wish,
}

/// A guest of `guests/src/behaviours`, asked to apply.
pub(super) fn act(behaviour: &'static str) -> Act {
    act_of(stage().guests, behaviour)
}

/// The same of another connector.
pub(super) fn act_of(connector: Digest, behaviour: &'static str) -> Act {
    Act {
        connector,
        behaviour,
        call: In::Apply,
        patience_ms: 20_000,
        settings: Vec::new(),
        secrets: Vec::new(),
        granted: Vec::new(),
        entitlement: "role.exist",
        runtime: Arc::clone(&stage().runtime),
    }
}

/// A guest of `guests/wat`, loaded, and asked for its health.
pub(super) fn act_written(name: &'static str) -> Act {
    let stage = stage();
    let file = hallpass_tests::guests::written(name);
    let loaded = executor().block_on(load(&stage.broker, &stage.operator, &file));
    let connector = loaded.unwrap_or_else(|e| panic!("{name} is not loaded: {e}"));
    Act { connector, call: In::Health, ..act(name) }
}

impl In {
    /// The function of the WIT.
    fn function(self) -> &'static str {
        match self {
            Self::Apply => "grants.apply",
            Self::Revoke => "grants.revoke",
            Self::Observe => "grants.observe",
            Self::Health => "health.check",
            Self::Describe => "describe.describe",
        }
    }
}

impl Act {
    pub(super) fn in_call(self, call: In) -> Self {
        Self { call, ..self }
    }

    /// Its deadline, from when it begins.
    pub(super) fn within_ms(self, patience_ms: u64) -> Self {
        Self { patience_ms, ..self }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.settings.push((name, value));
        self
    }

    /// With this secret of the target.
    pub(super) fn secret(mut self, name: &'static str, value: &'static str) -> Self {
        self.secrets.push((name, value));
        self
    }

    /// At a target that was granted this place.
    pub(super) fn granted(mut self, network: &str) -> Self {
        self.granted.push(network.to_owned());
        self
    }

    /// In this runtime, instead of the broker's.
    pub(super) fn on(self, runtime: &Arc<Runtime>) -> Self {
        Self { runtime: Arc::clone(runtime), ..self }
    }

    /// For an access at which the host has no look of its own.
    pub(super) fn without_a_look_of_the_host(self) -> Self {
        Self { entitlement: "role.claimed", ..self }
    }

    /// Does it, with the neighbour at work.
    pub(super) fn play(self) -> Outcome {
        let stage = stage();
        let wish = Wish { entitlement: self.entitlement.to_owned(), ..stage.wish() };
        self.play_for(wish)
    }

    /// Does it for this holding.
    pub(super) fn play_for(self, wish: Wish) -> Outcome {
        executor().block_on(async {
            let stage = stage();
            let mut invocation = stage.invocation(self.connector, self.behaviour, self.patience_ms, &self.settings);
            let endpoint = Arc::get_mut(&mut invocation.endpoint).expect("nobody else has it yet");
            endpoint.network = self.granted;
            endpoint.secrets.extend(self.secrets.iter().map(|(name, value)| ((*name).to_owned(), SecretText::new((*value).to_owned()))));
            let runtime = self.runtime;
            let during = executor().spawn(stage.neighbour_answers());
            let result = match self.call {
                In::Apply => runtime.apply(&invocation, &wish, None).await.map(Some),
                In::Revoke => runtime.revoke(&invocation, &wish, None).await.map(|_| None),
                In::Observe => runtime.look(&invocation, &wish).await.map(|_| None),
                In::Health => runtime.health(&invocation).await.map(|()| None),
                In::Describe => runtime.describe(&invocation).await.map(|_| None),
            };
            during.await.expect("the neighbour works during the misdeed");
            stage.neighbour_answers().await;
            let log = log::lines_of(invocation.operation.as_str());
            Outcome { result, log, wish }.checked(self.call)
        })
    }
}

impl Outcome {
    /// What holds whatever the misdeed was.
    fn checked(self, call: In) -> Self {
        if let Err(failure) = &self.result {
            assert_ne!(failure.code, "got-through", "the guest got away with it: {failure}");
            assert!(!failure.message.is_empty() && failure.message.len() <= 2048, "{failure}");
            assert!(!failure.message.chars().any(char::is_control), "{failure:?}");
            // What the runtime itself ended stands in its log too; a failure that the guest hands on is in the operation alone.
            if CUT_OFF.contains(&failure.code.as_str()) {
                let said = self.log.iter().any(|line| line.contains(&failure.code));
                assert!(said, "the log does not say `{}`: {:?}", failure.code, self.log);
                // Where it happened, and then the mend.
                let at = failure.message.find(&format!("`{}`", call.function())).expect("it names the function");
                assert!(failure.message[at..].contains(". "), "{failure}");
            }
        }
        assert!(!format!("{:?}", self.result.as_ref().err()).contains(PASSWORD), "the target's secret came out");
        self
    }

    /// It failed, and this is what the operator reads.
    pub(super) fn failed(self, code: &str, effect: Effect) -> Self {
        match &self.result {
            Err(failure) => assert_eq!((failure.code.as_str(), failure.effect), (code, effect), "{failure}"),
            Ok(_) => panic!("it succeeded, and `{code}` was to stop it"),
        }
        self
    }

    /// It could do what it did.
    pub(super) fn succeeded(self) -> Self {
        if let Err(failure) = &self.result {
            panic!("{failure}");
        }
        self
    }

    /// The failure that the operator reads.
    pub(super) fn failure(&self) -> &Failure {
        self.result.as_ref().err().expect("it failed")
    }
}

/// Loads a file, with the neighbour at work: it must be refused, and the operator told why and what to do.
pub(super) fn refused(file: &[u8], why: &str) {
    refused_with(file, None, why);
}

/// The same of a file with signatures.
pub(super) fn refused_with(file: &[u8], note: Option<&str>, why: &str) {
    let stage = stage();
    executor().block_on(async {
        let during = executor().spawn(stage.neighbour_answers());
        let result = load_signed(&stage.broker, &stage.operator, file, note).await;
        during.await.expect("the neighbour works during the load");
        stage.neighbour_answers().await;
        let refusal = result.err().unwrap_or_else(|| panic!("it was loaded, and `{why}` was to stop it")).to_string();
        assert!(refusal.contains(why), "{refusal}");
        // Cause and remedy, each a sentence.
        assert!(refusal.contains("was not loaded: ") && refusal.matches(". ").count() >= 1, "{refusal}");
        assert!(refusal.len() < 2048 && !refusal.chars().any(char::is_control), "{refusal:?}");
        let known = stage.broker.connectors(&stage.operator).await.unwrap();
        let digest = Digest::of(file);
        assert!(known.iter().all(|row| row.facts.digest != digest), "it is refused and known all the same");
        assert!(!stage.refusals(&digest).await.is_empty(), "the log says nothing of it");
    });
}
