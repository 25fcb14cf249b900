//! The interfaces of this system.

use std::net::IpAddr;

use pcap::{Capture, ConnectionStatus};

use crate::capture::LinkType;
use crate::error::Error;

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// What the system says of it.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// It is up.
    pub up: bool,
    /// It is the loopback.
    pub loopback: bool,
    /// It is wireless.
    pub wireless: bool,
    /// Something is connected to it; `None` where that means nothing, or is not known.
    pub connected: Option<bool>,
}

/// What was found when capturing was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Whether capturing is permitted; `None` where it fails for another reason.
    pub permitted: Option<bool>,
    /// Its link type, where it could be opened.
    pub link: Option<LinkType>,
}

/// All interfaces that can be captured on, in the order that libpcap prefers.
///
/// # Errors
/// When the system does not list them.
pub fn list() -> Result<Vec<Interface>, Error> {
    let devices = pcap::Device::list().map_err(|error| Error::Device {
        name: "any interface".to_owned(),
        hint: format!("the system does not list them: {error}"),
    })?;
    Ok(devices
        .into_iter()
        .map(|device| Interface {
            up: device.flags.is_up(),
            loopback: device.flags.is_loopback(),
            wireless: device.flags.is_wireless(),
            connected: match device.flags.connection_status {
                ConnectionStatus::Connected => Some(true),
                ConnectionStatus::Disconnected => Some(false),
                ConnectionStatus::Unknown | ConnectionStatus::NotApplicable => None,
            },
            addresses: device.addresses.iter().map(|address| address.addr).collect(),
            name: device.name,
            description: device.desc.filter(|text| !text.is_empty()),
        })
        .collect())
}

/// Opens an interface for a moment, to see whether that is permitted and what its packets look like.
pub fn try_out(interface: &Interface) -> Trial {
    let opened = Capture::from_device(interface.name.as_str()).and_then(|device| device.snaplen(64).open());
    match opened {
        Ok(capture) => {
            Trial { permitted: Some(true), link: u32::try_from(capture.get_datalink().0).ok().map(LinkType) }
        }
        Err(error) => {
            let text = error.to_string().to_ascii_lowercase();
            let refused = text.contains("permission") || text.contains("not permitted");
            Trial { permitted: refused.then_some(false), link: None }
        }
    }
}

/// How to get the right to capture on `interface`.
pub fn how_to_be_permitted(interface: &str) -> Error {
    super::live::not_permitted(interface)
}
