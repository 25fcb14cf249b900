//! Whether a certificate fits the name that the client asked for (RFC 9525).

use std::net::IpAddr;

use crate::x509::{Certificate, GeneralName};

/// What a comparison of names found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch {
    /// This dNSName fits.
    San(String),
    /// This iPAddress fits.
    Ip(IpAddr),
    /// There is no dNSName at all, and this common name would fit. RFC 9525 section 2 leaves common names
    /// out, and so do rustls, browsers and Go (since 1.15); OpenSSL's X509_check_host, JSSE and mbedTLS
    /// still take it.
    CommonNameOnly(String),
    /// Only this entry fits, and it has a wildcard within a label (`w*.example.com`), which RFC 9525 section
    /// 6.3 does not allow. OpenSSL takes it unless told otherwise.
    PartialWildcard(String),
    /// Nothing fits.
    None {
        /// The names that the certificate has: dNSName and iPAddress entries, or the common name
        /// where there are none.
        candidates: Vec<String>,
        /// Why a name that looks as if it fits does not.
        note: Option<String>,
    },
}

impl NameMatch {
    /// Whether a verifier that follows RFC 9525 accepts the name.
    pub const fn fits(&self) -> bool {
        matches!(self, Self::San(_) | Self::Ip(_))
    }
}

/// How an entry relates to the name.
enum Fit {
    Yes,
    Partial,
    No,
    /// It does not, although it seems so.
    Nearly(String),
}

/// Compares `name` (a host name in A-label form, or an IP address, with or without brackets) with what
/// `cert` says.
pub fn matches(cert: &Certificate, name: &str) -> NameMatch {
    let alternatives = cert.subject_alt_names.as_deref().unwrap_or(&[]);
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return by_address(cert, alternatives, address);
    }
    let mut partial = None;
    let mut note = None;
    for entry in dns_names(alternatives) {
        match fit(entry, name) {
            Fit::Yes => return NameMatch::San(entry.to_owned()),
            Fit::Partial => partial = partial.or(Some(entry)),
            Fit::Nearly(why) => note = note.or(Some(why)),
            Fit::No => {}
        }
    }
    if let Some(entry) = partial {
        return NameMatch::PartialWildcard(entry.to_owned());
    }
    let common = cert.subject.common_names.iter().find(|common| matches!(fit(common, name), Fit::Yes));
    match common {
        Some(common) if dns_names(alternatives).next().is_none() => NameMatch::CommonNameOnly(common.clone()),
        Some(common) if note.is_none() => {
            let note = format!("the common name {common} would fit, and does not count beside a subjectAltName");
            NameMatch::None { candidates: candidates(cert), note: Some(note) }
        }
        _ => NameMatch::None { candidates: candidates(cert), note },
    }
}

/// Whether the certificate has a name without a dot: as a dNSName, or, where there is no dNSName, as its common name
/// (which the verifiers named at [`NameMatch::CommonNameOnly`] take).
pub fn has_dotless_name(cert: &Certificate) -> bool {
    let alternatives = cert.subject_alt_names.as_deref().unwrap_or(&[]);
    let dotless = |name: &str| is_host_name(name) && !name.contains('.');
    let common = || cert.subject.common_names.iter().any(|name| dotless(name));
    dns_names(alternatives).any(dotless) || dns_names(alternatives).next().is_none() && common()
}

/// The iPAddress entries of the certificate.
pub fn addresses(cert: &Certificate) -> impl Iterator<Item = IpAddr> {
    cert.subject_alt_names.iter().flatten().filter_map(|entry| match entry {
        GeneralName::Ip(address) => Some(*address),
        _ => None,
    })
}

fn by_address(cert: &Certificate, alternatives: &[GeneralName], address: IpAddr) -> NameMatch {
    if alternatives.iter().any(|entry| matches!(entry, GeneralName::Ip(one) if *one == address)) {
        return NameMatch::Ip(address);
    }
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok_and(|one| one == address);
    let note = if dns_names(alternatives).any(is_address) {
        Some("the address stands in a dNSName entry, and counts in an iPAddress entry only".to_owned())
    } else if cert.subject.common_names.iter().any(|common| is_address(common)) {
        Some("the address stands in the common name, and counts in an iPAddress entry only".to_owned())
    } else {
        None
    };
    NameMatch::None { candidates: candidates(cert), note }
}

fn dns_names(alternatives: &[GeneralName]) -> impl Iterator<Item = &str> {
    alternatives.iter().filter_map(|entry| match entry {
        GeneralName::Dns(text) => Some(text.as_str()),
        _ => None,
    })
}

fn candidates(cert: &Certificate) -> Vec<String> {
    let alternatives = cert.subject_alt_names.as_deref().unwrap_or(&[]);
    let names: Vec<String> = alternatives
        .iter()
        .filter_map(|entry| match entry {
            GeneralName::Dns(text) => Some(text.clone()),
            GeneralName::Ip(address) => Some(address.to_string()),
            _ => None,
        })
        .collect();
    if names.is_empty() { cert.subject.common_names.clone() } else { names }
}

/// Whether `entry` (a dNSName) fits `name`. A trailing dot in `name` says that it is absolute, and is taken
/// off; in a certificate it is an error.
fn fit(entry: &str, name: &str) -> Fit {
    let name = name.strip_suffix('.').unwrap_or(name);
    if !is_host_name(name) {
        return Fit::No;
    }
    if let Some(dotless) = entry.strip_suffix('.') {
        return if dotless.eq_ignore_ascii_case(name) {
            Fit::Nearly(format!("{entry} ends with a dot, which a certificate's name may not"))
        } else {
            Fit::No
        };
    }
    if !entry.contains('*') {
        return if is_host_name(entry) && entry.eq_ignore_ascii_case(name) { Fit::Yes } else { Fit::No };
    }
    wildcard(entry, name)
}

