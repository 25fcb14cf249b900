//! The report with everything replaced that tells whose packets it is about: addresses, host names, names in
//! certificates, hashes, words of applications. The same is replaced by the same throughout a run, and a name that
//! lies below another, or is covered by its wildcard, does so afterwards, so that a verdict can still be followed.
//!
//! What stays: ports, times, packet numbers, what TLS itself says (versions, suites, extensions, alerts), the
//! JA3 and JA4 fingerprints, and the verdict. Certificates keep their validity dates, which may be enough for
//! somebody to find a public one.
//!
//! Prose is the weak place, since names are woven into it. It is rewritten three times over: by what the
//! session's own fields held, by what looks like a name or an address, and, where something is still left, whole.

mod names;
mod prose;

use std::net::IpAddr;

use crate::report::{
    Capture, Certificate, CertificateRequest, ClientHello, Diagnosis, Endpoint, Entry, EntryKind, ServerHello, Session,
    Stack,
};
use names::Names;
use prose::Known;

/// What stands for words that cannot be kept.
const WORDS: &str = "(redacted)";

/// Replaces, and remembers by what.
#[derive(Debug, Default)]
pub struct Redactor {
    names: Names,
    /// What the session at hand held.
    known: Known,
}

impl Redactor {
    /// Stands for the path of a capture. It keeps its ending.
    pub fn path(&mut self, path: &str) -> String {
        self.names.path(path)
    }

    /// Replaces in a capture.
    pub fn capture(&mut self, capture: &mut Capture) {
        // Paths come out of `path` where they were asked for before, and the same again here.
        capture.path = self.names.path(&capture.path);
        self.known = Known::default();
        for problem in &mut capture.problems {
            self.prose(&mut problem.text);
        }
    }

    /// Replaces in a session.
    pub fn session(&mut self, session: &mut Session) {
        self.known = Known::default();
        self.fields(session);
        for entry in &mut session.timeline {
            self.entry(entry);
        }
        for problem in &mut session.problems {
            self.prose(&mut problem.text);
        }
        for chain in [&mut session.certificates.client, &mut session.certificates.server].into_iter().flatten() {
            for problem in chain.iter_mut().flat_map(|certificate| &mut certificate.problems) {
                self.prose(problem);
            }
        }
        let stacks = session.stack.iter_mut().flat_map(|stacks| [&mut stacks.client, &mut stacks.server]);
        for reason in stacks.flatten().flat_map(|stack| &mut stack.reasons) {
            self.prose(reason.to_mut());
        }
        if let Some(reason) = session.certificate_request.as_mut().and_then(|request| request.reason.as_mut()) {
            self.prose(reason);
        }
        self.diagnosis(&mut session.diagnosis);
    }

