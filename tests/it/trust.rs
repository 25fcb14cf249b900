//! Chains and names as we judge them, against rustls-webpki and `openssl verify`. Where we differ from one
//! of them, the row says why, and the test insists that the difference is still there.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tlswhy::role::Role;
use tlswhy::time::Timestamp;
use tlswhy::trust::{AnchorPlace, Anchors, ChainReport, examine, name_match};
use tlswhy::x509;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// 2026-06-15 12:00:00 UTC.
const AT: i64 = 1_781_524_800;

struct Row {
    name: &'static str,
    role: Role,
    /// Leaf first.
    sent: &'static [&'static str],
    anchors: &'static [&'static str],
    refused: bool,
    /// Why rustls-webpki says the opposite.
    webpki_differs: Option<&'static str>,
    /// Why OpenSSL says the opposite.
    openssl_differs: Option<&'static str>,
}

const fn row(
    name: &'static str,
    sent: &'static [&'static str],
    anchors: &'static [&'static str],
    refused: bool,
) -> Row {
    Row { name, role: Role::Client, sent, anchors, refused, webpki_differs: None, openssl_differs: None }
}

impl Row {
    const fn server(self) -> Self {
        Self { role: Role::Server, ..self }
    }

    const fn webpki_differs(self, why: &'static str) -> Self {
        Self { webpki_differs: Some(why), ..self }
    }

    const fn openssl_differs(self, why: &'static str) -> Self {
        Self { openssl_differs: Some(why), ..self }
    }
}

const A: &[&str] = &["root-a"];

