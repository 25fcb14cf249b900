//! Sessions in compact JSON, as the serialiser would write them, and in less time: the lists of code points and the
//! timeline make up two thirds of a session's text. Each struct is taken apart by all of its fields, so that none can be
//! forgotten.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::thread::LocalKey;

use serde::Serialize;

use super::compact::{Compact, decimal, string};
use crate::memo::{Of, Table, place, recall_of};
use crate::report::{ClientHello, CodePoint, Entry, Extension, Session};

/// Registry entries whose text is remembered; a power of two.
const ROWS: usize = 2_048;

/// A registry entry and its text: the beginning of its object.
type Known = (u16, &'static str, Box<[u8]>);

/// Lists whose text is remembered, of either kind.
const LISTS: usize = 128;
/// Longer texts of lists are not remembered, in bytes.
const LONGEST: usize = 16 * 1024;

/// A list that sessions share, and its text.
type KnownList<T> = Of<T, Arc<[u8]>>;

thread_local! {
    static KNOWN: Table<Known> = const { RefCell::new(Vec::new()) };
    static POINTS: Table<KnownList<CodePoint>> = const { RefCell::new(Vec::new()) };
    static LENGTHS: Table<KnownList<Extension>> = const { RefCell::new(Vec::new()) };
}

/// Appends a session.
///
/// # Errors
/// None, in truth: all that a session holds has a form in JSON.
pub(super) fn session(out: &mut Vec<u8>, session: &Session) -> Result<(), fmt::Error> {
    let Session {
        id,
        capture,
        transport,
        encapsulation,
        preamble,
        client,
        server,
        announced_client,
        start,
        end,
        duration_us,
        first_packet,
        last_packet,
        outcome,
        tls,
        client_hello,
        hello_retry_request,
        server_hello,
        certificate_request,
        certificates,
        alerts,
        refusals,
        timeline,
        timeline_dropped,
        tcp,
        stack,
        problems,
        diagnosis,
    } = session;
    let mut object = Compact(out).object();
    object.field("id", id)?;
    object.field("capture", capture)?;
    object.field("transport", transport)?;
    object.field("encapsulation", encapsulation)?;
    object.maybe("preamble", preamble.as_ref())?;
    object.field("client", client)?;
    object.field("server", server)?;
    object.maybe("announced_client", announced_client.as_ref())?;
    object.field("start", start)?;
    object.field("end", end)?;
    object.field("duration_us", duration_us)?;
    object.field("first_packet", first_packet)?;
    object.field("last_packet", last_packet)?;
    object.field("outcome", outcome)?;
    object.field("tls", tls)?;
    if let Some(hello) = client_hello {
        offer(object.value("client_hello"), hello)?;
    }
    object.maybe("hello_retry_request", hello_retry_request.as_ref())?;
    object.maybe("server_hello", server_hello.as_ref())?;
    object.maybe("certificate_request", certificate_request.as_ref())?;
    super::certificates::certificates(object.value("certificates"), certificates)?;
    object.field("alerts", alerts)?;
    object.maybe("refusals", Some(refusals).filter(|list| !list.is_empty()))?;
    entries(object.value("timeline"), timeline)?;
    object.maybe("timeline_dropped", timeline_dropped.as_ref())?;
    object.maybe("tcp", tcp.as_ref())?;
    object.maybe("stack", stack.as_ref())?;
    object.maybe("problems", Some(problems).filter(|list| !list.is_empty()))?;
    object.field("diagnosis", diagnosis)?;
    object.close();
    Ok(())
}

/// The client's offer.
fn offer(out: &mut Vec<u8>, hello: &ClientHello) -> Result<(), fmt::Error> {
    let ClientHello {
        packet,
        version,
        random,
        session_id,
        cipher_suites,
        compression_methods,
        extensions,
        server_name,
        alpn,
        supported_versions,
        supported_groups,
        signature_algorithms,
        signature_algorithms_cert,
        certificate_authorities,
        key_shares,
        psk,
        session_ticket,
        early_data,
        ech,
        grease,
        post_handshake_auth,
    } = hello;
    let mut object = Compact(out).object();
    object.field("packet", packet)?;
    object.field("version", version)?;
    object.field("random", random)?;
    object.maybe("session_id", session_id.as_ref())?;
    code_points(object.value("cipher_suites"), cipher_suites)?;
    object.field("compression_methods", compression_methods)?;
    lengths(object.value("extensions"), extensions)?;
    object.maybe("server_name", server_name.as_ref())?;
    object.maybe("alpn", alpn.as_ref())?;
    for (name, list) in [
        ("supported_versions", supported_versions),
        ("supported_groups", supported_groups),
        ("signature_algorithms", signature_algorithms),
        ("signature_algorithms_cert", signature_algorithms_cert),
    ] {
        if let Some(list) = list {
            code_points(object.value(name), list)?;
        }
    }
    object.maybe("certificate_authorities", certificate_authorities.as_ref())?;
    if let Some(shares) = key_shares {
        lengths(object.value("key_shares"), shares)?;
    }
    object.maybe("psk", psk.as_ref())?;
    object.maybe("session_ticket", session_ticket.as_ref())?;
    object.field("early_data", early_data)?;
    object.field("ech", ech)?;
    object.field("grease", grease)?;
    object.field("post_handshake_auth", post_handshake_auth)?;
    object.close();
    Ok(())
}

fn code_points(out: &mut Vec<u8>, list: &Arc<[CodePoint]>) -> Result<(), fmt::Error> {
    shared(&POINTS, out, list, |known, out, point| {
        let CodePoint { code, name } = point;
        head(known, out, *code, name.as_ref())?;
        out.push(b'}');
        Ok(())
    })
}

fn lengths(out: &mut Vec<u8>, list: &Arc<[Extension]>) -> Result<(), fmt::Error> {
    shared(&LENGTHS, out, list, |known, out, extension| {
        let Extension { code, name, length } = extension;
        head(known, out, *code, name.as_ref())?;
        out.extend_from_slice(b",\"length\":");
        decimal(out, *length);
        out.push(b'}');
        Ok(())
    })
}

/// A list that other sessions may have, too: where it is the very same one, its text is there already.
fn shared<T>(
    table: &'static LocalKey<Table<KnownList<T>>>,
    out: &mut Vec<u8>,
    list: &Arc<[T]>,
    mut item: impl FnMut(&mut Vec<Option<Known>>, &mut Vec<u8>, &T) -> Result<(), fmt::Error>,
) -> Result<(), fmt::Error> {
    let read = || {
        let mut text = Vec::new();
        let written = KNOWN.with_borrow_mut(|known| array(&mut text, list, |out, value| item(known, out, value)));
        written.map(|()| text.into())
    };
    let text: Arc<[u8]> = recall_of(table, LISTS, list, read, |text| text.len() <= LONGEST)?;
    out.extend_from_slice(&text);
    Ok(())
}

/// A list, of which `item` writes each.
pub(super) fn array<'a, T>(
    out: &mut Vec<u8>,
    list: &'a [T],
    mut item: impl FnMut(&mut Vec<u8>, &'a T) -> Result<(), fmt::Error>,
) -> Result<(), fmt::Error> {
    out.push(b'[');
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        item(out, value)?;
    }
    out.push(b']');
    Ok(())
}

