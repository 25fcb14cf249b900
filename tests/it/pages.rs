//! What users read before they run anything, under snapshot: help, manual pages, completions.

use std::process::Command;

fn said(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    let output = command.args(arguments).env_remove("COLUMNS").output().expect("the program runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

fn kept(name: &str, arguments: &[&str]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, said(arguments)));
}

#[test]
fn help() {
    kept("help", &["--help"]);
    kept("help-report", &["report", "--help"]);
}

#[test]
fn manual_pages() {
    kept("man", &["man"]);
    kept("man-report", &["man", "report"]);
}

#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        kept(&format!("completions-{shell}"), &["completions", shell]);
    }
}

#[test]
fn help_has_examples_that_the_grammar_knows() {
    let help = said(&["report", "--help"]);
    for line in help.lines().filter(|line| line.trim_start().starts_with("tlswhy report")) {
        for option in line.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(help.contains(&format!("{option} <")) || help.contains(&format!("{option}\n")), "{option}");
        }
    }
    assert!(help.contains("Examples:"));
}