    /// The fields that hold nothing but a name, an address or a hash.
    fn fields(&mut self, session: &mut Session) {
        let ends = [Some(&mut session.client), Some(&mut session.server), session.announced_client.as_mut()];
        for end in ends.into_iter().flatten() {
            self.endpoint(end);
        }
        self.host_field(&mut session.tls.server_name);
        self.alpn(session.tls.alpn.iter_mut());
        if let Some(hello) = &mut session.client_hello {
            self.client_hello(hello);
        }
        for hello in [&mut session.hello_retry_request, &mut session.server_hello].into_iter().flatten() {
            self.server_hello(hello);
        }
        if let Some(request) = &mut session.certificate_request {
            self.request(request);
        }
        for chain in [&mut session.certificates.client, &mut session.certificates.server].into_iter().flatten() {
            chain.iter_mut().for_each(|certificate| self.certificate(certificate));
        }
        for refusal in &mut session.refusals {
            self.known.add(&refusal.text, WORDS);
            WORDS.clone_into(&mut refusal.text);
            // Numbers and SQLSTATEs are the protocol's own.
            if refusal.code.len() > 5 || !refusal.code.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) {
                WORDS.clone_into(&mut refusal.code);
            }
        }
        if let Some(stacks) = &mut session.stack {
            for stack in [&mut stacks.client, &mut stacks.server].into_iter().flatten() {
                self.stack(stack);
            }
        }
    }

    fn replace(&mut self, field: &mut String, by: String) {
        self.known.add(field, &by);
        *field = by;
    }

    fn host_field(&mut self, field: &mut Option<String>) {
        if let Some(name) = field {
            let by = self.names.host(name);
            self.replace(name, by);
        }
    }

    fn hex_field(&mut self, field: &mut String) {
        let by = self.names.hex(field);
        self.replace(field, by);
    }

    fn names_field(&mut self, field: &mut Option<Vec<String>>) {
        for name in field.iter_mut().flatten() {
            self.distinguished(name);
        }
    }

    /// A distinguished name, and each value in it.
    fn distinguished(&mut self, name: &mut String) {
        for (value, by) in self.names.values(name) {
            self.known.add(&value, &by);
        }
        let by = self.names.distinguished(name);
        self.replace(name, by);
    }

    fn endpoint(&mut self, end: &mut Endpoint) {
        let by = self.names.address(&end.address);
        self.replace(&mut end.address, by);
    }

    fn alpn<'a>(&mut self, protocols: impl Iterator<Item = &'a mut String>) {
        for protocol in protocols {
            if let Some(by) = self.names.alpn(protocol) {
                self.replace(protocol, by);
            }
        }
    }

    fn client_hello(&mut self, hello: &mut ClientHello) {
        self.hex_field(&mut hello.random);
        if let Some(id) = &mut hello.session_id {
            self.hex_field(id);
        }
        self.host_field(&mut hello.server_name);
        self.alpn(hello.alpn.iter_mut().flatten());
        self.names_field(&mut hello.certificate_authorities);
    }

    fn server_hello(&mut self, hello: &mut ServerHello) {
        self.hex_field(&mut hello.random);
        if let Some(id) = &mut hello.session_id {
            self.hex_field(id);
        }
        self.alpn(hello.alpn.iter_mut());
    }

    fn request(&mut self, request: &mut CertificateRequest) {
        self.names_field(&mut request.certificate_authorities);
        for oid in request.oid_filters.iter_mut().flatten() {
            self.oid(oid);
        }
    }

    /// Object identifiers below an enterprise's arc name the enterprise.
    fn oid(&mut self, field: &mut String) {
        if field.starts_with(|c: char| c.is_ascii_digit()) {
            let critical = if field.ends_with(" (critical)") { " (critical)" } else { "" };
            let by = format!("{}{critical}", self.names.other("oid", field.trim_end_matches(" (critical)")));
            self.replace(field, by);
        }
    }

    fn certificate(&mut self, certificate: &mut Certificate) {
        for name in [&mut certificate.subject, &mut certificate.issuer].into_iter().flatten() {
            self.distinguished(name);
        }
        let hashes = [&mut certificate.serial, &mut certificate.subject_key_id, &mut certificate.authority_key_id];
        for hash in hashes.into_iter().flatten() {
            self.hex_field(hash);
        }
        self.hex_field(&mut certificate.fingerprint_sha256);
        for name in certificate.subject_alternative_names.iter_mut().flatten() {
            self.alternative_name(name);
        }
        for uri in certificate.ca_issuers.iter_mut().chain(&mut certificate.ocsp).chain(&mut certificate.crl) {
            let by = self.names.uri(uri);
            self.replace(uri, by);
        }
        for oid in certificate.extended_key_usage.iter_mut().flatten().chain(&mut certificate.extensions) {
            self.oid(oid);
        }
    }

    fn alternative_name(&mut self, name: &mut String) {
        let (kind, value) = name.split_once(':').unwrap_or(("other", name.as_str()));
        let by = match kind {
            "DNS" | "email" => self.names.host(value),
            "IP" => self.names.address(value),
            "URI" => self.names.uri(value),
            "dirName" => {
                let mut directory = value.to_owned();
                self.distinguished(&mut directory);
                directory
            }
            _ => self.names.other("name", value),
        };
        let kind = if matches!(kind, "DNS" | "email" | "IP" | "URI" | "dirName") { kind } else { "other" };
        let (value, whole) = (value.to_owned(), format!("{kind}:{by}"));
        self.known.add(&value, &by);
        // A wildcard may be spoken of without its star.
        if let Some((bare, bare_by)) = value.strip_prefix("*.").zip(by.strip_prefix("*.")) {
            self.known.add(bare, bare_by);
        }
        self.replace(name, whole);
    }

    fn stack(&mut self, stack: &mut Stack) {
        if let Some(program) = &mut stack.program {
            let by = self.names.other("program", program);
            self.replace(program, by);
        }
    }

    fn entry(&mut self, entry: &mut Entry) {
        match entry.kind {
            // Words of other protocols: nothing is known of what they may tell.
            EntryKind::Preamble | EntryKind::ApplicationData if !entry.text.is_empty() => {
                entry.text = WORDS.into();
            }
            _ => self.prose(entry.text.to_mut()),
        }
    }

    fn diagnosis(&mut self, diagnosis: &mut Diagnosis) {
        self.prose(&mut diagnosis.summary);
        self.prose(&mut diagnosis.explanation);
        for evidence in &mut diagnosis.evidence {
            self.prose(&mut evidence.text);
        }
        for other in &mut diagnosis.alternatives {
            self.prose(&mut other.why_not);
        }
        for need in &mut diagnosis.needs {
            self.prose(need);
        }
        // Remedies name files and settings, which look like host names, and commands have quotes of their own.
        for remedy in &mut diagnosis.remedies {
            self.command(&mut remedy.text);
            if let Some(command) = &mut remedy.command {
                self.command(command);
            }
        }
    }

    fn prose(&mut self, text: &mut String) {
        if text.is_empty() {
            return;
        }
        let rewritten = self.known.rewrite(text);
        let rewritten = prose::without_quotations(&rewritten);
        let rewritten = prose::without_distinguished(&rewritten, &mut self.names);
        let rewritten = prose::without_hosts(&rewritten, &mut self.names);
        *text = if self.known.is_in(&rewritten) { WORDS.to_owned() } else { rewritten };
    }

    fn command(&mut self, text: &mut String) {
        let rewritten = self.known.rewrite(text);
        let rewritten = prose::without_distinguished(&rewritten, &mut self.names);
        let rewritten = prose::without_addresses(&rewritten, &mut self.names);
        *text = if self.known.is_in(&rewritten) { WORDS.to_owned() } else { rewritten };
    }
}

