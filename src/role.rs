//! Who speaks, and who has to change.

use std::fmt;

/// Who speaks in a handshake: the client sends the ClientHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sends the ClientHello.
    Client,
    /// Answers it.
    Server,
}

impl Role {
    /// The other one.
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// `client` or `server`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who has to change something so that the handshake succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Something between them.
    Network,
    /// Client or server: a change on one of them suffices.
    Either,
    /// The capture has to be made again: it does not show enough.
    Capture,
    /// Nobody: nothing failed.
    None,
    /// Not known.
    Unknown,
}

impl Side {
    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Network => "network",
            Self::Either => "either",
            Self::Capture => "capture",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Role> for Side {
    fn from(role: Role) -> Self {
        match role {
            Role::Client => Self::Client,
            Role::Server => Self::Server,
        }
    }
}

/// A value for each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByRole<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> ByRole<T> {
    /// The value of `role`.
    pub const fn of(&self, role: Role) -> &T {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }

    /// The value of `role`, to change.
    pub const fn of_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }
}
