//! `tlswhy interfaces`: what can be captured on.

use std::fmt::Write;

use serde::Serialize;

use crate::cli::args::InterfacesArgs;
use crate::cli::exit::Exit;
use crate::cli::print;
use crate::error::Error;
use crate::source::interfaces::{self, Interface, Trial};

/// Does what the arguments say.
pub(super) fn run(args: &InterfacesArgs) -> Result<Exit, Error> {
    let found: Vec<(Interface, Trial)> = interfaces::list()?
        .into_iter()
        .map(|interface| {
            let trial = interfaces::try_out(&interface);
            (interface, trial)
        })
        .collect();
    if args.json {
        let rows: Vec<Row> = found.iter().map(|(interface, trial)| Row::of(interface, trial)).collect();
        let text = serde_json::to_string_pretty(&rows).map_err(|error| Error::Usage(error.to_string()))?;
        return print(&format!("{text}\n"));
    }
    print(&text(&found))
}

/// An interface, as published.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_type: Option<String>,
    up: bool,
    loopback: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    permitted: Option<bool>,
}

impl Row {
    fn of(interface: &Interface, trial: &Trial) -> Self {
        Self {
            name: interface.name.clone(),
            description: interface.description.clone(),
            addresses: interface.addresses.iter().map(ToString::to_string).collect(),
            link_type: trial.link.map(|link| link.name().into_owned()),
            up: interface.up,
            loopback: interface.loopback,
            permitted: trial.permitted,
        }
    }
}

fn text(found: &[(Interface, Trial)]) -> String {
    let head = ["NAME", "STATE", "LINK TYPE", "CAPTURE", "ADDRESSES"].map(str::to_owned);
    let rows: Vec<[String; 5]> = found.iter().map(|(interface, trial)| row(interface, trial)).collect();
    let mut widths = head.each_ref().map(|word| word.chars().count());
    for row in &rows {
        for (width, word) in widths.iter_mut().zip(row) {
            *width = word.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&head).chain(&rows) {
        let line: Vec<String> = row.iter().zip(widths).map(|(word, width)| format!("{word:width$}")).collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    let refused = found.iter().find(|(_, trial)| trial.permitted == Some(false));
    if let Some((interface, _)) = refused {
        let _ = writeln!(text, "\n{}", interfaces::how_to_be_permitted(&interface.name));
    }
    text
}

fn row(interface: &Interface, trial: &Trial) -> [String; 5] {
    let mut state = vec![if interface.up { "up" } else { "down" }];
    state.extend(interface.loopback.then_some("loopback"));
    state.extend(interface.wireless.then_some("wireless"));
    state.extend(interface.connected.filter(|connected| !connected).map(|_| "not connected"));
    let permitted = match trial.permitted {
        Some(true) => "permitted",
        Some(false) => "not permitted",
        None => "not possible",
    };
    let mut about: Vec<String> = interface.addresses.iter().map(ToString::to_string).collect();
    about.extend(interface.description.clone().map(|text| format!("({text})")));
    [
        safe(&interface.name),
        state.join(", "),
        trial.link.map_or_else(|| "-".to_owned(), |link| link.name().into_owned()),
        permitted.to_owned(),
        safe(&about.join(" ")),
    ]
}

fn safe(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::LinkType;

    #[test]
    fn a_table_says_what_can_be_captured_on_and_how() {
        let lo = Interface {
            name: "lo".into(),
            description: Some("Loopback".into()),
            addresses: vec!["127.0.0.1".parse().expect("an address")],
            up: true,
            loopback: true,
            wireless: false,
            connected: None,
        };
        let eth = Interface { name: "eth0".into(), up: false, loopback: false, connected: Some(false), ..lo.clone() };
        let open = Trial { permitted: Some(true), link: Some(LinkType(1)) };
        let text = text(&[(lo, open), (eth, Trial { permitted: Some(false), link: None })]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "lo    up, loopback         EN10MB     permitted      127.0.0.1 (Loopback)");
        assert!(lines[2].starts_with("eth0  down, not connected  -          not permitted"), "{text}");
        assert!(lines[4].contains("setcap") || cfg!(not(target_os = "linux")), "{text}");
    }
}
