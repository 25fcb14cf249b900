//! The terminal timeline as a person goes through it: the program itself, in tmux, from the list of sessions
//! to a verdict, what proves it, and out again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(120);
/// Between two looks at the screen.
const BETWEEN: Duration = Duration::from_millis(10);

/// Captures of one session each; behind one another, they are a capture of three.
const CAPTURES: [&str; 3] = [
    "client-cert-expired/openssl-openssl-tls12.pcapng",
    "client-cert-missing/openssl-openssl-tls13.pcapng",
    "none/openssl-openssl-tls13-mtls.pcapng",
];

/// What is run in the terminal.
const TLSWHY: &str = env!("CARGO_BIN_EXE_tlswhy");

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A terminal in a tmux of our own, with the program in it.
struct Walk {
    socket: String,
    folder: PathBuf,
}

impl Walk {
    /// `None` where there is no tmux, which is said.
    fn begin(columns: u16, rows: u16) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            println!("not run: tmux is not installed");
            return None;
        }
        let name = format!("tlswhy-test-{}-{columns}x{rows}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        fs::create_dir_all(&folder).expect("a folder");
        let capture: Vec<u8> = CAPTURES.iter().flat_map(|name| fs::read(fixture(name)).expect("a capture")).collect();
        fs::write(folder.join("three.pcapng"), capture).expect("written");
        let walk = Self { socket: name, folder };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let folder = walk.folder.to_str().expect("a name");
        // What the program copies is to land in a buffer of tmux. Its end is told by a shell, since tmux now and
        // then does not notice that its child has ended.
        let settings = "start-server ; set -g status off ; set -s set-clipboard on ;";
        let run = [r#""$@"; echo "ended with $?"; read -r _"#, "sh", TLSWHY, "three.pcapng"];
        let session = ["new-session", "-d", "-x", &columns, "-y", &rows, "-c", folder, "sh", "-c"];
        let arguments: Vec<&str> = settings.split(' ').chain(session).chain(run).collect();
        let output = walk.tmux(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(walk)
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux")
            .args(["-u", "-L", &self.socket, "-f", "/dev/null"])
            .args(arguments)
            // No settings of whoever runs the tests.
            .env("XDG_CONFIG_HOME", &self.folder)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .env_remove("SSLKEYLOGFILE")
            .output()
            .expect("tmux")
    }

    fn said(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.tmux(arguments).stdout).into_owned()
    }

    /// The screen, once it looks the same twice: in the middle of being drawn it is two screens.
    fn screen(&self) -> String {
        let mut screen = String::new();
        loop {
            let next = self.said(&["capture-pane", "-p"]);
            if next == screen {
                return screen;
            }
            screen = next;
            thread::sleep(BETWEEN);
        }
    }

    /// Asks again and again until the answer is right.
    fn until(&self, wanted: &str, ask: impl Fn(&Self) -> String, is_right: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let answer = ask(self);
            if is_right(&answer) {
                return answer;
            }
            assert!(begin.elapsed() < LONG, "no {wanted} in\n{answer}\non\n{}", self.screen());
            thread::sleep(BETWEEN);
        }
    }

    /// Waits until all of this is on the screen.
    fn see(&self, wanted: &[&str]) -> String {
        self.until(&format!("{wanted:?}"), Self::screen, |screen| wanted.iter().all(|text| screen.contains(text)))
    }

    /// Presses one key, or several that need no look at the screen in between.
    fn press(&self, keys: &[&str]) {
        let arguments: Vec<&str> = ["send-keys"].iter().chain(keys).copied().collect();
        assert!(self.tmux(&arguments).status.success());
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// From the list to the verdict of the session that failed, and to what proves it.
fn to_the_evidence(walk: &Walk) {
    walk.see(&["three.pcapng", "3 sessions", "client-cert-expired", "client-cert-missing", "established"]);
    walk.press(&["Enter"]);
    let screen = walk.see(&["✗ FAILED", "client-cert-expired · certain", "[1 Timeline]", "◆ evidence"]);
    assert!(screen.lines().any(|line| line.contains('◆') && line.contains('#')), "no evidence is shown:\n{screen}");
    walk.press(&["4"]);
    let screen = walk.see(&["[4 Why]", "enter jumps to the packet", "◆ packet "]);
    let packet = screen.split_once("◆ packet ").and_then(|(_, rest)| rest.split(' ').next()).expect("a packet");
    walk.press(&["g", "Enter"]);
    let screen = walk.see(&["[1 Timeline]"]);
    let proof = format!("#{packet} ◆");
    assert!(screen.contains(&proof), "no {proof:?}:\n{screen}");
}

/// Copies a command; the terminal has it then.
fn copy(walk: &Walk) {
    walk.press(&["5"]);
    let screen = walk.see(&["[5 What to do]", "$ ", "y copies it"]);
    let command = screen.split_once("$ ").and_then(|(_, rest)| rest.split_whitespace().next()).expect("a command");
    walk.press(&["g", "j"]);
    walk.press(&["y"]);
    walk.see(&["✓ copied: "]);
    let buffer = walk.until("copy", |walk| walk.said(&["show-buffer"]), |buffer| !buffer.is_empty());
    assert!(buffer.starts_with(command), "{buffer:?} was copied, in place of {command:?}");
    walk.press(&["Escape"]);
    walk.see(&["3 sessions", "f failures"]);
}

/// Saves the packets of the session, twice: nothing is overwritten. They tell the same as before.
fn save(walk: &Walk) {
    for name in ["session-1-client-cert-expired.pcapng", "session-1-client-cert-expired-1.pcapng"] {
        walk.press(&["s"]);
        walk.see(&["save as", "p packets"]);
        walk.press(&["p"]);
        walk.see(&[&format!("✓ written to {name}")]);
        let output = Command::new(TLSWHY).args(["report", "--format", "jsonl"]).arg(walk.folder.join(name)).output();
        let told = String::from_utf8(output.expect("run").stdout).expect("text");
        assert!(told.lines().count() == 1 && told.contains(r#""cause":"client-cert-expired""#), "{told}");
    }
    walk.press(&["s"]);
    walk.see(&["save as"]);
    walk.press(&["P"]);
    walk.see(&["✗ session-1-client-cert-expired.pcapng: there are no keys of this session"]);
}

fn filter(walk: &Walk) {
    walk.press(&["/"]);
    walk.see(&["filter:"]);
    walk.press(&["-l", "cause:client-cert-missing"]);
    let screen = walk.see(&["1 of 3 sessions", "cause:client-cert-missing  ✓"]);
    assert!(!screen.contains("client-cert-expired"), "{screen}");
    walk.press(&["Enter"]);
    walk.see(&["/cause:client-cert-missing", "f failures"]);
    walk.press(&["Escape"]);
    let screen = walk.see(&["client-cert-expired", "3 sessions"]);
    assert!(!screen.contains(" of 3 sessions"), "{screen}");
}

fn compare(walk: &Walk) {
    walk.press(&["g", "m"]);
    walk.see(&["is marked; mark another one"]);
    walk.press(&["G", "m"]);
    walk.see(&["sessions 1 and 3 are marked"]);
    walk.press(&["d"]);
    walk.see(&["what differs", "A  ✗ client-cert-expired", "B  ✓ established", "client certificate"]);
}

fn help_and_exit(walk: &Walk) {
    walk.press(&["?"]);
    walk.see(&["A comparison", "Everywhere", "show what is the same, too"]);
    walk.press(&["q"]);
    walk.see(&["what differs"]);
    walk.press(&["Escape"]);
    walk.see(&["3 sessions"]);
    walk.press(&["q"]);
    let screen = walk.see(&["ended with"]);
    assert!(screen.contains("ended with 0"), "{screen}");
    let alternate = walk.said(&["display-message", "-p", "#{alternate_on}"]);
    assert_eq!(alternate.trim_end(), "0", "it gives the terminal back");
}

fn all(columns: u16, rows: u16) {
    let Some(walk) = Walk::begin(columns, rows) else { return };
    to_the_evidence(&walk);
    copy(&walk);
    save(&walk);
    filter(&walk);
    compare(&walk);
    help_and_exit(&walk);
}

#[test]
fn from_the_list_to_the_evidence_and_out_again_at_80_columns() {
    all(80, 24);
}

#[test]
fn from_the_list_to_the_evidence_and_out_again_at_120_columns() {
    all(120, 40);
}
