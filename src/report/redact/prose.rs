//! Names that are woven into prose.

use crate::cause::Cause;
use crate::report::redact::names::{self, Names};
use crate::report::redact::{WORDS, as_address};

/// Shorter names are words of the language too: they are replaced only where they stand in a name's own syntax.
const SHORTEST: usize = 4;

/// Words that tlswhy's own prose is made of, besides those of the causes' meanings. A certificate for `client` tells
/// nothing, and replacing the word would garble every sentence.
const OWN: [&str; 33] = [
    "alert",
    "authority",
    "certificate",
    "chain",
    "client",
    "clients",
    "connection",
    "example",
    "expired",
    "handshake",
    "intermediate",
    "invalid",
    "issuer",
    "leaf",
    "name",
    "none",
    "openssl",
    "packet",
    "proxy",
    "revoked",
    "root",
    "self",
    "server",
    "servers",
    "signed",
    "test",
    "trusted",
    "unknown",
    "untrusted",
    "valid",
    "version",
    "with",
    "wrong",
];

/// What the fields of a session held, and what stands for it.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// In lower case; longest first.
    names: Vec<(String, String)>,
}

impl Known {
    /// Remembers a name.
    pub(super) fn add(&mut self, name: &str, by: &str) {
        let folded = name.to_ascii_lowercase();
        if folded.chars().count() < SHORTEST || is_own(&folded) {
            return;
        }
        let order = |known: &(String, String)| (std::cmp::Reverse(known.0.len()), known.0.clone());
        let new = (folded, by.to_owned());
        if let Err(place) = self.names.binary_search_by_key(&order(&new), order) {
            self.names.insert(place, new);
        }
    }

    /// `text` with every name in it replaced, in one pass, so that no replacement is replaced again.
    pub(super) fn rewrite(&self, text: &str) -> String {
        let folded = text.to_ascii_lowercase();
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut before = ' ';
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            match self.at(&folded, at, before) {
                Some((name, by)) => {
                    out.push_str(by);
                    at += name.len();
                    before = name.chars().next_back().unwrap_or(' ');
                }
                None => {
                    out.push(c);
                    at += c.len_utf8();
                    before = c;
                }
            }
        }
        out
    }

    fn at(&self, folded: &str, at: usize, before: char) -> Option<&(String, String)> {
        let rest = folded.get(at..)?;
        self.names.iter().find(|(name, _)| {
            let Some(after) = rest.strip_prefix(name.as_str()) else { return false };
            let inside =
                |edge: Option<char>, next: char| edge.is_some_and(char::is_alphanumeric) && next.is_alphanumeric();
            !inside(name.chars().next(), before)
                && !inside(name.chars().next_back(), after.chars().next().unwrap_or(' '))
        })
    }

    /// Whether a name is in `text`, even inside of a word.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let folded = text.to_ascii_lowercase();
        self.names.iter().any(|(name, _)| folded.contains(name.as_str()))
    }
}

fn is_own(folded: &str) -> bool {
    let is_word =
        |word: &str, of: &str| of.split(|c: char| !c.is_ascii_alphanumeric()).any(|own| own.eq_ignore_ascii_case(word));
    OWN.contains(&folded)
        || folded.chars().all(|c| c.is_ascii_lowercase())
            && Cause::ALL.iter().any(|cause| is_word(folded, cause.code()) || is_word(folded, cause.meaning()))
}

/// What somebody said, between quotation marks.
pub(super) fn without_quotations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        out.push_str(before);
        // A value of a distinguished name is quoted too, and is dealt with as one.
        if before.ends_with(" = ") {
            let quoted = rest.get(before.len()..).unwrap_or("");
            let (value, tail) = quoted.split_at_checked(names::value_len(quoted)).unwrap_or((quoted, ""));
            out.push_str(value);
            rest = tail;
            continue;
        }
        out.push_str(WORDS);
        // The words themselves may hold quotation marks: all up to the last one goes.
        rest = after.rsplit_once('"').map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out
}

