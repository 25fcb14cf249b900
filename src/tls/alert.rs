//! Alerts (RFC 8446 section 6).

/// An alert message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// 1 warning, 2 fatal.
    pub level: u8,
    /// AlertDescription code point.
    pub description: u8,
}

impl Alert {
    /// Reads the two bytes of an alert. Some stacks send two alerts in one record, so the caller
    /// gives two bytes at a time.
    pub fn decode(bytes: [u8; 2]) -> Self {
        let [level, description] = bytes;
        Self { level, description }
    }
}
