//! Which origins a connection may reach: what the connector wants and what the operator allows.
//!
//! Both sides speak in patterns. A pattern is an origin (`https://acme.canto.com`,
//! `http://127.0.0.1:8080`), with `https` and its port where nothing else is said; a host that
//! begins with `*.` stands for every name below it.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) scheme: String,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Origin {
    /// The origin of an `http` or `https` URL.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// The host's name, if it is not an address.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some((*address).into()),
            Host::Ipv6(address) => Some((*address).into()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port == default_port(&self.scheme) {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "http" { 80 } else { 443 }
}

/// An origin, or all origins below a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    origin: Origin,
    /// Only names below the origin's host.
    below: bool,
}

impl Pattern {
    /// Parse `https://host`, `http://host:port`, `host`, `*.host`, or a URL whose origin counts.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let (below, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.contains('*') {
            return Err(format!(
                "\"{text}\": a star may only stand in front, as in \"*.canto.com\""
            ));
        }
        let url = Url::parse(&format!("{scheme}://{rest}"))
            .map_err(|error| format!("\"{text}\" is no host or origin: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "an entry with host {} holds a user name or password; \
                leave it out",
                url.host_str().unwrap_or_default()
            ));
        }
        let origin = Origin::of(&url)
            .ok_or_else(|| format!("\"{text}\": only http and https lead outside"))?;
        if below && !matches!(&origin.host, Host::Domain(name) if name.contains('.')) {
            return Err(format!(
                "\"{text}\" is too wide: name at least a domain, \
                as in \"*.canto.com\""
            ));
        }
        Ok(Self { origin, below })
    }

    /// Does this origin fall under the pattern?
    pub(crate) fn matches(&self, origin: &Origin) -> bool {
        if self.origin.scheme != origin.scheme || self.origin.port != origin.port {
            return false;
        }
        if !self.below {
            return self.origin.host == origin.host;
        }
        match (&self.origin.host, &origin.host) {
            (Host::Domain(above), Host::Domain(name)) => name
                .strip_suffix(above.as_str())
                .is_some_and(|front| front.ends_with('.')),
            _ => false,
        }
    }

    /// Does everything under `other` fall under this pattern too?
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if other.below {
            self.below && (self.origin == other.origin || self.matches(&other.origin))
        } else {
            self.matches(&other.origin)
        }
    }

    /// Does it name exactly one origin?
    pub(crate) fn is_exact(&self) -> bool {
        !self.below
    }

    /// The origin it names, or that it lies below.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for Pattern {
    /// As an operator would write it into `allow_hosts`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        let Origin { scheme, host, port } = &self.origin;
        if scheme != "https" {
            return write!(f, "{scheme}://{star}{host}:{port}");
        }
        write!(f, "{star}{host}")?;
        if *port == 443 {
            Ok(())
        } else {
            write!(f, ":{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn patterns_match_origins() {
        for (pattern, url, expected) in [
            ("canto.com", "https://canto.com/x", true),
            ("canto.com", "https://CANTO.com:443/x", true),
            ("canto.com", "http://canto.com/", false),
            ("canto.com", "https://canto.com:8443/", false),
            ("canto.com", "https://acme.canto.com/", false),
            ("canto.com", "https://canto.com.evil.test/", false),
            ("canto.com", "https://canto.com./", false),
            ("*.canto.com", "https://acme.canto.com/", true),
            ("*.canto.com", "https://acme.ca.canto.com/", true),
            ("*.canto.com", "https://canto.com/", false),
            ("*.canto.com", "https://evilcanto.com/", false),
            (
                "https://acme.canto.com/api/v1",
                "https://acme.canto.com/",
                true,
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x", true),
            ("http://127.0.0.1:8080", "http://0x7f.1:8080/x", true),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8081/x", false),
            ("http://[::1]:8080", "http://[0:0::1]:8080/", true),
        ] {
            let matches = Pattern::parse(pattern).unwrap().matches(&origin(url));
            assert_eq!(matches, expected, "{pattern} {url}");
        }
    }

    #[test]
    fn patterns_that_say_too_much_are_refused() {
        for pattern in [
            "*",
            "*.com",
            "a.*.com",
            "https://*",
            "ftp://a.test",
            "u:p@a.test",
            "",
            "a b",
            "*.1.2.3.4",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn patterns_cover_patterns_and_print_as_written() {
        let covers = |a: &str, b: &str| {
            Pattern::parse(a)
                .unwrap()
                .covers(&Pattern::parse(b).unwrap())
        };
        assert!(covers("*.canto.com", "https://acme.canto.com"));
        assert!(covers("*.canto.com", "*.canto.com"));
        assert!(covers("*.canto.com", "*.ca.canto.com"));
        assert!(!covers("acme.canto.com", "*.canto.com"));
        for text in [
            "canto.com",
            "*.canto.com",
            "http://127.0.0.1:8080",
            "a.test:8443",
        ] {
            assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
        }
    }
}
