//! Proof that a webhook delivery is genuine, and the delivery without its secrets.

use forebay_model::SecretSet;
use forebay_model::manifest::{WebhookAuth, WebhookEndpoint};
use forebay_model::ports::HeaderField;
use forebay_model::secret::PLACEHOLDER;
use http::header::{AUTHORIZATION, COOKIE, HeaderMap, PROXY_AUTHORIZATION};
use serde_json::Value;

use crate::redact::redactions;

/// Why a delivery is refused. The messages name no secret and may go to the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// The body is not what the endpoint's proof needs: the sender made a mistake (400).
    #[error("malformed delivery: {0}")]
    Malformed(String),
    /// It carries no proof (401).
    #[error("no {0} with the delivery")]
    Missing(String),
    /// Its proof is wrong (401).
    #[error("wrong {0} with the delivery")]
    Wrong(String),
    /// The connection has no secret of this name, so nothing can be genuine (an operator's mistake).
    #[error("the connection has no secret \"{0}\" to compare with")]
    Unconfigured(String),
}

/// A genuine delivery, without credentials and secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Headers, names in lowercase.
    pub headers: Vec<HeaderField>,
    /// Body.
    pub body: Vec<u8>,
}

/// Check a delivery against the endpoint's proof, in constant time, and take the secrets out.
///
/// # Errors
/// See [`WebhookRefusal`].
pub fn verify_webhook(
    endpoint: &WebhookEndpoint,
    secrets: &SecretSet,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Verified, WebhookRefusal> {
    if !secrets.contains(&endpoint.secret) {
        return Err(WebhookRefusal::Unconfigured(endpoint.secret.clone()));
    }
    let (proof, body) = match &endpoint.auth {
        WebhookAuth::BodyField(field) => (
            None,
            without_body_field(field, &endpoint.secret, secrets, body)?,
        ),
        WebhookAuth::Header(name) => {
            check_header(name, &endpoint.secret, secrets, headers)?;
            (Some(name.to_ascii_lowercase()), body.to_vec())
        }
    };
    let redactions = redactions(secrets);
    let headers = headers
        .iter()
        .filter(|(name, _)| ![AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name))
        .map(|(name, value)| HeaderField {
            name: name.as_str().to_owned(),
            value: if proof.as_deref() == Some(name.as_str()) {
                format!("{PLACEHOLDER}{}", endpoint.secret)
            } else {
                redactions.apply_text(&String::from_utf8_lossy(value.as_bytes()))
            },
        })
        .collect();
    Ok(Verified {
        headers,
        body: redactions.apply(&body),
    })
}

/// Compare the field and put the placeholder in its place.
fn without_body_field(
    field: &str,
    secret: &str,
    secrets: &SecretSet,
    body: &[u8],
) -> Result<Vec<u8>, WebhookRefusal> {
    let mut document: Value = serde_json::from_slice(body)
        .map_err(|error| WebhookRefusal::Malformed(format!("the body is not JSON: {error}")))?;
    let Value::Object(members) = &mut document else {
        return Err(WebhookRefusal::Malformed(
            "the body is not a JSON object".to_owned(),
        ));
    };
    let Some(member) = members.get_mut(field) else {
        return Err(WebhookRefusal::Missing(format!("body field \"{field}\"")));
    };
    let genuine = member
        .as_str()
        .is_some_and(|text| !text.is_empty() && secrets.matches(secret, text.as_bytes()));
    if !genuine {
        return Err(WebhookRefusal::Wrong(format!("body field \"{field}\"")));
    }
    *member = Value::from(format!("{PLACEHOLDER}{secret}"));
    serde_json::to_vec(&document).map_err(|error| WebhookRefusal::Malformed(error.to_string()))
}

fn check_header(
    name: &str,
    secret: &str,
    secrets: &SecretSet,
    headers: &HeaderMap,
) -> Result<(), WebhookRefusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Err(WebhookRefusal::Missing(format!("header \"{name}\"")));
    };
    if values.next().is_some() {
        return Err(WebhookRefusal::Malformed(format!(
            "header \"{name}\" is there twice"
        )));
    }
    if value.is_empty() || !secrets.matches(secret, value.as_bytes()) {
        return Err(WebhookRefusal::Wrong(format!("header \"{name}\"")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> SecretSet {
        let mut secrets = SecretSet::default();
        secrets.insert("hook", "new-secret");
        secrets.insert("hook", "old-secret");
        secrets.insert("empty", "");
        secrets
    }

    fn verify(
        auth: WebhookAuth,
        secret: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<(Vec<(String, String)>, String), WebhookRefusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                name.parse::<http::HeaderName>().unwrap(),
                value.parse().unwrap(),
            );
        }
        let endpoint = WebhookEndpoint {
            name: "events".into(),
            summary: String::new(),
            auth,
            secret: secret.into(),
        };
        let verified = verify_webhook(&endpoint, &secrets(), &map, body.as_bytes())?;
        let headers = verified
            .headers
            .into_iter()
            .map(|field| (field.name, field.value));
        Ok((headers.collect(), String::from_utf8(verified.body).unwrap()))
    }

    #[test]
    fn a_token_in_the_body_proves_and_vanishes() {
        let field = || WebhookAuth::BodyField("secure_token".into());
        for value in ["new-secret", "old-secret"] {
            let body = format!(r#"{{"secure_token":"{value}","id":"a","note":"is {value}"}}"#);
            let headers = [
                ("authorization", "Basic x"),
                ("cookie", "a"),
                ("x-echo", value),
            ];
            let (headers, body) = verify(field(), "hook", &headers, &body).unwrap();
            assert_eq!(
                body,
                r#"{"secure_token":"forebay-secret:hook","id":"a","note":"is forebay-secret:hook"}"#
            );
            assert_eq!(
                headers,
                [("x-echo".to_owned(), "forebay-secret:hook".to_owned())]
            );
        }
        for (body, refusal) in [
            (
                r#"{"secure_token":"other"}"#,
                "wrong body field \"secure_token\" with the delivery",
            ),
            (
                r#"{"secure_token":""}"#,
                "wrong body field \"secure_token\" with the delivery",
            ),
            (
                r#"{"secure_token":7}"#,
                "wrong body field \"secure_token\" with the delivery",
            ),
            (
                r#"{"a":{"secure_token":"new-secret"}}"#,
                "no body field \"secure_token\" with the delivery",
            ),
            ("[]", "malformed delivery: the body is not a JSON object"),
        ] {
            assert_eq!(
                verify(field(), "hook", &[], body).unwrap_err().to_string(),
                refusal
            );
        }
        assert!(matches!(
            verify(field(), "hook", &[], "{not json"),
            Err(WebhookRefusal::Malformed(_))
        ));
    }

    #[test]
    fn a_secret_in_a_header_proves_and_vanishes() {
        let header = || WebhookAuth::Header("X-Flow-Secret".into());
        let good = ("x-flow-secret", "new-secret");
        let (headers, body) = verify(header(), "hook", &[good], "any new-secret").unwrap();
        assert_eq!(
            headers,
            [("x-flow-secret".to_owned(), "forebay-secret:hook".to_owned())]
        );
        assert_eq!(body, "any forebay-secret:hook");
        assert!(matches!(
            verify(header(), "hook", &[], ""),
            Err(WebhookRefusal::Missing(_))
        ));
        assert!(matches!(
            verify(header(), "hook", &[("x-flow-secret", "new-secre")], ""),
            Err(WebhookRefusal::Wrong(_))
        ));
        assert!(matches!(
            verify(header(), "hook", &[good, good], ""),
            Err(WebhookRefusal::Malformed(_))
        ));
        assert!(matches!(
            verify(header(), "empty", &[("x-flow-secret", "")], ""),
            Err(WebhookRefusal::Wrong(_))
        ));
        assert!(matches!(
            verify(header(), "absent", &[good], ""),
            Err(WebhookRefusal::Unconfigured(_))
        ));
    }
}
