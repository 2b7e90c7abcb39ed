//! Access tokens: fetched with client credentials, kept in memory, renewed before they end.

use std::sync::{Mutex as PlainMutex, PoisonError};
use std::time::Duration;

use forebay_model::manifest::{ClientCredentials, ParametersIn};
use forebay_model::template::expand;
use forebay_model::{SecretSet, SharedClock, Timestamp};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::auth::{Credentials, sensitive};
use crate::body::Progress;
use crate::reach::Reach;
use crate::redact::{redact, redactions};
use crate::replace::Replacements;
use crate::wire::Wire;
use crate::{Error, Options, Timeouts};

/// Name under which a token is taken out of texts.
const TOKEN_NAME: &str = "access-token";

/// Largest reply of a token endpoint; a token with its company has a few KB.
const MAX_REPLY_BYTES: usize = 64 << 10;

/// Most of an endpoint's own words that go into a message.
const MAX_QUOTED: usize = 200;

/// Tokens kept for redaction: the live one, and the one before, which requests under way may still
/// carry.
const TOKENS_REDACTED: usize = 2;

/// Fetches and keeps the access token of a connection.
pub(crate) struct TokenSource {
    url: Url,
    send_in: ParametersIn,
    parameters: Vec<(String, SecretString)>,
    token_field: String,
    expires_field: String,
    /// To keep an endpoint's echo out of messages.
    redactions: Replacements,
    /// Locked while a token is fetched, so that one request serves all who wait.
    state: Mutex<State>,
    recent: PlainMutex<Vec<SecretString>>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    generation: u64,
    failure: Option<(Timestamp, Error)>,
    /// When a token was last replaced because the vendor refused it.
    replaced_at: Option<Timestamp>,
}

#[derive(Clone)]
struct Token {
    header: HeaderValue,
    generation: u64,
    renew_at: Timestamp,
    ends_at: Timestamp,
}

/// A token to send.
pub(crate) struct Issued {
    pub(crate) credentials: Credentials,
    generation: u64,
}

/// What fetching a token needs of its connection.
pub(crate) struct Circumstances<'a> {
    pub(crate) wire: &'a Wire,
    pub(crate) reach: &'a Reach,
    pub(crate) options: &'a Options,
    pub(crate) clock: &'a SharedClock,
}

impl TokenSource {
    /// From what the connector declares. The secrets are there.
    pub(crate) fn new(
        client: &ClientCredentials,
        settings: &Value,
        secrets: &SecretSet,
    ) -> Result<Self, String> {
        let Some(text) = expand(&client.token_url, settings) else {
            return Err(format!(
                "the token URL \"{}\" names a setting that is absent",
                client.token_url
            ));
        };
        let url = Url::parse(&text)
            .map_err(|error| format!("the token URL \"{text}\" is none: {error}"))?;
        let mut parameters = Vec::new();
        if client
            .parameters
            .iter()
            .all(|pair| pair.name != "grant_type")
        {
            parameters.push(("grant_type".to_owned(), "client_credentials".to_owned()));
        }
        for pair in &client.parameters {
            // A parameter whose template names an absent setting is left out.
            if let Some(value) = expand(&pair.value, settings) {
                parameters.push((pair.name.clone(), value));
            }
        }
        for name in [&client.id_parameter, &client.secret_parameter] {
            let value = secrets.expose(name).unwrap_or_default();
            parameters.push((name.clone(), value.to_owned()));
        }
        Ok(Self {
            url,
            send_in: client.send_in,
            parameters: parameters
                .into_iter()
                .map(|(name, value)| (name, SecretString::from(value)))
                .collect(),
            token_field: client.token_field.clone(),
            expires_field: client.expires_field.clone(),
            redactions: redactions(secrets),
            state: Mutex::default(),
            recent: PlainMutex::default(),
        })
    }

    /// The token endpoint.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The live token, fetched or renewed if need be.
    pub(crate) async fn issue(&self, around: &Circumstances<'_>) -> Result<Issued, Error> {
        let mut state = self.state.lock().await;
        let now = around.clock.now();
        if let Some(token) = &state.token
            && now < token.renew_at
        {
            return Ok(token.issued());
        }
        match self.renew(&mut state, around).await {
            Ok(token) => Ok(token.issued()),
            // A token that is still good makes a failed renewal no problem yet.
            Err(error) => match &state.token {
                Some(token) if around.clock.now() < token.ends_at => Ok(token.issued()),
                _ => Err(error),
            },
        }
    }