fn wildcard(entry: &str, name: &str) -> Fit {
    let Some((first, parent)) = entry.split_once('.') else {
        return Fit::No;
    };
    if parent.contains('*') {
        return Fit::No;
    }
    let Some((label, above)) = name.split_once('.') else {
        return Fit::No;
    };
    if !is_host_name(parent) {
        return Fit::No;
    }
    if !parent.eq_ignore_ascii_case(above) {
        let ending = format!(".{}", parent.to_ascii_lowercase());
        let deeper = first == "*" && above.to_ascii_lowercase().ends_with(&ending);
        let bare = first == "*" && parent.eq_ignore_ascii_case(name);
        return match () {
            () if deeper => Fit::Nearly(format!("{entry} stands for one label only")),
            () if bare => Fit::Nearly(format!("{entry} does not stand for {parent} itself")),
            () => Fit::No,
        };
    }
    if !parent.contains('.') {
        return Fit::Nearly(format!("{entry} covers a whole top-level domain, which verifiers do not accept"));
    }
    if first == "*" {
        return Fit::Yes;
    }
    match first.split_once('*') {
        // A wildcard within an A-label would mean pieces of an encoding: nobody takes that.
        Some((before, after))
            if !after.contains('*')
                && !label.to_ascii_lowercase().starts_with("xn--")
                && label.len() >= before.len() + after.len()
                && starts_with(label, before)
                && ends_with(label, after) =>
        {
            Fit::Partial
        }
        _ => Fit::No,
    }
}

fn starts_with(label: &str, start: &str) -> bool {
    label.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn ends_with(label: &str, end: &str) -> bool {
    label.len().checked_sub(end.len()).and_then(|at| label.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// A host name as RFC 1123 has it, underscores let pass; the last label is not all digits (that would be an
/// address).
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or(text);
    text.len() <= 253 && text.split('.').all(label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Name;

    fn cert(names: &[&str], common: &str) -> Certificate {
        let entries = names.iter().map(|name| match name.strip_prefix("ip:") {
            Some(address) => GeneralName::Ip(address.parse().unwrap()),
            None => GeneralName::Dns((*name).to_owned()),
        });
        Certificate {
            subject: Name { common_names: vec![common.to_owned()], ..Name::default() },
            subject_alt_names: (!names.is_empty()).then(|| entries.collect()),
            ..Certificate::default()
        }
    }

    fn note(found: NameMatch) -> String {
        match found {
            NameMatch::None { note: Some(note), .. } => note,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn letter_case_and_the_trailing_dot_of_the_asked_name_do_not_count() {
        let cert = cert(&["WWW.example.test"], "");
        assert!(matches(&cert, "www.EXAMPLE.test.").fits());
        assert!(!matches(&cert, "www.example.test..").fits());
        assert!(!matches(&cert, "example.test").fits());
    }

    #[test]
    fn a_wildcard_stands_for_one_whole_left_most_label() {
        let cert = cert(&["*.example.test", "a.*.example.test"], "");
        assert_eq!(matches(&cert, "a.example.test"), NameMatch::San("*.example.test".to_owned()));
        assert!(matches(&cert, "xn--bcher-kva.example.test").fits());
        assert_eq!(note(matches(&cert, "a.b.example.test")), "*.example.test stands for one label only");
        assert_eq!(note(matches(&cert, "example.test")), "*.example.test does not stand for example.test itself");
    }

    #[test]
    fn a_partial_wildcard_is_told_apart() {
        let cert = cert(&["w*.example.test"], "");
        assert_eq!(matches(&cert, "www.example.test"), NameMatch::PartialWildcard("w*.example.test".to_owned()));
        assert!(matches!(matches(&cert, "ftp.example.test"), NameMatch::None { .. }));
        let cert = self::cert(&["x*.example.test"], "");
        assert!(matches!(matches(&cert, "xn--a.example.test"), NameMatch::None { .. }));
    }

    #[test]
    fn a_name_without_a_dot_may_be_the_common_name_where_there_is_no_other() {
        assert!(has_dotless_name(&cert(&["www.example.test", "localhost"], "")));
        assert!(has_dotless_name(&cert(&["ip:192.0.2.1"], "localhost")));
        assert!(!has_dotless_name(&cert(&["www.example.test"], "localhost")));
        assert!(!has_dotless_name(&cert(&[], "Example Server")), "words are no host name");
        assert_eq!(addresses(&cert(&["localhost", "ip:192.0.2.1"], "")).count(), 1);
    }

    #[test]
    fn addresses_count_in_ip_address_entries_only() {
        let cert = cert(&["192.0.2.1", "ip:192.0.2.2", "ip:2001:db8::1"], "");
        assert!(matches(&cert, "192.0.2.2").fits());
        assert!(matches(&cert, "[2001:db8:0::1]").fits());
        assert!(note(matches(&cert, "192.0.2.1")).starts_with("the address stands in a dNSName"));
    }

    #[test]
    fn a_common_name_is_never_a_match() {
        assert_eq!(
            matches(&cert(&[], "www.example.test"), "www.example.test"),
            NameMatch::CommonNameOnly("www.example.test".to_owned())
        );
        let both = cert(&["other.test"], "www.example.test");
        assert!(note(matches(&both, "www.example.test")).contains("does not count"));
        let NameMatch::None { candidates, .. } = matches(&both, "x.test") else { panic!("x.test fits") };
        assert_eq!(candidates, ["other.test"]);
    }
}
