//! CertificateVerify.

use crate::bytes::{Reader, Short};
use crate::tls::handshake::{CertificateVerify, DecodeContext};

/// RFC 8446 section 4.4.3, RFC 5246 section 7.4.8; before TLS 1.2 the scheme is not named.
pub(super) fn read(reader: &mut Reader<'_>, context: DecodeContext) -> Result<CertificateVerify, Short> {
    let named = context.has_schemes().unwrap_or_else(|| {
        // The version is not known: the grammar that fits.
        let mut trial = *reader;
        !(trial.vec16().is_ok() && trial.is_empty())
    });
    let scheme = if named { Some(reader.u16()?) } else { None };
    Ok(CertificateVerify { scheme, signature: reader.vec16()?.rest().to_vec() })
}
