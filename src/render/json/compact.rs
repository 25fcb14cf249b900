//! Compact JSON of whatever can be serialised. A report is mostly short strings and names of fields, and
//! many reports are written one after the other: names are known to need no escapes, and strings are
//! looked through in wide steps.

use std::fmt;
use std::io;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::clean;
use crate::bytes::two_digits;

/// Appends JSON to bytes. Writing to memory does not fail; what has no form in JSON (a map's key that is no
/// string) does.
pub(super) struct Compact<'a>(pub(super) &'a mut Vec<u8>);

/// A list or an object that is being written.
pub(super) struct Open<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
    /// What ends it.
    close: &'static [u8],
}

impl<'a> Compact<'a> {
    fn text(self, text: &str) -> Result<(), fmt::Error> {
        string(self.0, text).map_err(|_| fmt::Error)
    }

    fn open(self, open: u8, close: &'static [u8]) -> Open<'a> {
        self.0.push(open);
        Open { out: self.0, first: true, close }
    }

    /// An object, to be filled by hand.
    pub(super) fn object(self) -> Open<'a> {
        self.open(b'{', b"}")
    }

    /// Fields of an object that was begun elsewhere, each behind a comma.
    pub(super) fn further(self) -> Open<'a> {
        Open { out: self.0, first: false, close: b"" }
    }

    /// The object with one field that stands for a variant with content.
    fn variant(self, name: &'static str, open: u8, close: &'static [u8]) -> Open<'a> {
        let object = self.object();
        field_name(object.out, true, name);
        Compact(object.out).open(open, close)
    }
}

impl Open<'_> {
    fn comma(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
    }

    #[inline]
    fn name(&mut self, name: &'static str) {
        field_name(self.out, std::mem::replace(&mut self.first, false), name);
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.comma();
        value.serialize(Compact(self.out))
    }

    /// A field of an object.
    #[inline]
    pub(super) fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), fmt::Error> {
        self.name(name);
        value.serialize(Compact(self.out))
    }

    /// A field that is left out where there is nothing.
    #[inline]
    pub(super) fn maybe<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), fmt::Error> {
        value.map_or(Ok(()), |value| self.field(name, value))
    }

    /// A field whose value the caller is to write.
    pub(super) fn value(&mut self, name: &'static str) -> &mut Vec<u8> {
        self.name(name);
        self.out
    }

    /// Fields that were written before, by [`Compact::further`].
    pub(super) fn fields(&mut self, fields: &[u8]) {
        self.out.extend_from_slice(fields);
    }

    /// Nothing more comes.
    pub(super) fn close(self) {
        self.out.extend_from_slice(self.close);
    }
}

/// The name of a field of ours, which needs no escapes. Inlined, so that its length is known where it is written.
#[inline]
fn field_name(out: &mut Vec<u8>, first: bool, name: &'static str) {
    let before: &[u8] = if first { b"\"" } else { b",\"" };
    out.reserve(name.len() + 32);
    out.extend_from_slice(before);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A JSON string.
pub(super) fn string(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    out.push(b'"');
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escaped(out, text)?;
    }
    out.push(b'"');
    Ok(())
}

/// Whether all bytes stand for themselves: sixteen of them are looked at in a step, or eight where there are fewer. The
/// last step may look at some again.
fn is_plain(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<16>() {
        let (sixteens, _) = bytes.as_chunks::<16>();
        return !sixteens.iter().fold(any_special(last), |found, sixteen| found | any_special(sixteen));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return special(*first) | special(*last) == 0;
    }
    let mut few = [b' '; 8];
    few.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    special(few) == 0
}

/// What [`special`] tells, of bytes that a processor takes at once.
fn any_special(bytes: &[u8; 16]) -> bool {
    bytes.iter().fold(false, |found, byte| found | !matches!(*byte, b' '..=b'~') | (*byte == b'"') | (*byte == b'\\'))
}

/// Not 0 where one of the bytes does not stand for itself in JSON: controls, DEL, quotes, backslashes, and all above
/// ASCII, which have to be looked at further.
const fn special(bytes: [u8; 8]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    /// The high bits of those bytes that are 0; of others, too, yet only where a lower byte is 0.
    const fn zero(word: u64) -> u64 {
        word.wrapping_sub(EACH) & !word & HIGH
    }
    let word = u64::from_le_bytes(bytes);
    let control = word.wrapping_sub(0x20 * EACH) & !word;
    (word | control) & HIGH | zero(word ^ (0x7f * EACH)) | zero(word ^ (0x22 * EACH)) | zero(word ^ (0x5c * EACH))
}

fn escaped(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| matches!(*c, '\0'..='\x1f' | '"' | '\\')) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        clean(out, before)?;
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\x08' => "\\b",
            '\x0c' => "\\f",
            other => {
                io::Write::write_fmt(out, format_args!("\\u{:04x}", u32::from(other)))?;
                ""
            }
        };
        out.extend_from_slice(escape.as_bytes());
        rest = after.get(c.len_utf8()..).unwrap_or("");
    }
    clean(out, rest)
}

