//! The certificates of both sides, and how they differ.

use crate::report::diff::{Differences, Topic};
use crate::report::{Certificate, Session};
use crate::time::Rfc3339;

/// Both sides' certificates.
pub(super) fn certificates(a: &Session, b: &Session, out: &mut Differences) {
    let client = (&a.certificates.client, &b.certificates.client);
    let client_unread = (a.certificates.client_unread.is_some(), b.certificates.client_unread.is_some());
    side(Topic::ClientCertificate, client.0.as_deref(), client.1.as_deref(), client_unread, out);
    let server = (&a.certificates.server, &b.certificates.server);
    let server_unread = (a.certificates.server_unread.is_some(), b.certificates.server_unread.is_some());
    side(Topic::ServerCertificate, server.0.as_deref(), server.1.as_deref(), server_unread, out);
}

fn side(
    topic: Topic,
    a: Option<&[Certificate]>,
    b: Option<&[Certificate]>,
    unread: (bool, bool),
    out: &mut Differences,
) {
    let sent = |chain: Option<&[Certificate]>, unread: bool| match chain {
        Some([]) => Some("none sent".to_owned()),
        Some([leaf, ..]) => Some(format!("sent: {}", name(leaf))),
        None => unread.then(|| "sent, not readable".to_owned()),
    };
    let (Some([leaf_a, rest_a @ ..]), Some([leaf_b, rest_b @ ..])) = (a, b) else {
        return out.value(topic, "certificates", sent(a, unread.0), sent(b, unread.1));
    };
    one("leaf", topic, leaf_a, leaf_b, out);
    let names = |chain: &[Certificate]| Some(chain.iter().map(name).collect());
    out.list(topic, "sent with it", names(rest_a), names(rest_b));
    for other in rest_b {
        if let Some(issuer) = rest_a.iter().find(|issuer| issuer.subject == other.subject) {
            one(&name(other), topic, issuer, other, out);
        }
    }
}

fn name(certificate: &Certificate) -> String {
    certificate.subject.clone().unwrap_or_else(|| "(no subject)".to_owned())
}

fn one(which: &str, topic: Topic, a: &Certificate, b: &Certificate, out: &mut Differences) {
    let same_bytes = a.fingerprint_sha256 == b.fingerprint_sha256;
    let mut value = |what: &str, one: Option<String>, other: Option<String>| {
        out.value(topic, &format!("{which}: {what}"), one, other);
    };
    // The same certificate may be valid at one time and expired at another.
    let validity = |one: &Certificate| one.validity.map(|validity| validity.to_string());
    value("validity at the time", validity(a), validity(b));
    if same_bytes {
        return;
    }
    value("subject", a.subject.clone(), b.subject.clone());
    value("issuer", a.issuer.clone(), b.issuer.clone());
    let text = |moment: &Option<Rfc3339>| moment.as_ref().map(Rfc3339::to_string);
    value("not before", text(&a.not_before), text(&b.not_before));
    value("not after", text(&a.not_after), text(&b.not_after));
    let key = |one: &Certificate| {
        let key = one.key.as_ref()?;
        let size = key.size.map(|size| format!(" {size} bits")).unwrap_or_default();
        Some(format!(
            "{}{}{size}",
            key.algorithm,
            key.curve.as_ref().map(|curve| format!(" {curve}")).unwrap_or_default()
        ))
    };
    value("key", key(a), key(b));
    value("signed with", a.signature_algorithm.clone(), b.signature_algorithm.clone());
    let list = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.join(", "));
    value("names", list(&a.subject_alternative_names), list(&b.subject_alternative_names));
    value("key usage", list(&a.key_usage), list(&b.key_usage));
    value("extended key usage", list(&a.extended_key_usage), list(&b.extended_key_usage));
    let authority = |one: &Certificate| one.basic_constraints.as_ref().map(|basic| format!("CA: {}", basic.ca));
    value("basic constraints", authority(a), authority(b));
    value("serial", a.serial.clone(), b.serial.clone());
    let fingerprint = |one: &Certificate| Some(one.fingerprint_sha256.clone());
    value("SHA-256", fingerprint(a), fingerprint(b));
}
