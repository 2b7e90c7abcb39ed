//! Which credentials a connection sends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_model::SecretSet;
use forebay_model::manifest::{AuthChoice, AuthScheme};
use forebay_model::template::setting_text;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::Value;

use crate::redact::redact;
use crate::replace::Replacements;
use crate::token::TokenSource;

/// Credentials as headers.
pub(crate) type Credentials = Vec<(HeaderName, HeaderValue)>;

/// Which credentials a connection sends.
pub(crate) enum Auth {
    /// The same with every request; empty for none.
    Fixed(Credentials),
    /// A token that is fetched.
    Token(Box<TokenSource>),
}

impl Auth {
    /// The first choice whose conditions hold; problems in words. Credentials that are made of
    /// secrets are added to the redactions.
    pub(crate) fn new(
        choices: &[AuthChoice],
        settings: &Value,
        secrets: &SecretSet,
        redactions: &mut Replacements,
        problems: &mut Vec<String>,
    ) -> Self {
        let none = Self::Fixed(Vec::new());
        if choices.is_empty() {
            return none;
        }
        let Some(choice) = choices.iter().find(|choice| applies(choice, settings)) else {
            problems.push(format!(
                "none of the connector's ways to authenticate applies to these settings; {}",
                describe(choices)
            ));
            return none;
        };
        let mut missing = choice.scheme.secrets();
        missing.retain(|name| !secrets.contains(name));
        if !missing.is_empty() {
            problems.extend(missing.iter().map(|name| {
                format!("the secret \"{name}\" is missing; the connector authenticates with it")
            }));
            return none;
        }
        let built = match &choice.scheme {
            AuthScheme::None => Ok(Vec::new()),
            AuthScheme::ClientCredentials(client) => {
                return match TokenSource::new(client, settings, secrets) {
                    Ok(source) => Self::Token(Box::new(source)),
                    Err(problem) => {
                        problems.push(problem);
                        none
                    }
                };
            }
            AuthScheme::Headers(headers) => headers
                .iter()
                .map(|header| {
                    let name = header.header.parse::<HeaderName>().map_err(|_| {
                        format!(
                            "the connector's header \"{}\" is no header name",
                            header.header
                        )
                    })?;
                    Ok((
                        name,
                        sensitive(secrets.expose(&header.secret), &header.secret)?,
                    ))
                })
                .collect(),
            AuthScheme::Basic(basic) => {
                let pair = format!(
                    "{}:{}",
                    secrets.expose(&basic.username).unwrap_or_default(),
                    secrets.expose(&basic.password).unwrap_or_default()
                );
                let encoded = STANDARD.encode(pair);
                redact(redactions, "basic", &encoded);
                sensitive(Some(&format!("Basic {encoded}")), &basic.password)
                    .map(|value| vec![(AUTHORIZATION, value)])
            }
            AuthScheme::Bearer(secret) => {
                let token = secrets.expose(secret).unwrap_or_default();
                sensitive(Some(&format!("Bearer {token}")), secret)
                    .map(|value| vec![(AUTHORIZATION, value)])
            }
        };
        built.map_or_else(
            |problem| {
                problems.push(problem);
                none
            },
            Self::Fixed,
        )
    }

    /// Names of the headers the credentials go into: no guest may send one of them.
    pub(crate) fn header_names(&self) -> Vec<HeaderName> {
        match self {
            Self::Fixed(credentials) => credentials.iter().map(|(name, _)| name.clone()).collect(),
            Self::Token(_) => vec![AUTHORIZATION],
        }
    }
}

/// A header value that logs show as `Sensitive`.
pub(crate) fn sensitive(value: Option<&str>, secret: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value.unwrap_or_default()).map_err(|_| {
        format!("the secret \"{secret}\" holds a line break or other sign that no header can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn applies(choice: &AuthChoice, settings: &Value) -> bool {
    choice.when.iter().all(|condition| {
        setting_text(settings, &condition.setting).as_deref() == Some(condition.equals.as_str())
    })
}

fn describe(choices: &[AuthChoice]) -> String {
    let one = |choice: &AuthChoice| {
        let conditions: Vec<_> = choice
            .when
            .iter()
            .map(|condition| format!("{} = \"{}\"", condition.setting, condition.equals))
            .collect();
        conditions.join(" and ")
    };
    let all: Vec<_> = choices.iter().map(one).collect();
    format!("set {}", all.join(", or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_model::manifest::{BasicCredentials, Condition, SecretHeader};
    use serde_json::json;

    fn choose(choices: &[AuthChoice], settings: &Value) -> (Vec<(String, String)>, Vec<String>) {
        let mut secrets = SecretSet::default();
        secrets.insert("id", "app-1");
        secrets.insert("key", "s3cret-key");
        secrets.insert("broken", "a\nb");
        let mut problems = Vec::new();
        let mut redactions = Replacements::default();
        let auth = Auth::new(choices, settings, &secrets, &mut redactions, &mut problems);
        let Auth::Fixed(credentials) = auth else {
            panic!("no token here")
        };
        let shown = credentials.iter().map(|(name, value)| {
            assert!(value.is_sensitive());
            (name.to_string(), value.to_str().unwrap().to_owned())
        });
        (shown.collect(), problems)
    }

    fn choice(when: &[(&str, &str)], scheme: AuthScheme) -> AuthChoice {
        let condition = |(setting, equals): &(&str, &str)| Condition {
            setting: (*setting).to_owned(),
            equals: (*equals).to_owned(),
        };
        AuthChoice {
            when: when.iter().map(condition).collect(),
            scheme,
        }
    }

    #[test]
    fn the_first_choice_that_applies_is_taken() {
        let header = |header: &str, secret: &str| SecretHeader {
            header: header.into(),
            secret: secret.into(),
        };
        let choices = [
            choice(&[("auth", "token")], AuthScheme::Bearer("key".into())),
            choice(
                &[("auth", "pair"), ("strict", "true")],
                AuthScheme::Headers(vec![header("App-ID", "id"), header("Auth-Token", "key")]),
            ),
            choice(
                &[("auth", "basic")],
                AuthScheme::Basic(BasicCredentials {
                    username: "id".into(),
                    password: "key".into(),
                }),
            ),
        ];
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            choose(&choices, &json!({"auth": "token"})).0,
            [own("authorization", "Bearer s3cret-key")]
        );
        assert_eq!(
            choose(&choices, &json!({"auth": "pair", "strict": true})).0,
            [own("app-id", "app-1"), own("auth-token", "s3cret-key")]
        );
        assert_eq!(
            choose(&choices, &json!({"auth": "basic"})).0,
            [own("authorization", "Basic YXBwLTE6czNjcmV0LWtleQ==")]
        );
        assert_eq!(
            choose(&choices, &json!({"auth": "other"})).1,
            [
                "none of the connector's ways to authenticate applies to these settings; set auth \
                 = \"token\", or auth = \"pair\" and strict = \"true\", or auth = \"basic\""
            ]
        );
    }

    #[test]
    fn secrets_that_cannot_be_used_are_named() {
        let (_, problems) = choose(
            &[choice(&[], AuthScheme::Bearer("absent".into()))],
            &json!({}),
        );
        assert_eq!(
            problems,
            ["the secret \"absent\" is missing; the connector authenticates with it"]
        );
        let (_, problems) = choose(
            &[choice(&[], AuthScheme::Bearer("broken".into()))],
            &json!({}),
        );
        assert!(
            problems[0].contains("\"broken\" holds a line break"),
            "{problems:?}"
        );
    }
}
