//! Which IP addresses are which: public, private, or never to be reached.
//!
//! The lists follow IANA's special-purpose registries (RFC 6890 and its updates). Addresses that
//! carry another one inside (IPv4-mapped, NAT64, 6to4) count as what they carry.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// On the internet.
    Public,
    /// Of this machine or its networks: reachable where the operator names it.
    Private,
    /// A cloud's metadata service, which hands out credentials: only by its very address.
    Metadata,
    /// No host's address: multicast, unspecified, documentation, reserved.
    Unusable,
}

/// What this address is to us.
pub(crate) fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

fn classify_v4(address: Ipv4Addr) -> Class {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        // AWS, Azure, Google and others; Alibaba; Oracle; AWS' container credentials.
        (169, 254, 169, 254)
        | (100, 100, 100, 200)
        | (192, 0, 0, 192)
        | (169, 254, 170, 2 | 23) => Class::Metadata,
        (10 | 127, ..) | (172, 16..=31, ..) | (192, 168, ..) => Class::Private,
        // Shared address space of carriers, link-local.
        (100, 64..=127, ..) | (169, 254, ..) => Class::Private,
        // Unspecified; documentation; benchmarking; 6to4 relays; protocol assignments; multicast,
        // reserved, broadcast.
        (0 | 224..=255, ..)
        | (192, 0, 0 | 2, _)
        | (198, 51, 100, _)
        | (203, 0, 113, _)
        | (198, 18..=19, ..)
        | (192, 88, 99, _) => Class::Unusable,
        _ => Class::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> Class {
    if let Some(inner) = carried_v4(address) {
        return classify_v4(inner);
    }
    let segments = address.segments();
    match segments {
        // AWS over IPv6.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Class::Metadata,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Private,
        // Unique local, link-local, the old site-local.
        [0xfc00..=0xfdff, ..] | [0xfe80..=0xfeff, ..] => Class::Private,
        // Documentation.
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Class::Unusable,
        // Teredo and other protocol assignments.
        [0x2001, 0..=0x01ff, ..] => Class::Unusable,
        // Global unicast as assigned by IANA; all else is reserved, multicast or unspecified.
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Unusable,
    }
}

/// The IPv4 address inside: mapped, compatible, NAT64, 6to4.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(join(high, low)),
        // Compatible (deprecated); `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => Some(join(high, low)),
        // NAT64, well-known and local-use prefix.
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x0064, 0xff9b, 1, _, _, _, high, low] => Some(join(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_the_registries_say() {
        for (class, addresses) in [
            (
                Class::Public,
                &[
                    "1.1.1.1",
                    "100.128.0.1",
                    "172.32.0.1",
                    "2606:4700::1111",
                    "::ffff:8.8.8.8",
                ][..],
            ),
            (
                Class::Private,
                &[
                    "127.0.0.1",
                    "127.9.9.9",
                    "10.0.0.1",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "169.254.1.1",
                    "100.64.0.1",
                    "100.127.0.1",
                    "::1",
                    "fe80::1",
                    "fc00::1",
                    "fd12::1",
                    "fec0::1",
                    "::ffff:127.0.0.1",
                    "::ffff:10.1.2.3",
                    "::127.0.0.1",
                    "64:ff9b::10.0.0.1",
                    "64:ff9b:1::192.168.0.1",
                    "2002:7f00:1::",
                ],
            ),
            (
                Class::Metadata,
                &[
                    "169.254.169.254",
                    "fd00:ec2::254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::169.254.169.254",
                    "169.254.170.2",
                    "100.100.100.200",
                    "192.0.0.192",
                ],
            ),
            (
                Class::Unusable,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "224.0.0.1",
                    "255.255.255.255",
                    "240.0.0.1",
                    "192.0.2.1",
                    "198.51.100.7",
                    "203.0.113.9",
                    "198.18.0.1",
                    "::",
                    "ff02::1",
                    "2001:db8::1",
                    "3fff::1",
                    "2001::1",
                    "100::1",
                    "::ffff:0.0.0.0",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(classify(address.parse().unwrap()), class, "{address}");
            }
        }
    }
}
