//! Which two sessions to compare, where nobody said so.

use crate::report::Session;
use crate::report::diff::is_good;

/// Two sessions of two captures, and why these.
#[derive(Debug, Clone)]
pub struct Pairing<'a> {
    /// Of the first capture.
    pub a: &'a Session,
    /// Of the second.
    pub b: &'a Session,
    /// Why, for a person; absent where there was no choice.
    pub reason: Option<String>,
}

/// Chooses a session of each list: where there are several, those that speak to the same server by name
/// or address, and of them a failed one and a good one. `None` where a list is empty, or where both are
/// the same list and there are no two to compare.
pub fn pair<'a>(a: &'a [Session], b: &'a [Session]) -> Option<Pairing<'a>> {
    if let ([one], [other]) = (a, b) {
        return (!std::ptr::eq(one, other)).then_some(Pairing { a: one, b: other, reason: None });
    }
    let failed = |session: &&Session| !is_good(session);
    // What failed is what is asked about, wherever it stands.
    let from_b = !a.iter().any(|session| failed(&session)) && b.iter().any(|session| failed(&session));
    let (asked, others) = if from_b { (b, a) } else { (a, b) };
    let one = asked.iter().find(failed).or_else(|| asked.first())?;
    let wanted = |session: &&Session| is_good(session) != is_good(one);
    let peers = || others.iter().filter(|other| !std::ptr::eq(*other, one));
    let named =
        || peers().filter(|other| one.tls.server_name.is_some() && other.tls.server_name == one.tls.server_name);
    let there = || peers().filter(|other| other.server == one.server);
    let (other, why) = named()
        .find(wanted)
        .map(|other| (other, "which asks for the same name"))
        .or_else(|| there().find(wanted).map(|other| (other, "which goes to the same server")))
        .or_else(|| named().next().map(|other| (other, "which asks for the same name and ended alike")))
        .or_else(|| there().next().map(|other| (other, "which goes to the same server and ended alike")))
        .or_else(|| peers().find(wanted).map(|other| (other, "the first that ended otherwise; it goes elsewhere")))
        .or_else(|| peers().next().map(|other| (other, "the first other one; it goes elsewhere")))?;
    let ended = if is_good(one) { "the first" } else { "the first that did not succeed" };
    let reason = format!("session {} ({ended}) is compared with session {} ({why})", one.id, other.id);
    let (a, b) = if from_b { (other, one) } else { (one, other) };
    Some(Pairing { a, b, reason: Some(reason) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Endpoint, sample};

    fn session(id: u64, good: bool, name: &str, address: &str) -> Session {
        let mut session = if good { sample::established() } else { sample::expired() };
        session.id = id;
        session.tls.server_name = Some(name.to_owned());
        session.server = Endpoint { address: address.to_owned(), port: Some(443) };
        session
    }

    fn ids(a: &[Session], b: &[Session]) -> Option<(u64, u64, bool)> {
        pair(a, b).map(|pair| (pair.a.id, pair.b.id, pair.reason.is_some()))
    }

    #[test]
    fn the_failed_one_meets_a_good_one_of_the_same_server() {
        let a = [session(1, true, "x", "1"), session(2, false, "y", "2")];
        let b = [session(1, true, "z", "3"), session(2, true, "w", "2"), session(3, true, "y", "9")];
        assert_eq!(ids(&a, &b), Some((2, 3, true)));
        assert_eq!(ids(&b, &a), Some((3, 2, true)));
        assert_eq!(ids(&a, &b[..2]), Some((2, 2, true)));
        assert_eq!(ids(&a, &b[..1]), Some((2, 1, true)));
    }

    #[test]
    fn within_one_capture_no_session_meets_itself() {
        let all = [session(1, true, "x", "1"), session(2, false, "x", "1")];
        assert_eq!(ids(&all, &all), Some((2, 1, true)));
        assert_eq!(ids(&all[..1], &all[..1]), None);
        assert_eq!(ids(&all[..1], &all[1..]), Some((1, 2, false)));
        assert_eq!(ids(&[], &all), None);
    }
}