    /// A token other than `refused`, which the vendor did not take. `None` if one was replaced for
    /// that reason only just now: then it is not the token that is wrong.
    pub(crate) async fn replace(
        &self,
        refused: &Issued,
        around: &Circumstances<'_>,
    ) -> Result<Option<Issued>, Error> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token
            && token.generation != refused.generation
        {
            return Ok(Some(token.issued()));
        }
        let now = around.clock.now();
        if state
            .replaced_at
            .is_some_and(|at| now < at.plus(around.options.token_pause))
        {
            return Ok(None);
        }
        state.token = None;
        state.replaced_at = Some(now);
        metrics::counter!("forebay_egress_token_replacements_total").increment(1);
        self.renew(&mut state, around)
            .await
            .map(|token| Some(token.issued()))
    }

    /// Add the recent tokens to what is taken out of responses.
    pub(crate) fn redact(&self, redactions: &mut Replacements) {
        for token in self
            .recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            redact(redactions, TOKEN_NAME, token.expose_secret());
        }
    }

    async fn renew(&self, state: &mut State, around: &Circumstances<'_>) -> Result<Token, Error> {
        let now = around.clock.now();
        if let Some((until, error)) = &state.failure
            && now < *until
        {
            return Err(error.clone());
        }
        match self.fetch(around).await {
            Ok((text, lifetime)) => {
                let token = self.keep(state, &text, lifetime, now, around.options)?;
                state.failure = None;
                Ok(token)
            }
            Err(error) => {
                let until = around.clock.now().plus(around.options.token_pause);
                state.failure = Some((until, error.clone()));
                Err(error)
            }
        }
    }

    fn keep(
        &self,
        state: &mut State,
        text: &SecretString,
        lifetime: Option<Duration>,
        now: Timestamp,
        options: &Options,
    ) -> Result<Token, Error> {
        let header = sensitive(
            Some(&format!("Bearer {}", text.expose_secret())),
            TOKEN_NAME,
        )
        .map_err(|message| Error::AuthUnavailable { message })?;
        let lifetime = lifetime.unwrap_or(options.token_lifetime);
        let margin = options.token_margin.min(lifetime / 4);
        state.generation += 1;
        let token = Token {
            header,
            generation: state.generation,
            renew_at: now.plus(lifetime.saturating_sub(margin)),
            ends_at: now.plus(lifetime),
        };
        state.token = Some(token.clone());
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.insert(0, text.clone());
        recent.truncate(TOKENS_REDACTED);
        Ok(token)
    }

    /// One request to the endpoint: the token and its lifetime.
    async fn fetch(
        &self,
        around: &Circumstances<'_>,
    ) -> Result<(SecretString, Option<Duration>), Error> {
        let origin = around.reach.check_token(&self.url)?;
        let unavailable = |message: String| Error::AuthUnavailable {
            message: format!("the token endpoint at {origin} {message}"),
        };
        let timeouts = Timeouts::UNLIMITED.within(around.options);
        let progress = Progress::new(around.clock.clone());
        let mut response = around
            .wire
            .send(self.request(), &timeouts, &progress)
            .await
            .map_err(|error| unavailable(format!("is out of reach: {error}")))?;
        let status = response.status();
        let body = read_reply(&mut response, around.clock, timeouts.between_bytes)
            .await
            .map_err(|message| unavailable(format!("answered {status}, and {message}")))?;
        let reply: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !status.is_success() {
            let quoted = self.quote(&reply);
            let is_refusal = status.is_client_error() && ![408, 429].contains(&status.as_u16());
            return Err(if is_refusal {
                Error::AuthRefused {
                    message: format!("the token endpoint at {origin} answered {status}{quoted}"),
                }
            } else {
                unavailable(format!("answered {status}{quoted}"))
            });
        }
        let token = reply
            .get(&self.token_field)
            .and_then(Value::as_str)
            .unwrap_or_default();
        if token.is_empty() {
            return Err(unavailable(format!(
                "answered {status} without a text in the field \"{}\"",
                self.token_field
            )));
        }
        let lifetime = reply.get(&self.expires_field).and_then(seconds);
        Ok((SecretString::from(token), lifetime))
    }

    fn request(&self) -> reqwest::Request {
        let mut url = self.url.clone();
        let pairs = || {
            self.parameters
                .iter()
                .map(|(name, value)| (name, value.expose_secret()))
        };
        let (kind, body) = match self.send_in {
            ParametersIn::Query => {
                url.query_pairs_mut().extend_pairs(pairs());
                (None, String::new())
            }
            ParametersIn::Form => {
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(pairs())
                    .finish();
                (Some("application/x-www-form-urlencoded"), form)
            }
            ParametersIn::Json => {
                let members = pairs().map(|(name, value)| (name.clone(), Value::from(value)));
                (
                    Some("application/json"),
                    Value::Object(members.collect()).to_string(),
                )
            }
        };
        let mut request = reqwest::Request::new(http::Method::POST, url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(kind) = kind {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        *request.body_mut() = Some(body.into());
        request
    }

    /// What the endpoint says is wrong, as far as it says so in the usual fields.
    fn quote(&self, reply: &Value) -> String {
        let said: Vec<_> = ["error", "error_description", "message"]
            .iter()
            .filter_map(|field| reply.get(field)?.as_str())
            .collect();
        if said.is_empty() {
            return String::new();
        }
        let said: String = self
            .redactions
            .apply_text(&said.join(": "))
            .chars()
            .take(MAX_QUOTED)
            .collect();
        format!(" ({said})")
    }
}

impl Token {
    fn issued(&self) -> Issued {
        Issued {
            credentials: vec![(AUTHORIZATION, self.header.clone())],
            generation: self.generation,
        }
    }
}

/// A lifetime: Canto has been seen to give it as a text and as a number.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())?;
    (seconds > 0.0)
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}

async fn read_reply(
    response: &mut reqwest::Response,
    clock: &SharedClock,
    pause: Duration,
) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let deadline = clock.now().plus(pause);
        let piece = tokio::select! {
            biased;
            piece = response.chunk() => piece.map_err(|_| "its reply broke off".to_owned())?,
            () = clock.sleep_until(deadline) => return Err("its reply stopped midway".to_owned()),
        };
        let Some(piece) = piece else { return Ok(body) };
        body.extend_from_slice(&piece);
        if body.len() > MAX_REPLY_BYTES {
            return Err(format!("its reply is larger than {MAX_REPLY_BYTES} bytes"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lifetimes_come_as_number_or_text() {
        assert_eq!(seconds(&json!(3600)), Some(Duration::from_secs(3600)));
        assert_eq!(
            seconds(&json!("2592000")),
            Some(Duration::from_secs(2_592_000))
        );
        for none in [json!("soon"), json!(-1), json!(null), json!(1e300)] {
            assert_eq!(seconds(&none), None, "{none}");
        }
    }
}
