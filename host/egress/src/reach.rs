//! How far a connection reaches: both lists, and the guard against private addresses.

use std::net::IpAddr;

use forebay_model::ConnectionName;
use forebay_model::template::expand;
use serde_json::Value;
use url::{Host, Url};

use crate::Error;
use crate::address::{Class, classify};
use crate::origin::{Origin, Pattern};

/// How far a connection reaches.
pub(crate) struct Reach {
    connection: ConnectionName,
    /// What the connector asks for.
    wanted: Vec<Pattern>,
    /// What the operator allows.
    allowed: Vec<Pattern>,
    /// Host names that may have private addresses.
    private_names: Vec<String>,
    /// Addresses that the operator named one by one.
    named: Vec<IpAddr>,
}

/// Leave to send to an origin.
pub(crate) struct Grant {
    pub(crate) origin: Origin,
    /// The connector named this very origin, so it is the vendor's API: credentials may go there.
    /// What only a star stands for is storage or a CDN.
    pub(crate) credentials: bool,
}

impl Reach {
    /// From both sides' lists; problems in words.
    pub(crate) fn new(
        connection: &ConnectionName,
        hosts: &[String],
        settings: &Value,
        allow_hosts: &[String],
        allow_private: &[String],
        problems: &mut Vec<String>,
    ) -> Self {
        let mut reach = Self {
            connection: connection.clone(),
            wanted: Vec::new(),
            allowed: Vec::new(),
            private_names: Vec::new(),
            named: Vec::new(),
        };
        for template in hosts {
            // A template that names an absent setting does not apply.
            let Some(text) = expand(template, settings) else {
                continue;
            };
            match Pattern::parse(&text) {
                Ok(pattern) => reach.wanted.push(pattern),
                Err(problem) => problems.push(format!(
                    "the connector's host template \"{template}\" gives no origin with these \
                     settings: {problem}"
                )),
            }
        }
        for text in allow_hosts {
            match Pattern::parse(text) {
                Ok(pattern) => reach.allow(pattern),
                Err(problem) => problems.push(format!("allow_hosts: {problem}")),
            }
        }
        for text in allow_private {
            match Host::parse(text) {
                Ok(Host::Domain(name)) => reach.private_names.push(name),
                Ok(Host::Ipv4(address)) => reach.named.push(address.into()),
                Ok(Host::Ipv6(address)) => reach.named.push(address.into()),
                Err(error) => problems.push(format!(
                    "allow_private: \"{text}\" is no host name or address: {error}"
                )),
            }
        }
        reach
    }

    fn allow(&mut self, pattern: Pattern) {
        match &pattern.origin().host {
            Host::Domain(name) if name == "localhost" && pattern.is_exact() => {
                self.private_names.push(name.clone());
            }
            Host::Domain(_) => {}
            Host::Ipv4(address) => self.named.push((*address).into()),
            Host::Ipv6(address) => self.named.push((*address).into()),
        }
        self.allowed.push(pattern);
    }

