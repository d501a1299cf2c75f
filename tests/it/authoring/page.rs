//! The commands of sdk/AUTHORING.md, run as they stand there, in each language.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::languages::works_on_a_real_server;
use hallpass::client::{Api, Look as _, Profiles, Until};
use hallpass_build::Language;
use hallpass_tests::postgres::unused_port;
use hallpass_tests::rabbitmq::{self, rabbitmq};
use hallpass_tests::server::{self, PATIENCE};

const PAGE: &str = include_str!("../../../sdk/AUTHORING.md");
/// Marks the blocks that this test runs.
const MARK: &str = "```sh authoring\n";

/// The blocks of the page that begin with this line, in order.
fn blocks(start: &str) -> Vec<&'static str> {
    PAGE.split(start).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// An author's shell: an empty folder, and a command `hallpass`, which is this binary.
struct Shell {
    folder: tempfile::TempDir,
    rabbit: String,
    hallpass: String,
}

impl Shell {
    fn new(rabbit: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = std::env::current_exe().unwrap();
        // A function, not a file on the path: a child that a neighbouring test starts while the file is written holds it open for writing
        // too, and what is open for writing is not executed (`ETXTBSY`).
        let hallpass = format!(
            "hallpass() (\nwords=\nfor word; do words=\"$words$word$(printf '\\037')\"; done\n\
             export {}=\"$words\"\nexec {program:?} --exact server_process --nocapture --test-threads 1\n)\n",
            server::WORDS,
        );
        Self { folder, rabbit, hallpass }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn home(&self) -> std::path::PathBuf {
        self.path().join("home")
    }

    /// Runs one command, which must succeed, and gives what it said.
    fn run(&self, command: &str) -> String {
        let output = Command::new("sh")
            .args(["-c", &format!("{}{command}", self.hallpass)])
            .current_dir(self.path())
            .env(server::HOME, self.home())
            .env("RABBITMQ_URL", &self.rabbit)
            .env("RABBITMQ_PASSWORD", rabbitmq::PASSWORD)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command}\n{said}");
        assert!(!said.contains(rabbitmq::PASSWORD), "{command}\n{said}");
        said
    }
}

/// From an empty folder to access in a real server, and back.
async fn takes_a_newcomer_to_a_loaded_connector(language: Language) {
    let server = rabbitmq().await;
    let shell = Shell::new(server.url());
    // Its own virtual host, because the languages share a server.
    let vhost = format!("page-{language}");
    server.prepare(&vhost, "alice").await;
    let parts: Vec<Vec<String>> = blocks(MARK)
        .into_iter()
        .map(|block| {
            block
                .lines()
                .map(|line| line.replace("--lang js", &format!("--lang {language}")).replace("vhost:orders", &format!("vhost:{vhost}")))
                .collect()
        })
        .collect();
    assert!(parts.iter().map(Vec::len).sum::<usize>() <= 10, "more than ten commands");
    let [author, operator] = parts.as_slice() else { panic!("the page has {} parts", parts.len()) };
    let mut key = None;
    for command in author {
        let said = shell.run(command);
        key =
            key.or_else(|| said.lines().find_map(|line| line.split_whitespace().find(|word| word.starts_with("acme+"))).map(str::to_owned));
    }

    let settings = blocks("```toml\n").into_iter().find(|block| block.contains("connectors.publishers")).unwrap();
    let settings = settings.replace("KEY", &key.expect("keygen prints the public line"));
    let address = format!("127.0.0.1:{}", unused_port());
    let policies = shell.path().join("policies");
    fs::create_dir(&policies).unwrap();
    fs::write(policies.join("main.cedar"), blocks("```cedar\n")[0]).unwrap();
    let settings = settings.replace("\"policies\"", &format!("{policies:?}"));
    let config = format!("[server]\ndata = {:?}\nlisten = \"{address}\"\n{settings}\n", shell.path().join("data"));
    fs::write(shell.path().join("hallpass.toml"), config).unwrap();
    let broker = server::start(shell.path(), None);
    shell.run(&format!("hallpass login {}", broker.link().unwrap()));

    for command in operator {
        shell.run(command);
    }
    assert_eq!(server.permission(&vhost, "alice").await.unwrap()["read"], ".*");

    let admin = Api::new(Profiles::new(shell.home()).load(None).unwrap()).unwrap();
    let grant = admin.grants(true, None).await.unwrap().items("")[0].word("id").to_owned();
    admin.revoke(&grant, None).await.unwrap();
    let until = Until::within(PATIENCE);
    admin.grant_becomes(&grant, &until, "the access is not taken away", |g| g.word("state") == "revoked").await.unwrap();
    assert_eq!(server.permission(&vhost, "alice").await, None);
    // The same file again, with calls that the page does not tell of.
    drop(broker);
    works_on_a_real_server(language, &fs::read(shell.path().join("queue/target/queue.wasm")).unwrap()).await;
}

#[tokio::test]
async fn the_page_works_in_rust() {
    takes_a_newcomer_to_a_loaded_connector(Language::Rust).await;
}

#[tokio::test]
async fn the_page_works_in_javascript() {
    takes_a_newcomer_to_a_loaded_connector(Language::JavaScript).await;
}

#[tokio::test]
async fn the_page_works_in_python() {
    takes_a_newcomer_to_a_loaded_connector(Language::Python).await;
}
