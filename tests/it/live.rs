//! Live capture, end to end: real servers and clients on the loopback interface fail, and `tlswhy live` says why
//! while they do; the same packets, kept with their keys, give the same diagnoses from the file.
//!
//! Needs the right to capture on `lo`, and `openssl`; where either is missing the test says so and does nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// How long anything may take on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A failure: its cause, and what its server and its client are told besides version and keys.
struct Failure {
    cause: &'static str,
    server: &'static [&'static str],
    client: &'static [&'static str],
    /// Where TLS 1.3 has other words for it.
    client13: Option<&'static [&'static str]>,
}

const FAILURES: [Failure; 6] = [
    Failure {
        cause: "client-cert-missing",
        server: &["-Verify", "1", "-CAfile", "ca.pem"],
        client: &[],
        client13: None,
    },
    Failure {
        cause: "client-cert-expired",
        server: &["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"],
        client: &["-cert", "expired.pem", "-key", "leaf.key"],
        client13: None,
    },
    Failure {
        cause: "client-cert-untrusted-ca",
        server: &["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"],
        client: &["-cert", "stranger.pem", "-key", "leaf.key"],
        client13: None,
    },
    Failure {
        cause: "server-cert-untrusted-ca",
        server: &[],
        client: &["-verify_return_error", "-CAfile", "other.pem"],
        client13: None,
    },
    Failure {
        cause: "server-cert-name-mismatch",
        server: &[],
        client: &[
            "-verify_return_error",
            "-CAfile",
            "ca.pem",
            "-servername",
            "wrong.example",
            "-verify_hostname",
            "wrong.example",
        ],
        client13: None,
    },
    Failure {
        cause: "no-common-cipher",
        server: &["-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
        client: &["-cipher", "ECDHE-RSA-AES256-GCM-SHA384"],
        client13: Some(&["-ciphersuites", "TLS_AES_256_GCM_SHA384"]),
    },
];

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tlswhy-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl").args(arguments).current_dir(&self.0).output().expect("openssl runs");
        assert!(done.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that does not outlive the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn tlswhy(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    command.args(arguments).current_dir(folder).env_remove("SSLKEYLOGFILE").stdin(Stdio::null());
    command
}

/// The lines of a pipe with the moment of each, as they come.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<(SystemTime, String)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send((SystemTime::now(), line)).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The first line that fits.
fn wait_for(lines: &Receiver<(SystemTime, String)>, what: &str, fits: impl Fn(&str) -> bool) -> (SystemTime, String) {
    let end = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok((at, line)) if fits(&line) => return (at, line),
            Ok((_, line)) => seen.push(line),
            Err(error) => panic!("{what}: {error}; there were {seen:#?}"),
        }
    }
}

fn wait_for_end(process: &mut Running) -> i32 {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = process.0.try_wait().expect("a process") {
            return status.code().unwrap_or(-1);
        }
        assert!(Instant::now() < end, "it does not end");
        thread::yield_now();
    }
}

fn interrupt(process: &Running) {
    let pid = process.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
}

/// Why live capture cannot be tested here.
fn why_not() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("the loopback interface has another name here".into());
    }
    if Command::new("openssl").arg("version").output().is_err() {
        return Some("there is no openssl".into());
    }
    let done = tlswhy(&["live", "-i", "lo", "--count", "0"], Path::new(".")).output().expect("it runs");
    (!done.status.success()).then(|| String::from_utf8_lossy(&done.stderr).trim().to_owned())
}

fn make_pki(folder: &Folder) {
    let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\npolicy=p\n\
                  unique_subject=no\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost\n";
    fs::write(folder.path("ca.cnf"), config).expect("written");
    fs::write(folder.path("index"), "").expect("written");
    fs::write(folder.path("serial"), "1000\n").expect("written");
    let key = |name: &str| {
        folder.openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", name]);
    };
    ["ca.key", "other.key", "leaf.key"].into_iter().for_each(key);
    for ca in ["ca", "other"] {
        let (key, pem, subject) = (format!("{ca}.key"), format!("{ca}.pem"), format!("/CN=Test {ca}"));
        folder.openssl(&["req", "-x509", "-new", "-key", &key, "-out", &pem, "-days", "30", "-subj", &subject]);
    }
    for (name, ca, subject, days) in [
        ("server.pem", "ca", "/CN=localhost", ["-days", "30"].as_slice()),
        ("expired.pem", "ca", "/CN=late", &["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"]),
        ("stranger.pem", "other", "/CN=stranger", &["-days", "30"]),
    ] {
        folder.openssl(&["req", "-new", "-key", "leaf.key", "-out", "request.pem", "-subj", subject]);
        let (cert, key) = (format!("{ca}.pem"), format!("{ca}.key"));
        let mut arguments = vec!["ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", &cert, "-keyfile", &key];
        arguments.extend(["-in", "request.pem", "-out", name]);
        arguments.extend(days);
        folder.openssl(&arguments);
    }
}

