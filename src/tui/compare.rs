//! What differs between two sessions, most telling first: one that worked and one that did not usually
//! differ in one or two things that matter.

use std::sync::Arc;

use crate::iana::Name;
use crate::render::text::certificates::{key, lapse, usage};
use crate::report::{Certificate, CertificateRequest, ClientHello, CodePoint, Session, Validity};
use crate::time::Elapsed;

/// Something that two sessions can differ in.
struct Topic {
    name: &'static str,
    /// Parts of cause codes that this is about: what a verdict speaks of comes first.
    about: &'static [&'static str],
    /// What a session has to say of it; none where it was not seen.
    values: fn(&Session) -> Option<Vec<String>>,
}

/// One topic of two sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub topic: &'static str,
    /// What only the first session has; none where it says nothing of the topic.
    pub left: Option<Vec<String>>,
    /// What only the second has.
    pub right: Option<Vec<String>>,
    /// What both have.
    pub both: Vec<String>,
    /// Both have the same, in another order.
    pub reordered: bool,
}

impl Difference {
    /// Whether there is none.
    pub fn is_same(&self) -> bool {
        let empty = |side: &Option<Vec<String>>| side.as_ref().is_some_and(Vec::is_empty);
        !self.reordered && (self.left.is_none() && self.right.is_none() || empty(&self.left) && empty(&self.right))
    }
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "client authentication",
        about: &["client-cert-missing", "client-cert-not-requested"],
        values: |session| Some(vec![session.tls.client_auth.name().to_owned()]),
    },
    Topic {
        name: "client certificate",
        about: &["client-cert-"],
        values: |session| session.certificates.client.as_deref().map(chain),
    },
    Topic {
        name: "server certificate",
        about: &["server-cert-"],
        values: |session| session.certificates.server.as_deref().map(chain),
    },
    Topic {
        name: "version",
        about: &["version", "fallback"],
        values: |session| session.tls.version.as_ref().map(only),
    },
    Topic {
        name: "versions offered",
        about: &["version", "fallback"],
        values: |session| {
            let hello = session.client_hello.as_ref()?;
            Some(hello.supported_versions.as_deref().map_or_else(|| vec![hello.version.to_string()], names))
        },
    },
    Topic { name: "cipher suite", about: &["cipher"], values: |session| session.tls.cipher_suite.as_ref().map(only) },
    Topic {
        name: "cipher suites offered",
        about: &["cipher"],
        values: |session| hello(session, |hello| Some(&hello.cipher_suites)),
    },
    Topic { name: "group", about: &["group"], values: |session| session.tls.group.as_ref().map(only) },
    Topic {
        name: "groups offered",
        about: &["group"],
        values: |session| hello(session, |hello| hello.supported_groups.as_ref()),
    },
    Topic {
        name: "signature algorithms",
        about: &["signature", "unsupported-algorithm", "weak", "key-mismatch"],
        values: |session| {
            let tls = &session.tls;
            let named = |who: &str, name: &Option<Name>| name.as_ref().map(|name| format!("{who} signed with {name}"));
            let list: Vec<String> =
                [named("server", &tls.signature_algorithm), named("client", &tls.client_signature_algorithm)]
                    .into_iter()
                    .flatten()
                    .collect();
            (!list.is_empty()).then_some(list)
        },
    },
    Topic {
        name: "signature algorithms offered",
        about: &["signature"],
        values: |session| hello(session, |hello| hello.signature_algorithms.as_ref()),
    },
    Topic {
        name: "signature algorithms asked for",
        about: &["unsupported-algorithm", "weak"],
        values: |session| request(session)?.signature_algorithms.as_deref().map(names),
    },
    Topic {
        name: "authorities asked for",
        about: &["untrusted-ca", "client-cert-missing", "chain-incomplete"],
        values: |session| request(session)?.certificate_authorities.clone(),
    },
    Topic { name: "ALPN", about: &["alpn"], values: |session| session.tls.alpn.clone().map(|alpn| vec![alpn]) },
    Topic { name: "ALPN offered", about: &["alpn"], values: |session| session.client_hello.as_ref()?.alpn.clone() },
    Topic {
        name: "server name",
        about: &["name"],
        values: |session| session.tls.server_name.clone().map(|name| vec![name]),
    },
    Topic {
        name: "extensions of the ClientHello",
        about: &["extension", "ech", "renegotiation"],
        values: |session| {
            let list = &session.client_hello.as_ref()?.extensions;
            let named = list.iter().map(crate::report::Extension::display);
            Some(named.filter(|name| name != "GREASE").collect())
        },
    },
    Topic {
        name: "alerts",
        about: &[],
        values: |session| {
            let alert = |alert: &crate::report::Alert| {
                let what = alert.description.as_deref().unwrap_or("encrypted");
                format!("{what} from the {}", alert.from)
            };
            Some(session.alerts.iter().map(alert).collect())
        },
    },
    Topic {
        name: "resumption",
        about: &["psk"],
        values: |session| {
            let resumed = session.tls.resumed?;
            Some(vec![if resumed { "resumed".to_owned() } else { "full handshake".to_owned() }])
        },
    },
    Topic {
        name: "TLS stack",
        about: &[],
        values: |session| {
            let stacks = session.stack.as_ref()?;
            let sides = [("client", &stacks.client), ("server", &stacks.server)];
            let named = sides.into_iter().filter_map(|(who, stack)| {
                let stack = stack.as_ref()?;
                let name = stack.program.clone().unwrap_or_else(|| stack.guess.join(" or "));
                Some(format!("{who} looks like {name}"))
            });
            Some(named.collect())
        },
    },
];

