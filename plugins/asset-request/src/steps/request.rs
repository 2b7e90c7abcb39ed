//! What was asked for: a form in the workflow engine, a request over REST, a custom action of the DAM.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{Facts, OneOrMany};
use forebay_sdk::handler::Declined;
use forebay_sdk::{Delivery, Error, Event, Field, FieldsExt, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Meanings that are no fields of an asset.
const NO_FIELDS: [&str; 6] = ["due_date", "channels", "duration", "formats", "items", "q"];

/// What somebody asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Its id: the process of the form, or the requester's own name for it.
    pub id: String,
    /// Mail address of whoever asks.
    pub requester: String,
    /// What was filled in, under the form's own names.
    pub form: BTreeMap<String, OneOrMany>,
}

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A person started this process.
    Form(String, Option<String>),
    /// All of it is here.
    Whole(Box<Request>),
}

impl Ask {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Form(process, _) => process,
            Self::Whole(request) => &request.id,
        }
    }
}

/// What a first delivery asks for, or why it is none of this flow's business.
pub(crate) fn ask_of(config: &Config, delivery: &Delivery) -> Result<Ask, Declined> {
    match delivery {
        Delivery::Request(_) => {
            let mut request: Request = delivery.request().map_err(Declined::Wrong)?;
            if request.form.is_empty() {
                let mistake = Error::invalid("`form` is missing: what is asked for");
                return Err(Declined::Wrong(mistake));
            }
            if request.id.is_empty() {
                request.id = request.digest();
            }
            Ok(Ask::Whole(Box::new(request)))
        }
        Delivery::Event(incoming) => of_event(config, &incoming.event).map_err(Declined::NotOurs),
        Delivery::Timer(_) | Delivery::Signal(_) => Err(Declined::Wrong(Error::invalid(
            "a run starts with a request or an event",
        ))),
    }
}

fn of_event(config: &Config, event: &Event) -> Result<Ask, String> {
    let text = |name: &str| event.data.text(name).unwrap_or_default();
    match event.kind.as_str() {
        "process.started" => {
            let definition = text("definition");
            if definition != config.request_definition {
                return Err(format!("processes of `{definition}` are no requests"));
            }
            if text("business-key").starts_with(&format!("{}:", config.key_prefix)) {
                return Err("the flow started this process itself".to_owned());
            }
            Ok(Ask::Form(event.entity.id.clone(), event.actor.clone()))
        }
        "action.invoked" => {
            let (id, name) = (text("action"), text("action-name"));
            if !config
                .actions
                .iter()
                .any(|known| known == id || known == name)
            {
                return Err(format!("the action {name} is no request"));
            }
            let form = event.data.iter().filter_map(|field| {
                let name = field.name.strip_prefix("form.")?;
                Some((name.to_owned(), OneOrMany(field.value.to_texts())))
            });
            let request = Request {
                id: text("invocation").to_owned(),
                requester: event.actor.clone().unwrap_or_default(),
                form: form.collect(),
            };
            Ok(Ask::Whole(Box::new(request)))
        }
        other => Err(format!("the event {other} starts nothing here")),
    }
}

impl Request {
    /// What stands in the variables of a form's process.
    pub(crate) fn of_variables(
        config: &Config,
        id: &str,
        actor: Option<String>,
        variables: &[Field],
    ) -> Self {
        let names = config.form_map.keys();
        let names = names.chain([&config.requester_field, &config.manager_field]);
        let form: BTreeMap<_, _> = names
            .filter_map(|name| {
                let found = variables.value(name)?.to_texts();
                (!found.is_empty()).then(|| (name.clone(), OneOrMany(found)))
            })
            .collect();
        let named = form.get(&config.requester_field);
        let named = named.and_then(|named| named.0.first()).cloned();
        Self {
            id: id.to_owned(),
            requester: named.or(actor).unwrap_or_default(),
            form,
        }
    }

    /// What a form value holds; a text with commas or lines is a list.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let given = self.form.get(name).map(|given| given.0.as_slice());
        let parts = given.unwrap_or_default().iter();
        let parts = parts.flat_map(|text| text.split([',', '\n']));
        let parts = parts.map(|part| part.trim().to_owned());
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// What was asked for under this meaning.
    pub(crate) fn meaning(&self, config: &Config, meaning: &str) -> Vec<String> {
        let names = config
            .form_map
            .iter()
            .filter(|(_, known)| *known == meaning);
        names.flat_map(|(name, _)| self.values(name)).collect()
    }

    /// Logical fields that were asked for, with their values.
    pub(crate) fn wanted(&self, config: &Config) -> Facts {
        let meanings = config.form_map.values();
        let fields = meanings.filter(|meaning| !NO_FIELDS.contains(&meaning.as_str()));
        let wanted = fields.map(|field| (field.clone(), self.meaning(config, field)));
        wanted.filter(|(_, values)| !values.is_empty()).collect()
    }

    /// What rules may ask about: the form's names and their meanings.
    pub(crate) fn facts(&self, config: &Config) -> Facts {
        let form = self
            .form
            .keys()
            .map(|name| (name.clone(), self.values(name)));
        let meanings = config.form_map.values();
        let meanings = meanings.map(|meaning| (meaning.clone(), self.meaning(config, meaning)));
        let facts = meanings.chain(form);
        facts.filter(|(_, values)| !values.is_empty()).collect()
    }

    /// The lines it is divided into.
    pub(crate) fn lines(&self, config: &Config) -> Vec<String> {
        let meaning = if config.deliverables.per_format {
            "formats"
        } else {
            "items"
        };
        let lines = self.meaning(config, meaning);
        if lines.is_empty() {
            let kind = self.meaning(config, "asset_type").into_iter().next();
            return vec![kind.unwrap_or_else(|| "asset".to_owned())];
        }
        lines
    }

    /// The same for requests that ask for the same.
    pub(crate) fn likeness(&self, config: &Config) -> String {
        let parts: Vec<String> = config
            .duplicates
            .on
            .iter()
            .map(|name| {
                let mut values = self.values(name);
                values.sort_unstable();
                values.join("\n").to_lowercase()
            })
            .collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        digest::of_parts(&parts)[..16].to_owned()
    }

    /// What was asked for, for people.
    pub(crate) fn words(&self) -> String {
        let form = self
            .form
            .iter()
            .map(|(name, given)| format!("{name}: {}", given.0.join(", ")));
        form.collect::<Vec<_>>().join("\n")
    }

    fn digest(&self) -> String {
        let words = self.words();
        digest::of_parts(&[&self.requester, &words])[..16].to_owned()
    }
}
