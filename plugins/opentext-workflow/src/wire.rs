//! Rows and lists as the engines send them, decoded leniently: both dialects, fields that may be
//! missing, times with and without a colon in their offset.

use forebay_sdk::http::Response;
use forebay_sdk::types::VendorReply;
use forebay_sdk::{Error, Timestamp, lenient, time};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// A process, running or ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProcessRow {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) business_key: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) process_definition_key: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) process_definition_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) start_time: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) end_time: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) start_user_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) delete_reason: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) ended: bool,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) suspended: bool,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) variables: Vec<VariableRow>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) comments: Vec<CommentRow>,
}

impl ProcessRow {
    /// The definition's key; a definition id has the form `key:version:id`.
    pub(crate) fn definition(&self) -> Option<&str> {
        self.process_definition_key
            .as_deref()
            .or_else(|| key_of(self.process_definition_id.as_deref()?))
    }

    pub(crate) fn started_at(&self) -> Option<Timestamp> {
        moment(self.start_time.as_deref())
    }

    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        moment(self.end_time.as_deref())
    }

    /// Why somebody ended it; absent where it came to its own end.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.delete_reason
            .as_deref()
            .filter(|reason| !reason.is_empty())
    }
}

/// A task, open or done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TaskRow {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) assignee: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) owner: Option<String>,
    /// The runtime calls it so, the history `startTime`.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) create_time: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) start_time: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) end_time: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) due_date: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) delete_reason: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) process_instance_id: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) process_definition_id: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) variables: Vec<VariableRow>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) assignments: Vec<AssignmentRow>,
}

impl TaskRow {
    pub(crate) fn definition(&self) -> Option<&str> {
        key_of(self.process_definition_id.as_deref()?)
    }

    pub(crate) fn created_at(&self) -> Option<Timestamp> {
        moment(self.create_time.as_deref()).or_else(|| moment(self.start_time.as_deref()))
    }

    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        moment(self.end_time.as_deref())
    }

    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        moment(self.due_date.as_deref())
    }

    /// Was it taken away instead of completed? Its process ended, or its stage was decided without it.
    pub(crate) fn was_taken_away(&self) -> bool {
        self.delete_reason
            .as_deref()
            .is_some_and(|reason| !reason.is_empty())
    }

    /// Was it completed by somebody?
    pub(crate) fn is_completed(&self) -> bool {
        self.ended_at().is_some() && !self.was_taken_away()
    }
}

/// A variable of a process or a task.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct VariableRow {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    pub(crate) value: Json,
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) scope: String,
}

/// Somebody a task is offered to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AssignmentRow {
    #[serde(alias = "userId", deserialize_with = "lenient::optional_string")]
    pub(crate) user: Option<String>,
    #[serde(alias = "groupId", deserialize_with = "lenient::optional_string")]
    pub(crate) group: Option<String>,
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    pub(crate) kind: String,
}

/// A comment on a task or a process.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CommentRow {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) author: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) time: Option<String>,
}

impl CommentRow {
    pub(crate) fn written_at(&self) -> Option<Timestamp> {
        moment(self.time.as_deref())
    }
}

/// A branch of a running process.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ExecutionRow {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) activity_id: String,
}

/// A process definition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DefinitionRow {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) key: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) version: String,
}

/// A user or a group of a directory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PrincipalRow {
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) display_name: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) first_name: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) last_name: Option<String>,
    pub(crate) enabled: Option<bool>,
}

/// Rows that can be told apart.
pub(crate) trait Identified {
    fn id(&self) -> &str;
}

macro_rules! identified {
    ($($row:ty),*) => { $(impl Identified for $row { fn id(&self) -> &str { &self.id } })* };
}

identified!(ProcessRow, TaskRow, CommentRow, ExecutionRow, DefinitionRow);

/// A page of a list.
pub(crate) struct Listing<T> {
    pub(crate) rows: Vec<T>,
    /// How many there are in all, where the engine says so.
    pub(crate) total: Option<usize>,
}

impl<T> Listing<T> {
    /// Is this the last page, having asked for `count` rows from `offset`? An engine may send fewer
    /// rows than asked for; where it tells the total, that decides.
    pub(crate) fn is_last(&self, offset: usize, count: usize) -> bool {
        let received = self.rows.len();
        match self.total {
            Some(total) => received == 0 || offset + received >= total,
            None => received < count,
        }
    }
}

/// Read a list: HAL (`_embedded`, left out when empty, under a key that follows the resource),
/// Flowable's `data`, or a plain array.
pub(crate) fn listing<T: DeserializeOwned>(response: &Response) -> Result<Listing<T>, Error> {
    let mut body: Json = response.json()?;
    let total = body
        .pointer("/page/totalElements")
        .or_else(|| body.get("total"));
    let total = total
        .and_then(Json::as_u64)
        .and_then(|total| usize::try_from(total).ok());
    let rows = match &mut body {
        Json::Array(_) => body.take(),
        Json::Object(members) => match members.get_mut("_embedded") {
            Some(Json::Object(embedded)) => {
                let first = embedded.values_mut().find(|value| value.is_array());
                first.map(Json::take).unwrap_or_default()
            }
            _ => members.get_mut("data").map(Json::take).unwrap_or_default(),
        },
        _ => Json::Null,
    };
    let unreadable = |error| {
        Error::unavailable(format!(
            "a row of the engine's list cannot be read: {error}"
        ))
    };
    let rows = match rows {
        Json::Null => Vec::new(),
        rows => serde_json::from_value(rows).map_err(unreadable)?,
    };
    Ok(Listing { rows, total })
}

/// What the gateway or the service says about an error, in the order of who knows most.
pub(crate) fn vendor_words(response: &Response) -> VendorReply {
    let body: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |path: &str| {
        let text = body.pointer(path)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let words = [
        "/fault/faultstring",
        "/exception",
        "/message",
        "/error_description",
        "/error",
    ];
    let request_id = ["x-request-id", "x-correlation-id"];
    VendorReply {
        status: Some(response.status),
        code: text("/fault/detail/errorcode"),
        message: words
            .iter()
            .find_map(|path| text(path))
            .unwrap_or_else(|| response.text()),
        request_id: request_id
            .iter()
            .find_map(|name| response.header(name))
            .map(str::to_owned),
    }
}

/// A time: text in any of the engines' notations, or milliseconds.
pub(crate) fn moment(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    text.parse().ok().or_else(|| time::parse_lenient(text))
}

fn key_of(definition_id: &str) -> Option<&str> {
    definition_id
        .split(':')
        .next()
        .filter(|key| !key.is_empty())
}
