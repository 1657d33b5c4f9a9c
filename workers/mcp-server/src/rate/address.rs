//! Which network a request counts for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderMap;

/// Claude's servers call from here, for all of its users: 160.79.104.0/21.
const CLAUDE: (Ipv4Addr, u32) = (Ipv4Addr::new(160, 79, 104, 0), 21);

/// How much more they may do than one network.
const CLAUDE_FACTOR: u32 = 10;

/// The addresses that are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    /// What they have in common.
    pub(super) name: String,
    /// How many times the limit they have.
    pub(super) factor: u32,
}

impl Bucket {
    /// The bucket of a request. The platform says where it came from; the header of tests counts where it is asked for.
    /// Requests of which nothing is known share a bucket.
    pub(super) fn of(headers: &HeaderMap, is_test: bool) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        let tested = if is_test { header("x-test-address") } else { None };
        tested
            .or_else(|| header("cf-connecting-ip"))
            .map_or_else(|| Self { name: "address:unknown".to_owned(), factor: 1 }, Self::of_address)
    }

    fn of_address(address: IpAddr) -> Self {
        let name = match address.to_canonical() {
            IpAddr::V4(address) if is_claude(address) => {
                return Self { name: "address:claude".to_owned(), factor: CLAUDE_FACTOR };
            }
            IpAddr::V4(address) => format!("address:{address}"),
            // One customer has at least a /64, and all addresses in it.
            IpAddr::V6(address) => format!("address:{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        };
        Self { name, factor: 1 }
    }
}

fn is_claude(address: Ipv4Addr) -> bool {
    let (network, length) = CLAUDE;
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

/// Whether the server's own address is one of this machine's.
pub(super) fn is_loopback(public_url: &str) -> bool {
    url::Url::parse(public_url).is_ok_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(pairs: &[(&'static str, &str)], is_test: bool) -> String {
        let headers = pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        Bucket::of(
            &HeaderMap::from_iter(headers.map(|(name, value): (http::HeaderName, http::HeaderValue)| (name, value))),
            is_test,
        )
        .name
    }

    #[test]
    fn a_network_is_an_address_or_the_first_half_of_one() {
        for (address, bucket) in [
            ("203.0.113.7", "address:203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "address:2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "address:2001:db8:1:3::/64"),
            ("::ffff:203.0.113.7", "address:203.0.113.7"),
            ("160.79.104.0", "address:claude"),
            ("160.79.111.255", "address:claude"),
            ("160.79.103.255", "address:160.79.103.255"),
            ("160.79.112.0", "address:160.79.112.0"),
            ("nonsense", "address:unknown"),
        ] {
            assert_eq!(name(&[("cf-connecting-ip", address)], false), bucket, "{address}");
        }
        assert_eq!(name(&[], false), "address:unknown");
        assert_eq!(Bucket::of_address("160.79.106.1".parse().unwrap()).factor, CLAUDE_FACTOR);
        assert_eq!(Bucket::of_address("203.0.113.7".parse().unwrap()).factor, 1);
    }

    #[test]
    fn the_header_of_tests_counts_only_where_it_is_asked_for() {
        let both = [("cf-connecting-ip", "203.0.113.7"), ("x-test-address", "198.51.100.1")];
        assert_eq!(name(&both, false), "address:203.0.113.7");
        assert_eq!(name(&both, true), "address:198.51.100.1");
        assert_eq!(name(&both[..1], true), "address:203.0.113.7");
        assert_eq!(name(&both[1..], false), "address:unknown");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, is_so) in [
            ("http://localhost:8787", true),
            ("http://127.0.0.1:8787", true),
            ("http://[::1]:8787", true),
            ("https://ttai.example", false),
            ("http://localhost.evil.example", false),
            ("http://10.0.0.1", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_loopback(url), is_so, "{url}");
        }
    }
}
