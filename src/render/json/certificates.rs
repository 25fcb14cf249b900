//! Certificates in compact JSON. The same ones are in very many sessions of a capture: their text is remembered, but for
//! what is told of the moment at which they were sent.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use super::compact::Compact;
use crate::memo::{Table, try_recall};
use crate::report::{Certificate, Certificates};

/// Certificates remembered.
const ROWS: usize = 64;
/// A longer text is not remembered, in bytes.
const LONGEST: usize = 16 * 1024;

/// A certificate with the text of its fields ahead of what is told of the moment, and of those behind it.
#[derive(Debug)]
struct Known {
    certificate: Certificate,
    ahead: Vec<u8>,
    behind: Vec<u8>,
}

thread_local! {
    static KNOWN: Table<Arc<Known>> = const { RefCell::new(Vec::new()) };
}

/// What each side presented.
pub(super) fn certificates(out: &mut Vec<u8>, certificates: &Certificates) -> Result<(), fmt::Error> {
    let Certificates { client, server, client_unread, server_unread } = certificates;
    let mut object = Compact(out).object();
    for (name, chain) in [("client", client), ("server", server)] {
        if let Some(chain) = chain {
            super::session::array(object.value(name), chain, certificate)?;
        }
    }
    object.maybe("client_unread", client_unread.as_ref())?;
    object.maybe("server_unread", server_unread.as_ref())?;
    object.close();
    Ok(())
}

fn certificate(out: &mut Vec<u8>, certificate: &Certificate) -> Result<(), fmt::Error> {
    let is_it = |known: &Arc<Known>| known.is_of(certificate);
    let read = || Known::of(certificate).map(Arc::new);
    let short = |known: &Arc<Known>| known.ahead.len() + known.behind.len() <= LONGEST;
    let known = try_recall(&KNOWN, ROWS, &certificate.fingerprint_sha256, is_it, read, short)?;
    let mut object = Compact(out).object();
    object.field("packet", &certificate.packet)?;
    object.field("position", &certificate.position)?;
    object.fields(&known.ahead);
    object.maybe("validity", certificate.validity.as_ref())?;
    object.maybe("valid_since_s", certificate.valid_since_s.as_ref())?;
    object.maybe("expires_in_s", certificate.expires_in_s.as_ref())?;
    object.fields(&known.behind);
    object.close();
    Ok(())
}

impl Known {
    fn of(certificate: &Certificate) -> Result<Self, fmt::Error> {
        let Certificate {
            packet: _,
            position: _,
            subject,
            issuer,
            serial,
            version,
            not_before,
            not_after,
            validity: _,
            valid_since_s: _,
            expires_in_s: _,
            subject_alternative_names,
            key,
            signature_algorithm,
            basic_constraints,
            key_usage,
            extended_key_usage,
            subject_key_id,
            authority_key_id,
            ca_issuers,
            ocsp,
            crl,
            extensions,
            fingerprint_sha256,
            self_signed,
            problems,
        } = certificate;
        let (mut ahead, mut behind) = (Vec::new(), Vec::new());
        let mut object = Compact(&mut ahead).further();
        object.maybe("subject", subject.as_ref())?;
        object.maybe("issuer", issuer.as_ref())?;
        object.maybe("serial", serial.as_ref())?;
        object.maybe("version", version.as_ref())?;
        object.maybe("not_before", not_before.as_ref())?;
        object.maybe("not_after", not_after.as_ref())?;
        let mut object = Compact(&mut behind).further();
        object.maybe("subject_alternative_names", subject_alternative_names.as_ref())?;
        object.maybe("key", key.as_ref())?;
        object.maybe("signature_algorithm", signature_algorithm.as_ref())?;
        object.maybe("basic_constraints", basic_constraints.as_ref())?;
        object.maybe("key_usage", key_usage.as_ref())?;
        object.maybe("extended_key_usage", extended_key_usage.as_ref())?;
        object.maybe("subject_key_id", subject_key_id.as_ref())?;
        object.maybe("authority_key_id", authority_key_id.as_ref())?;
        object.maybe("ca_issuers", Some(ca_issuers).filter(|list| !list.is_empty()))?;
        object.maybe("ocsp", Some(ocsp).filter(|list| !list.is_empty()))?;
        object.maybe("crl", Some(crl).filter(|list| !list.is_empty()))?;
        object.maybe("extensions", Some(extensions).filter(|list| !list.is_empty()))?;
        object.field("fingerprint_sha256", fingerprint_sha256)?;
        object.field("self_signed", self_signed)?;
        object.maybe("problems", Some(problems).filter(|list| !list.is_empty()))?;
        Ok(Self { certificate: certificate.clone(), ahead, behind })
    }

