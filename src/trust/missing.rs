//! A path that ends for the lack of an issuer: was an intermediate left out, or is the missing one a root
//! that the verifier does not have? The packets of one handshake seldom prove it; what is known
//! besides often does.

use super::chain::identifiers_agree;
use super::{Anchors, ChainEnd, ChainReport, Flaw, der};
use crate::x509::signature::{Verification, verify_certificate};
use crate::x509::{Certificate, Name, name_from_der};

/// Signatures checked for one question at most.
const SIGNATURE_LIMIT: usize = 32;

/// What is known of issuers besides the chain itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct KnownIssuers<'a> {
    /// The names of a CertificateRequest, in DER: what the verifier says it trusts.
    pub requested: &'a [Vec<u8>],
    /// What the user says that the verifier trusts.
    pub anchors: Option<&'a Anchors>,
    /// Certificates seen elsewhere: in other sessions, in the other side's chain, in the other side's anchors.
    pub seen: &'a [Certificate],
}

/// What kind of certificate the missing issuer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingKind {
    /// An intermediate, which the chain should have held.
    Intermediate(Reason),
    /// A root (or another CA that the verifier would have to have by itself).
    Root(Reason),
    /// Nothing tells.
    Unknown,
}

/// Why it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// For a person; a whole clause.
    pub why: String,
    /// A certificate or an identifier shows it; otherwise it is a matter of names and custom.
    pub proved: bool,
}

impl Reason {
    fn proof(why: String) -> Self {
        Self { why, proved: true }
    }

    fn hint(why: String) -> Self {
        Self { why, proved: false }
    }
}

/// Decides what kind of issuer the path of `report` lacks.
pub fn missing_kind(report: &ChainReport, chain: &[Certificate], known: &KnownIssuers<'_>) -> MissingKind {
    let ChainEnd::IssuerNotSent { issuer, .. } = &report.end else {
        return MissingKind::Unknown;
    };
    let Some((index, top)) = report.path.last().and_then(|last| Some((*last, chain.get(*last)?))) else {
        return MissingKind::Unknown;
    };
    by_certificates(top, issuer, known)
        .or_else(|| by_key_identifier(top, issuer))
        .or_else(|| by_namesake(report, index, issuer, known))
        .or_else(|| by_name(issuer))
        .or_else(|| by_place(report, top))
        .or_else(|| by_requested_kin(issuer, known))
        .unwrap_or(MissingKind::Unknown)
}

/// The issuer itself was seen elsewhere.
fn by_certificates(top: &Certificate, issuer: &Name, known: &KnownIssuers<'_>) -> Option<MissingKind> {
    let named = known.seen.iter().filter(|seen| der::same_name(&seen.subject, issuer)).take(SIGNATURE_LIMIT);
    let issuers: Vec<&Certificate> = named
        .filter(|seen| match verify_certificate(top, &seen.key) {
            Verification::Valid => true,
            Verification::Unsupported(_) => identifiers_agree(top, seen) == Some(true),
            _ => false,
        })
        .collect();
    let (roots, intermediates): (Vec<&Certificate>, Vec<&Certificate>) =
        issuers.into_iter().partition(|seen| der::same_name(&seen.subject, &seen.issuer));
    // A CA may have both a self-signed and a cross-signed certificate; the latter counts where the verifier
    // knows who signed it.
    let led = intermediates.iter().find(|seen| is_trusted_name(&seen.issuer, known));
    if let Some(seen) = led {
        let why = format!(
            "\"{}\" was seen elsewhere in the capture, issued by \"{}\", which the verifier trusts",
            issuer.text, seen.issuer.text
        );
        return Some(MissingKind::Intermediate(Reason::proof(why)));
    }
    if !roots.is_empty() {
        let why = format!("\"{}\" was seen elsewhere, and is self-signed", issuer.text);
        return Some(MissingKind::Root(Reason::proof(why)));
    }
    let seen = intermediates.first()?;
    let why = format!("\"{}\" was seen elsewhere, issued by \"{}\"", issuer.text, seen.issuer.text);
    Some(MissingKind::Intermediate(Reason::proof(why)))
}