/// The beginning of the object of a code point, with its number and its name. What stands in a registry is remembered, in
/// a table of bounded size.
fn head(
    known: &mut Vec<Option<Known>>,
    out: &mut Vec<u8>,
    code: u16,
    name: Option<&Cow<'static, str>>,
) -> Result<(), fmt::Error> {
    let Some(Cow::Borrowed(name)) = name else { return write_head(out, code, name.map(AsRef::as_ref)) };
    // Where the name stands tells registries apart that have the same code.
    let row = (usize::from(code).wrapping_mul(31) ^ name.as_ptr().addr()) % ROWS;
    let place = place(known, ROWS, row);
    if let Some(Some((known, of, text))) = &place
        && *known == code
        && std::ptr::eq(*of, *name)
    {
        out.extend_from_slice(text);
        return Ok(());
    }
    let mut text = Vec::new();
    write_head(&mut text, code, Some(name))?;
    out.extend_from_slice(&text);
    if let Some(place) = place {
        *place = Some((code, name, text.into()));
    }
    Ok(())
}

fn write_head(out: &mut Vec<u8>, code: u16, name: Option<&str>) -> Result<(), fmt::Error> {
    out.extend_from_slice(b"{\"code\":");
    decimal(out, code.into());
    if let Some(name) = name {
        out.extend_from_slice(b",\"name\":");
        string(out, name).map_err(|_| fmt::Error)?;
    }
    Ok(())
}