const ROWS: &[Row] = &[
    row("good", &["client", "int-1"], A, false),
    row("good, with its root", &["client", "int-1", "root-a"], A, false),
    row("good, out of order", &["client", "root-a", "int-1"], A, false),
    row("good, with a stranger between", &["client", "root-b", "int-plain", "int-1"], A, false),
    row("good, issued by the root", &["client-direct"], A, false),
    row("good, both usages", &["client-eku-both", "int-1"], A, false),
    row("good, no usage at all", &["client-no-eku", "int-1"], A, false),
    row("good, Ed25519", &["client-ed25519", "int-1"], A, false),
    row("good, cross-signed, the other root", &["client", "int-1-cross", "int-1"], &["root-b"], false),
    row("good, cross-signed, the wrong one first", &["client", "int-1", "int-1-cross"], &["root-b"], false)
        .openssl_differs("OpenSSL takes the first issuer that was sent, and does not come back for the second"),
    row("good, cross-signed, either root", &["client", "int-1-cross", "int-1"], &["root-a", "root-b"], false),
    row("good, the intermediate is known", &["client"], &["int-1", "root-a"], false),
    row("good, self-issued", &["client-self-issued"], A, false),
    row("good, self-signed and trusted", &["client-self"], &["client-self"], false),
    row("anchored at an intermediate", &["client"], &["int-1"], false)
        .openssl_differs("without -partial_chain, OpenSSL wants to reach a self-signed root"),
    row("expired", &["client-expired", "int-1"], A, true),
    row("not yet valid", &["client-not-yet", "int-1"], A, true),
    row("expired intermediate", &["client-int-expired", "int-expired"], A, true),
    row("expired root", &["client-root-expired"], &["root-expired"], false)
        .openssl_differs("OpenSSL looks at the validity of anchors, rustls does not: a matter of policy to us"),
    row("untrusted", &["client", "int-1"], &["root-b"], true),
    row("untrusted, root sent", &["client", "int-1", "root-a"], &["root-b"], true),
    row("same name, another key", &["client-direct"], &["root-a-imposter"], true),
    row("same name, another key, no identifiers", &["client-direct"], &["root-a-plain-imposter"], true),
    row("no identifiers anywhere", &["client-plain-ids"], A, false),
    row("no identifiers, and another key", &["client-plain-ids"], &["root-a-plain-imposter"], true),
    row("incomplete", &["client"], A, true),
    row("self-signed", &["client-self"], A, true),
    row("server certificate at a client", &["server", "int-1"], A, true),
    row("client certificate at a server", &["client", "int-1"], A, true).server(),
    row("intermediate for servers only", &["client-eku-server-int", "int-eku-server"], A, true),
    row("any usage", &["client-eku-any", "int-1"], A, false)
        .webpki_differs("anyExtendedKeyUsage does not count there")
        .openssl_differs("anyExtendedKeyUsage does not count there"),
    row("keyEncipherment only", &["client-ku-encipher", "int-1"], A, false)
        .openssl_differs("keyUsage of leaves is looked at by some only: a matter of policy to us"),
    row("CA as leaf", &["client-ca-true", "int-1"], A, false).webpki_differs("CaUsedAsEndEntity"),
    row("CA for signing certificates only as leaf", &["client-ca-only", "int-1"], A, false)
        .webpki_differs("CaUsedAsEndEntity")
        .openssl_differs("keyUsage of leaves"),
    row("v1 leaf", &["client-v1", "int-1"], A, false).webpki_differs("UnsupportedCertVersion"),
    row("v1 intermediate", &["client-int-v1", "int-v1"], A, true),
    row("v1 root", &["client-root-v1"], &["root-v1"], false),
    row("unknown critical extension", &["client-critical", "int-1"], A, true),
    row("RSA 1024", &["client-rsa1024", "int-1"], A, false),
    row("SHA-1", &["client-sha1", "int-1"], A, false).webpki_differs("no SHA-1 at all"),
    row("no CA", &["client-int-not-ca", "int-not-ca"], A, true),
    row("no basicConstraints", &["client-int-no-bc", "int-no-bc"], A, true),
    row("no keyCertSign", &["client-int-no-certsign", "int-no-certsign"], A, true)
        .webpki_differs("rustls does not look at keyUsage"),
    row("path too long", &["client-int-below-p0", "int-below-p0", "int-p0"], A, true),
    row("path too long for the root", &["client-int-under-root-p0", "int-under-root-p0"], &["root-pathlen"], true)
        .webpki_differs("anchors are not asked for their pathLenConstraint"),
    row("within name constraints", &["server-nc-in", "int-nc"], A, false)
        .server()
        .webpki_differs("any mail address fails there, where an issuer constrains mail addresses"),
    row("DNS name outside", &["server-nc-dns-out", "int-nc"], A, true).server(),
    row("DNS name excluded", &["server-nc-dns-excluded", "int-nc"], A, true).server(),
    row("IP address outside", &["server-nc-ip-out", "int-nc"], A, true).server(),
    row("mail address outside", &["server-nc-email-out", "int-nc"], A, true).server(),
    row("directory name within", &["client-nc-dir-in", "int-nc-dir"], A, false)
        .webpki_differs("directory names in constraints are refused"),
    row("directory name outside", &["client-nc-dir-out", "int-nc-dir"], A, true),
];

fn der(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki").join(format!("{name}.der"));
    std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn ours(row: &Row) -> ChainReport {
    let chain: Vec<_> = row.sent.iter().map(|name| x509::parse(&der(name))).collect();
    let anchors = Anchors::from_der(&row.anchors.iter().map(|name| der(name)).collect::<Vec<_>>());
    examine(&chain, row.role, Some(&anchors), &[], Timestamp::from_secs(AT))
}

fn webpki(row: &Row) -> Result<(), webpki::Error> {
    let sent: Vec<CertificateDer<'_>> = row.sent.iter().map(|name| der(name).into()).collect();
    let trusted: Vec<CertificateDer<'_>> = row.anchors.iter().map(|name| der(name).into()).collect();
    let anchors = trusted.iter().map(anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>()?;
    let usage = match row.role {
        Role::Client => KeyUsage::client_auth(),
        Role::Server => KeyUsage::server_auth(),
    };
    let at = UnixTime::since_unix_epoch(Duration::from_secs(AT as u64));
    let leaf = EndEntityCert::try_from(&sent[0])?;
    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &sent[1..], at, usage, None, None).map(|_| ())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let value = chunk.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let digit_value = (value >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[digit_value as usize]) } else { '=' });
        }
    }
    text
}

fn pem(path: &Path, names: &[&str]) {
    let mut text = String::new();
    for name in names {
        text += "-----BEGIN CERTIFICATE-----\n";
        for line in base64(&der(name)).as_bytes().chunks(64) {
            text += std::str::from_utf8(line).expect("base64 is ASCII");
            text.push('\n');
        }
        text += "-----END CERTIFICATE-----\n";
    }
    std::fs::write(path, text).expect("the temporary folder is writable");
}

