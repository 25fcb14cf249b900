//! The terminal timeline on captures: a thread reads, the interface shows.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::cli::args::{Colour, Format, ReportArgs};
use crate::cli::exit::Exit;
use crate::cli::read::{self, Event, Reading};
use crate::cli::{complain, options};
use crate::error::Error;
use crate::problem::Problem;
use crate::report;
use crate::source;
use crate::tui::{self, Config, Content, Export, Feed, Theme};

/// Messages that may wait for the interface.
const WAITING: usize = 4_096;

/// Whether the interface is to open: it was asked for, or captures were named without more and standard
/// output is a terminal.
pub(super) fn is_wanted(args: &ReportArgs, bare: bool) -> bool {
    if args.tui || args.no_tui {
        return args.tui;
    }
    bare && args.format == Format::Text && args.output.is_none() && io::stdout().is_terminal()
}

/// Opens the interface on what the arguments name.
pub(super) fn run(args: &ReportArgs) -> Result<Exit, Error> {
    let options = options::report(args)?;
    let config = config()?;
    for error in &options.missing {
        complain(&format!("error: {error}"));
    }
    let plain = args.color == Colour::Never || options::environment("NO_COLOR").is_some();
    let (send, receive) = sync_channel(WAITING);
    let title = match options.captures.as_slice() {
        [one] => one.file_name().unwrap_or(one.as_os_str()).to_string_lossy().into_owned(),
        several => format!("{} captures", several.len()),
    };
    let face = tui::Options {
        mouse: args.mouse || config.mouse.unwrap_or_default(),
        theme: if plain { Theme::Plain } else { config.theme.unwrap_or_default() },
        keymap: config.keymap,
        title,
        live: false,
        save: Some(Box::new(save)),
    };
    std::thread::spawn(move || feed(&options, &send));
    tui::run(&receive, face).map_err(|source| Error::Write { path: "the terminal".into(), source })?;
    Ok(Exit::Done)
}

/// Reads all captures and tells the interface of them.
fn feed(options: &options::ReportOptions, send: &SyncSender<Feed>) {
    let reading =
        Reading { keys: &options.keys, beliefs: &options.beliefs, limits: &options.limits, jobs: options.jobs };
    let (mut id, mut captures) = (0, 0);
    read::all(&options.captures, &reading, &mut |_, event| {
        let told = match event {
            Event::Opened { .. } => Ok(()),
            Event::Session(mut session) => {
                id += 1;
                session.id = id;
                session.capture = captures;
                send.send(Feed::Session(session))
            }
            Event::Ended { capture, error } => {
                let said = error.map(|error| {
                    let problem = Problem::new("unreadable-capture", error.to_string());
                    send.send(Feed::Problem(report::problem(&problem)))
                });
                let shown = capture.map(|capture| {
                    captures += 1;
                    send.send(Feed::Capture(*capture))
                });
                said.into_iter().chain(shown).collect()
            }
        };
        if told.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let _ = send.send(Feed::Done);
}

/// `tlswhy/config.toml` below `$XDG_CONFIG_HOME` or `~/.config`, where there is one.
fn config() -> Result<Config, Error> {
    let folder = options::environment("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| options::environment("HOME").map(|home| PathBuf::from(home).join(".config")));
    let Some(path) = folder.map(|folder| folder.join("tlswhy/config.toml")).filter(|path| path.is_file()) else {
        return Ok(Config::default());
    };
    let bytes = source::bytes(&path)?;
    tui::config::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))
}

/// Writes an export into the current folder under a name that is not taken yet.
fn save(export: &Export) -> io::Result<String> {
    let bytes = match &export.content {
        Content::Text(text) => text.as_bytes(),
        Content::Packets(_) => {
            return Err(io::Error::other("packets are saved by `tlswhy live -w` only"));
        }
    };
    let (stem, ending) = export.name.rsplit_once('.').unwrap_or((&export.name, "txt"));
    for number in 0..1_000 {
        let name = if number == 0 { export.name.clone() } else { format!("{stem}-{number}.{ending}") };
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                return Ok(name);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("there are a thousand files of that name already"))
}
