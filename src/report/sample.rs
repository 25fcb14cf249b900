//! Reports made by hand, for the tests of the faces.

use std::sync::Arc;

use crate::report::{
    Alert, Alternative, BasicConstraints, Capture, Certificate, CertificateRequest, Certificates, ClientAuth,
    ClientHello, CodePoint, Confidence, Decryption, Diagnosis, Endpoint, Entry, EntryKind, Evidence, Extension,
    Generator, NO_CAUSE, Outcome, PerSide, Problem, PublicKey, Remedy, Report, Role, SCHEMA_VERSION, Session, Side,
    Stack, Stacks, Summary, Tcp, Tls, Transport, UnreadCertificate, Validity,
};
use crate::time::{Rfc3339, Timestamp};

/// A report of one capture with these sessions.
pub(crate) fn report(sessions: Vec<Session>) -> Report {
    let mut summary = Summary::default();
    sessions.iter().for_each(|session| summary.add(session));
    summary.notes = crate::report::across::Across::notes_on(&sessions);
    let capture = Capture {
        path: "payments.pcapng".to_owned(),
        format: "pcapng".to_owned(),
        link_types: vec!["ETHERNET".to_owned()],
        packets: 1_234,
        bytes: 345_678,
        first: Some(time(0)),
        last: Some(time(95_000_000)),
        problems: vec![Problem {
            code: "truncated-file".to_owned(),
            packet: Some(1_234),
            text: "The file ends in the middle of a packet.".to_owned(),
        }],
    };
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        generator: Generator::default(),
        captures: vec![capture],
        summary,
        sessions,
    }
}

fn time(us: i64) -> Rfc3339 {
    Timestamp(1_795_528_800_000_000_000 + us * 1_000).rfc3339(6)
}

fn end(address: &str, port: u16) -> Endpoint {
    Endpoint { address: address.to_owned(), port: Some(port) }
}

fn code(code: u16, name: &str) -> CodePoint {
    CodePoint { code, name: Some(name.to_owned().into()) }
}

fn entry(us: i64, packet: u64, from: Role, kind: EntryKind, name: &str, text: &str) -> Entry {
    Entry {
        time: time(us),
        elapsed_us: us,
        packet,
        from,
        kind,
        name: name.to_owned().into(),
        length: (kind != EntryKind::Tcp).then_some(120),
        protected: false,
        inferred: false,
        text: text.to_owned().into(),
    }
}

fn tls(version: &str, cipher_suite: &str, client_auth: ClientAuth, decryption: Decryption) -> Tls {
    Tls {
        version: Some(version.to_owned().into()),
        cipher_suite: Some(cipher_suite.to_owned().into()),
        group: Some("x25519".into()),
        dh_prime_bits: None,
        signature_algorithm: Some("rsa_pss_rsae_sha256".into()),
        client_signature_algorithm: None,
        alpn: None,
        server_name: Some("payments.internal.example".to_owned()),
        resumed: Some(false),
        resumed_by: None,
        hello_retry: Some(false),
        client_auth,
        decryption,
        ja3: Some("6734f37431670b3ab4292b8f60f29984".to_owned()),
        ja3s: None,
        ja4: Some("t12d0710h2_9a1e5b0c2d3f_4a5b6c7d8e9f".to_owned()),
        ja4s: None,
    }
}