    /// What the connector asks for and the operator does not allow, as entries for `allow_hosts`.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.wanted
            .iter()
            .filter(|wanted| !self.allowed.iter().any(|allowed| allowed.covers(wanted)))
            .map(Pattern::to_string)
            .collect()
    }

    /// Does the connector ask for anything that the operator allows?
    pub(crate) fn reaches_nothing(&self) -> bool {
        !self.wanted.iter().any(|wanted| {
            self.allowed
                .iter()
                .any(|allowed| allowed.covers(wanted) || wanted.covers(allowed))
        })
    }

    /// May the guest send to this URL?
    pub(crate) fn check(&self, url: &Url) -> Result<Grant, Error> {
        let origin = self.origin(url)?;
        let wanted = self.wanted.iter().any(|pattern| pattern.matches(&origin));
        let allowed = self.allowed.iter().any(|pattern| pattern.matches(&origin));
        if !(wanted && allowed) {
            return Err(self.deny(&origin, wanted, allowed));
        }
        self.check_literal(&origin)?;
        let credentials = self
            .wanted
            .iter()
            .any(|pattern| pattern.is_exact() && pattern.matches(&origin));
        Ok(Grant {
            origin,
            credentials,
        })
    }

    /// May the host itself send to this URL, a token endpoint? The connector asks for it by
    /// declaring it, so only the operator's list counts.
    pub(crate) fn check_token(&self, url: &Url) -> Result<Origin, Error> {
        let origin = self.origin(url)?;
        if !self.allowed.iter().any(|pattern| pattern.matches(&origin)) {
            return Err(self.deny(&origin, true, false));
        }
        self.check_literal(&origin)?;
        Ok(origin)
    }

    /// May this address stand behind this name?
    pub(crate) fn check_address(&self, name: &str, address: IpAddr) -> Result<(), String> {
        let why = match classify(address) {
            Class::Public => return Ok(()),
            Class::Private if self.private_names.iter().any(|private| private == name) => {
                return Ok(());
            }
            Class::Private | Class::Metadata if self.named.contains(&address) => return Ok(()),
            Class::Private => "a private address",
            Class::Metadata => "the address of a metadata service",
            Class::Unusable => "no address of a host",
        };
        Err(format!("{address} is {why}"))
    }

    /// The refusal for a name none of whose addresses may be reached.
    pub(crate) fn deny_addresses(&self, name: &str, why: &[String]) -> Error {
        Error::Denied {
            message: format!(
                "{name} resolves to addresses that connection \"{}\" may not reach ({}); if that \
                 is meant, add \"{name}\" to its allow_private",
                self.connection,
                why.join(", ")
            ),
        }
    }

    fn origin(&self, url: &Url) -> Result<Origin, Error> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Invalid {
                message: "the URL holds a user name or password; credentials are the host's"
                    .to_owned(),
            });
        }
        Origin::of(url).ok_or_else(|| Error::Invalid {
            message: format!("the scheme \"{}\" does not lead outside", url.scheme()),
        })
    }

    /// Addresses written into the URL never pass a resolver, so they are checked here. That they
    /// are allowed at all means that the operator wrote them down.
    fn check_literal(&self, origin: &Origin) -> Result<(), Error> {
        let Some(address) = origin.address() else {
            return Ok(());
        };
        self.check_address(&origin.host.to_string(), address)
            .map_err(|why| Error::Denied {
                message: format!("{origin}: {why}"),
            })
    }

    fn deny(&self, origin: &Origin, wanted: bool, allowed: bool) -> Error {
        let list = |patterns: &[Pattern]| match patterns {
            [] => "nothing".to_owned(),
            some => some
                .iter()
                .map(Pattern::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        };
        let (why, mend) = match (wanted, allowed) {
            (true, _) => (
                "the operator does not allow it",
                format!(
                    "add it to allow_hosts of connection \"{}\"",
                    self.connection
                ),
            ),
            (false, true) => (
                "the connector does not ask for it in describe",
                "check the connection's settings, or get a connector that names it".to_owned(),
            ),
            (false, false) => (
                "neither does the connector ask for it in describe nor does the operator allow it",
                "check the connection's settings".to_owned(),
            ),
        };
        Error::Denied {
            message: format!(
                "{origin}: {why} (asked for: {}; allowed: {}); {mend}",
                list(&self.wanted),
                list(&self.allowed)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reach(allow: &[&str], private: &[&str]) -> Reach {
        let own = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let mut problems = Vec::new();
        let reach = Reach::new(
            &"dam".into(),
            &own(&[
                "https://{tenant}.canto.com",
                "https://*.cdn.test",
                "{base_url}",
            ]),
            &json!({"tenant": "acme"}),
            &own(allow),
            &own(private),
            &mut problems,
        );
        assert_eq!(problems, Vec::<String>::new());
        reach
    }

    fn check(reach: &Reach, url: &str) -> Result<bool, String> {
        let granted = reach.check(&Url::parse(url).unwrap());
        granted
            .map(|grant| grant.credentials)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn both_sides_have_to_agree() {
        let reach = reach(&["*.canto.com", "*.cdn.test", "other.test"], &[]);
        assert_eq!(check(&reach, "https://acme.canto.com/api"), Ok(true));
        assert_eq!(
            check(&reach, "https://d1.cdn.test/file"),
            Ok(false),
            "no credentials"
        );
        let error = check(&reach, "https://other.test/").unwrap_err();
        assert_eq!(
            error,
            "denied: https://other.test: the connector does not ask for it in describe (asked \
             for: acme.canto.com, *.cdn.test; allowed: *.canto.com, *.cdn.test, other.test); \
             check the connection's settings, or get a connector that names it"
        );
        assert!(check(&reach, "https://evil.canto.com/").is_err());
        assert!(check(&reach, "http://acme.canto.com/").is_err());
        assert!(check(&reach, "https://u:p@acme.canto.com/").is_err());
        assert!(check(&reach, "file:///etc/passwd").is_err());
    }

    #[test]
    fn what_the_operator_does_not_allow_is_named() {
        let reach = reach(&["d1.cdn.test"], &[]);
        let error = check(&reach, "https://acme.canto.com/").unwrap_err();
        assert!(
            error.contains("add it to allow_hosts of connection \"dam\""),
            "{error}"
        );
        assert_eq!(reach.missing(), ["acme.canto.com", "*.cdn.test"]);
        assert!(!reach.reaches_nothing());
    }

    #[test]
    fn private_addresses_need_their_host_named() {
        let reach = reach(
            &["http://127.0.0.1:8080", "http://localhost:1"],
            &["dam.lan"],
        );
        let check =
            |name: &str, address: &str| reach.check_address(name, address.parse().unwrap()).is_ok();
        assert!(check("acme.canto.com", "8.8.8.8"));
        assert!(!check("acme.canto.com", "10.0.0.1"));
        assert!(check("dam.lan", "10.0.0.1"));
        assert!(
            !check("dam.lan", "169.254.169.254"),
            "metadata only by its address"
        );
        assert!(!check("dam.lan", "0.0.0.0"));
        assert!(check("localhost", "127.0.0.1"));
        assert!(!check("acme.canto.com", "10.0.0.2"));
    }
}
