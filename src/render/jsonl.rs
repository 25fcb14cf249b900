//! One session a line, as soon as it is over.

use std::io::{self, Write};

use crate::render::json;
use crate::report::Session;

/// Writes a session as one line.
///
/// # Errors
/// Those of `out`.
pub fn session<W: Write>(out: &mut W, session: &Session) -> io::Result<()> {
    /// Most sessions take less.
    const USUAL: usize = 16 * 1024;
    let mut line = Vec::with_capacity(USUAL);
    json::append_session(&mut line, session)?;
    line.push(b'\n');
    out.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn each_line_is_a_session() {
        let mut out = Vec::new();
        let mut hostile = sample::expired();
        hostile.diagnosis.summary = "two\nlines".to_owned();
        for one in [&hostile, &sample::established()] {
            session(&mut out, one).expect("written");
        }
        let text = String::from_utf8(out).expect("UTF-8");
        let read: Vec<Session> = text.lines().map(|line| serde_json::from_str(line).expect("a session")).collect();
        assert_eq!(read, [hostile, sample::established()]);
    }
}
