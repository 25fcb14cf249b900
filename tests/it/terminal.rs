//! Whatever ends the terminal interface, the terminal is given back: in a pseudo-terminal, with a child
//! that is this test binary itself.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tlswhy::report::Session;
use tlswhy::tui::{self, Feed, Options};

/// Tells the child what it is.
const CHILD: &str = "TLSWHY_TEST_TERMINAL_CHILD";
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(120);

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

/// The interface on the terminal that it was given. A test in name only.
#[test]
fn child() {
    let Some(what) = std::env::var_os(CHILD) else { return };
    let what = what.to_string_lossy().into_owned();
    let (send, receive) = mpsc::channel();
    let session = include_str!("../../src/tui/testdata/session.json");
    let session: Session = serde_json::from_str(session).expect("a session");
    send.send(Feed::Session(Box::new(session))).expect("open");
    // In place of writing a file, something panics: the interface, or its reader.
    let (go_on, wait) = mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        let feed = send;
        assert!(wait.recv().is_err(), "the reader came upon something");
        drop(feed);
    });
    let save = Box::new(move |_: &tui::Export| {
        assert!(what == "reader-panics", "something that nobody thought of");
        go_on.send(()).expect("still reading");
        Ok("nowhere".to_owned())
    });
    let result = tui::run(&receive, Options { title: "x".to_owned(), save: Some(save), ..Options::default() });
    if let Err(error) = result {
        println!("ended with: {error}");
    }
    let _ = reader.join();
}

/// A pseudo-terminal with the interface in it.
struct Tty {
    keyboard: File,
    shown: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    line: File,
    child: Child,
}

impl Tty {
    fn new(what: &str) -> Self {
        let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&main).and_then(|()| unlockpt(&main)).expect("granted");
        let name = ptsname(&main, Vec::new()).expect("a name");
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())).to_owned();
        let open = || OpenOptions::new().read(true).write(true).open(&path).expect("the other end");
        tcsetwinsize(&main, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        let child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "terminal::child", "--nocapture"])
            .env(CHILD, what)
            .stdin(Stdio::from(open()))
            .stdout(Stdio::from(open()))
            .stderr(Stdio::from(open()))
            .spawn()
            .expect("started");
        let line = open();
        let keyboard = File::from(main);
        let mut screen = keyboard.try_clone().expect("cloned");
        let (send, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keyboard, shown, seen: Vec::new(), line, child }
    }

    /// Waits until `text` has been written to the terminal.
    fn wait_for(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.seen).contains(text) {
            let more = self.shown.recv_timeout(LONG);
            self.seen.extend(more.unwrap_or_else(|_| panic!("no {text:?} in {}", String::from_utf8_lossy(&self.seen))));
        }
    }

    /// Whether lines are edited and typed characters shown, as a shell leaves it.
    fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&self.line).expect("a terminal").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    fn started(what: &str) -> Self {
        let mut tty = Self::new(what);
        tty.wait_for("client-cert-expired");
        assert!(!tty.is_cooked(), "the interface reads single keys");
        tty
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("pressed");
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).expect("sent");
    }

    /// The end, with the terminal as it was before.
    fn end(mut self, last_words: &str) -> ExitStatus {
        self.wait_for(LEAVE);
        self.wait_for("\x1b[?25h");
        let status = self.child.wait().expect("ended");
        assert!(self.is_cooked(), "the terminal was left raw");
        self.wait_for(last_words);
        let text = String::from_utf8_lossy(&self.seen).into_owned();
        assert!(text.find(ENTER) < text.find(LEAVE), "{text}");
        // What is said at the end is said on the shell's screen.
        assert!(text.rfind(LEAVE) < text.rfind(last_words) || last_words.is_empty(), "{text}");
        status
    }
}

#[test]
fn the_terminal_is_given_back_at_the_end() {
    let mut tty = Tty::started("");
    tty.press("q");
    assert!(tty.end("").success());
}

#[test]
fn the_terminal_is_given_back_after_a_panic() {
    let mut tty = Tty::started("");
    tty.press("sj");
    assert!(!tty.end("something that nobody thought of").success());
}

#[test]
fn the_terminal_is_given_back_after_signals() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let tty = Tty::started("");
        tty.signal(signal);
        assert_eq!(tty.end("").signal(), Some(signal.as_raw()), "it ends as the signal wants it");
    }
}

#[test]
fn a_reader_that_panics_is_told_of_and_tears_no_screen() {
    let mut tty = Tty::started("reader-panics");
    tty.press("sj");
    // Words that stay on the screen are not written again: this is the part that is new.
    tty.wait_for("failed:");
    tty.press("q");
    tty.end("ended with: reading the capture failed: ");
}
