//! Interface names with versions, the interfaces the host itself provides, and which versions fit.

use semver::Version;

/// The version of the contract's packages this host speaks. A component built against another
/// version of the same track (0.1.x) fits.
pub(crate) const CONTRACT_VERSION: Version = Version::new(0, 1, 0);

/// What makes a component a connector.
pub(crate) const CONNECTOR: &str = "forebay:connector/connector";
/// What makes a component a handler.
pub(crate) const HANDLER: &str = "forebay:flow/use-case-handler";
/// How a connector tells what happens.
pub(crate) const EVENT_SOURCE: &str = "forebay:connector/event-source";
/// A connector's circumstances.
pub(crate) const CALL: &str = "forebay:connector/call";
/// The log.
pub(crate) const LOG: &str = "forebay:connector/log";
/// What a handler has besides capabilities.
pub(crate) const RUNTIME: &str = "forebay:flow/runtime";

/// Packages whose interfaces the host calls or provides: their version has to fit the host's.
const CONTRACT_PACKAGES: [&str; 2] = ["forebay:connector/", "forebay:flow/"];

/// The version of WASI the host provides; patch versions differ between tools and all fit.
pub(crate) const WASI_VERSION: Version = Version::new(0, 2, 6);

/// All of WASI 0.2 and its HTTP client. Most of it is inert: no directories, no sockets, no
/// environment. It is there because language runtimes import it whether they use it or not.
const WASI: [&str; 29] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// An import or export name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    /// `package:name/interface`.
    pub(crate) name: String,
    /// The version behind the `@`.
    pub(crate) version: Option<Version>,
}

impl Interface {
    /// Take a name such as `forebay:assets/comments@0.1.0` apart. `None` if it is not the name of an
    /// interface of a package, or its version is none.
    pub(crate) fn parse(full: &str) -> Option<Self> {
        let (name, version) = match full.split_once('@') {
            Some((name, version)) => (name, Some(Version::parse(version).ok()?)),
            None => (full, None),
        };
        let (package, interface) = name.split_once('/')?;
        let named = package.contains(':') && !interface.is_empty();
        named.then(|| Self {
            name: name.to_owned(),
            version,
        })
    }

    /// Does WASI, as this host provides it, have it? The name only.
    pub(crate) fn is_known_wasi(&self) -> bool {
        WASI.contains(&self.name.as_str())
    }

    /// Is it of the `wasi` namespace at all?
    pub(crate) fn is_wasi(&self) -> bool {
        self.name.starts_with("wasi:")
    }

    /// The version it has to fit, if the host has a say in it.
    pub(crate) fn offered_version(&self) -> Option<Version> {
        if self.is_wasi() {
            return Some(WASI_VERSION);
        }
        CONTRACT_PACKAGES
            .iter()
            .any(|package| self.name.starts_with(package))
            .then_some(CONTRACT_VERSION)
    }

    /// The version as text, for messages.
    pub(crate) fn version_text(&self) -> String {
        self.version
            .as_ref()
            .map_or_else(|| "none".to_owned(), Version::to_string)
    }
}

/// Are two versions on the same track, so that what both have is the same? The rule of semantic
/// versions: the same major number, or below 1.0 the same minor number.
pub(crate) fn same_track(one: Option<&Version>, other: Option<&Version>) -> bool {
    let track = |version: &Version| match version.major {
        0 => (0, version.minor),
        major => (major, 0),
    };
    match (one, other) {
        (Some(one), Some(other)) => track(one) == track(other),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parsed = Interface::parse("forebay:assets/comments@0.1.0").unwrap();
        assert_eq!(parsed.name, "forebay:assets/comments");
        assert_eq!(parsed.version, Some(Version::new(0, 1, 0)));
        assert_eq!(Interface::parse("acme:ext/thing").unwrap().version, None);
        for bad in ["thunk", "a:b", "a/b", "a:b/c@one", "a:b/"] {
            assert_eq!(Interface::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn tracks_follow_semantic_versions() {
        let version = |text: &str| Version::parse(text).unwrap();
        let same = |one: &str, other: &str| same_track(Some(&version(one)), Some(&version(other)));
        assert!(same("0.1.0", "0.1.9"));
        assert!(!same("0.1.0", "0.2.0"));
        assert!(same("1.0.0", "1.9.0"));
        assert!(!same("1.0.0", "2.0.0"));
        assert!(same_track(None, None));
        assert!(!same_track(None, Some(&version("0.1.0"))));
    }
}
