//! Packets are missing from the capture, so that nothing certain can be said.
#![doc = include_str!("capture_incomplete.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;
use crate::session::{Decryption, Session, Transport};

/// Its rule.
pub const RULE: Rule = Rule { cause: Cause::CaptureIncomplete, shadows: &[Cause::Unknown], examine };

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let tcp = &session.tcp;
    if matches!(
        case.ending,
        Ending::Completed | Ending::HiddenAnswer { .. } | Ending::Refusal { .. } | Ending::LeftAtOnce { .. }
    ) {
        return Assessment::Silent;
    }
    if let Some(missing) = one_sided(case) {
        return Assessment::Supported(missing);
    }
    let gap = [Role::Client, Role::Server].into_iter().find_map(|role| {
        let gap = tcp.gaps.of(role).iter().find(|gap| gap.acknowledged || gap.snaplen)?;
        Some((role, gap))
    });
    if let Some((role, gap)) = gap {
        let why =
            if gap.snaplen { "were cut by the capture's snap length" } else { "arrived, and are not in the capture" };
        let bytes = gap.len.map_or("bytes".to_owned(), |len| format!("{len} bytes"));
        let confidence =
            if matches!(case.ending, Ending::Alert { .. }) { Confidence::Possible } else { Confidence::Likely };
        let finding = Finding::with(
            confidence,
            "The capture has holes where the reason would stand.",
            Evidence::at(gap.at, format!("before this packet {bytes} of the {role} {why}")),
        )
        .needs(if gap.snaplen {
            "a capture with the full packets (tcpdump -s 0)"
        } else {
            "a capture without losses (a larger buffer: tcpdump -B 65536)"
        });
        return Assessment::Supported(finding);
    }
    if tcp.mid_stream && !session.client_hello.is_seen() {
        let finding = Finding::likely(
            "The capture begins in the middle of the connection.",
            Evidence::at(session.first, "the first packet of the connection is not its beginning"),
        )
        .needs("a capture that is started before the client");
        return Assessment::Supported(finding);
    }
    match case.ending {
        Ending::Open { stage } if stage >= Stage::ServerFlight && is_closed_datagrams(session) => {
            let finding = Finding::likely(
                "The capture shows the end of the handshake only encrypted, and there are no keys.",
                Evidence::at(session.last, "the last packet of the connection; even a refusal would be encrypted"),
            )
            .needs(crate::knowledge::keys::key_log(&session.stack));
            Assessment::Supported(finding)
        }
        Ending::Open { stage } if stage >= Stage::Hello => {
            let finding = Finding::likely(
                "The capture ends before the handshake does.",
                Evidence::at(session.last, "the last packet of the connection; nobody had closed it or said no"),
            )
            .needs("a capture that goes on until the connection is closed");
            Assessment::Supported(finding)
        }
        _ => Assessment::Silent,
    }
}

/// QUIC and DTLS 1.3 hide all that follows the ServerHello, and no close of a connection betrays how it went.
fn is_closed_datagrams(session: &Session) -> bool {
    matches!(session.transport, Transport::Quic | Transport::Dtls)
        && session.is_tls13()
        && session.decryption == Decryption::NoKeys
}

/// Only one direction was captured.
fn one_sided(case: &Case<'_>) -> Option<Finding> {
    if !case.is_one_sided() {
        return None;
    }
    let session = case.session;
    let tcp = &session.tcp;
    // A SYN without an answer is no hole, it is the answer.
    let spoke = tcp.bytes.client + tcp.bytes.server > 0 || tcp.syn_ack.is_some();
    if !spoke {
        return None;
    }
    let there = if tcp.packets.client > 0 { Role::Client } else { Role::Server };
    let confidence =
        if matches!(case.ending, Ending::Alert { .. }) { Confidence::Possible } else { Confidence::Likely };
    Some(
        Finding::with(
            confidence,
            format!("The capture holds only what the {there} sent."),
            Evidence::at(session.first, format!("every packet of the connection comes from the {there}")),
        )
        .needs("a capture of both directions: at one of the two hosts, or at a tap that sees both"),
    )
}
