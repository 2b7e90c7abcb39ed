//! Custom actions: the entries of iconik's menus by which people start a flow. Those that the
//! settings name are registered with our address and secret; what they send becomes events.

use std::collections::BTreeMap;

use forebay_sdk::connector::{WebhookRequest, secret_placeholder};
use forebay_sdk::http::encode_component;
use forebay_sdk::{Entity, Error, Event, Field, Finding, Value, digest, info, lenient};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::Iconik;
use crate::describe::{ACTION_ENDPOINT, SECRET_HEADER, WEBHOOK_SECRET};
use crate::hooks::words;
use crate::settings::CustomAction;
use crate::values::plain;
use crate::wire::{Page, View, moment};

/// Header that names the action. A delivery tells its id only, which differs between tenants.
const NAME_HEADER: &str = "X-Forebay-Action";

/// What a custom action sends. It may also hold a token, which is not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Invocation {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) system_domain_id: String,
    #[serde(deserialize_with = "lenient::string")]
    context: String,
    #[serde(deserialize_with = "lenient::string")]
    action_id: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    user_id: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    asset_ids: Vec<String>,
    #[serde(deserialize_with = "lenient::list")]
    collection_ids: Vec<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    metadata_values: Map<String, Json>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_created: Option<String>,
}

/// A registered custom action.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAction {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) title: String,
    #[serde(deserialize_with = "lenient::string")]
    context: String,
    #[serde(deserialize_with = "lenient::string")]
    url: String,
    #[serde(deserialize_with = "lenient::string")]
    metadata_view: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) status: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) last_error: String,
    #[serde(deserialize_with = "lenient::or_default")]
    disabled: bool,
    #[serde(deserialize_with = "lenient::or_default")]
    headers: BTreeMap<String, Json>,
}