/// All that two sessions were compared in: what differs first, what the verdicts are about first of that.
/// What neither of them says anything of is left out.
pub fn compare(left: &Session, right: &Session) -> Vec<Difference> {
    let causes = [left.diagnosis.cause.as_str(), right.diagnosis.cause.as_str()];
    let mut found: Vec<(u8, Difference)> = TOPICS
        .iter()
        .filter_map(|topic| {
            let difference = difference(topic.name, (topic.values)(left), (topic.values)(right))?;
            let told = topic.about.iter().any(|part| causes.iter().any(|cause| cause.contains(part)));
            let rank = match (difference.is_same(), told) {
                (false, true) => 0,
                (false, false) => 1,
                (true, _) => 2,
            };
            Some((rank, difference))
        })
        .collect();
    found.push(timing(left, right));
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, difference)| difference).collect()
}

fn difference(topic: &'static str, left: Option<Vec<String>>, right: Option<Vec<String>>) -> Option<Difference> {
    let (left, right) = match (left, right) {
        (None, None) => return None,
        (Some(left), Some(right)) => (left, right),
        (left, right) => return Some(Difference { topic, left, right, both: Vec::new(), reordered: false }),
    };
    let (both, only_left): (Vec<String>, Vec<String>) = left.iter().cloned().partition(|value| right.contains(value));
    let (shared, only_right): (Vec<String>, Vec<String>) =
        right.iter().cloned().partition(|value| left.contains(value));
    let reordered = both != shared;
    Some(Difference { topic, left: Some(only_left), right: Some(only_right), both, reordered })
}

/// No two sessions take the same time: a factor of two counts, where a person would notice it.
fn timing(left: &Session, right: &Session) -> (u8, Difference) {
    const NOTICED_US: i64 = 50_000;
    let (a, b) = (left.duration_us, right.duration_us);
    let (short, long) = (a.min(b), a.max(b));
    let differs = long >= NOTICED_US && long / 2 >= short;
    let text = |us: i64| vec![Elapsed(us.saturating_mul(1_000)).to_string()];
    let silent = ["silent", "tcp-", "reset", "mtu"]
        .iter()
        .any(|part| left.diagnosis.cause.contains(part) || right.diagnosis.cause.contains(part));
    let (rank, left, right, both) = match (differs, silent) {
        (true, true) => (0, text(a), text(b), Vec::new()),
        (true, false) => (1, text(a), text(b), Vec::new()),
        (false, _) => (2, Vec::new(), Vec::new(), vec!["about the same".to_owned()]),
    };
    (rank, Difference { topic: "time taken", left: Some(left), right: Some(right), both, reordered: false })
}

