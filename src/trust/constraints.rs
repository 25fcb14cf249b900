//! Name constraints (RFC 5280 section 4.2.1.10): which names of a certificate an issuer above it forbids.

use std::net::IpAddr;

use super::der;
use crate::x509::{Certificate, GeneralName, NameConstraints};

/// Names checked against subtrees at most; hostile certificates carry thousands of both.
const CHECK_LIMIT: usize = 100_000;

/// The names of `certificate` that `constraints` forbid, in words for a person.
pub(super) fn violations(certificate: &Certificate, constraints: &NameConstraints, is_leaf: bool) -> Vec<String> {
    let names = names_of(certificate, is_leaf);
    let per_name = (constraints.permitted.len() + constraints.excluded.len()).max(1);
    let within = names.into_iter().take(CHECK_LIMIT / per_name);
    within.filter(|(name, _)| !allowed(name, constraints)).map(|(_, text)| text).collect()
}

/// The names that constraints apply to, each with its text.
fn names_of(certificate: &Certificate, is_leaf: bool) -> Vec<(GeneralName, String)> {
    let mut names = Vec::new();
    if der::rdns(&certificate.subject.der).is_some_and(|rdns| !rdns.is_empty()) {
        names.push((GeneralName::Directory(certificate.subject.clone()), certificate.subject.text.clone()));
    }
    let alternatives = certificate.subject_alt_names.as_deref().unwrap_or(&[]);
    names.extend(alternatives.iter().map(|name| (name.clone(), text_of(name))));
    // OpenSSL looks at common names that look like host names, where the leaf has no dNSName.
    if is_leaf && !alternatives.iter().any(|name| matches!(name, GeneralName::Dns(_))) {
        let hosts = certificate.subject.common_names.iter().filter(|name| is_host_name(name));
        names.extend(hosts.map(|name| (GeneralName::Dns(name.clone()), format!("{name} (a common name)"))));
    }
    names
}

fn text_of(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(text) | GeneralName::Email(text) | GeneralName::Uri(text) | GeneralName::Other(text) => {
            text.clone()
        }
        GeneralName::Ip(address) => address.to_string(),
        GeneralName::IpRange(_) => "an unreadable IP address".to_owned(),
        GeneralName::Directory(name) => name.text.clone(),
    }
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.contains('.') && text.split('.').all(label) && text.parse::<IpAddr>().is_err()
}

fn allowed(name: &GeneralName, constraints: &NameConstraints) -> bool {
    if constraints.excluded.iter().any(|subtree| covers(subtree, name, true) == Some(true)) {
        return false;
    }
    // Only subtrees of the name's own kind limit it; where there are any, one has to cover it.
    let mut of_its_kind = constraints.permitted.iter().filter_map(|subtree| covers(subtree, name, false)).peekable();
    of_its_kind.peek().is_none() || of_its_kind.any(|covered| covered)
}

/// Whether `subtree` covers `name`; `None` where they are of different kinds.
fn covers(subtree: &GeneralName, name: &GeneralName, excluding: bool) -> Option<bool> {
    match (subtree, name) {
        (GeneralName::Dns(subtree), GeneralName::Dns(name)) => Some(dns_covers(subtree, name, excluding)),
        (GeneralName::Email(subtree), GeneralName::Email(name)) => Some(email_covers(subtree, name)),
        (GeneralName::Uri(subtree), GeneralName::Uri(name)) => Some(uri_covers(subtree, name)),
        (GeneralName::Directory(subtree), GeneralName::Directory(name)) => {
            let (subtree, name) = (der::rdns(&subtree.der)?, der::rdns(&name.der)?);
            Some(name.starts_with(&subtree))
        }
        (GeneralName::IpRange(range), GeneralName::Ip(address)) => Some(ip_covers(range, *address)),
        _ => None,
    }
}

/// `host.example` covers itself and all below it. A leading dot (no RFC, everybody's practice) covers
/// only what is below.
fn dns_covers(subtree: &str, name: &str, excluding: bool) -> bool {
    let (subtree, name) = (subtree.to_ascii_lowercase(), name.to_ascii_lowercase());
    if subtree.is_empty() || name == subtree {
        return true;
    }
    let below =
        if subtree.starts_with('.') { name.ends_with(&subtree) } else { name.ends_with(&format!(".{subtree}")) };
    // `*.example` can stand for `bad.example`, so that an exclusion of the latter catches it.
    let expands = || {
        let suffix = name.strip_prefix('*')?;
        Some(subtree.split_once('.')?.1 == suffix.strip_prefix('.')?)
    };
    below || (excluding && expands() == Some(true))
}

