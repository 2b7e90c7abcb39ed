//! The way of a request: check, read, send, follow, pass on.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use crate::auth::{Auth, Credentials};
use crate::body::{Intake, Payload, Progress};
use crate::connection::Connection;
use crate::origin::Origin;
use crate::rate::Turn;
use crate::replace::Replacements;
use crate::token::{Circumstances, Issued};
use crate::{Body, Error, Timeouts, headers};

/// A request as it is now: redirects change it.
struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    payload: Payload,
    timeouts: Timeouts,
}

/// A response, or ours in the vendor's place.
enum Reply {
    Vendor(reqwest::Response),
    /// The rate budget is used up for this long.
    Exhausted {
        class: String,
        wait: Duration,
    },
}

impl Connection {
    /// Send a request; see [`Outbound::send`](crate::Outbound::send).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(
        &self,
        request: http::Request<Body>,
        timeouts: Timeouts,
    ) -> Result<http::Response<Body>, Error> {
        let started = self.clock.now();
        let result = self.exchange(request, timeouts).await;
        self.remember(result.as_ref().err());
        self.measure(&result, self.clock.now().since(started));
        if let Err(error) = &result {
            tracing::warn!(connection = %self.name, code = error.code(), "request failed: {error}");
        }
        result
    }

    async fn exchange(
        &self,
        request: http::Request<Body>,
        timeouts: Timeouts,
    ) -> Result<http::Response<Body>, Error> {
        let timeouts = timeouts.within(&self.options);
        let (parts, body) = request.into_parts();
        let url = absolute_url(&parts.uri)?;
        let first = self.reach.check(&url)?;
        let permit = self.permit(&timeouts).await?;
        let host = first.origin.host.to_string();
        let mut call = Call {
            payload: Payload::read(body, &host, &self.options, &timeouts, &self.clock).await?,
            headers: headers::outgoing(parts.headers, &self.credential_headers),
            method: parts.method,
            url,
            timeouts,
        };

        let mut redirects = 0;
        let mut trusted = first.credentials;
        let reply = loop {
            let reply = self.hop(&mut call, trusted).await.map_err(|error| {
                if redirects == 0 {
                    error
                } else {
                    redirected(&call.url, error)
                }
            })?;
            let Some(next) = next_step(&call, &reply) else {
                break reply;
            };
            if redirects == self.options.max_redirects {
                return Err(Error::TooManyRedirects { limit: redirects });
            }
            redirects += 1;
            let grant = self
                .reach
                .check(&next.url)
                .map_err(|error| redirected(&next.url, error))?;
            // Credentials follow within the origin they were meant for and nowhere else, not even
            // back after a detour.
            trusted = trusted && grant.origin == first.origin;
            call.follow(next);
        };
        self.pass_on(&call, reply, permit)
    }

    async fn permit(&self, timeouts: &Timeouts) -> Result<OwnedSemaphorePermit, Error> {
        let deadline = self.clock.now().plus(timeouts.first_byte);
        let busy = Error::Busy {
            limit: self.options.max_concurrency,
        };
        tokio::select! {
            biased;
            permit = self.permits.clone().acquire_owned() => permit.map_err(|_| busy),
            () = self.clock.sleep_until(deadline) => Err(busy),
        }
    }

    /// To one place, with its credentials; once more with a fresh token if the vendor refuses the
    /// one it got.
    async fn hop(&self, call: &mut Call, trusted: bool) -> Result<Reply, Error> {
        let source = match &self.auth {
            Auth::Token(source) if trusted => source,
            Auth::Fixed(credentials) if trusted => {
                return self.attempt(call, Some(credentials)).await;
            }
            Auth::Token(_) | Auth::Fixed(_) => return self.attempt(call, None).await,
        };
        let around = Circumstances {
            wire: &self.wire,
            reach: &self.reach,
            options: &self.options,
            clock: &self.clock,
        };
        let token: Issued = source.issue(&around).await?;
        let reply = self.attempt(call, Some(&token.credentials)).await?;
        let refused = matches!(&reply, Reply::Vendor(response)
            if response.status() == StatusCode::UNAUTHORIZED);
        if !refused || !call.payload.is_sendable() {
            return Ok(reply);
        }
        match source.replace(&token, &around).await? {
            None => Ok(reply),
            Some(fresh) => {
                metrics::counter!("forebay_egress_auth_retries_total",
                    "connection" => self.name.to_string())
                .increment(1);
                self.attempt(call, Some(&fresh.credentials)).await
            }
        }
    }

    /// One request and its response, within budget and breaker. Without credentials the place is
    /// not the vendor's API, and no placeholder is filled either.
    async fn attempt(
        &self,
        call: &mut Call,
        credentials: Option<&Credentials>,
    ) -> Result<Reply, Error> {
        let now = self.clock.now();
        match self
            .budgets
            .take(call.url.path(), now, self.options.max_rate_wait)
        {
            Turn::At(turn) if turn > now => self.clock.sleep_until(turn).await,
            Turn::At(_) => {}
            Turn::Exhausted { class, wait } => return Ok(Reply::Exhausted { class, wait }),
        }
        let passage = self
            .breaker
            .pass()
            .map_err(|until| Error::Breaker { until })?;
        let progress = Progress::new(self.clock.clone());
        let request = self.request(call, credentials, &progress)?;
        let result = self.wire.send(request, &call.timeouts, &progress).await;
        match &result {
            Ok(response) if response.status().is_server_error() => passage.failed(),
            Ok(_) => passage.succeeded(),
            Err(
                Error::Dns { .. }
                | Error::Connect { .. }
                | Error::Tls { .. }
                | Error::Timeout {
                    phase: crate::Phase::Connect | crate::Phase::FirstByte,
                    ..
                }
                | Error::Io { .. },
            ) => passage.failed(),
            // Our own refusals and the guest's mistakes say nothing about the vendor.
            Err(_) => drop(passage),
        }
        result.map(Reply::Vendor)
    }

    fn request(
        &self,
        call: &mut Call,
        credentials: Option<&Credentials>,
        progress: &Progress,
    ) -> Result<reqwest::Request, Error> {
        let nothing = Replacements::default();
        let fills = match credentials {
            Some(_) => self.fills.in_body(&call.headers),
            None => &nothing,
        };
        let mut sent = call.headers.clone();
        if credentials.is_some() {
            fill_headers(&mut sent, self.fills.in_headers())?;
        }
        for (name, value) in credentials.into_iter().flatten() {
            sent.insert(name, value.clone());
        }
        let body = call.payload.take(fills, progress.clone());
        if !body.keeps_length {
            sent.remove(CONTENT_LENGTH);
        }
        let mut request = reqwest::Request::new(call.method.clone(), call.url.clone());
        *request.headers_mut() = sent;
        if body.whole != Some(0) || may_want_length(&call.method) {
            *request.body_mut() = Some(body.body);
        }
        Ok(request)
    }

    /// The response as the guest may see it.
    fn pass_on(
        &self,
        call: &Call,
        reply: Reply,
        permit: OwnedSemaphorePermit,
    ) -> Result<http::Response<Body>, Error> {
        let response = match reply {
            Reply::Vendor(response) => response,
            Reply::Exhausted { class, wait } => return Ok(self.too_many_requests(&class, wait)),
        };
        let host = call.url.host_str().unwrap_or_default().to_owned();
        let limit = self.options.max_response_bytes;
        if response
            .content_length()
            .is_some_and(|length| length > limit)
        {
            return Err(Error::TooLarge {
                what: "the response",
                limit,
                option: "max_response_bytes",
            });
        }
        let mut redactions = self.redactions.clone();
        if let Auth::Token(source) = &self.auth {
            source.redact(&mut redactions);
        }
        let is_text = headers::is_text(response.headers());
        if is_text && let Some(encoding) = headers::encoding(response.headers()) {
            return Err(Error::Encoding { host, encoding });
        }
        let mut passed = headers::incoming(response.headers(), &redactions);
        let replacer = (is_text && !redactions.is_empty()).then(|| redactions.replacer());
        if replacer.is_some() && call.method != Method::HEAD {
            passed.remove(CONTENT_LENGTH);
        }
        let status = response.status();
        let intake = Intake {
            limit,
            pause: call.timeouts.between_bytes,
            clock: self.clock.clone(),
            replacer,
            permit,
        };
        let mut answer = http::Response::new(intake.pass(response, host));
        *answer.status_mut() = status;
        *answer.headers_mut() = passed;
        Ok(answer)
    }

    /// What the vendor would answer, said before it has to.
    fn too_many_requests(&self, class: &str, wait: Duration) -> http::Response<Body> {
        metrics::counter!("forebay_egress_rate_limited_total",
            "connection" => self.name.to_string(), "class" => class.to_owned())
        .increment(1);
        let seconds = wait.as_millis().div_ceil(1000);
        let text = format!("rate class \"{class}\" of the connection is used up for {seconds} s");
        let body = Full::new(Bytes::from(text))
            .map_err(|never| match never {})
            .boxed_unsync();
        let mut answer = http::Response::new(body);
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
            answer.headers_mut().insert(RETRY_AFTER, value);
        }
        answer
    }

    fn measure(&self, result: &Result<http::Response<Body>, Error>, took: Duration) {
        let connection = self.name.to_string();
        let outcome = match result {
            Ok(response) => format!("{}xx", response.status().as_u16() / 100),
            Err(error) => error.code().to_owned(),
        };
        metrics::counter!("forebay_egress_requests_total",
            "connection" => connection.clone(), "outcome" => outcome)
        .increment(1);
        metrics::histogram!("forebay_egress_request_seconds", "connection" => connection.clone())
            .record(took.as_secs_f64());
        metrics::gauge!("forebay_egress_breaker_open", "connection" => connection)
            .set(self.breaker.state().gauge());
    }
}

