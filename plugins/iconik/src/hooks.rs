//! Webhooks at iconik: registering them, and switching on those that iconik has switched off.

use forebay_sdk::connector::secret_placeholder;
use forebay_sdk::http::encode_component;
use forebay_sdk::{Error, Finding, info, lenient};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::Iconik;
use crate::describe::{EVENTS_ENDPOINT, SECRET_HEADER, WEBHOOK_SECRET};
use crate::wire::Page;

/// A registered webhook.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawHook {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::string")]
    url: String,
    #[serde(deserialize_with = "lenient::string")]
    event_type: String,
    #[serde(deserialize_with = "lenient::string")]
    realm: String,
    #[serde(deserialize_with = "lenient::string")]
    operation: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) status: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) last_error: String,
    #[serde(deserialize_with = "lenient::or_default")]
    headers: Map<String, Json>,
}

impl Iconik {
    /// Register what is missing, put right what differs, switch on what is failing.
    pub(crate) fn arm_hooks(&self, base_url: &str) -> Result<Vec<Finding>, Error> {
        let url = self.endpoint_url(base_url, EVENTS_ENDPOINT);
        let standing = self.hooks()?;
        let mut findings = Vec::new();
        for hook in &self.settings.hooks {
            let wanted = self.wanted_hook(hook, &url);
            let found = standing.iter().find(|other| same_purpose(other, &wanted));
            match self.arm_hook(found, &wanted) {
                Ok(finding) => findings.extend(finding),
                // A realm that this tenant does not know must not stop the others.
                Err(Error::Invalid(why)) => findings.push(Finding::warning(
                    "hooks",
                    format!(
                        "iconik refuses the webhook {hook}: {}",
                        words(&Error::Invalid(why.clone()))
                    ),
                    "take it out of the setting `hooks`; polling finds such changes later",
                )),
                Err(error) => return Err(error.context(format!("while arming the webhook {hook}"))),
            }
        }
        Ok(findings)
    }

    /// Where the host takes deliveries for an endpoint of this connection.
    pub(crate) fn endpoint_url(&self, base_url: &str, endpoint: &str) -> String {
        let base = base_url.trim_end_matches('/');
        let connection = encode_component(self.call.connection());
        format!("{base}/hooks/{connection}/{endpoint}")
    }

    fn arm_hook(
        &self,
        found: Option<&RawHook>,
        wanted: &RawHook,
    ) -> Result<Option<Finding>, Error> {
        let list = self.url("notifications/v1/webhooks/");
        let Some(found) = found else {
            // Repeating looks first, so a lost reply makes no second webhook.
            self.http
                .post(list)
                .json(&body(wanted))
                .send_effect()?
                .or_repeat()?;
            let message = format!("the webhook {} is registered", wanted.name);
            return Ok(Some(Finding::info("hooks", message)));
        };
        if found.status == "DISABLED" {
            return Ok(Some(Finding::warning(
                "hooks",
                format!("the webhook {} has been disabled in iconik", found.name),
                "enable it in iconik, or delete it there so that it is registered anew",
            )));
        }
        // iconik may keep the headers to itself; then they are taken as right.
        let header = found.headers.is_empty() || found.headers == wanted.headers;
        let same = found.url == wanted.url && found.name == wanted.name && header;
        if same && found.status == "ENABLED" {
            return Ok(None);
        }
        self.put_hook(&found.id, wanted)?;
        let message = format!(
            "the webhook {} was {} and is enabled again",
            wanted.name, found.status
        );
        Ok(Some(Finding::info("hooks", message)))
    }

    fn put_hook(&self, id: &str, wanted: &RawHook) -> Result<(), Error> {
        let url = self.url(&format!(
            "notifications/v1/webhooks/{}/",
            encode_component(id)
        ));
        self.http
            .put(url)
            .json(&body(wanted))
            .send_effect()?
            .or_repeat()?;
        Ok(())
    }

    /// Switch own webhooks that iconik has switched off on again. What was missed meanwhile is found
    /// by the scan that follows.
    pub(crate) fn rearm_hooks(&self) -> Result<(), Error> {
        for hook in self.own_hooks()? {
            if hook.status == "FAILING" {
                let wanted = RawHook {
                    headers: headers(),
                    ..hook.clone()
                };
                self.put_hook(&hook.id, &wanted)?;
                info!(
                    "the webhook {} was FAILING and is enabled again: {}",
                    hook.name, hook.last_error
                );
            }
        }
        Ok(())
    }

    /// Webhooks of this connection, by their name.
    pub(crate) fn own_hooks(&self) -> Result<Vec<RawHook>, Error> {
        let prefix = self.hook_prefix();
        let hooks = self.hooks()?;
        Ok(hooks
            .into_iter()
            .filter(|hook| hook.name.starts_with(&prefix))
            .collect())
    }

    fn hooks(&self) -> Result<Vec<RawHook>, Error> {
        let url = self.url("notifications/v1/webhooks/");
        let page: Page<RawHook> = self.http.get(url).send()?.json()?;
        let hooks = page.objects.into_iter();
        Ok(hooks.filter(|hook| hook.status != "DELETED").collect())
    }

    fn hook_prefix(&self) -> String {
        format!("forebay {} ", self.call.connection())
    }

    fn wanted_hook(&self, hook: &str, url: &str) -> RawHook {
        let (event_type, realm) = hook.split_once('/').unwrap_or((hook, ""));
        RawHook {
            name: format!("{}{hook}", self.hook_prefix()),
            url: url.to_owned(),
            event_type: event_type.to_owned(),
            realm: realm.to_owned(),
            headers: headers(),
            ..RawHook::default()
        }
    }
}

/// The host puts the secret in place of its name on the way out.
fn headers() -> Map<String, Json> {
    let secret = Json::String(secret_placeholder(WEBHOOK_SECRET));
    Map::from_iter([(SECRET_HEADER.to_owned(), secret)])
}

/// The same webhook by name, or by what it sends where.
fn same_purpose(found: &RawHook, wanted: &RawHook) -> bool {
    let sends = |hook: &RawHook| {
        (
            hook.event_type.clone(),
            hook.realm.clone(),
            hook.operation.clone(),
        )
    };
    found.name == wanted.name || (found.url == wanted.url && sends(found) == sends(wanted))
}

/// An empty realm or operation stands for all, which is said by leaving it out.
fn body(hook: &RawHook) -> Json {
    let mut body = json!({
        "name": hook.name, "url": hook.url, "event_type": hook.event_type, "status": "ENABLED",
        "headers": hook.headers,
    });
    for (key, value) in [("realm", &hook.realm), ("operation", &hook.operation)] {
        if !value.is_empty() {
            body[key] = json!(value);
        }
    }
    body
}

/// The vendor's words of an error, or ours.
pub(crate) fn words(error: &Error) -> String {
    let vendor = error
        .detail()
        .vendor
        .as_ref()
        .map(|reply| reply.message.clone());
    vendor.unwrap_or_else(|| error.message().to_owned())
}