/// A server that is ready, and its port.
fn serve(folder: &Folder, failure: &Failure, version: &str) -> (Running, u64) {
    let mut server = Command::new("openssl");
    server.args(["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "leaf.key", version]);
    server.args(failure.server).current_dir(&folder.0);
    server.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Running(server.spawn().expect("a server"));
    let said = lines(server.0.stdout.take().expect("its output"));
    let (_, ready) = wait_for(&said, "the server", |line| line.starts_with("ACCEPT 127.0.0.1:"));
    let port = ready.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    // What it says later has no reader, and needs none.
    thread::spawn(move || said.iter().for_each(drop));
    (server, port)
}

/// Runs one failing handshake; `told` waits for what is said of it.
fn fail(folder: &Folder, failure: &Failure, version: &str, port: u64, told: impl FnOnce()) {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-keylogfile", "keys.log", version]);
    let words = if version == "-tls1_3" { failure.client13.unwrap_or(failure.client) } else { failure.client };
    client.args(words).current_dir(&folder.0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut client = Running(client.spawn().expect("a client"));
    // Held open: a client whose input has ended hangs up before the server can refuse it.
    let input: Option<ChildStdin> = client.0.stdin.take();
    told();
    drop(input);
}

fn session_of(line: &str, port: u64) -> Option<Value> {
    let session: Value = serde_json::from_str(line).ok()?;
    (session["server"]["port"].as_u64() == Some(port)).then_some(session)
}

/// From the last packet that the verdict rests on to the moment at which it was told.
fn delay(session: &Value, told: SystemTime) -> Duration {
    let last = session["diagnosis"]["evidence"]
        .as_array()
        .expect("evidence")
        .iter()
        .filter_map(|one| one["packet"].as_u64())
        .max();
    let entries = session["timeline"].as_array().expect("a timeline");
    let at =
        entries.iter().rev().find(|entry| entry["packet"].as_u64() == last).and_then(|entry| entry["time"].as_str());
    let at = time::OffsetDateTime::parse(at.expect("a time"), &time::format_description::well_known::Rfc3339)
        .expect("RFC 3339");
    let at = UNIX_EPOCH + Duration::from_nanos(u64::try_from(at.unix_timestamp_nanos()).expect("after 1970"));
    told.duration_since(at).unwrap_or_default()
}

#[test]
fn failures_on_the_loopback_are_told_live_and_again_from_the_file() {
    if let Some(why) = why_not() {
        eprintln!("live capture is not tested: {why}");
        return;
    }
    let folder = Folder::new("live");
    make_pki(&folder);
    let arguments = ["live", "-i", "lo", "--format", "jsonl", "--keylog", "keys.log", "-w", "kept.pcapng"];
    let mut live = tlswhy(&arguments, &folder.0);
    let mut live = Running(live.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tlswhy runs"));
    let said = lines(live.0.stderr.take().expect("its messages"));
    wait_for(&said, "the start", |line| line.contains("capturing on lo"));
    let told = lines(live.0.stdout.take().expect("its output"));
    let mut verdicts: BTreeMap<u64, Value> = BTreeMap::new();
    let mut delays = Vec::new();
    for version in ["-tls1_2", "-tls1_3"] {
        for failure in &FAILURES {
            let (_server, port) = serve(&folder, failure, version);
            fail(&folder, failure, version, port, || {
                let what = format!("{} {version}", failure.cause);
                let (at, line) = wait_for(&told, &what, |line| session_of(line, port).is_some());
                let session = session_of(&line, port).expect("a session");
                assert_eq!(session["diagnosis"]["cause"], failure.cause, "{version}: {line}");
                assert_ne!(session["outcome"], "established", "{version}: {line}");
                assert!(
                    matches!(session["tls"]["decryption"].as_str(), Some("full" | "none-needed")),
                    "{version}: {line}"
                );
                delays.push(delay(&session, at));
                verdicts.insert(port, session["diagnosis"].clone());
            });
        }
    }
    interrupt(&live);
    assert_eq!(wait_for_end(&mut live), 0, "Ctrl-C is an ordinary end");
    let (_, summary) = wait_for(&said, "the summary", |line| line.contains("packets captured"));
    assert!(summary.contains(" 0 lost by the kernel"), "{summary}");
    let again: Vec<String> = told.try_iter().map(|(_, line)| line).collect();
    let repeated = verdicts.keys().find(|port| again.iter().any(|line| session_of(line, **port).is_some()));
    assert_eq!(repeated, None, "a verdict that stands is told once");
    delays.sort();
    assert_eq!(delays.len(), 12);
    // A busy machine may hold up some of them; it would have to hold up most to break this.
    assert!(delays[4] < Duration::from_millis(200), "verdicts come late: {delays:?}");
    same_from_the_file(&folder, &verdicts);
}

/// Without the key log beside it: the keys are in the file.
fn same_from_the_file(folder: &Folder, verdicts: &BTreeMap<u64, Value>) {
    let done = tlswhy(&["report", "--format", "jsonl", "kept.pcapng"], &folder.0).output().expect("tlswhy runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    for (port, live) in verdicts {
        let from_file = text.lines().find_map(|line| session_of(line, *port)).expect("the session is in the file");
        let (live, from_file) = (live.to_string(), from_file["diagnosis"].to_string());
        assert_eq!(live, from_file, "port {port}");
    }
    for line in fs::read_to_string(folder.path("keys.log")).expect("the key log").lines() {
        let secret = line.rsplit(' ').next().expect("a secret");
        assert!(secret.len() < 32 || !text.contains(secret), "a secret is in the output");
    }
}

#[test]
fn a_pipe_tells_sessions_before_it_ends() {
    if let Some(why) = why_not() {
        eprintln!("a pipe is not tested: {why}");
        return;
    }
    let folder = Folder::new("pipe");
    make_pki(&folder);
    let failure = &FAILURES[0];
    let (_server, port) = serve(&folder, failure, "-tls1_3");
    // Other tests fail on the loopback, too.
    let filter = format!("tcp port {port}");
    let keep = ["-w", "kept.pcapng", "--keylog", "keys.log", "--until-failure"];
    let arguments = [&["live", "-i", "lo", "-f", &filter, "--format", "jsonl"], &keep[..]].concat();
    let mut live = tlswhy(&arguments, &folder.0);
    let mut live = Running(live.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tlswhy runs"));
    let said = lines(live.0.stderr.take().expect("its messages"));
    wait_for(&said, "the start", |line| line.contains("capturing on lo"));
    let told = lines(live.0.stdout.take().expect("its output"));
    fail(&folder, failure, "-tls1_3", port, || {
        wait_for(&told, "the live verdict", |line| session_of(line, port).is_some());
    });
    assert_eq!(wait_for_end(&mut live), 0, "--until-failure ends by itself");

    let mut reader = tlswhy(&["-", "--format", "jsonl"], &folder.0);
    let mut reader = Running(reader.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("tlswhy runs"));
    let mut pipe = reader.0.stdin.take().expect("its input");
    pipe.write_all(&fs::read(folder.path("kept.pcapng")).expect("the capture")).expect("written");
    pipe.flush().expect("flushed");
    let told = lines(reader.0.stdout.take().expect("its output"));
    let (_, line) = wait_for(&told, "the verdict of an open pipe", |line| session_of(line, port).is_some());
    assert_eq!(session_of(&line, port).expect("a session")["diagnosis"]["cause"], failure.cause);
    assert!(reader.0.try_wait().expect("a process").is_none(), "the pipe is still open");
    drop(pipe);
    assert_eq!(wait_for_end(&mut reader), 0);
}

#[test]
fn misuse_of_live_capture_is_one_line_with_what_to_do() {
    let said = |arguments: &[&str]| {
        let done: Output = tlswhy(arguments, Path::new(".")).output().expect("tlswhy runs");
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8(done.stderr).expect("UTF-8");
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    };
    assert!(said(&["live"]).contains("tlswhy interfaces"));
    assert!(said(&["live", "lo"]).contains("-i lo"));
    assert!(said(&["live", "-i", "lo", "-f", "tcp prot 443"]).contains("at character 5, at `prot`"));
    let unknown = said(&["live", "-i", "there-is-none"]);
    assert!(unknown.contains("there is no such interface") || unknown.contains("setcap"), "{unknown}");
}
