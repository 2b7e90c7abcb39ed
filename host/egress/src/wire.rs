//! The HTTP client of a connection: one request, one response, one verdict on what went wrong.

use std::error::Error as StdError;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use forebay_model::SharedClock;

use crate::body::Progress;
use crate::reach::Reach;
use crate::resolve::{GuardedResolver, Resolver};
use crate::{Error, Options, Phase, Timeouts};

/// The HTTP client of a connection.
pub(crate) struct Wire {
    client: reqwest::Client,
    clock: SharedClock,
    connect_timeout: Duration,
}

impl Wire {
    /// A client that resolves through the guard and follows nothing by itself. `roots` are further
    /// certificate authorities in PEM.
    pub(crate) fn new(
        options: &Options,
        clock: SharedClock,
        reach: Arc<Reach>,
        resolver: Arc<dyn Resolver>,
        roots: Option<&str>,
    ) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.idle_per_host)
            .dns_resolver(Arc::new(GuardedResolver { resolver, reach }));
        if let Some(pem) = roots {
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|error| format!("the certificates are no PEM: {}", root_cause(&error)))?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder
            .build()
            .map_err(|error| format!("cannot set up the HTTP client: {}", root_cause(&error)))?;
        Ok(Self {
            client,
            clock,
            connect_timeout: options.connect_timeout,
        })
    }

    /// Send, and wait for the head of the response. The wait counts from the last piece of the
    /// request that went out.
    pub(crate) async fn send(
        &self,
        request: reqwest::Request,
        timeouts: &Timeouts,
        progress: &Progress,
    ) -> Result<reqwest::Response, Error> {
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let after = timeouts.connect.saturating_add(timeouts.first_byte);
        let mut pending = pin!(self.client.execute(request));
        loop {
            let deadline = progress.last().plus(after);
            tokio::select! {
                biased;
                sent = &mut pending => return sent.map_err(|error| self.judge(&error, host)),
                () = self.clock.sleep_until(deadline) => {}
            }
            if progress.last().plus(after) <= self.clock.now() {
                return Err(Error::Timeout {
                    host,
                    phase: Phase::FirstByte,
                    after,
                });
            }
        }
    }

    fn judge(&self, error: &reqwest::Error, host: String) -> Error {
        if let Some(own) = find::<Error>(error) {
            return own.clone();
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return Error::Tls {
                host,
                message: tls.to_string(),
            };
        }
        let message = root_cause(error);
        if error.is_connect() {
            return if error.is_timeout() {
                Error::Timeout {
                    host,
                    phase: Phase::Connect,
                    after: self.connect_timeout,
                }
            } else {
                Error::Connect { host, message }
            };
        }
        Error::Io { host, message }
    }
}

/// The innermost cause in words. The outer layers name the URL, which may hold a secret.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn StdError = error;
    let mut is_outermost = true;
    while let Some(next) = cause(innermost) {
        innermost = next;
        is_outermost = false;
    }
    if is_outermost {
        // `reqwest::Error` itself prints its URL.
        return if error.is_timeout() {
            "timed out"
        } else {
            "the exchange failed"
        }
        .to_owned();
    }
    innermost.to_string()
}

fn find<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut current: &(dyn StdError + 'static) = error;
    loop {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        current = cause(current)?;
    }
}

/// The next cause. What an `io::Error` wraps is not its source but its inner error.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && let Some(inner) = io.get_ref()
    {
        return Some(inner);
    }
    error.source()
}
