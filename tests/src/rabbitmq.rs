//! A private RabbitMQ: the HTTP service whose members the connector of the authors' guide looks after.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use hallpass::client::Until;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::postgres::unused_port;

/// Where the package puts the program that runs under any account.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// The user that the broker signs in as.
pub const USER: &str = "hallpass";
/// Its password.
pub const PASSWORD: &str = "rabbit-canary-7731";
/// Ends all that it started, and the folder, when our process ends in whatever way: then its standard input does. A server that finds
/// no `epmd` starts one itself, which nobody would end.
const GUARD: &str = r#"
epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" &
{
    until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do sleep 0.1; done
    exec "$PROGRAM"
} >"$HOME/server.log" 2>&1 &
read -r _
rm -rf "$HOME"
kill -KILL 0
"#;

/// A running server.
pub struct RabbitMq {
    port: u16,
    folder: TempDir,
    _guard: (Child, ChildStdin),
}

/// The server of this run. Started by the first test that asks.
pub async fn rabbitmq() -> &'static RabbitMq {
    static SERVER: OnceLock<RabbitMq> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if !Path::new(PROGRAM).exists() {
            let why = "a test gives access to a real RabbitMQ";
            hallpass_build::debian::install(&["rabbitmq-server"], why, &mut |line| eprintln!("{line}")).unwrap_or_else(|e| panic!("{e}"));
        }
        RabbitMq::start()
    });
    let until = Until::within(Duration::from_secs(120));
    while !matches!(server.call("GET", "/api/whoami", None).await, Ok((200, _))) {
        let log = || std::fs::read_to_string(server.folder.path().join("server.log")).unwrap_or_default();
        assert!(until.is_ahead(), "RabbitMQ does not answer:\n{}", log());
        Until::pause().await;
    }
    server
}

impl RabbitMq {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("hallpass-rabbit-").tempdir().unwrap();
        let home = folder.path();
        let [amqp, http, names, nodes] = std::array::from_fn(|_| unused_port());
        let settings = format!(
            "listeners.tcp.local = 127.0.0.1:{amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {http}\n\
             default_user = {USER}\ndefault_pass = {PASSWORD}\nlog.console = true\nlog.file = false\n"
        );
        std::fs::write(home.join("rabbitmq.conf"), settings).unwrap();
        std::fs::write(home.join("plugins"), "[rabbitmq_management].").unwrap();
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD]).env("PROGRAM", PROGRAM).env("HOME", home).env("ERL_EPMD_PORT", names.to_string());
        guard.env("RABBITMQ_NODENAME", "test@localhost").env("RABBITMQ_DIST_PORT", nodes.to_string());
        // It shares two cores with everybody else.
        guard.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1:1 +sbwt none");
        for (name, file) in [
            ("RABBITMQ_CONFIG_FILE", "rabbitmq"),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", "none"),
            ("RABBITMQ_CONF_ENV_FILE", "none"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "plugins"),
            ("RABBITMQ_MNESIA_BASE", "data"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_PID_FILE", "pid"),
        ] {
            guard.env(name, home.join(file));
        }
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = guard.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        Self { port: http, folder, _guard: (child, stdin) }
    }

    /// The address of its API.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a virtual host and a user.
    pub async fn prepare(&self, vhost: &str, user: &str) {
        for (path, body) in [(format!("/api/vhosts/{vhost}"), "{}"), (format!("/api/users/{user}"), r#"{"password_hash":"","tags":""}"#)] {
            let (status, _) = self.call("PUT", &path, Some(body)).await.unwrap();
            assert!(matches!(status, 201 | 204), "{path}: {status}");
        }
    }

    /// The permission of a user on a virtual host, or nothing.
    pub async fn permission(&self, vhost: &str, user: &str) -> Option<Value> {
        let (status, body) = self.call("GET", &format!("/api/permissions/{vhost}/{user}"), None).await.unwrap();
        (status == 200).then(|| serde_json::from_str(&body).unwrap())
    }

    /// One request as the administrator: the status and the body of the answer.
    pub async fn call(&self, method: &str, path: &str, body: Option<&str>) -> std::io::Result<(u16, String)> {
        let body = body.unwrap_or_default();
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let request = format!(
            "{method} {path} HTTP/1.0\r\nhost: 127.0.0.1\r\nauthorization: Basic {basic}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok((status, body.to_owned()))
    }
}