fn email_covers(subtree: &str, name: &str) -> bool {
    let Some((mailbox, host)) = name.rsplit_once('@') else {
        return false;
    };
    match subtree.rsplit_once('@') {
        Some((only, at)) if !only.is_empty() => mailbox == only && host.eq_ignore_ascii_case(at),
        _ => host_covers(subtree.trim_start_matches('@'), host),
    }
}

fn uri_covers(subtree: &str, name: &str) -> bool {
    let Some((_, rest)) = name.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host_covers(subtree, host)
}

/// For mail and URIs: a host means that host, `.domain` every host within the domain.
fn host_covers(subtree: &str, host: &str) -> bool {
    let (subtree, host) = (subtree.to_ascii_lowercase(), host.to_ascii_lowercase());
    subtree.is_empty() || if subtree.starts_with('.') { host.ends_with(&subtree) } else { host == subtree }
}

/// `range` is an address and a mask of the same length. A range of one IP version covers nothing of the other.
fn ip_covers(range: &[u8], address: IpAddr) -> bool {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let Some((base, mask)) = range.split_at_checked(bytes.len()) else {
        return false;
    };
    mask.len() == bytes.len() && bytes.iter().zip(base).zip(mask).all(|((byte, base), mask)| byte & mask == base & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(name: &str) -> GeneralName {
        GeneralName::Dns(name.to_owned())
    }

    #[test]
    fn dns_subtrees_cover_whole_labels_only() {
        assert!(dns_covers("example.test", "EXAMPLE.test", false));
        assert!(dns_covers("example.test", "a.b.example.test", false));
        assert!(!dns_covers("example.test", "badexample.test", false));
        assert!(!dns_covers(".example.test", "example.test", false));
        assert!(dns_covers(".example.test", "a.example.test", false));
        assert!(dns_covers("", "anything", false));
    }

    #[test]
    fn a_wildcard_that_reaches_into_an_excluded_subtree_is_caught() {
        assert!(dns_covers("bad.example.test", "*.example.test", true));
        assert!(!dns_covers("bad.example.test", "*.example.test", false));
        assert!(!dns_covers("bad.example.test", "*.other.test", true));
    }

    #[test]
    fn a_permitted_subtree_limits_names_of_its_own_kind_only() {
        let constraints = NameConstraints {
            permitted: vec![dns("example.test"), GeneralName::IpRange(vec![10, 0, 0, 0, 255, 0, 0, 0])],
            excluded: vec![dns("bad.example.test")],
        };
        let ok = |name: &GeneralName| allowed(name, &constraints);
        assert!(ok(&dns("a.example.test")));
        assert!(!ok(&dns("x.bad.example.test")));
        assert!(!ok(&dns("elsewhere.test")));
        assert!(ok(&GeneralName::Ip("10.1.2.3".parse().unwrap())));
        assert!(!ok(&GeneralName::Ip("192.0.2.1".parse().unwrap())));
        assert!(!ok(&GeneralName::Ip("fd00::1".parse().unwrap())), "both IP versions are one kind of name");
        assert!(ok(&GeneralName::Email("a@elsewhere.test".to_owned())));
    }

    #[test]
    fn mail_and_uri_subtrees_mean_a_host_unless_they_begin_with_a_dot() {
        assert!(email_covers("example.test", "a@example.test"));
        assert!(!email_covers("example.test", "a@mail.example.test"));
        assert!(email_covers(".example.test", "a@mail.example.test"));
        assert!(email_covers("a@example.test", "a@EXAMPLE.test"));
        assert!(!email_covers("a@example.test", "b@example.test"));
        assert!(uri_covers("example.test", "spiffe://example.test/ns/a"));
        assert!(uri_covers(".example.test", "https://u@a.example.test:443/"));
        assert!(!uri_covers("example.test", "urn:example.test"));
    }
}
