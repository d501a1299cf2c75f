//! The target of guests that speak HTTP, and beside it a server that nothing may reach: whoever arrives there is counted, and would be
//! answered.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hallpass_domain::ids::Digest;
use hallpass_domain::port::Effect;
use hallpass_tests::guests::guests_over_http;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::act::{Act, Outcome, act_of};
use super::answer::{Step, answer};
use super::leak;
use super::log;
use super::stage::{executor, load, stage};

/// The broker's token at the target: a canary with every character that somebody escapes.
pub(super) const TOKEN: &str = "c4narybird/t0ken+of=the&<stage>\"1";
/// A key that the target makes: a canary too.
pub(super) const KEY: &str = "m1nted/by+the=target-0123456789";
/// An address of this machine that is not the target's.
pub(super) const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The connector, loaded at its first use.
pub(super) fn connector() -> Digest {
    static LOADED: OnceLock<Digest> = OnceLock::new();
    *LOADED.get_or_init(|| {
        let stage = stage();
        executor().block_on(load(&stage.broker, &stage.operator, &guests_over_http())).unwrap()
    })
}

/// Two servers that live as long as their test.
pub(super) struct Site {
    /// Has a server that drips say one more piece.
    pub(super) more: Arc<Notify>,
    address: SocketAddr,
    forbidden: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    arrived: Arc<AtomicUsize>,
    strayed: Arc<AtomicUsize>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Site {
    pub(super) fn open() -> Self {
        executor().block_on(Self::serve())
    }

    async fn serve() -> Self {
        // The other address has the same port, for names that come to lead there.
        let (listener, twin) = loop {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            if let Ok(twin) = TcpListener::bind((OTHER, listener.local_addr().unwrap().port())).await {
                break (listener, twin);
            }
        };
        let aside = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, forbidden) = (listener.local_addr().unwrap(), aside.local_addr().unwrap());
        let (more, seen, strayed) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let treasure = format!("http://{forbidden}/v1/treasure");
        let (told, list) = (Arc::clone(&more), Arc::clone(&seen));
        let arrived = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&arrived);
        let mut tasks = vec![tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                open.spawn(converse(stream, treasure.clone(), Arc::clone(&list), Arc::clone(&told)));
            }
        })];
        // Where this machine has IPv6, the port is watched there too.
        let six = TcpListener::bind(("::1", forbidden.port())).await.ok();
        for listener in [Some(twin), Some(aside), six].into_iter().flatten() {
            let strayed = Arc::clone(&strayed);
            tasks.push(tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    strayed.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\ntreasure").await;
                }
            }));
        }
        let tasks = tasks.iter().map(tokio::task::JoinHandle::abort_handle).collect();
        Self { more, address, forbidden, seen, arrived, strayed, tasks }
    }

    /// Where the target is, under this name.
    pub(super) fn url(&self, host: &str) -> String {
        format!("http://{host}:{}", self.address.port())
    }

    /// The port that nothing may reach.
    pub(super) fn forbidden_port(&self) -> u16 {
        self.forbidden.port()
    }

    /// How many connections arrived at the target.
    pub(super) fn connections(&self) -> usize {
        self.arrived.load(Ordering::SeqCst)
    }

    /// The requests that arrived at the target, as they came.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A guest of `guests/http/src/behaviours`, with this target and leave to reach it.
    pub(super) fn act(&self, behaviour: &'static str) -> Act {
        let url = self.url("127.0.0.1");
        let act = act_of(connector(), behaviour).secret("token", TOKEN).granted(&url);
        act.with("url", url).with("forbidden_port", self.forbidden.port().to_string())
    }

    /// The same, played.
    pub(super) fn play(&self, behaviour: &'static str) -> Outcome {
        self.judge(self.act(behaviour).play())
    }

    /// What holds after every guest: nothing arrived where nothing may, and no secret came out.
    pub(super) fn judge(&self, done: Outcome) -> Outcome {
        assert_eq!(self.strayed.load(Ordering::SeqCst), 0, "somebody arrived at the server that nobody may reach");
        let seen = match &done.result {
            Ok(Some(applied)) => format!("{:?}", applied.done),
            Ok(None) => String::new(),
            Err(failure) => format!("{failure:?}"),
        };
        for secret in [TOKEN, KEY] {
            leak::none("what the guest saw", &seen.replace("\\\"", "\"").replace("\\\\", "\\"), secret);
            leak::none("the log", &done.log.join("\n"), secret);
            assert!(!log::whole().contains(secret), "a secret stands in the log");
        }
        done
    }

    /// The guest asks in many ways for what is not its own: each is refused, the operator reads of each that reached the host's
    /// rules, and nothing of them arrived at the target either. How each ended.
    pub(super) fn refuses(&self, behaviour: &'static str) -> Vec<String> {
        let done = self.play(behaviour).failed("refused", Effect::None);
        let ends: Vec<&str> = done.failure().message.split(' ').collect();
        let told = done.log.iter().filter(|line| line.contains("has no answer: ")).count();
        // What is no request at all is an error in the guest's own hands; it gets no further.
        assert_eq!(
            told,
            ends.iter().filter(|end| ["request-refused", "address-refused"].contains(end)).count(),
            "{ends:?}: {:#?}",
            done.log
        );
        assert!(ends.iter().any(|end| *end != "bad-request"), "none of them came to a rule of the host: {ends:?}");
        assert!(self.seen().is_empty(), "{:?}", self.seen());
        ends.into_iter().map(str::to_owned).collect()
    }

    /// A destination of the manifest lies at this address, which the operator did not grant: nothing goes there, and this is said.
    pub(super) fn does_not_lead_to(&self, url: &str, code: &str, says: &str) {
        let done = self.judge(self.act("go_where_it_may").with("elsewhere", url.to_owned()).play()).failed(code, Effect::None);
        let told = done.log.join("\n") + &done.failure().message;
        assert!(told.contains(says), "{url}: {told}");
    }

    /// A name that leads to these addresses, none of them granted: nothing goes there, and this is said.
    pub(super) fn does_not_lead_by_name(&self, name: &str, addresses: &[IpAddr], says: &str) {
        stage().names.lead(name, &[addresses]);
        self.does_not_lead_to(&format!("https://{name}:{}", self.forbidden.port()), "address-refused", says);
        assert_eq!(stage().names.lookups(name), 1, "a name is looked up once: what was checked is what is dialled");
    }
}

/// Answers what comes on one connection.
async fn converse(mut stream: TcpStream, treasure: String, seen: Arc<Mutex<Vec<String>>>, more: Arc<Notify>) {
    let _ = stream.set_nodelay(true);
    while let Some(request) = next(&mut stream).await {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        for step in answer(&request, &treasure) {
            let written = match step {
                Step::Send(bytes) => stream.write_all(&bytes).await,
                Step::Endless(bytes) => loop {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                },
                Step::Drip(bytes) => loop {
                    more.notified().await;
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                },
                Step::Silence => std::future::pending().await,
                Step::Close => return,
            };
            if written.is_err() {
                return;
            }
        }
    }
}

/// The next request, its body too.
async fn next(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}