fn is_trusted_name(name: &Name, known: &KnownIssuers<'_>) -> bool {
    let anchors = known.anchors.map_or(&[][..], |anchors| &anchors.certificates);
    anchors.iter().any(|anchor| der::same_name(&anchor.subject, name))
        || known.requested.iter().any(|der| der::same_name(&name_from_der(der), name))
}

/// authorityKeyIdentifier may name the issuer's own issuer.
fn by_key_identifier(top: &Certificate, issuer: &Name) -> Option<MissingKind> {
    let above = name_from_der(&der::authority_cert_issuer(top)?);
    let why = if der::same_name(&above, issuer) {
        "authorityKeyIdentifier says that the issuer is self-signed".to_owned()
    } else {
        format!("authorityKeyIdentifier says that \"{}\" was itself issued by \"{}\"", issuer.text, above.text)
    };
    Some(if der::same_name(&above, issuer) {
        MissingKind::Root(Reason::proof(why))
    } else {
        MissingKind::Intermediate(Reason::proof(why))
    })
}

/// The verifier has a CA of that name.
fn by_namesake(report: &ChainReport, top: usize, issuer: &Name, known: &KnownIssuers<'_>) -> Option<MissingKind> {
    let anchors = known.anchors.map_or(&[][..], |anchors| &anchors.certificates);
    if anchors.iter().any(|anchor| der::same_name(&anchor.subject, issuer)) {
        let flawed = report.flaws.iter().any(|flaw| matches!(flaw, Flaw::SameNameOtherKey { index } if *index == top));
        let why = format!("the verifier trusts a CA named \"{}\", with another key", issuer.text);
        let reason = if flawed { Reason::proof(why) } else { Reason::hint(why) };
        return Some(MissingKind::Root(reason));
    }
    if known.requested.iter().any(|der| der::same_name(&name_from_der(der), issuer)) {
        let why = format!("the verifier names \"{}\" itself among the CAs that it accepts", issuer.text);
        return Some(MissingKind::Root(Reason::hint(why)));
    }
    None
}

/// How the issuer calls itself.
fn by_name(issuer: &Name) -> Option<MissingKind> {
    let name = issuer.common_names.last().unwrap_or(&issuer.text);
    let words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    if has(&["intermediate", "issuing", "subordinate", "sub", "subca", "issuer"]) {
        let why = format!("the issuer calls itself an intermediate: \"{name}\"");
        return Some(MissingKind::Intermediate(Reason::hint(why)));
    }
    if has(&["root", "rootca"]) {
        return Some(MissingKind::Root(Reason::hint(format!("the issuer calls itself a root: \"{name}\""))));
    }
    None
}

/// Where in the chain it is missing, and whether it can be fetched.
fn by_place(report: &ChainReport, top: &Certificate) -> Option<MissingKind> {
    if report.path.len() > 1 {
        let why = "intermediates were sent, and roots usually are not".to_owned();
        return Some(MissingKind::Root(Reason::hint(why)));
    }
    let url = top.ca_issuers.first()?;
    let why = format!("the leaf says where to fetch its issuer ({url}), which is usual below intermediates");
    Some(MissingKind::Intermediate(Reason::hint(why)))
}

/// The issuer belongs to the house of a CA that the verifier names or has.
fn by_requested_kin(issuer: &Name, known: &KnownIssuers<'_>) -> Option<MissingKind> {
    let organisation = organisation(&issuer.der)?;
    let requested = known.requested.iter().map(|der| name_from_der(der));
    let anchors = known.anchors.map_or(&[][..], |anchors| &anchors.certificates).iter().map(|one| one.subject.clone());
    let kin = requested.chain(anchors).find(|name| self::organisation(&name.der).as_ref() == Some(&organisation))?;
    let why = format!("the verifier trusts \"{}\", a CA of the same organisation as the missing issuer", kin.text);
    Some(MissingKind::Intermediate(Reason::hint(why)))
}

