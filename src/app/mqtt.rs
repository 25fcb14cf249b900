//! MQTT 3.1.1 and 5: the answer to CONNECT.

use crate::app::{Refusal, RefusalMeaning, Step};

/// Whether these bytes begin a CONNECT packet.
pub(super) fn is_connect(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x10)
        && bytes.get(..16.min(bytes.len())).is_some_and(|head| {
            head.windows(4).any(|window| window == b"MQTT") || head.windows(6).any(|window| window == b"MQIsdp")
        })
}

/// Reads the server's first packet.
pub(super) fn read(bytes: &[u8]) -> Step {
    const CONNACK: u8 = 0x20;
    match bytes {
        [CONNACK, _, _, code, ..] => match reason(*code) {
            Some((name, meaning)) => Step::Refused(Box::new(Refusal {
                protocol: "mqtt",
                code: code.to_string(),
                meaning,
                text: format!("CONNACK {code}: {name}"),
                server: None,
                plaintext: false,
            })),
            None => Step::Lost,
        },
        [CONNACK, ..] | [] => Step::More,
        _ => Step::Lost,
    }
}

/// CONNACK codes that refuse somebody for who they are (MQTT 3.1.1 section 3.2.2.3, MQTT 5 section
/// 3.2.2.2).
fn reason(code: u8) -> Option<(&'static str, RefusalMeaning)> {
    Some(match code {
        2 => ("identifier rejected", RefusalMeaning::Unclear),
        4 => ("bad user name or password", RefusalMeaning::Unclear),
        5 => ("not authorized", RefusalMeaning::NotAuthorized),
        0x85 => ("client identifier not valid", RefusalMeaning::Unclear),
        0x86 => ("bad user name or password", RefusalMeaning::Unclear),
        0x87 => ("not authorized", RefusalMeaning::NotAuthorized),
        0x8a => ("banned", RefusalMeaning::NotAuthorized),
        0x8c => ("bad authentication method", RefusalMeaning::Unclear),
        _ => return None,
    })
}