    /// Whether it is the same certificate, whenever and wherever it was sent.
    fn is_of(&self, other: &Certificate) -> bool {
        let one = &self.certificate;
        macro_rules! same {
            ($($field:ident),*) => { $(one.$field == other.$field)&&* };
        }
        same!(fingerprint_sha256, subject, issuer, serial, version, not_before, not_after, self_signed)
            && same!(subject_alternative_names, key, signature_algorithm, basic_constraints)
            && same!(key_usage, extended_key_usage, subject_key_id, authority_key_id)
            && same!(ca_issuers, ocsp, crl, extensions, problems)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::sample;

    fn written(one: &Certificates) -> String {
        let mut out = Vec::new();
        certificates(&mut out, one).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    /// A certificate that has every field.
    fn full() -> Value {
        let sample =
            sample::expired().certificates.client.and_then(|chain| chain.into_iter().next()).expect("a client");
        let mut full = serde_json::to_value(sample).expect("serialised");
        let object = full.as_object_mut().expect("an object");
        for list in ["ca_issuers", "ocsp", "crl", "extensions", "problems", "key_usage", "extended_key_usage"] {
            object.insert(list.to_owned(), Value::from(vec!["one", "two"]));
        }
        object.insert("subject_alternative_names".to_owned(), Value::from(vec!["DNS:a"]));
        object.insert("basic_constraints".to_owned(), serde_json::json!({"ca": true, "path_length": 1}));
        object.insert("authority_key_id".to_owned(), Value::from("00"));
        object.insert("subject_key_id".to_owned(), Value::from("00"));
        object.insert("valid_since_s".to_owned(), Value::from(-1));
        full
    }

    #[test]
    fn whichever_field_differs_the_text_is_that_of_serde_json() {
        let full = full();
        let fields: Vec<String> = full.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(fields.len(), 26, "all fields: {fields:?}");
        for field in &fields {
            let mut other = full.clone();
            let value = &mut other[field.as_str()];
            *value = match value.take() {
                Value::String(text) if field == "validity" => {
                    Value::from(if text == "valid" { "expired" } else { "valid" })
                }
                Value::String(text) => Value::from(format!("{text} \"")),
                Value::Bool(is) => Value::from(!is),
                Value::Number(number) => Value::from(number.as_i64().unwrap_or_default() + 1),
                Value::Array(_) => Value::from(vec!["other"]),
                _ if field == "key" => serde_json::json!({"algorithm": "other"}),
                _ => serde_json::json!({"ca": false}),
            };
            let chain = [&full, &other, &full, &other].map(|one| serde_json::from_value(one.clone()).expect(field));
            let both =
                Certificates { client: Some(chain.to_vec()), server: Some(Vec::new()), ..Certificates::default() };
            assert_eq!(written(&both), serde_json::to_string(&both).expect("written"), "{field}");
        }
    }

    #[test]
    fn a_long_text_is_written_too() {
        let mut long = Certificate { problems: vec!["x".repeat(LONGEST)], ..Certificate::default() };
        for _ in 0..2 {
            long.packet += 1;
            let both = Certificates { server: Some(vec![long.clone()]), ..Certificates::default() };
            assert_eq!(written(&both), serde_json::to_string(&both).expect("written"));
        }
    }
}
