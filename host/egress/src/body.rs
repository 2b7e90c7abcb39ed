//! Bodies either way: capped, watched for pauses, with secrets put in or taken out.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use forebay_model::{SharedClock, Timestamp};
use futures_util::stream::{self, TryStreamExt as _};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, StreamBody};
use tokio::sync::OwnedSemaphorePermit;

use crate::replace::{Replacements, Replacer};
use crate::{Body, BodyError, Error, Options, Phase, Timeouts};

/// When the last piece of a request went out, so that a long upload is not taken for a silent vendor.
#[derive(Clone)]
pub(crate) struct Progress {
    clock: SharedClock,
    last: Arc<AtomicI64>,
}

impl Progress {
    pub(crate) fn new(clock: SharedClock) -> Self {
        let last = Arc::new(AtomicI64::new(clock.now().0));
        Self { clock, last }
    }

    pub(crate) fn last(&self) -> Timestamp {
        Timestamp(self.last.load(Ordering::Relaxed))
    }

    fn made(&self) {
        self.last.store(self.clock.now().0, Ordering::Relaxed);
    }
}

/// A guest's request body.
pub(crate) enum Payload {
    /// Known as a whole: it can be sent again.
    Whole(Bytes),
    /// Too large to keep: it can be sent once.
    Stream(Source),
    /// A stream that has been sent.
    Spent,
}

impl Payload {
    /// Read as much of the body as is kept.
    pub(crate) async fn read(
        body: Body,
        host: &str,
        options: &Options,
        timeouts: &Timeouts,
        clock: &SharedClock,
    ) -> Result<Self, Error> {
        let mut source = Source {
            host: host.to_owned(),
            left: options.max_request_bytes,
            limit: options.max_request_bytes,
            pause: timeouts.between_bytes,
            clock: clock.clone(),
            read: None,
            body,
        };
        if source.body.size_hint().lower() > source.limit {
            return Err(source.too_large());
        }
        let mut kept = BytesMut::new();
        while let Some(piece) = source.next().await? {
            kept.extend_from_slice(&piece);
            if kept.len() > options.replay_bytes {
                source.read = Some(kept.freeze());
                return Ok(Self::Stream(source));
            }
        }
        Ok(Self::Whole(kept.freeze()))
    }

    /// Can it be sent (again)?
    pub(crate) fn is_sendable(&self) -> bool {
        !matches!(self, Self::Spent)
    }

    /// The body to send, with these placeholders filled.
    pub(crate) fn take(&mut self, fills: &Replacements, progress: Progress) -> Outgoing {
        match self {
            Self::Whole(bytes) if fills.is_empty() => Outgoing::whole(bytes.clone()),
            Self::Whole(bytes) => Outgoing::whole(Bytes::from(fills.apply(bytes))),
            Self::Spent => Outgoing::whole(Bytes::new()),
            Self::Stream(_) => {
                let Self::Stream(source) = std::mem::replace(self, Self::Spent) else {
                    return Outgoing::whole(Bytes::new());
                };
                let replacer = (!fills.is_empty()).then(|| fills.replacer());
                let keeps_length = replacer.is_none();
                let state = Some((source, replacer, progress));
                let pieces = stream::try_unfold(state, |state| async move {
                    let Some((mut source, mut replacer, progress)) = state else {
                        return Ok(None);
                    };
                    progress.made();
                    let piece = source.next().await?;
                    Ok::<_, Error>(match (piece, replacer.as_mut()) {
                        (Some(piece), None) => Some((piece, Some((source, replacer, progress)))),
                        (Some(piece), Some(filler)) => {
                            let filled = filler.push(&piece);
                            Some((filled, Some((source, replacer, progress))))
                        }
                        (None, Some(filler)) => Some((filler.finish(), None)),
                        (None, None) => None,
                    })
                });
                Outgoing {
                    body: reqwest::Body::wrap_stream(pieces),
                    keeps_length,
                    whole: None,
                }
            }
        }
    }
}

