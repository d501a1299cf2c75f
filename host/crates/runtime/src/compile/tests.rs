//! Laws of compiling apart, with stand-ins for the compiler; the real one is tried where there is an executable of ours.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use hallpass_domain::clock::{Sleep, Timestamp};
use hallpass_domain::port::NotAdmitted;

use super::*;

/// Time that never comes, or has come.
struct Hands(bool);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
    fn sleep_until(&self, _: Timestamp) -> Sleep {
        if self.0 { Box::pin(std::future::ready(())) } else { Box::pin(std::future::pending()) }
    }
}

/// Another process writes it: a child that a neighbouring test starts while this one has the file open for writing would hold it open too,
/// and what is open for writing is not executed (`ETXTBSY`).
fn write_executable(path: &Path, text: &str) {
    let mut install = Command::new("install").args(["-m", "700", "/dev/stdin"]).arg(path).stdin(Stdio::piped()).spawn().unwrap();
    install.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(install.wait().unwrap().success());
}

/// A workshop whose compiler is this shell script.
fn workshop(folder: &Path, script: &str, late: bool) -> Workshop {
    let program = folder.join("compiler");
    write_executable(&program, &format!("#!/bin/sh\n{script}\n"));
    let limits = Limits { compiled_bytes: 1024, ..Limits::default() };
    Workshop::new(Compiler::Apart(program), limits, Arc::new(Hands(late)))
}

async fn refusal(script: &str, late: bool) -> NotAdmitted {
    let folder = tempfile::tempdir().unwrap();
    workshop(folder.path(), script, late).apart(&folder.path().join("compiler"), b"the file").await.unwrap_err().into()
}

#[tokio::test]
async fn the_child_sees_no_variable_and_no_descriptor_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let open = fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&open, rustix::io::FdFlags::empty()).unwrap();
    let script =
        format!("cd {0}; env > env; ls -l /proc/$$/fd > fds; cat > input; pwd > where; echo $1 > argument", folder.path().display());
    let not = workshop(folder.path(), &script, false).apart(&folder.path().join("compiler"), b"the file").await.unwrap_err();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}; {not:?}"));
    // The shell sets PWD and the like by itself; what is ours is not there.
    assert!(std::env::vars().count() > 3, "this process has variables");
    assert!(!read("env").contains("CARGO"), "{}", read("env"));
    // Streams, the script that the shell reads, and what it writes to.
    let (fds, own) = (read("fds"), folder.path().to_str().unwrap());
    let strange: Vec<&str> = fds.lines().filter(|l| l.contains("->") && !l.contains("pipe:") && !l.contains(own)).collect();
    assert!(fds.contains("pipe:") && strange.is_empty(), "{fds}");
    assert!(fs::read(folder.path().join("input")).unwrap().ends_with(b"the file"));
}

#[tokio::test]
async fn each_way_to_die_is_named_with_a_remedy() {
    for (script, why, remedy) in [
        ("exit 3", "exit status: 3", "report"),
        ("echo 'memory allocation of 5 bytes failed' >&2; kill -ABRT $$", "more than 2 GiB", "optimisation for size"),
        ("echo 'assertion failed' >&2; kill -ABRT $$", "assertion failed", "report"),
        ("kill -XCPU $$", "processor time", "optimisation for size"),
        ("kill -KILL $$", "killed from outside", "report"),
        ("cat > /dev/null; head -c 10000 /dev/zero", "machine code has more", "optimisation for size"),
        ("yes complaint | head -c 1000000 >&2; exit 1", "complaint", "report"),
    ] {
        let not = refusal(script, false).await;
        assert!(not.reason.contains(why), "{script}: {}", not.reason);
        assert!(not.remedy.contains(remedy), "{script}: {}", not.remedy);
    }
    let gone = Workshop::new(Compiler::Apart("/no/such".into()), Limits::default(), Arc::new(Hands(false)));
    let not = NotAdmitted::from(gone.apart(Path::new("/no/such"), b"").await.unwrap_err());
    assert!(not.reason.contains("/no/such") && not.remedy.contains("HALLPASS_EXECUTABLE"), "{not}");
}

#[tokio::test]
async fn a_child_that_does_not_end_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("echo $$ > {}/pid; exec sleep 600", folder.path().display());
    let workshop = workshop(folder.path(), &script, true);
    // Until the child is there, time stands still.
    let program = folder.path().join("compiler");
    let not = NotAdmitted::from(workshop.apart(&program, b"").await.unwrap_err());
    assert!(not.reason.contains("did not end within 240 s"), "{not}");
}