/// A whole number in decimal.
pub(super) fn decimal(out: &mut Vec<u8>, number: u64) {
    if number < 10 {
        out.push(b'0' + number as u8);
        return;
    }
    let mut digits = [[b'0'; 2]; 10];
    let mut pairs = 0;
    let mut rest = number;
    for pair in digits.iter_mut().rev() {
        *pair = two_digits((rest % 100) as u8);
        rest /= 100;
        pairs += 1;
        if rest == 0 {
            break;
        }
    }
    let text = digits.as_flattened().get(20 - 2 * pairs..).unwrap_or_default();
    out.extend_from_slice(text.strip_prefix(b"0").unwrap_or(text));
}

macro_rules! unsigned {
    ($($name:ident: $type:ty),*) => {
        $(fn $name(self, value: $type) -> Result<(), fmt::Error> {
            decimal(self.0, u64::from(value));
            Ok(())
        })*
    };
}

macro_rules! signed {
    ($($name:ident: $type:ty),*) => {
        $(fn $name(self, value: $type) -> Result<(), fmt::Error> {
            if value < 0 {
                self.0.push(b'-');
            }
            decimal(self.0, u64::from(value.unsigned_abs()));
            Ok(())
        })*
    };
}

impl<'a> Serializer for Compact<'a> {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    unsigned!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);
    signed!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64);

    fn serialize_bool(self, value: bool) -> Result<(), fmt::Error> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), fmt::Error> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), fmt::Error> {
        serde_json::to_writer(self.0, &value).map_err(|_| fmt::Error)
    }

    fn serialize_char(self, value: char) -> Result<(), fmt::Error> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), fmt::Error> {
        self.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), fmt::Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), fmt::Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), fmt::Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), fmt::Error> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        let mut object = self.open(b'{', b"}");
        object.field(variant, value)?;
        object.close();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, fmt::Error> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, fmt::Error> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, fmt::Error> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, fmt::Error> {
        Ok(self.variant(variant, b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, fmt::Error> {
        Ok(self.open(b'{', b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, fmt::Error> {
        Ok(self.open(b'{', b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, fmt::Error> {
        Ok(self.variant(variant, b'{', b"}}"))
    }
}

macro_rules! items {
    ($($trait:ident: $method:ident),*) => {
        $(impl $trait for Open<'_> {
            type Ok = ();
            type Error = fmt::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), fmt::Error> {
                self.close();
                Ok(())
            }
        })*
    };
}

items!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl $trait for Open<'_> {
            type Ok = ();
            type Error = fmt::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), fmt::Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), fmt::Error> {
                self.close();
                Ok(())
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), fmt::Error> {
        self.comma();
        let start = self.out.len();
        key.serialize(Compact(self.out))?;
        if self.out.get(start) == Some(&b'"') { Ok(()) } else { Err(fmt::Error) }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.out.push(b':');
        value.serialize(Compact(self.out))
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::sample;

    fn written<T: Serialize + ?Sized>(value: &T) -> String {
        let mut out = Vec::new();
        value.serialize(Compact(&mut out)).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    fn agrees<T: Serialize>(value: &T) {
        assert_eq!(written(value), serde_json::to_string(value).expect("written"));
    }

    #[test]
    fn sessions_are_written_as_by_serde_json() {
        agrees(&sample::expired());
        agrees(&sample::report(vec![sample::expired(), sample::established()]));
    }

    #[test]
    fn a_byte_that_needs_more_than_a_copy_is_found_wherever_it_stands() {
        let plain = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\';
        for around in [b' ', b'!', b'#', b'[', b']', b'}', b'~'] {
            for length in 1..20 {
                for place in 0..length {
                    for byte in 0..=u8::MAX {
                        let mut bytes = vec![around; length];
                        bytes[place] = byte;
                        assert_eq!(is_plain(&bytes), plain(byte), "{byte:#x} at {place} of {length} among {around:#x}");
                    }
                }
            }
        }
        assert!(is_plain(b""));
    }

    #[test]
    fn every_kind_of_value_is_written_as_by_serde_json() {
        #[derive(serde::Serialize)]
        enum Kind {
            Unit,
            New(u8),
            Tuple(u8, char),
            Struct { one: Option<u8> },
        }
        #[derive(serde::Serialize)]
        struct Nothing;
        #[derive(serde::Serialize)]
        struct Pair(i8, f32);
        agrees(&(Kind::Unit, Kind::New(1), Kind::Tuple(2, '"'), Kind::Struct { one: None }));
        agrees(&(Nothing, Pair(-1, 0.5), (), [0_u64, u64::MAX, 10, 99]));
        agrees(&(i64::MIN, i64::MAX, -1_i16, 0_i32, 1.25_f64, f64::NAN, true, false));
        agrees(&BTreeMap::from([("a\"b", Some(1)), ("c", None)]));
        agrees(&BTreeMap::<String, u8>::new());
    }

    #[test]
    fn strings_are_escaped_as_by_serde_json() {
        let long = "x".repeat(100);
        for text in ["", "plain", "\"quoted\\", "\0\x01\x1f\n\r\t\x08\x0c", "\u{fc} and \u{65e5}\u{672c}", &long] {
            agrees(&text);
            agrees(&format!("{long}{text}{long}"));
        }
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_the_same() {
        let hostile = "a\u{7f}b\u{9b}2J\u{202e}\\\u{e0041}";
        let text = written(hostile);
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).expect("a string"), hostile);
    }

    #[test]
    fn keys_of_maps_are_strings() {
        assert!(BTreeMap::from([(1, 2)]).serialize(Compact(&mut Vec::new())).is_err());
    }
}
