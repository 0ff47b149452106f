//! `arclab data fetch`: a set from a host on this machine, named, and gone on with after a kill.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Of 200,000 lines of `faces\n`, as `sha256sum` prints it.
const SHA256: &str = "0eb2facd0caaeb3b4351f57974d6fa50f73e46c1a75414d3b984214a1c3731ba";
const BYTES: usize = 1_200_000;
/// Nothing here takes so long on any machine.
const LONG: Duration = Duration::from_mins(1);

/// A laboratory with a list of its own: one set, at `port` of this machine.
fn lab(port: u16) -> TempDir {
    let lab = tempfile::tempdir().expect("a temporary folder can be made");
    let list = format!(
        "faces:\n  about: Some faces\n  licence: our own\n  source: us\n  images: faces.tar\n  aligned: false\n  files:\n    \
         faces.tar: {{bytes: {BYTES}, sha256: {SHA256}, hosts: ['http://127.0.0.1:{port}/faces.tar']}}\n"
    );
    fs::write(lab.path().join("public.yaml"), list).expect("files can be written");
    fs::create_dir(lab.path().join("experiments")).expect("folders can be made");
    lab
}

fn fetch(lab: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arclab"));
    command.args(["data", "fetch", "--from", "public.yaml"]).args(more).current_dir(lab);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // A proxy would be asked for what is on this machine.
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command
}

/// A host that answers each time with at most so many bytes, and then waits as if there were more to come. Gives its port, and
/// for each answer the bytes that it has sent and the range that it was asked for.
fn host(at_most: &'static [usize]) -> (u16, Receiver<Option<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has a port").port();
    let (say, hear) = channel();
    thread::spawn(move || {
        let mut open = Vec::new();
        for &count in at_most {
            let (stream, _) = listener.accept().expect("somebody asks");
            let from = answer(&stream, count);
            open.push(stream);
            say.send(from).expect("the test listens");
        }
        thread::sleep(Duration::from_mins(10));
    });
    (port, hear)
}

fn answer(mut stream: &TcpStream, count: usize) -> Option<usize> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let from = lines.filter_map(|line| {
        line.to_ascii_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok()
    });
    let from: Option<usize> = from.last();
    let content = "faces\n".repeat(BYTES / 6);
    let rest = &content.as_bytes()[from.unwrap_or(0)..];
    let head = match from {
        Some(from) => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{BYTES}", BYTES - 1),
        None => "200 OK".to_owned(),
    };
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", rest.len());
    // Whoever was killed reads no more.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&rest[..count.min(rest.len())]));
    from
}

#[test]
fn a_fetch_that_was_killed_goes_on_and_the_set_gets_its_name() {
    let (port, asked) = host(&[700_000, BYTES]);
    let lab = lab(port);
    let part = lab.path().join("data/faces/faces.tar.part");
    let mut first = fetch(lab.path(), &["faces"]).spawn().expect("arclab starts");
    assert_eq!(asked.recv_timeout(LONG).expect("the host is asked"), None);
    let begun = Instant::now();
    while fs::metadata(&part).map_or(0, |part| part.len()) < 700_000 {
        assert!(begun.elapsed() < LONG, "the first bytes come");
        thread::sleep(Duration::from_millis(5));
    }
    first.kill().and_then(|()| first.wait()).expect("it can be killed");

    let second = fetch(lab.path(), &["faces", "--json"]).output().expect("arclab starts");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.success(), "{said}");
    assert_eq!(asked.recv_timeout(LONG).expect("the host is asked"), Some(700_000));
    assert!(said.contains("licence: our own") && said.contains("arclab data align faces"), "{said}");
    let printed: Value = serde_json::from_slice(&second.stdout).expect("JSON is printed");
    assert_eq!(printed[0]["sha256"], SHA256);
    assert_eq!(fs::read_dir(lab.path().join("data/faces")).expect("it is a folder").count(), 1);
    let catalogue =
        fs::read_to_string(lab.path().join("experiments/datasets.yaml")).expect("there is a catalogue");
    assert_eq!(catalogue, "faces:\n  path: ../data/faces/faces.tar\n  licence: \"our own\"\n  source: us\n");

    // It is there, and nobody is asked.
    let third = fetch(lab.path(), &["faces"]).output().expect("arclab starts");
    assert!(third.status.success() && String::from_utf8_lossy(&third.stdout).contains("was there"));
}

#[test]
fn what_there_is_to_fetch_is_listed_and_other_names_are_refused() {
    let lab = lab(9);
    let listed = fetch(lab.path(), &["--json"]).output().expect("arclab starts");
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON is printed");
    assert_eq!((&listed[0]["name"], &listed[0]["bytes"]), (&"faces".into(), &BYTES.into()));
    let refused = fetch(lab.path(), &["lfw"]).output().expect("arclab starts");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there are faces"));
}

#[test]
fn a_public_set_that_is_not_there_yet_is_told_how_to_get() {
    let lab = lab(9);
    let mut inspect = Command::new(env!("CARGO_BIN_EXE_arclab"));
    let inspect =
        inspect.args(["data", "inspect", "lfw"]).current_dir(lab.path()).output().expect("arclab starts");
    assert!(String::from_utf8_lossy(&inspect.stderr).contains("`arclab data fetch lfw` brings it"));
}
