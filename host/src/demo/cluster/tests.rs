//! A cluster comes up alone, survives being stopped, and leaves nothing.

use hallpass_domain::rng::SystemRng;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::*;

fn start(options: &Options) -> Cluster {
    Cluster::start(&Options { fsync: false, ..options.clone() }, &SystemRng, &|line| println!("{line}")).unwrap()
}

async fn setting(cluster: &Cluster, name: &str) -> String {
    let mut connection = PgConnection::connect_with(&cluster.superuser("postgres")).await.unwrap();
    sqlx::query("SELECT current_setting($1)").bind(name).fetch_one(&mut connection).await.unwrap().get(0)
}

/// The processes whose command line names the folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.unwrap().path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}

#[tokio::test]
async fn two_clusters_stand_side_by_side_and_leave_nothing() {
    let one = start(&Options::default());
    let other = start(&Options::default());
    assert_ne!(one.port(), other.port());
    assert_eq!(setting(&one, "listen_addresses").await, "127.0.0.1");
    assert_eq!(setting(&other, "port").await, other.port().to_string());
    assert!(!processes_of(one.folder()).is_empty(), "else the last line of this test says nothing");
    let folders = [one.folder().to_owned(), other.folder().to_owned()];
    drop((one, other));
    for folder in folders {
        assert!(!folder.exists());
        assert_eq!(processes_of(&folder), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_stopped_cluster_comes_back_on_its_port_with_its_data() {
    let cluster = start(&Options::default());
    let mut connection = PgConnection::connect_with(&cluster.superuser("postgres")).await.unwrap();
    sqlx::query("CREATE TABLE kept (n int)").execute(&mut connection).await.unwrap();
    for how in [Stop::Fast, Stop::Immediate] {
        cluster.stop(how).unwrap();
        assert!(PgConnection::connect_with(&cluster.superuser("postgres")).await.is_err());
        assert!(matches!(cluster.stop(how), Err(ClusterError::Step { .. })), "it cannot be stopped twice");
        cluster.resume().unwrap();
    }
    cluster.restart().unwrap();
    let mut connection = PgConnection::connect_with(&cluster.superuser("postgres")).await.unwrap();
    sqlx::query("SELECT n FROM kept").execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn nobody_comes_in_without_the_password() {
    let cluster = start(&Options::default());
    for password in ["", "postgres"] {
        let by_loopback = cluster.superuser("postgres").password(password);
        let by_socket = by_loopback.clone().socket(cluster.socket_folder());
        for options in [by_loopback, by_socket] {
            assert!(PgConnection::connect_with(&options).await.is_err());
        }
    }
    assert!(!cluster.folder().join("password").exists(), "it is not left in a file");
}

#[tokio::test]
async fn the_log_holds_the_statements_when_asked() {
    let further = vec![("work_mem".to_owned(), "3MB".to_owned())];
    let cluster = start(&Options { log_statements: true, settings: further, ..Options::default() });
    assert_eq!(setting(&cluster, "work_mem").await, "3MB");
    assert!(std::fs::read_to_string(cluster.log_path()).unwrap().contains("SELECT current_setting($1)"));
}

#[test]
fn the_end_of_our_process_is_the_end_of_the_cluster() {
    let mut cluster = start(&Options::default());
    let folder = cluster.folder().to_owned();
    // What the kernel does for a process that was killed: close its end of the pipe. Nothing else of ours runs.
    cluster.guard.get_mut().unwrap().abandon();
    assert!(!folder.exists());
    assert_eq!(processes_of(&folder), Vec::<String>::new());
}

#[test]
fn a_setting_cannot_bring_another_line() {
    let options = |name: &str, value: &str| Options { settings: vec![(name.to_owned(), value.to_owned())], ..Options::default() };
    let text = settings(&options("search_path", "it's"), Path::new("/tmp/s")).unwrap();
    assert!(text.ends_with("search_path = 'it''s'\n"));
    for (name, value) in [("fsync", "on\nport = 1"), ("a = 'b'\nc", "x"), ("a b", "x")] {
        assert!(matches!(settings(&options(name, value), Path::new("/tmp/s")), Err(ClusterError::Setting { .. })));
    }
}

#[test]
fn a_cluster_that_cannot_start_says_what_the_server_said_and_leaves_nothing() {
    let before = leftovers();
    let broken = Options { settings: vec![("shared_buffers".to_owned(), "nonsense".to_owned())], ..Options::default() };
    let error = Cluster::start(&broken, &SystemRng, &|_| ()).err().unwrap().to_string();
    assert!(error.contains("shared_buffers") && error.contains("nonsense"), "{error}");
    assert!(leftovers().iter().all(|folder| before.contains(folder) || !processes_of(folder).is_empty()));
}

/// The folders of clusters; those of other tests that run beside this one have a process.
fn leftovers() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.to_string_lossy().contains("hallpass-pg-")).collect()
}