fn only(name: &Name) -> Vec<String> {
    vec![name.to_string()]
}

fn hello(session: &Session, list: fn(&ClientHello) -> Option<&Arc<[CodePoint]>>) -> Option<Vec<String>> {
    list(session.client_hello.as_ref()?).map(|list| names(list))
}

fn request(session: &Session) -> Option<&CertificateRequest> {
    session.certificate_request.as_ref().filter(|request| !request.inferred)
}

/// Names of code points, without those of RFC 8701, which are drawn by lot.
fn names(list: &[CodePoint]) -> Vec<String> {
    list.iter().filter(|code| code.name.as_deref() != Some("GREASE")).map(CodePoint::display).collect()
}

fn chain(chain: &[Certificate]) -> Vec<String> {
    let Some(leaf) = chain.first() else { return vec!["none was sent".to_owned()] };
    let named = |name: &Option<String>| name.clone().unwrap_or_else(|| "(empty)".to_owned());
    let validity = match leaf.validity {
        Some(Validity::Valid) => "valid at the time".to_owned(),
        Some(_) => lapse(leaf).unwrap_or_else(|| "not valid at the time".to_owned()),
        None => "validity not known".to_owned(),
    };
    let names =
        leaf.subject_alternative_names.as_ref().map_or_else(|| "no subjectAltName".to_owned(), |n| n.join(", "));
    let mut list = vec![
        format!("subject {}", named(&leaf.subject)),
        format!("issuer {}", named(&leaf.issuer)),
        validity,
        format!("names {names}"),
        format!("usage {}", usage(leaf)),
        format!("key {}", key(leaf)),
        format!("serial {}", leaf.serial.as_deref().unwrap_or("not known")),
    ];
    list.extend(chain.iter().skip(1).map(|issuer| format!("with {}", named(&issuer.subject))));
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn nothing_differs_from_itself() {
        assert!(compare(&sample::expired(), &sample::expired()).iter().all(Difference::is_same));
    }

    #[test]
    fn what_the_verdict_is_about_comes_first() {
        let found = compare(&sample::expired(), &sample::established());
        assert_eq!(found[0].topic, "client certificate");
        assert_eq!(found[0].left.as_deref(), Some(&["expired 3 days before the handshake".to_owned()][..]));
        assert_eq!(found[0].right.as_deref(), Some(&["valid at the time".to_owned()][..]));
        let differs: Vec<&str> = found.iter().filter(|one| !one.is_same()).map(|one| one.topic).collect();
        assert_eq!(differs, ["client certificate", "version", "cipher suite", "ALPN", "alerts", "TLS stack"]);
    }

    #[test]
    fn lists_are_compared_as_sets_and_order_is_told_apart() {
        let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let found = difference("x", list(&["a", "b", "c"]), list(&["b", "d"])).expect("seen");
        assert_eq!((found.left, found.right, found.both), (list(&["a", "c"]), list(&["d"]), vec!["b".to_owned()]));
        let found = difference("x", list(&["a", "b"]), list(&["b", "a"])).expect("seen");
        assert!(found.reordered && !found.is_same());
        let found = difference("x", None, list(&["a"])).expect("seen");
        assert!(!found.is_same() && found.left.is_none());
        assert_eq!(difference("x", None, None), None);
    }

    #[test]
    fn time_counts_where_a_person_would_notice() {
        let mut slow = sample::expired();
        assert!(compare(&sample::expired(), &slow).iter().any(|one| one.topic == "time taken" && one.is_same()));
        slow.duration_us *= 3;
        assert!(compare(&sample::expired(), &slow).iter().any(|one| one.topic == "time taken" && !one.is_same()));
    }
}
