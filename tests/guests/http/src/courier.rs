//! The guest that sends what the settings of its target say. Each call has a setting of its name (`apply`, `revoke`, `observe`, `check`)
//! with one step per line:
//!
//! | step | does |
//! | --- | --- |
//! | `PUT /path {"json": 1}` | sends a request below the setting `url`, or to a whole address; `{account}` and `{stamp}` are filled in |
//! | `header name value` | says so in every later request of the call |
//! | `expect 204` | fails unless the last answer has this status |
//! | `headers` | the locator is the headers of the last answer |
//! | `make recipe` | makes a secret and delivers it |
//! | `deliver name label` | delivers the secret that was captured under this name |
//!
//! What the last answer was, status and body, is the locator of a settled call: what a guest has seen, a test can see.

use hallpass_connector::grants::{Mark, Observation, Outcome, Presence, Settled};
use hallpass_connector::http::{self, Answer, Method};
use hallpass_connector::{Attribute, Failure, Holding, Invocation, secrets};

/// Headers that a test may ask for.
const SHOWN: [&str; 6] = ["x-token", "location", "set-cookie", "www-authenticate", "cookie", "content-type"];

/// One call of the script.
struct Round<'a> {
    inv: &'a Invocation,
    want: Option<&'a Holding>,
    headers: Vec<(String, String)>,
    last: Option<Answer>,
    show: bool,
}

impl Round<'_> {
    fn run(inv: &Invocation, want: Option<&Holding>, script: &str) -> Result<Option<(Answer, bool)>, Failure> {
        let mut round = Round { inv, want, headers: Vec::new(), last: None, show: false };
        for line in inv.setting(script).unwrap_or_default().lines().filter(|l| !l.trim().is_empty()) {
            round.step(line)?;
        }
        Ok(round.last.map(|answer| (answer, round.show)))
    }

    fn fill(&self, text: &str) -> String {
        let Some(want) = self.want else { return text.to_owned() };
        text.replace("{account}", &http::encode(&want.account().unwrap_or_default())).replace("{stamp}", &want.stamp())
    }

    fn step(&mut self, line: &str) -> Result<(), Failure> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "header" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                self.headers.push((name.to_owned(), value.to_owned()));
                Ok(())
            }
            "expect" => match &self.last {
                Some(answer) if answer.status().to_string() == rest => Ok(()),
                Some(answer) => Err(answer.failure()),
                None => Err(Failure::internal("no-answer", "nothing was asked")),
            },
            "make" => secrets::deliver(self.inv, secrets::generate(self.inv, rest)?, "made", &[]),
            "headers" => {
                self.show = true;
                Ok(())
            }
            "deliver" => {
                let (name, label) = rest.split_once(' ').unwrap_or((rest, "key"));
                let secret = secrets::captured(self.inv, name)?;
                secrets::deliver(self.inv, secret, label, &[Attribute { name: "name".to_owned(), value: name.to_owned() }])
            }
            method => self.send(method, rest),
        }
    }

    fn send(&mut self, method: &str, rest: &str) -> Result<(), Failure> {
        let method = match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            other => return Err(Failure::invalid_input("no-such-step", other)),
        };
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let path = self.fill(path);
        let url = if path.starts_with('/') { format!("{}{path}", http::base(self.inv, "url")?) } else { path };
        let mut request = http::request(method, &url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.json(self.fill(body));
        }
        self.last = Some(request.send()?);
        Ok(())
    }
}

/// What was seen, in what a locator may hold.
fn seen(answer: Option<(Answer, bool)>) -> String {
    let Some((answer, show)) = answer else { return "nothing".to_owned() };
    let mut text = format!("{} {}", answer.status(), String::from_utf8_lossy(answer.body()));
    if show {
        text = SHOWN.iter().filter_map(|name| answer.header(name).map(|value| format!("{name}: {value}\n"))).collect();
    }
    while text.len() > 1024 {
        text.pop();
    }
    text
}

fn settled(answer: Option<(Answer, bool)>) -> Outcome {
    Outcome::Settled(Settled { locator: seen(answer), already: false, replaced: Vec::new() })
}

/// Plays the script of a call that changes something.
pub(crate) fn settle(inv: &Invocation, want: &Holding, script: &str) -> Result<Outcome, Failure> {
    Round::run(inv, Some(want), script).map(settled)
}

/// Plays the script of a look.
pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    let answer = Round::run(inv, Some(want), "observe")?;
    let presence = if answer.is_some_and(|(a, _)| a.status() == 200) { Presence::Present } else { Presence::Absent };
    Ok(Observation { presence, mark: Mark::Unmarked, locator: None, until: None, details: Vec::new() })
}

/// Plays the script of a health check.
pub(crate) fn check(inv: &Invocation) -> Result<(), Failure> {
    match Round::run(inv, None, "check")? {
        Some((answer, _)) => answer.success().map(drop),
        None => Ok(()),
    }
}
