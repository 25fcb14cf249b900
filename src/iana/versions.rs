//! Protocol versions as they stand on the wire, and their names for people.

use super::{Name, is_grease};

/// SSL 2.0.
pub const SSL20: u16 = 0x0002;
/// SSL 3.0.
pub const SSL30: u16 = 0x0300;
/// TLS 1.0.
pub const TLS10: u16 = 0x0301;
/// TLS 1.1.
pub const TLS11: u16 = 0x0302;
/// TLS 1.2.
pub const TLS12: u16 = 0x0303;
/// TLS 1.3.
pub const TLS13: u16 = 0x0304;
/// DTLS 1.0, which is TLS 1.1 over datagrams.
pub const DTLS10: u16 = 0xfeff;
/// DTLS 1.2.
pub const DTLS12: u16 = 0xfefd;
/// DTLS 1.3.
pub const DTLS13: u16 = 0xfefc;

/// The version for people, without the word TLS where it is a TLS version: `1.2`, `SSL 3.0`, `DTLS 1.2`.
pub fn display(version: u16) -> Name {
    let name = match version {
        SSL20 => "SSL 2.0",
        SSL30 => "SSL 3.0",
        TLS10 => "1.0",
        TLS11 => "1.1",
        TLS12 => "1.2",
        TLS13 => "1.3",
        DTLS10 => "DTLS 1.0",
        // OpenSSL before 0.9.8f sent DTLS 1.0 so.
        0x0100 => "DTLS 1.0 (OpenSSL before 0.9.8f)",
        DTLS12 => "DTLS 1.2",
        DTLS13 => "DTLS 1.3",
        0x0101 => "TLCP 1.1",
        _ if is_grease(version) => "GREASE",
        _ => return unnamed(version).into(),
    };
    name.into()
}

fn unnamed(version: u16) -> String {
    let [high, low] = version.to_be_bytes();
    if high == 0x7f { format!("1.3 draft {low}") } else { format!("0x{version:04x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_as_people_say_them() {
        let names: Vec<Name> =
            [0x0304, 0x0303, 0x0300, 0x0002, 0xfefd, 0x7f1c, 0xdada, 0x0305].into_iter().map(display).collect();
        assert_eq!(names, ["1.3", "1.2", "SSL 3.0", "SSL 2.0", "DTLS 1.2", "1.3 draft 28", "GREASE", "0x0305"]);
    }
}