impl Call {
    fn follow(&mut self, next: Step) {
        self.url = next.url;
        self.method = next.method;
        if !next.keeps_body {
            self.payload = Payload::Whole(Bytes::new());
            headers::strip_body(&mut self.headers);
        }
    }
}

/// Where a redirect leads.
struct Step {
    method: Method,
    url: Url,
    keeps_body: bool,
}

/// The next request of a redirect (RFC 9110, section 15.4); `None` where the response is the answer.
fn next_step(call: &Call, reply: &Reply) -> Option<Step> {
    let Reply::Vendor(response) = reply else {
        return None;
    };
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let mut url = call.url.join(location).ok()?;
    url.set_fragment(None);
    let method = &call.method;
    let (method, keeps_body) = match response.status().as_u16() {
        301 | 302 if *method == Method::POST => (Method::GET, false),
        303 if *method != Method::HEAD => (Method::GET, false),
        301 | 302 | 303 | 307 | 308 => (method.clone(), true),
        _ => return None,
    };
    // A streamed body is gone: the guest has to deal with the redirect itself.
    if keeps_body && !call.payload.is_sendable() {
        return None;
    }
    Some(Step {
        method,
        url,
        keeps_body,
    })
}

fn redirected(url: &Url, error: Error) -> Error {
    let origin = Origin::of(url).map_or_else(|| url.scheme().to_owned(), |o| o.to_string());
    Error::Redirected {
        origin,
        error: Box::new(error),
    }
}

fn absolute_url(uri: &http::Uri) -> Result<Url, Error> {
    let invalid = |message: String| Error::Invalid { message };
    if uri.scheme().is_none() || uri.authority().is_none() {
        return Err(invalid("the URL is not absolute".to_owned()));
    }
    Url::parse(&uri.to_string()).map_err(|error| invalid(format!("the URL is none: {error}")))
}

fn fill_headers(headers: &mut HeaderMap, fills: &Replacements) -> Result<(), Error> {
    if fills.is_empty() {
        return Ok(());
    }
    for value in headers.values_mut() {
        let filled = fills.apply(value.as_bytes());
        if filled != value.as_bytes() {
            *value = HeaderValue::from_bytes(&filled).map_err(|_| Error::Invalid {
                message: "a secret put into a header holds a sign that no header can carry"
                    .to_owned(),
            })?;
            value.set_sensitive(true);
        }
    }
    Ok(())
}

/// Servers expect a length with these even if there is no body.
fn may_want_length(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}
