//! ServerKeyExchange, whose grammar follows from the cipher suite (RFC 5246 section 7.4.3, RFC 8422
//! section 5.4, RFC 4279, RFC 5489, RFC 5054).

use tls_parser::{TlsCipherAu as Au, TlsCipherKx as Kx, TlsCipherSuite};

use crate::bytes::{Reader, Short};
use crate::tls::handshake::{DecodeContext, ServerKeyExchange};

/// The key exchange parameters of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameters {
    /// A point on a curve.
    Ecdhe,
    /// A Diffie-Hellman group and share.
    Dhe,
    /// A temporary RSA key (export suites).
    Rsa,
    /// SRP.
    Srp,
    /// Nothing but the identity hint.
    Hint,
}

/// The layout of a suite's message.
#[derive(Debug, Clone, Copy)]
struct Layout {
    hint: bool,
    parameters: Parameters,
    signed: bool,
}

/// What may stand there when the suite is not known, the likeliest first.
const GUESSES: [Layout; 4] = [
    Layout { hint: false, parameters: Parameters::Ecdhe, signed: true },
    Layout { hint: false, parameters: Parameters::Dhe, signed: true },
    Layout { hint: false, parameters: Parameters::Ecdhe, signed: false },
    Layout { hint: false, parameters: Parameters::Dhe, signed: false },
];

/// Reads the message by the suite that the server chose, or by what fits where that is not known.
pub(super) fn read(reader: &mut Reader<'_>, context: DecodeContext) -> Result<ServerKeyExchange, Short> {
    let schemes: &[bool] = match context.has_schemes() {
        Some(true) => &[true],
        Some(false) => &[false],
        None => &[true, false],
    };
    let known = layout(context.cipher_suite);
    let layouts = known.as_ref().map_or(GUESSES.as_slice(), std::slice::from_ref);
    let mut first = None;
    for layout in layouts {
        for named in schemes {
            let mut trial = *reader;
            let exchange = exchange(&mut trial, *layout, *named);
            if exchange.is_ok() && trial.is_empty() {
                *reader = trial;
                return exchange;
            }
            first.get_or_insert((exchange, trial));
        }
    }
    // Nothing fits to the last byte: as the likeliest layout reads it.
    match first {
        Some((exchange, rest)) => {
            *reader = rest;
            exchange
        }
        None => Ok(ServerKeyExchange::default()),
    }
}

fn layout(suite: u16) -> Option<Layout> {
    let suite = TlsCipherSuite::from_id(suite)?;
    let psk = suite.au == Au::Psk || suite.kx == Kx::Psk;
    let parameters = match (suite.kx, suite.au) {
        (Kx::Ecdhe | Kx::Ecdh | Kx::Aecdh, _) => Parameters::Ecdhe,
        (Kx::Dhe | Kx::Dh, _) | (Kx::Psk, Au::Dhe) => Parameters::Dhe,
        (Kx::Psk, _) | (Kx::Rsa, Au::Psk) => Parameters::Hint,
        (Kx::Rsa, _) => Parameters::Rsa,
        (Kx::Srp, _) => Parameters::Srp,
        _ => return None,
    };
    let signed = matches!(suite.au, Au::Rsa | Au::Dss | Au::Ecdsa | Au::Srp_Rsa | Au::Srp_Dss);
    Some(Layout { hint: psk, parameters, signed })
}

fn exchange(reader: &mut Reader<'_>, layout: Layout, named: bool) -> Result<ServerKeyExchange, Short> {
    let mut message = ServerKeyExchange::default();
    let whole = *reader;
    if layout.hint {
        message.psk_hint = Some(reader.vec16()?.rest().to_vec());
    }
    match layout.parameters {
        Parameters::Ecdhe => message.group = curve(reader)?,
        Parameters::Dhe => {
            message.dh_prime_bits = Some(bits(reader.vec16()?.rest()));
            reader.vec16()?;
            reader.vec16()?;
        }
        Parameters::Rsa => {
            reader.vec16()?;
            reader.vec16()?;
        }
        Parameters::Srp => {
            reader.vec16()?;
            reader.vec16()?;
            reader.vec8()?;
            reader.vec16()?;
        }
        Parameters::Hint => {}
    }
    let signed = reader.offset() - whole.offset();
    message.params = whole.peek().get(..signed).unwrap_or_default().to_vec();
    if layout.signed {
        message.scheme = if named { Some(reader.u16()?) } else { None };
        message.signature = reader.vec16()?.rest().to_vec();
    }
    Ok(message)
}

/// The curve and the point on it; the group where it is a named one.
fn curve(reader: &mut Reader<'_>) -> Result<Option<u16>, Short> {
    const EXPLICIT_PRIME: u8 = 1;
    const EXPLICIT_CHAR2: u8 = 2;
    let group = match reader.u8()? {
        EXPLICIT_PRIME => {
            reader.vec8()?;
            None
        }
        EXPLICIT_CHAR2 => {
            reader.u16()?;
            let coefficients = if reader.u8()? == 2 { 3 } else { 1 };
            for _ in 0..coefficients {
                reader.vec8()?;
            }
            None
        }
        // named_curve (3); another type has no grammar, so it is taken for one.
        _ => Some(reader.u16()?),
    };
    if group.is_none() {
        // a, b, base, order, cofactor.
        for _ in 0..5 {
            reader.vec8()?;
        }
    }
    reader.vec8()?;
    Ok(group)
}

/// Length in bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let zeros: usize = number.iter().take_while(|byte| **byte == 0).count();
    let rest = number.get(zeros..).unwrap_or_default();
    rest.first().map_or(0, |top| rest.len() * 8 - top.leading_zeros() as usize)
}