/// What OpenSSL says; `None` where there is no OpenSSL.
fn openssl(row: &Row, folder: &Path) -> Option<Result<(), String>> {
    let file = |name: &str| folder.join(name);
    pem(&file("leaf.pem"), &row.sent[..1]);
    pem(&file("others.pem"), &row.sent[1..]);
    pem(&file("anchors.pem"), row.anchors);
    let mut command = Command::new("openssl");
    command.arg("verify").args(["-no-CApath", "-no-CAstore", "-attime", &AT.to_string(), "-purpose"]);
    command.arg(if row.role == Role::Client { "sslclient" } else { "sslserver" });
    command.arg("-CAfile").arg(file("anchors.pem"));
    if row.sent.len() > 1 {
        command.arg("-untrusted").arg(file("others.pem"));
    }
    let output = command.arg(file("leaf.pem")).output().ok()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(()) } else { Err(told) })
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trust");
    std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
    folder
}

#[test]
fn chains_are_refused_for_what_webpki_and_openssl_refuse() {
    let folder = folder();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for row in ROWS {
        let report = ours(row);
        let refused = !report.is_sound() || report.trusted() != Some(true);
        if refused != row.refused {
            wrong.push(format!("{}: we say {report:?}", row.name));
        }
        let theirs = webpki(row);
        if (theirs.is_err() != refused) != row.webpki_differs.is_some() {
            wrong.push(format!("{}: webpki says {theirs:?}, expected difference: {:?}", row.name, row.webpki_differs));
        }
        if let Some(theirs) = openssl(row, &folder) {
            compared += 1;
            if (theirs.is_err() != refused) != row.openssl_differs.is_some() {
                wrong.push(format!(
                    "{}: OpenSSL says {theirs:?}, expected difference: {:?}",
                    row.name, row.openssl_differs
                ));
            }
        }
    }
    if compared == 0 {
        println!("not compared with OpenSSL: there is no `openssl` command");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_only_some_refuse_for_is_told_nevertheless() {
    // Shortcomings of webpki, not of the certificates.
    let exempt = ["directory name within", "within name constraints"];
    let differing = ROWS.iter().filter(|row| row.webpki_differs.is_some() || row.openssl_differs.is_some());
    for row in differing.filter(|row| !exempt.contains(&row.name)) {
        let report = ours(row);
        let partial = report.anchor.as_ref().is_some_and(|anchor| anchor.place == AnchorPlace::Intermediate);
        assert!(!report.flaws.is_empty() || partial || !report.unused.is_empty(), "{}: {report:?}", row.name);
    }
}

#[test]
fn names_match_as_webpki_matches_them() {
    const ASKED: &[&str] = &[
        "www.example.test",
        "WWW.EXAMPLE.TEST",
        "www.example.test.",
        "example.test",
        "a.wild.example.test",
        "a.b.wild.example.test",
        "wild.example.test",
        "xn--bcher-kva.example.test",
        "xn--bcher-kva.wild.example.test",
        "10.1.2.3",
        "10.1.2.4",
        "fd00::1",
        "fd00:0:0::1",
        "fd00::2",
        "odd.example.test",
        "dot.example.test",
        "dot.example.test.",
        "any.test",
        "upper.example.test",
        "a_b.example.test",
        "www.x.example.test",
        "nc",
        "ok.example.test",
    ];
    for certificate in ["server", "server-cn-only", "server-odd-names", "server-nc-in", "client"] {
        let bytes: CertificateDer<'_> = der(certificate).into();
        let theirs = EndEntityCert::try_from(&bytes).expect("a certificate that webpki reads");
        let ours = x509::parse(&bytes);
        for asked in ASKED {
            let name = ServerName::try_from(*asked).expect("a name that webpki takes");
            let fits = theirs.verify_is_valid_for_subject_name(&name).is_ok();
            let found = name_match::matches(&ours, asked);
            assert_eq!(found.fits(), fits, "{asked} against {certificate}: {found:?}");
        }
    }
}