/// Whether `text` is an address, also one in brackets or with a prefix length.
fn as_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.split('/').next().unwrap_or(bare).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn redacted(mut session: Session) -> Session {
        Redactor::default().session(&mut session);
        session
    }

    #[test]
    fn nothing_of_a_session_is_left() {
        for session in [sample::expired(), sample::encrypted(), sample::no_common_cipher(), sample::established()] {
            let json = serde_json::to_string(&redacted(session)).expect("serialised").to_lowercase();
            let secrets = [
                "192.0.2.10",
                "198.51.100.7",
                "payments",
                "internal.example",
                "batch-worker",
                "example clients",
                "example root",
                "spiffe",
                "01a2b3",
                "nginx",
                "abababab",
            ];
            for secret in secrets {
                assert!(!json.contains(secret), "{secret}: {json}");
            }
        }
    }

    #[test]
    fn the_verdict_stays() {
        let session = redacted(sample::expired());
        assert_eq!(session.diagnosis.cause, "client-cert-expired");
        assert_eq!((session.server.port, session.first_packet), (Some(8_443), 1));
        assert!(session.diagnosis.summary.contains("certificate"), "{}", session.diagnosis.summary);
        insta::assert_debug_snapshot!(session.diagnosis);
    }

    #[test]
    fn the_same_is_replaced_by_the_same_over_a_run() {
        let mut redactor = Redactor::default();
        let (mut one, mut two) = (sample::expired(), sample::expired());
        redactor.session(&mut one);
        redactor.session(&mut sample::hostile());
        redactor.session(&mut two);
        assert_eq!(one, two);
        assert_ne!(one.client.address, one.server.address);
        assert_eq!(redactor.path("a/b.pcap.gz"), redactor.path("a/b.pcap.gz"));
    }

    #[test]
    fn a_certificate_for_a_client_does_not_garble_the_prose() {
        let mut session = sample::expired();
        let chain = session.certificates.client.as_mut().expect("a chain");
        chain[0].subject = Some("CN = client".to_owned());
        session.diagnosis.summary = "The server refused the client's certificate (CN = client).".to_owned();
        let session = redacted(session);
        assert!(session.diagnosis.summary.starts_with("The server refused the client's certificate (CN = n"));
        assert!(!session.diagnosis.summary.contains("= client"));
    }

    #[test]
    fn names_that_no_field_holds_are_found_in_prose() {
        let mut session = sample::expired();
        session.diagnosis.summary =
            "The CA given is O = \"Secret, Inc\", CN = Hidden Root, for db.secret.example at 10.1.2.3, \
                                     which said \"go away, alice\" (see https://wiki.secret.example/x)."
                .to_owned();
        let summary = redacted(session).diagnosis.summary;
        for secret in ["Secret", "Hidden", "secret", "10.1.2.3", "alice", "wiki"] {
            assert!(!summary.contains(secret), "{secret}: {summary}");
        }
    }
}