/// Distinguished names, wherever they begin.
pub(super) fn without_distinguished(text: &str, names: &mut Names) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let kind = if before.is_alphanumeric() { None } else { names::kind(rest) };
        let Some((head, tail)) = kind.and_then(|len| rest.split_at_checked(len)) else {
            out.push(c);
            before = c;
            rest = rest.get(c.len_utf8()..).unwrap_or("");
            continue;
        };
        out.push_str(head);
        // In prose a value may also end at a bracket, and a sentence may go on behind it.
        let len = names::value_len(tail);
        let len = if tail.starts_with('"') { len } else { tail.find([')', ';', ':']).map_or(len, |end| end.min(len)) };
        let (value, tail) = tail.split_at_checked(len).unwrap_or((tail, ""));
        let value_end = value.strip_suffix('.').unwrap_or(value);
        out.push_str(&if is_pseudonym(value_end) { value_end.to_owned() } else { names.value(value_end) });
        out.push_str(value.strip_prefix(value_end).unwrap_or(""));
        before = ' ';
        rest = tail;
    }
    out
}

/// Whether a value begins with what was put there before.
fn is_pseudonym(value: &str) -> bool {
    let first = value.split([' ', ',']).next().unwrap_or(value);
    let rest_is_digits = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit());
    let is_label = |label: &str| label == "*" || label.strip_prefix('n').is_some_and(rest_is_digits);
    let is_name = first.strip_prefix("name-").is_some_and(rest_is_digits);
    first == value && (is_name || first.split(['.', '@']).all(is_label))
}

/// Addresses, host names and URIs that no field held.
pub(super) fn without_hosts(text: &str, names: &mut Names) -> String {
    by_words(text, |word| {
        if word.contains("://") {
            return (!word.contains("://uri-")).then(|| names.uri(word));
        }
        address(word, names).or_else(|| (is_host(word) && !is_pseudonym(word)).then(|| names.host(word)))
    })
}

/// Addresses that no field held.
pub(super) fn without_addresses(text: &str, names: &mut Names) -> String {
    by_words(text, |word| address(word, names))
}

fn address(word: &str, names: &mut Names) -> Option<String> {
    let is_ours = word.starts_with("240.") || word.starts_with("2001:db8::");
    (as_address(word).is_some() && !is_ours).then(|| names.address(word))
}

/// Puts what `replace` gives in the place of each word, without the punctuation around it.
fn by_words(text: &str, mut replace: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive([' ', ',', ';', '(', ')', '<', '>', '=']) {
        let word = piece.trim_end_matches([' ', ',', ';', '(', ')', '<', '>', '=', '.', ':']);
        match replace(word) {
            Some(by) => {
                out.push_str(&by);
                out.push_str(piece.strip_prefix(word).unwrap_or(""));
            }
            None => out.push_str(piece),
        }
    }
    out
}

/// A name of several labels, the last of letters; not a file or a program, and not the abbreviation of a word.
fn is_host(word: &str) -> bool {
    const FILES: [&str; 14] =
        ["pem", "crt", "key", "der", "conf", "cnf", "log", "js", "pcap", "pcapng", "gz", "zst", "cap", "csr"];
    let labels: Vec<&str> = word.split(['.', '@']).collect();
    let [_, .., last] = labels.as_slice() else { return false };
    let is_label =
        |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '*'));
    last.len() >= 2
        && last.chars().all(char::is_alphabetic)
        && !FILES.contains(last)
        && labels.iter().all(is_label)
        && labels.iter().any(|label| label.len() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_replaced_at_their_edges_and_once() {
        let mut known = Known::default();
        known.add("Acme", "name-1");
        known.add("acme.example", "n1.n2");
        known.add("name", "x");
        assert_eq!(known.rewrite("ACME.example of Acme, not acmes"), "n1.n2 of name-1, not acmes");
        assert!(known.is_in("acmes") && !known.is_in("name-1"));
    }

    #[test]
    fn own_words_are_no_secrets() {
        let mut known = Known::default();
        for word in ["client", "Server", "certificate", "CA", "handshake"] {
            known.add(word, "x");
        }
        assert_eq!(known.rewrite("client and server, a certificate"), "client and server, a certificate");
    }

    #[test]
    fn ordinary_prose_is_left_alone() {
        let text = "TLS 1.3 (RFC 8446 section 4.4.2) with http/1.1, i.e. nginx.conf or Node.js; see ca.pem. It ends.";
        let mut names = Names::default();
        assert_eq!(without_hosts(&without_distinguished(text, &mut names), &mut names), text);
    }

    #[test]
    fn quotations_go_with_the_quotation_marks_in_them() {
        assert_eq!(without_quotations("it said \"no \"alice\" here\", twice"), "it said (redacted), twice");
        assert_eq!(without_quotations("O = \"A, B\" and \"x"), "O = \"A, B\" and (redacted)");
    }
}
