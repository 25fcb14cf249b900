//! What packagers install: completions for shells, and manual pages. Made from the grammar of the command
//! line, so that they cannot disagree with it.

use clap::{Command, CommandFactory};

use crate::cli::args::{Cli, CompletionsArgs, ManArgs};
use crate::cli::exit::Exit;
use crate::cli::{phrases, print};
use crate::error::Error;

/// The grammar, with its generated parts.
fn grammar() -> Command {
    let mut grammar = Cli::command();
    grammar.build();
    grammar
}

/// Does what the arguments of `completions` say.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tlswhy", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Does what the arguments of `man` say.
pub(super) fn man(args: &ManArgs) -> Result<Exit, Error> {
    let grammar = grammar();
    let page = match &args.command {
        None => grammar,
        Some(name) => {
            let command = grammar.get_subcommands().find(|command| command.get_name() == name).cloned();
            let names: Vec<&str> = grammar.get_subcommands().map(Command::get_name).collect();
            command.ok_or_else(|| Error::Usage(phrases::unknown_page(name, &names)))?
        }
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut roff)
        .map_err(|source| Error::Write { path: "standard output".into(), source })?;
    print(&String::from_utf8_lossy(&roff))
}