/// A body on its way out.
pub(crate) struct Outgoing {
    pub(crate) body: reqwest::Body,
    /// It is as long as the guest said.
    pub(crate) keeps_length: bool,
    /// How long it is, if that is known.
    pub(crate) whole: Option<usize>,
}

impl Outgoing {
    fn whole(bytes: Bytes) -> Self {
        Self {
            keeps_length: false,
            whole: Some(bytes.len()),
            body: reqwest::Body::from(bytes),
        }
    }
}

/// A request body that is read piece by piece.
pub(crate) struct Source {
    host: String,
    left: u64,
    limit: u64,
    pause: Duration,
    clock: SharedClock,
    /// What has been read already and comes first.
    read: Option<Bytes>,
    body: Body,
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(read) = self.read.take() {
            return Ok(Some(read));
        }
        loop {
            let deadline = self.clock.now().plus(self.pause);
            let frame = tokio::select! {
                biased;
                frame = self.body.frame() => frame,
                () = self.clock.sleep_until(deadline) => {
                    return Err(Error::Timeout {
                        host: self.host.clone(),
                        phase: Phase::RequestBody,
                        after: self.pause,
                    });
                }
            };
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| Error::Invalid {
                message: format!("its body broke off: {error}"),
            })?;
            // Trailers say nothing to these vendors and could say anything to a proxy.
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            self.left = match self.left.checked_sub(piece.len() as u64) {
                Some(left) => left,
                None => return Err(self.too_large()),
            };
            return Ok(Some(piece));
        }
    }

    fn too_large(&self) -> Error {
        Error::TooLarge {
            what: "the request body",
            limit: self.limit,
            option: "max_request_bytes",
        }
    }
}

/// How a response body is passed on.
pub(crate) struct Intake {
    pub(crate) limit: u64,
    pub(crate) pause: Duration,
    pub(crate) clock: SharedClock,
    /// What to take out, if it is a text.
    pub(crate) replacer: Option<Replacer>,
    /// Held until the body is read or dropped.
    #[expect(dead_code, reason = "it is dropped with the body, and that is its use")]
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Intake {
    /// The body of this response, for the guest.
    pub(crate) fn pass(self, response: reqwest::Response, host: String) -> Body {
        let left = self.limit;
        let state = Some((self, response, host, left));
        let frames = stream::try_unfold(state, |state| async move {
            let Some((mut intake, mut response, host, left)) = state else {
                return Ok(None);
            };
            let Some(piece) = intake.next(&mut response, &host).await? else {
                let rest = intake
                    .replacer
                    .as_mut()
                    .map(Replacer::finish)
                    .unwrap_or_default();
                return Ok((!rest.is_empty()).then_some((rest, None)));
            };
            let Some(left) = left.checked_sub(piece.len() as u64) else {
                return Err(BodyError(format!(
                    "the response of {host} is larger than {} bytes (option max_response_bytes)",
                    intake.limit
                )));
            };
            let piece = match intake.replacer.as_mut() {
                Some(replacer) => replacer.push(&piece),
                None => piece,
            };
            Ok(Some((piece, Some((intake, response, host, left)))))
        });
        StreamBody::new(frames.map_ok(Frame::data)).boxed_unsync()
    }

    async fn next(
        &self,
        response: &mut reqwest::Response,
        host: &str,
    ) -> Result<Option<Bytes>, BodyError> {
        let deadline = self.clock.now().plus(self.pause);
        let piece = pin!(response.chunk());
        tokio::select! {
            biased;
            piece = piece => piece.map_err(|error| {
                let cause = crate::wire::root_cause(&error);
                BodyError(format!("the response of {host} broke off: {cause}"))
            }),
            () = self.clock.sleep_until(deadline) => Err(BodyError(format!(
                "the response of {host} paused for more than {} ms (option between_bytes_timeout)",
                self.pause.as_millis()
            ))),
        }
    }
}
