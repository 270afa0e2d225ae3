//! Addresses that no channel ever calls: those under which clouds hand out the machine's own credentials, and
//! link-local ones in general.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Names and numbers of metadata services that are not link-local.
const NAMES: [&str; 2] = ["metadata.google.internal", "metadata.goog"];
const AMAZON: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
const ALIBABA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// A name leads to such an address and to no other.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Forbidden(pub(super) &'static str);

/// What the host of a URL is, if it is to be refused as it is written.
pub(super) fn literal(url: &Url) -> Option<&'static str> {
    let host = url.host_str()?;
    if NAMES.iter().any(|name| host.trim_end_matches('.').eq_ignore_ascii_case(name)) {
        return Some("a metadata service");
    }
    kind(host.trim_start_matches('[').trim_end_matches(']').parse().ok()?)
}

/// What an address is, if it is to be refused.
fn kind(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) if address.is_link_local() => Some("a link-local address"),
        IpAddr::V4(ALIBABA) | IpAddr::V6(AMAZON) => Some("a metadata service"),
        IpAddr::V6(address) if address.is_unicast_link_local() => Some("a link-local address"),
        IpAddr::V4(address) if address.is_unspecified() => Some("no address"),
        IpAddr::V6(address) if address.is_unspecified() => Some("no address"),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// Resolves names as the system does, and leaves the refused addresses out. What it gives is what is connected to, so a
/// name cannot change its mind in between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(allowed(found)?)
        })
    }
}

fn allowed(found: Vec<SocketAddr>) -> io::Result<Addrs> {
    let refused = found.iter().find_map(|address| kind(address.ip()));
    let rest: Vec<SocketAddr> = found.into_iter().filter(|address| kind(address.ip()).is_none()).collect();
    match refused {
        Some(problem) if rest.is_empty() => Err(io::Error::other(Forbidden(problem))),
        _ => Ok(Box::new(rest.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn a_name_leads_to_no_refused_address() {
        let found = |addresses: &[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        let refused = |addresses: &[&str]| allowed(found(addresses)).err().map(|error| error.to_string());
        assert_eq!(refused(&["169.254.169.254:0"]).as_deref(), Some("a link-local address"));
        assert_eq!(refused(&["[fd00:ec2::254]:0", "[::ffff:a9fe:a9fe]:0"]).as_deref(), Some("a metadata service"));
        assert_eq!(refused(&["0.0.0.0:0"]).as_deref(), Some("no address"));
        let mixed = allowed(found(&["169.254.1.1:0", "10.0.0.1:0"])).unwrap().collect::<Vec<_>>();
        assert_eq!(mixed, ["10.0.0.1:0".parse().unwrap()]);
    }
}