fn client_hello() -> ClientHello {
    ClientHello {
        packet: 4,
        version: "1.2".into(),
        random: "00".repeat(32),
        session_id: None,
        cipher_suites: [
            code(0x0a0a, "GREASE"),
            code(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            code(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            CodePoint { code: 0xff85, name: None },
        ]
        .into(),
        compression_methods: vec![0],
        extensions: [
            Extension { code: 0, name: Some("server_name".into()), length: 30 },
            Extension { code: 10, name: Some("supported_groups".into()), length: 6 },
        ]
        .into(),
        server_name: Some("payments.internal.example".to_owned()),
        alpn: Some(vec!["h2".to_owned(), "http/1.1".to_owned()]),
        supported_versions: None,
        supported_groups: Some([code(29, "x25519"), code(23, "secp256r1")].into()),
        signature_algorithms: Some(Arc::new([
            code(0x0403, "ecdsa_secp256r1_sha256"),
            code(0x0804, "rsa_pss_rsae_sha256"),
            code(0x0401, "rsa_pkcs1_sha256"),
            code(0x0501, "rsa_pkcs1_sha384"),
            code(0x0601, "rsa_pkcs1_sha512"),
        ])),
        signature_algorithms_cert: None,
        certificate_authorities: None,
        key_shares: None,
        psk: None,
        session_ticket: Some(0),
        early_data: false,
        ech: false,
        grease: true,
        post_handshake_auth: false,
    }
}

fn certificate(position: u64, subject: &str, issuer: &str) -> Certificate {
    Certificate {
        packet: 9,
        position,
        subject: Some(subject.to_owned()),
        issuer: Some(issuer.to_owned()),
        serial: Some("01a2b3".to_owned()),
        version: Some(3),
        not_before: Some("2025-11-21T00:00:00Z".to_owned().into()),
        not_after: Some("2027-11-21T00:00:00Z".to_owned().into()),
        validity: Some(Validity::Valid),
        valid_since_s: Some(368 * 86_400),
        expires_in_s: Some(361 * 86_400),
        key: Some(PublicKey { algorithm: "rsa".to_owned(), size: Some(2048), curve: None }),
        signature_algorithm: Some("sha256WithRSAEncryption".to_owned()),
        fingerprint_sha256: "ab".repeat(32),
        ..Certificate::default()
    }
}

fn client_chain() -> Vec<Certificate> {
    let leaf = Certificate {
        not_after: Some("2026-11-21T13:00:00Z".to_owned().into()),
        validity: Some(Validity::Expired),
        expires_in_s: Some(-(3 * 86_400 + 3_600)),
        key_usage: Some(vec!["digitalSignature".to_owned()]),
        extended_key_usage: Some(vec!["clientAuth".to_owned()]),
        subject_alternative_names: Some(vec!["URI:spiffe://example/batch".to_owned()]),
        ..certificate(0, "O = Example, CN = batch-worker-7", "O = Example, CN = Example Clients CA 2")
    };
    let issuer = Certificate {
        basic_constraints: Some(BasicConstraints { ca: true, path_length: Some(0) }),
        ..certificate(1, "O = Example, CN = Example Clients CA 2", "O = Example, CN = Example Root")
    };
    vec![leaf, issuer]
}

fn certificate_request() -> CertificateRequest {
    CertificateRequest {
        packet: 6,
        inferred: false,
        reason: None,
        certificate_types: Some([code(1, "rsa_sign"), code(64, "ecdsa_sign")].into()),
        signature_algorithms: Some(
            [code(0x0403, "ecdsa_secp256r1_sha256"), code(0x0804, "rsa_pss_rsae_sha256")].into(),
        ),
        signature_algorithms_cert: None,
        certificate_authorities: Some(vec!["O = Example, CN = Example Root".to_owned()]),
        oid_filters: None,
    }
}

fn ladder() -> Vec<Entry> {
    use EntryKind::{ChangeCipherSpec, Handshake, Tcp};
    use Role::{Client, Server};
    vec![
        entry(0, 1, Client, Tcp, "SYN", ""),
        entry(412, 2, Server, Tcp, "SYN+ACK", ""),
        entry(1_203, 4, Client, Handshake, "ClientHello", "TLS 1.2, SNI payments.internal.example, ALPN h2, http/1.1"),
        entry(2_950, 6, Server, Handshake, "ServerHello", "TLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        entry(2_950, 6, Server, Handshake, "Certificate", "CN = payments.internal.example and 1 more"),
        entry(2_950, 6, Server, Handshake, "ServerKeyExchange", "x25519, rsa_pss_rsae_sha256"),
        entry(2_950, 6, Server, Handshake, "CertificateRequest", "issuer O = Example, CN = Example Root"),
        entry(2_950, 6, Server, Handshake, "ServerHelloDone", ""),
        entry(1_405_100, 9, Client, Handshake, "Certificate", "O = Example, CN = batch-worker-7 and 1 more"),
        entry(1_405_100, 9, Client, Handshake, "ClientKeyExchange", ""),
        entry(1_405_100, 9, Client, Handshake, "CertificateVerify", "rsa_pss_rsae_sha256"),
        entry(1_405_100, 9, Client, ChangeCipherSpec, "ChangeCipherSpec", ""),
        Entry { protected: true, inferred: true, ..entry(1_405_100, 9, Client, Handshake, "Finished", "encrypted") },
        entry(1_406_800, 11, Server, EntryKind::Alert, "Alert", "fatal certificate_expired"),
        entry(1_406_900, 12, Server, Tcp, "FIN", ""),
    ]
}

/// A client whose certificate had expired; TLS 1.2, all of it readable.
pub(crate) fn expired() -> Session {
    Session {
        id: 1,
        capture: 0,
        transport: Transport::Tcp,
        encapsulation: vec!["vlan 12".to_owned()],
        preamble: None,
        client: end("192.0.2.10", 51_234),
        server: end("198.51.100.7", 8_443),
        announced_client: None,
        start: time(0),
        end: time(1_406_900),
        duration_us: 1_406_900,
        first_packet: 1,
        last_packet: 12,
        outcome: Outcome::Failed,
        tls: tls("1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ClientAuth::RequestedPresented, Decryption::NoKeys),
        client_hello: Some(client_hello()),
        hello_retry_request: None,
        server_hello: None,
        certificate_request: Some(certificate_request()),
        certificates: Certificates { client: Some(client_chain()), ..Certificates::default() },
        alerts: vec![Alert {
            packet: 11,
            time: time(1_406_800),
            from: Role::Server,
            level: Some("fatal".to_owned()),
            description: Some("certificate_expired".to_owned()),
            code: Some(45),
            protected: false,
            inferred: false,
            after_finished: false,
        }],
        refusals: Vec::new(),
        timeline: ladder(),
        timeline_dropped: None,
        tcp: Some(Tcp { syns: 1, fin: PerSide { client: None, server: Some(12) }, ..Tcp::default() }),
        stack: Some(Stacks {
            client: Some(Stack {
                guess: vec!["Go".into()],
                reasons: vec!["the order of signature algorithms in its ClientHello".into()],
                program: None,
            }),
            server: Some(Stack {
                guess: vec!["OpenSSL".into()],
                reasons: Vec::new(),
                program: Some("nginx/1.27.0".to_owned()),
            }),
        }),
        problems: Vec::new(),
        diagnosis: expired_diagnosis(),
    }
}

fn expired_diagnosis() -> Diagnosis {
    Diagnosis {
        cause: "client-cert-expired".to_owned(),
        side: Side::Client,
        confidence: Confidence::Certain,
        summary: "The client presented a certificate that had expired 3 days before the handshake, and the server \
                  refused it."
            .to_owned(),
        explanation: "A server that verifies clients compares notAfter with its own clock. Both the certificate and \
                      the alert say the same, so neither the issuer nor the key is in question."
            .to_owned(),
        evidence: vec![
            Evidence {
                packet: 9,
                text: "the client sent CN = batch-worker-7, valid until 2026-11-21 13:00:00 UTC".to_owned(),
            },
            Evidence { packet: 11, text: "the server answered with the fatal alert certificate_expired".to_owned() },
        ],
        remedies: vec![
            Remedy {
                side: Side::Client,
                text: "Renew the client's certificate, and have the program load the new one: many read it only when \
                       they start."
                    .to_owned(),
                command: Some(
                    "openssl x509 -in client.pem -noout -subject -issuer -dates -ext extendedKeyUsage,keyUsage \
                     -fingerprint\nopenssl verify -CAfile ca.pem client.pem"
                        .to_owned(),
                ),
            },
            Remedy {
                side: Side::Either,
                text: "Make sure that the clocks of both machines agree.".to_owned(),
                command: None,
            },
        ],
        alternatives: vec![Alternative {
            cause: "client-cert-untrusted-ca".to_owned(),
            confidence: Confidence::Possible,
            why_not: "the server names Example Root as an issuer that it accepts (packet 6)".to_owned(),
        }],
        needs: Vec::new(),
    }
}

/// A mutual handshake that succeeded; TLS 1.3 with keys.
pub(crate) fn established() -> Session {
    let evidence = Evidence { packet: 10, text: "the client sent Finished, and data followed".to_owned() };
    let mut chain = client_chain();
    chain[0].validity = Some(Validity::Valid);
    Session {
        id: 2,
        outcome: Outcome::Established,
        preamble: Some("postgresql".to_owned()),
        tls: Tls {
            alpn: Some("h2".to_owned()),
            ..tls("1.3", "TLS_AES_256_GCM_SHA384", ClientAuth::RequestedPresented, Decryption::Full)
        },
        certificates: Certificates { client: Some(chain), ..Certificates::default() },
        alerts: Vec::new(),
        stack: None,
        diagnosis: Diagnosis {
            cause: NO_CAUSE.to_owned(),
            side: Side::None,
            confidence: Confidence::Certain,
            summary: "The handshake was completed, and the client was authenticated by its certificate.".to_owned(),
            explanation: String::new(),
            evidence: vec![evidence],
            remedies: Vec::new(),
            alternatives: Vec::new(),
            needs: Vec::new(),
        },
        ..expired()
    }
}

/// A client that was refused in TLS 1.3 without keys.
pub(crate) fn encrypted() -> Session {
    use EntryKind::Handshake;
    let closed = |us, packet, from, kind, name, text| Entry {
        protected: true,
        inferred: true,
        ..entry(us, packet, from, kind, name, text)
    };
    let mut timeline = ladder();
    timeline.truncate(4);
    timeline.push(closed(2_950, 6, Role::Server, Handshake, "Handshake", "encrypted"));
    timeline.push(closed(2_990, 7, Role::Server, Handshake, "Finished", "encrypted"));
    timeline.push(closed(4_100, 9, Role::Client, Handshake, "Certificate", "too long for an empty Certificate"));
    timeline.push(closed(4_100, 9, Role::Client, Handshake, "Finished", "encrypted"));
    timeline.push(closed(4_900, 11, Role::Server, EntryKind::Alert, "Alert", "encrypted"));
    let mut tls = tls("1.3", "TLS_AES_256_GCM_SHA384", ClientAuth::RequestedPresented, Decryption::NoKeys);
    tls.server_name = None;
    let considered = |cause: &str, why_not: &str| Alternative {
        cause: cause.to_owned(),
        confidence: Confidence::Possible,
        why_not: why_not.to_owned(),
    };
    Session {
        id: 3,
        outcome: Outcome::Refused,
        client: end("2001:db8::10", 40_000),
        encapsulation: Vec::new(),
        tls,
        timeline,
        certificate_request: Some(CertificateRequest {
            inferred: true,
            reason: Some("the client's flight is longer than a Finished".to_owned()),
            certificate_types: None,
            signature_algorithms: None,
            certificate_authorities: None,
            ..certificate_request()
        }),
        certificates: Certificates {
            client_unread: Some(UnreadCertificate { packet: 9, inferred: true, approximate_length: Some(1_450) }),
            ..Certificates::default()
        },
        stack: None,
        diagnosis: Diagnosis {
            cause: "client-cert-rejected".to_owned(),
            side: Side::Either,
            confidence: Confidence::Likely,
            summary: "The server refused the client's certificate after the handshake, for a reason that is encrypted."
                .to_owned(),
            explanation: String::new(),
            evidence: vec![Evidence {
                packet: 11,
                text: "the server sent an encrypted record as long as an alert, and closed".to_owned(),
            }],
            remedies: Vec::new(),
            alternatives: vec![
                considered("client-cert-missing", "the client's flight is too long for an empty Certificate"),
                considered("client-cert-expired", ""),
            ],
            needs: vec![
                "The key log of client or server (SSLKEYLOGFILE): it would show the alert.".to_owned(),
                "The server's own log at the moment of the handshake.".to_owned(),
            ],
        },
        ..expired()
    }
}

/// A negotiation that found nothing in common, and 15 seconds in which nothing was sent.
pub(crate) fn no_common_cipher() -> Session {
    let mut timeline = ladder();
    timeline.truncate(3);
    timeline.push(entry(15_001_203, 6, Role::Server, EntryKind::Alert, "Alert", "fatal handshake_failure"));
    let note = "40 bytes from the server are not in the capture";
    timeline.push(entry(15_001_300, 7, Role::Server, EntryKind::Note, "Gap", note));
    timeline.push(entry(15_001_400, 8, Role::Client, EntryKind::Tcp, "RST", ""));
    let mut tls = tls("1.2", "", ClientAuth::Unknown, Decryption::NoneNeeded);
    (tls.version, tls.cipher_suite, tls.resumed, tls.hello_retry) = (None, None, None, None);
    Session {
        id: 4,
        tls,
        timeline,
        certificate_request: None,
        certificates: Certificates::default(),
        stack: None,
        problems: vec![Problem {
            code: "gap".to_owned(),
            packet: Some(7),
            text: "Bytes are missing from the capture.".to_owned(),
        }],
        diagnosis: Diagnosis {
            cause: "no-common-cipher".to_owned(),
            side: Side::Either,
            confidence: Confidence::Possible,
            summary: "The server found no cipher suite that it has in common with the client.".to_owned(),
            explanation: String::new(),
            evidence: vec![Evidence {
                packet: 6,
                text: "the server answered the ClientHello with the fatal alert handshake_failure".to_owned(),
            }],
            remedies: Vec::new(),
            alternatives: Vec::new(),
            needs: vec!["The server's configuration.".to_owned()],
        },
        ..expired()
    }
}

/// Nine failures of one kind, some others, and successes.
pub(crate) fn many() -> Vec<Session> {
    let mut sessions = Vec::new();
    for id in 1..=9 {
        sessions.push(Session { id, client: end("192.0.2.10", 50_000 + id as u16), ..expired() });
    }
    sessions.push(Session { id: 10, ..encrypted() });
    for id in 11..=16 {
        let mut lost = no_common_cipher();
        lost.id = id;
        lost.server = end("203.0.113.5", 400 + id as u16);
        lost.diagnosis.cause = if id % 2 == 0 { "no-common-cipher" } else { "tcp-refused" }.to_owned();
        sessions.push(lost);
    }
    for id in 17..=40 {
        sessions.push(Session { id, client: end("192.0.2.20", 40_000 + id as u16), ..established() });
    }
    let mut cut = no_common_cipher();
    cut.id = 41;
    cut.outcome = Outcome::Incomplete;
    cut.diagnosis.cause = "capture-incomplete".to_owned();
    cut.diagnosis.side = Side::Capture;
    sessions.push(cut);
    sessions
}

/// A session of which every string was chosen by somebody who means harm.
pub(crate) fn hostile() -> Session {
    let evil = || "\x1b]0;owned\x07\r\nforged ✓ ESTABLISHED\u{202e}\u{9b}2J\u{200b}\u{2028}x\u{7f}".to_owned();
    let mut session = expired();
    session.id = 666;
    session.client.address = evil();
    session.server.address = evil();
    session.encapsulation = vec![evil()];
    session.preamble = Some(evil());
    session.start = evil().into();
    session.tls.server_name = Some(evil());
    session.tls.version = Some(evil().into());
    session.tls.cipher_suite = Some(evil().into());
    session.tls.alpn = Some(evil());
    session.diagnosis.cause = "client-cert-name-mismatch".to_owned();
    session.diagnosis.summary = evil();
    session.diagnosis.explanation = evil();
    session.diagnosis.needs = vec![evil()];
    session.diagnosis.evidence.iter_mut().for_each(|evidence| evidence.text = evil());
    session.diagnosis.alternatives.iter_mut().for_each(|other| other.why_not = evil());
    for remedy in &mut session.diagnosis.remedies {
        remedy.text = evil();
        remedy.command = remedy.command.as_ref().map(|_| "openssl s_client -servername '\x1b[2J\u{202e}'".to_owned());
    }
    for entry in &mut session.timeline {
        entry.name = evil().into();
        entry.text = evil().into();
    }
    for certificate in session.certificates.client.iter_mut().flatten() {
        certificate.subject = Some(evil());
        certificate.issuer = Some(evil());
        certificate.not_after = Some(evil().into());
        certificate.subject_alternative_names = Some(vec![evil(); 20]);
        certificate.extended_key_usage = Some(vec![evil()]);
        certificate.extensions = vec![evil()];
        certificate.crl = vec![evil()];
        certificate.problems = vec![evil()];
    }
    if let Some(request) = &mut session.certificate_request {
        request.certificate_authorities = Some(vec![evil(); 9]);
    }
    session.stack = Some(Stacks { client: None, server: Some(Stack { program: Some(evil()), ..Stack::default() }) });
    session.problems = vec![Problem { code: "x".to_owned(), packet: None, text: evil() }];
    session
}
