//! What is odd about a capture. A value, never an abort: the rest is still decoded.

use std::borrow::Cow;

use crate::seen::PacketNo;

/// Something odd about the input. Not a reason why a handshake failed (that is a `Cause`), and not
/// a failure of this program (that is an `Error`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable kebab-case code, e.g. `truncated-packet`.
    pub code: &'static str,
    /// The packet it was met in, where one is known.
    pub packet: Option<PacketNo>,
    /// One sentence for a person. Never holds raw bytes from the wire; strings from the wire are
    /// escaped by the faces.
    pub text: Cow<'static, str>,
}

/// Code of the problem that stands behind a list that has an end: there were others.
pub const MORE_PROBLEMS: &str = "more-problems";

impl Problem {
    /// A problem not yet tied to a packet.
    pub fn new(code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, packet: None, text: text.into() }
    }

    /// Stands behind the problems of `whole` (a session, a capture) that are listed.
    pub fn more(whole: &str) -> Self {
        Self::new(MORE_PROBLEMS, format!("There were more problems in this {whole} than are listed."))
    }

    /// The same problem, met in `packet`.
    #[must_use]
    pub fn at(mut self, packet: PacketNo) -> Self {
        self.packet = Some(packet);
        self
    }
}
