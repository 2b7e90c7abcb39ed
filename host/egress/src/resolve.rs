//! Names to addresses, and only to those that may be reached.
//!
//! The address that was checked is the address that is connected to: the HTTP client asks
//! [`GuardedResolver`] and has no other way to resolve, so a name that changes its address between
//! check and use (DNS rebinding) gains nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;

use crate::Error;
use crate::reach::Reach;

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of this name, in the order to try them. An `Err` says why there are none.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, String>;
}

/// The resolver the system is configured for, with its hosts file.
pub struct SystemResolver(TokioResolver);

impl SystemResolver {
    /// Read the system's configuration.
    ///
    /// # Errors
    /// In words, where there is none or it cannot be read.
    pub fn new() -> Result<Self, String> {
        TokioResolver::builder_tokio()
            .and_then(hickory_resolver::ResolverBuilder::build)
            .map(Self)
            .map_err(|error| format!("cannot read the system's resolver configuration: {error}"))
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let found = self
            .0
            .lookup_ip(name)
            .await
            .map_err(|error| error.to_string())?;
        Ok(found.iter().collect())
    }
}

/// Resolves for the HTTP client and leaves out what may not be reached.
pub(crate) struct GuardedResolver {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) reach: Arc<Reach>,
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (resolver, reach) = (self.resolver.clone(), self.reach.clone());
        Box::pin(async move {
            let checked = checked(&*resolver, &reach, name.as_str()).await?;
            // The client puts the URL's port in.
            let addresses = checked
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}

async fn checked(resolver: &dyn Resolver, reach: &Reach, name: &str) -> Result<Vec<IpAddr>, Error> {
    let found = resolver.resolve(name).await.map_err(|message| Error::Dns {
        host: name.to_owned(),
        message,
    })?;
    if found.is_empty() {
        return Err(Error::Dns {
            host: name.to_owned(),
            message: "it has none".to_owned(),
        });
    }
    let mut refused = Vec::new();
    let passed: Vec<_> = found
        .into_iter()
        .filter(|address| match reach.check_address(name, *address) {
            Ok(()) => true,
            Err(why) => {
                refused.push(why);
                false
            }
        })
        .collect();
    if passed.is_empty() {
        Err(reach.deny_addresses(name, &refused))
    } else {
        Ok(passed)
    }
}
