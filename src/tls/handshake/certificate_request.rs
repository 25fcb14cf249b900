//! CertificateRequest in its three grammars.

use crate::bytes::{Reader, Short};
use crate::iana::extensions as kinds;
use crate::problem::Problem;
use crate::tls::extension::{ExtensionBody, Place};
use crate::tls::handshake::{CertificateRequest, DecodeContext, fields};

/// RFC 8446 section 4.3.2, RFC 5246 section 7.4.4, RFC 4346 section 7.4.4.
pub(super) fn read(
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    context: DecodeContext,
) -> Result<CertificateRequest, Short> {
    if context.tls13 {
        return tls13(reader, problems);
    }
    let body = *reader;
    let with_schemes = context.has_schemes().unwrap_or_else(|| {
        // The version is not known: the grammar that fits.
        let mut trial = body;
        let mut odd = Vec::new();
        let fits = legacy(&mut trial, &mut odd, false).is_ok() && odd.is_empty() && trial.is_empty();
        !fits
    });
    legacy(reader, problems, with_schemes)
}

fn tls13(reader: &mut Reader<'_>, problems: &mut Vec<Problem>) -> Result<CertificateRequest, Short> {
    let mut request = CertificateRequest { context: reader.vec8()?.rest().to_vec(), ..Default::default() };
    request.extensions = fields::extensions(reader, Place::CertificateRequest, problems)?;
    for extension in &request.extensions.0 {
        match &extension.body {
            ExtensionBody::SignatureAlgorithms(list) => request.signature_algorithms.clone_from(list),
            ExtensionBody::SignatureAlgorithmsCert(list) => request.signature_algorithms_cert = Some(list.clone()),
            ExtensionBody::CertificateAuthorities(list) => request.authorities.clone_from(list),
            ExtensionBody::OidFilters(list) => request.oid_filters.clone_from(list),
            _ => {}
        }
    }
    if !request.extensions.has(kinds::SIGNATURE_ALGORITHMS) {
        let text = "CertificateRequest lacks signature_algorithms, which TLS 1.3 requires.";
        problems.push(Problem::new("missing-extension", text));
    }
    Ok(request)
}

/// TLS 1.2 and below. The types must be there; the rest is read as far as it goes.
fn legacy(
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    with_schemes: bool,
) -> Result<CertificateRequest, Short> {
    let mut request =
        CertificateRequest { certificate_types: reader.vec8()?.rest().to_vec(), ..CertificateRequest::default() };
    if let Err(short) = fill(&mut request, reader, problems, with_schemes) {
        problems.push(fields::cut("CertificateRequest", short));
        reader.rest();
    }
    Ok(request)
}

fn fill(
    request: &mut CertificateRequest,
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    with_schemes: bool,
) -> Result<(), Short> {
    if with_schemes {
        request.signature_algorithms = fields::list16(reader.vec16()?, "signature algorithms", problems);
    }
    let mut list = reader.vec16()?;
    while !list.is_empty() {
        request.authorities.push(list.vec16()?.rest().to_vec());
    }
    Ok(())
}
