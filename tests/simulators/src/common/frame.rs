//! What stands in front of every operation of a simulator.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use bytes::Bytes;
use forebay_model::Timestamp;
use http::{HeaderValue, StatusCode, header, request};
use sha2::Digest as _;

use super::rates::Rates;
use super::recorder::{LONGEST_KEPT_BODY, NOTES, Notes};
use super::{
    Call, Courier, Error, Fault, Faults, Holds, Moment, Recorder, SimClock, Tokens, lock, server,
};

/// Largest request a simulator takes, in bytes: a short video, held in memory.
pub const LARGEST_REQUEST: usize = 256 * 1024 * 1024;

/// Says a status in the words of a vendor: the body it sends with such an error.
pub type FaultReply = fn(StatusCode) -> Response;

/// Clock, recorder, faults, tokens, rates and courier of one simulator.
#[derive(Clone)]
pub struct Frame(Arc<Parts>);

struct Parts {
    name: &'static str,
    clock: SimClock,
    recorder: Recorder,
    faults: Faults,
    holds: Holds,
    tokens: Tokens,
    rates: Rates,
    courier: Courier,
    fault_reply: FaultReply,
}

impl Frame {
    /// A frame for one simulator. Must be called inside a tokio runtime: the courier runs there.
    ///
    /// # Errors
    /// When the courier's HTTP client cannot be made.
    pub fn new(
        name: &'static str,
        clock: SimClock,
        fault_reply: FaultReply,
    ) -> Result<Self, Error> {
        let courier = Courier::start(clock.clone())?;
        Ok(Self(Arc::new(Parts {
            name,
            clock,
            recorder: Recorder::default(),
            faults: Faults::default(),
            holds: Holds::default(),
            tokens: Tokens::default(),
            rates: Rates::default(),
            courier,
            fault_reply,
        })))
    }

    /// Name of the simulator.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.0.clock
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What was called.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Where calls are held.
    #[must_use]
    pub fn holds(&self) -> &Holds {
        &self.0.holds
    }

    /// Access tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// Rate windows.
    #[must_use]
    pub fn rates(&self) -> &Rates {
        &self.0.rates
    }

    /// Outgoing webhooks and callbacks.
    #[must_use]
    pub fn courier(&self) -> &Courier {
        &self.0.courier
    }

    /// The vendor's answer with an error status.
    #[must_use]
    pub fn fault_reply(&self, status: StatusCode) -> Response {
        (self.0.fault_reply)(status)
    }

    /// Make an operation of a route: named, recorded, open to faults.
    pub fn op<S>(&self, operation: &'static str, route: MethodRouter<S>) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.rated(operation, None, route)
    }

    /// Like [`Frame::op`], and counted in a class of [`Frame::rates`].
    pub fn rated<S>(
        &self,
        operation: &'static str,
        class: impl Into<Option<&'static str>>,
        route: MethodRouter<S>,
    ) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let guard = Guard {
            frame: self.clone(),
            operation,
            class: class.into(),
        };
        route.route_layer(from_fn_with_state(guard, answer))
    }
}

/// A state behind a mutex, together with its frame: what handlers take as axum state.
pub struct Shared<S> {
    /// The frame.
    pub frame: Frame,
    state: Arc<Mutex<S>>,
}

impl<S> Shared<S> {
    /// Share a state.
    #[must_use]
    pub fn new(frame: Frame, state: S) -> Self {
        Self {
            frame,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The state, for as long as the guard lives. Never hold it across an await.
    pub fn lock(&self) -> MutexGuard<'_, S> {
        lock(&self.state)
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self {
            frame: self.frame.clone(),
            state: self.state.clone(),
        }
    }
}

#[derive(Clone)]
struct Guard {
    frame: Frame,
    operation: &'static str,
    class: Option<&'static str>,
}

/// What became of a call.
struct Outcome {
    response: Response,
    notes: Notes,
    /// The reply is thrown away and the connection closed.
    lost: bool,
}

impl Outcome {
    fn without_effect(response: Response) -> Self {
        Self {
            response,
            notes: Notes::default(),
            lost: false,
        }
    }
}

async fn answer(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    // A vendor carries out what has reached it, whether or not the caller still waits.
    match tokio::spawn(carry_out(guard, request, next)).await {
        Ok(response) => response,
        Err(_) => server::lost(),
    }
}

async fn carry_out(guard: Guard, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut call = describe(&guard, guard.frame.now(), &parts, &body);
    guard.frame.holds().pass(Moment::Before, &call).await;
    call.at = guard.frame.now();
    let faults = guard.frame.faults().strike(guard.operation, call.at);
    call.faults = faults.iter().map(Fault::label).collect();

    let outcome = perform(
        &guard,
        &faults,
        Request::from_parts(parts, Body::from(body)),
        next,
    )
    .await;
    call.status = (!outcome.lost).then(|| outcome.response.status().as_u16());
    call.actor = outcome.notes.actor;
    call.effects = outcome.notes.effects;
    for effect in &call.effects {
        guard.frame.recorder().count(effect);
    }
    tracing::debug!(
        sim = guard.frame.name(),
        operation = call.operation,
        status = call.status
    );
    guard.frame.recorder().keep(call.clone());
    guard.frame.holds().pass(Moment::After, &call).await;
    if outcome.lost {
        server::lost()
    } else {
        outcome.response
    }
}

fn describe(guard: &Guard, at: Timestamp, parts: &request::Parts, body: &Bytes) -> Call {
    let kept = (body.len() <= LONGEST_KEPT_BODY).then(|| String::from_utf8(body.to_vec()).ok());
    Call {
        sequence: 0,
        at,
        operation: guard.operation.to_owned(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        actor: None,
        body_digest: hex::encode(sha2::Sha256::digest(body)),
        body: kept.flatten(),
        status: None,
        effects: Vec::new(),
        faults: Vec::new(),
    }
}

async fn perform(guard: &Guard, faults: &[Fault], request: Request, next: Next) -> Outcome {
    let mut lost = false;
    for fault in faults {
        match fault {
            Fault::Latency { ms } => {
                let wait = std::time::Duration::from_millis(*ms);
                guard
                    .frame
                    .clock()
                    .sleep_until(guard.frame.now().plus(wait))
                    .await;
            }
            Fault::Status {
                code,
                retry_after,
                body,
            } => {
                let response = refuse(&guard.frame, *code, *retry_after, body.as_deref());
                return Outcome::without_effect(response);
            }
            Fault::ConnectionLost => {
                return Outcome {
                    lost: true,
                    ..Outcome::without_effect(server::lost())
                };
            }
            Fault::CommitThenTimeout => lost = true,
        }
    }
    let mut left = None;
    if let Some(class) = guard.class {
        match guard.frame.rates().take(class, guard.frame.now()) {
            Ok(calls) => left = calls.filter(|_| guard.frame.rates().announced()),
            Err(wait) => {
                return Outcome::without_effect(refuse(&guard.frame, 429, Some(wait), None));
            }
        }
    }
    let noted = async {
        let response = next.run(request).await;
        (response, NOTES.with(RefCell::take))
    };
    let (mut response, notes) = NOTES.scope(RefCell::default(), noted).await;
    if let Some(left) = left {
        response
            .headers_mut()
            .insert("ratelimit-remaining", HeaderValue::from(left));
    }
    Outcome {
        response,
        notes,
        lost,
    }
}

fn refuse(frame: &Frame, code: u16, retry_after: Option<u32>, body: Option<&str>) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        Some(body) => (status, body.to_owned()).into_response(),
        None => frame.fault_reply(status),
    };
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