impl Iconik {
    /// Somebody chose the action in a menu. Every asset it was invoked on is an event, and every
    /// collection where there are no assets; each names the others as related, and all of one
    /// invocation hold the same `invocation`.
    pub(crate) fn invoked(
        &self,
        invocation: &Invocation,
        request: &WebhookRequest,
    ) -> Result<Vec<Event>, Error> {
        let at = moment(invocation.date_created.as_ref()).unwrap_or(request.received_at);
        let token = match &invocation.date_created {
            Some(created) => format!("{}:{created}", invocation.action_id),
            None => digest::sha256_hex(&request.body),
        };
        let mut data = vec![
            Field::new("context", invocation.context.as_str()),
            Field::new("action", invocation.action_id.as_str()),
            Field::new("invocation", token.as_str()),
        ];
        let named = request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(NAME_HEADER));
        data.extend(named.map(|header| Field::new("action-name", header.value.as_str())));
        data.extend(
            invocation
                .user_id
                .iter()
                .map(|user| Field::new("user", user.as_str())),
        );
        data.extend(invocation.metadata_values.iter().map(form_value));
        let assets = invocation
            .asset_ids
            .iter()
            .map(|id| Entity::new("asset", id));
        let collections = invocation.collection_ids.iter();
        let collections = collections.map(|id| Entity::new("collection", id));
        let all: Vec<Entity> = assets.chain(collections).collect();
        let subjects = if invocation.asset_ids.is_empty() {
            all.len()
        } else {
            invocation.asset_ids.len()
        };
        let event = |(place, entity): (usize, &Entity)| Event {
            actor: invocation.user_id.clone(),
            data: data.clone(),
            related: others(&all, place),
            ..Event::new("action.invoked", entity.clone(), token.clone(), at)
        };
        Ok(all.iter().enumerate().take(subjects).map(event).collect())
    }

    /// Register what is missing, put right what differs, make what is failing healthy again.
    pub(crate) fn arm_actions(&self, base_url: &str) -> Result<Vec<Finding>, Error> {
        if self.settings.custom_actions.is_empty() {
            return Ok(Vec::new());
        }
        let url = self.endpoint_url(base_url, ACTION_ENDPOINT);
        let standing = self.actions()?;
        let mut findings = Vec::new();
        for action in &self.settings.custom_actions {
            let wanted = self.wanted_action(action, &url)?;
            let found = standing
                .iter()
                .find(|other| other.title == wanted.title && other.context == wanted.context);
            match self.arm_action(found, &wanted) {
                Ok(finding) => findings.extend(finding),
                Err(Error::Invalid(why)) => findings.push(Finding::warning(
                    "custom_actions",
                    format!(
                        "iconik refuses the custom action {}: {}",
                        action.name,
                        words(&Error::Invalid(why))
                    ),
                    "correct it in the setting `custom_actions`",
                )),
                Err(error) => {
                    let during = format!("while arming the custom action {}", action.name);
                    return Err(error.context(during));
                }
            }
        }
        Ok(findings)
    }

    fn arm_action(
        &self,
        found: Option<&RawAction>,
        wanted: &RawAction,
    ) -> Result<Option<Finding>, Error> {
        let title = &wanted.title;
        let context = encode_component(&wanted.context);
        let list = self.url(&format!("assets/v1/custom_actions/{context}/"));
        let Some(found) = found else {
            // Repeating looks first.
            let call = self.http.post(list).json(&body(wanted));
            call.send_effect()?.or_repeat()?;
            let message = format!("the custom action {title} is registered");
            return Ok(Some(Finding::info("custom_actions", message)));
        };
        if found.disabled {
            return Ok(Some(Finding::warning(
                "custom_actions",
                format!("the custom action {title} has been disabled in iconik"),
                "enable it in iconik, or delete it there so that it is registered anew",
            )));
        }
        // iconik may keep the headers to itself; then they are taken as right.
        let headers = found.headers.is_empty() || found.headers == wanted.headers;
        let view = found.metadata_view == wanted.metadata_view;
        if found.url == wanted.url && headers && view && found.status != "FAILING" {
            return Ok(None);
        }
        self.put_action(&found.id, wanted)?;
        let message = format!("the custom action {title} has been put right");
        Ok(Some(Finding::info("custom_actions", message)))
    }

    fn put_action(&self, id: &str, wanted: &RawAction) -> Result<(), Error> {
        let (context, id) = (encode_component(&wanted.context), encode_component(id));
        let url = self.url(&format!("assets/v1/custom_actions/{context}/{id}/"));
        let call = self.http.put(url).json(&body(wanted));
        call.send_effect()?.or_repeat()?;
        Ok(())
    }

    /// Make own custom actions that are failing healthy again.
    pub(crate) fn rearm_actions(&self) -> Result<(), Error> {
        for action in self.own_actions()? {
            if action.status == "FAILING" {
                let wanted = RawAction {
                    headers: headers(&action.title),
                    ..action.clone()
                };
                self.put_action(&action.id, &wanted)?;
                let why = &action.last_error;
                info!(
                    "the custom action {} was FAILING and is healthy again: {why}",
                    action.title
                );
            }
        }
        Ok(())
    }

    /// Custom actions that the settings name, as they stand at iconik.
    pub(crate) fn own_actions(&self) -> Result<Vec<RawAction>, Error> {
        let named = &self.settings.custom_actions;
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let mut actions = self.actions()?;
        actions.retain(|action| {
            let own = |own: &CustomAction| {
                own.name == action.title && own.context.word() == action.context
            };
            named.iter().any(own)
        });
        Ok(actions)
    }

    fn actions(&self) -> Result<Vec<RawAction>, Error> {
        let url = self.url("assets/v1/custom_actions/");
        let page: Page<RawAction> = self.http.get(url).send()?.json()?;
        Ok(page.objects)
    }

    fn wanted_action(&self, action: &CustomAction, url: &str) -> Result<RawAction, Error> {
        Ok(RawAction {
            title: action.name.clone(),
            context: action.context.word().to_owned(),
            url: url.to_owned(),
            metadata_view: self.form_view(&action.metadata_view)?,
            headers: headers(&action.name),
            ..RawAction::default()
        })
    }

    /// Id of the metadata view that is the form, by its id or name.
    fn form_view(&self, view: &str) -> Result<String, Error> {
        if view.is_empty() {
            return Ok(String::new());
        }
        let url = self.url("metadata/v1/views/");
        let views: Page<View> = self.http.get(url).send()?.json()?;
        let found = views
            .objects
            .into_iter()
            .find(|known| known.id == view || known.name == view);
        found.map(|found| found.id).ok_or_else(|| {
            let message = format!("there is no metadata view {view}");
            Error::invalid(message).with_field("custom_actions")
        })
    }
}

/// All but the one at a place.
fn others(all: &[Entity], place: usize) -> Vec<Entity> {
    let others = all.iter().enumerate().filter(|(other, _)| *other != place);
    others.map(|(_, entity)| entity.clone()).collect()
}

/// What a person filled in, under `form.` and the field's name.
fn form_value((name, entry): (&String, &Json)) -> Field {
    let values = entry["field_values"].as_array().into_iter().flatten();
    let mut values: Vec<String> = values.map(|value| plain(&value["value"])).collect();
    let value = match values.len() {
        0 => Value::None,
        1 => Value::text(values.remove(0)),
        _ => Value::Texts(values),
    };
    Field::new(format!("form.{name}"), value)
}

/// The host puts the secret in place of its name on the way out.
fn headers(name: &str) -> BTreeMap<String, Json> {
    let secret = Json::String(secret_placeholder(WEBHOOK_SECRET));
    BTreeMap::from([
        (SECRET_HEADER.to_owned(), secret),
        (NAME_HEADER.to_owned(), json!(name)),
    ])
}

fn body(action: &RawAction) -> Json {
    let view = Some(&action.metadata_view).filter(|view| !view.is_empty());
    json!({
        "title": action.title, "context": action.context, "type": "POST", "url": action.url,
        "headers": action.headers, "metadata_view": view, "status": "HEALTHY",
    })
}