/// organizationName, comparable.
fn organisation(name: &[u8]) -> Option<String> {
    let rdns = der::rdns(name)?;
    rdns.into_iter().flatten().find(|(oid, _)| *oid == [0x55, 0x04, 0x0a]).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::super::examine;
    use super::super::pki::AT;
    use super::*;
    use crate::role::Role;

    fn kind(chain: &[Certificate], known: &KnownIssuers<'_>) -> MissingKind {
        missing_kind(&examine(chain, Role::Client, known.anchors, &[], AT), chain, known)
    }

    fn proved(kind: &MissingKind) -> Option<bool> {
        match kind {
            MissingKind::Intermediate(reason) | MissingKind::Root(reason) => Some(reason.proved),
            MissingKind::Unknown => None,
        }
    }

    #[test]
    fn a_certificate_seen_elsewhere_proves_it() {
        let chain = certificates!("client-plain-int");
        let found = kind(&chain, &KnownIssuers { seen: &certificates!("root-b", "int-plain"), ..Default::default() });
        assert!(matches!(found, MissingKind::Intermediate(_)) && proved(&found) == Some(true), "{found:?}");
        let chain = certificates!("client-direct");
        let found = kind(&chain, &KnownIssuers { seen: &certificates!("root-a"), ..Default::default() });
        assert!(matches!(found, MissingKind::Root(_)) && proved(&found) == Some(true), "{found:?}");
        let found = kind(&chain, &KnownIssuers { seen: &certificates!("root-a-imposter"), ..Default::default() });
        assert_ne!(proved(&found), Some(true), "a namesake with another key proves nothing");
    }

    #[test]
    fn the_authority_key_identifier_may_prove_it() {
        let found = kind(&certificates!("client-aki-issuer"), &KnownIssuers::default());
        assert!(matches!(found, MissingKind::Intermediate(_)) && proved(&found) == Some(true), "{found:?}");
        let found = kind(&certificates!("client-direct-aki-issuer"), &KnownIssuers::default());
        assert!(matches!(found, MissingKind::Root(_)) && proved(&found) == Some(true), "{found:?}");
    }

    #[test]
    fn names_only_hint() {
        let found = kind(&certificates!("client"), &KnownIssuers::default());
        assert!(matches!(found, MissingKind::Intermediate(_)) && proved(&found) == Some(false), "{found:?}");
        let found = kind(&certificates!("client-direct"), &KnownIssuers::default());
        assert!(matches!(found, MissingKind::Root(_)) && proved(&found) == Some(false), "{found:?}");
        assert_eq!(kind(&certificates!("client-plain-int"), &KnownIssuers::default()), MissingKind::Unknown);
    }

    #[test]
    fn what_the_verifier_names_tells_namesakes_and_kin() {
        let chain = certificates!("client-plain-int");
        let [root, int] = certificates!("root-a", "int-plain");
        let requested = [root.subject.der];
        let found = kind(&chain, &KnownIssuers { requested: &requested, ..Default::default() });
        assert!(matches!(found, MissingKind::Intermediate(_)), "a CA of the same organisation: {found:?}");
        let requested = [int.subject.der];
        let found = kind(&chain, &KnownIssuers { requested: &requested, ..Default::default() });
        assert!(matches!(found, MissingKind::Root(_)), "the issuer itself: {found:?}");
        let anchors = Anchors { certificates: certificates!("root-a-imposter").to_vec() };
        let known = KnownIssuers { anchors: Some(&anchors), ..Default::default() };
        assert_eq!(proved(&kind(&certificates!("client-direct"), &known)), Some(true));
    }

    #[test]
    fn nothing_is_missing_from_a_path_that_has_its_end() {
        let found = kind(&certificates!("client", "int-1", "root-a"), &KnownIssuers::default());
        assert_eq!(found, MissingKind::Unknown);
    }
}