fn entries(out: &mut Vec<u8>, list: &[Entry]) -> Result<(), fmt::Error> {
    // A packet often carries several messages: where an entry begins like the one before, and the text of that.
    let mut before: Option<(&Entry, Range<usize>)> = None;
    array(out, list, |out, entry| {
        let start = out.len();
        let Entry { time, elapsed_us, packet, from, kind, name, length, protected, inferred, text } = entry;
        match before.take() {
            Some((other, text))
                if (other.packet, other.elapsed_us) == (*packet, *elapsed_us) && other.time == *time =>
            {
                out.extend_from_within(text);
            }
            _ => {
                out.extend_from_slice(b"{\"time\":");
                string(out, time).map_err(|_| fmt::Error)?;
                out.extend_from_slice(b",\"elapsed_us\":");
                elapsed_us.serialize(Compact(out))?;
                out.extend_from_slice(b",\"packet\":");
                decimal(out, *packet);
            }
        }
        before = Some((entry, start..out.len()));
        out.extend_from_slice(b",\"from\":\"");
        out.extend_from_slice(from.name().as_bytes());
        out.extend_from_slice(b"\",\"kind\":\"");
        out.extend_from_slice(kind.name().as_bytes());
        out.extend_from_slice(b"\",\"name\":");
        string(out, name).map_err(|_| fmt::Error)?;
        if let Some(length) = length {
            out.extend_from_slice(b",\"length\":");
            decimal(out, *length);
        }
        out.extend_from_slice(if *protected { b",\"protected\":true" } else { b",\"protected\":false" });
        out.extend_from_slice(if *inferred { b",\"inferred\":true" } else { b",\"inferred\":false" });
        if !text.is_empty() {
            out.extend_from_slice(b",\"text\":");
            string(out, text).map_err(|_| fmt::Error)?;
        }
        out.push(b'}');
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{EntryKind, Role, sample};

    #[test]
    fn sessions_are_written_as_by_serde_json() {
        let mut bare = sample::established();
        bare.client_hello = None;
        bare.timeline.clear();
        let mut odd = sample::expired();
        if let Some(hello) = &mut odd.client_hello {
            let named = |name: Option<Cow<'static, str>>| CodePoint { code: 4_711, name };
            hello.cipher_suites = [named(None), named(Some("a".into())), named(Some("b\"".to_owned().into()))].into();
            hello.supported_groups = Some([named(Some("b".into())), named(Some("a".into()))].into());
            hello.signature_algorithms_cert = Some([].into());
            hello.key_shares = Some([Extension { code: 29, name: None, length: u64::MAX }].into());
        }
        let entry = odd.timeline.first().cloned().expect("an entry");
        for (index, kind) in EntryKind::ALL.iter().copied().enumerate() {
            for from in [Role::Client, Role::Server] {
                let (protected, inferred) = (index % 2 == 0, index % 3 == 0);
                odd.timeline.push(Entry { from, kind, protected, inferred, elapsed_us: -5, ..entry.clone() });
            }
        }
        let again = odd.clone();
        for one in [bare, odd, again, sample::expired(), sample::established()] {
            let mut out = Vec::new();
            session(&mut out, &one).expect("written");
            assert_eq!(String::from_utf8(out).expect("UTF-8"), serde_json::to_string(&one).expect("written"));
        }
    }
}
