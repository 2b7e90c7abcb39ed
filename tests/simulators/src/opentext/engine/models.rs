//! Deployed process models and their versions.

use serde_json::{Value, json};

use super::{Engine, Error, Result};
use crate::opentext::definitions::{Definition, UserTask, definitions};

/// One version of a process model. Its id has the form `key:version:uuid`.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) version: u32,
    /// Content of a model that was deployed over REST.
    content: Option<Value>,
}

impl Model {
    /// The model as JSON: what a connector reads possible outcomes from.
    pub(crate) fn content(&self) -> Value {
        if let Some(content) = &self.content {
            return content.clone();
        }
        let tasks = definition(&self.key).map_or(&[][..], |definition| definition.tasks);
        let mut shapes = vec![json!({"resourceId": "start", "stencil": {"id": "StartNoneEvent"}})];
        shapes.extend(tasks.iter().map(shape));
        json!({
            "resourceId": self.id,
            "stencil": {"id": "BPMNDiagram"},
            "properties": {"process_id": self.key, "name": self.name},
            "childShapes": shapes,
        })
    }
}

fn shape(task: &UserTask) -> Value {
    json!({
        "resourceId": task.key,
        "stencil": {"id": "UserTask"},
        "properties": {
            "overrideid": task.key,
            "name": task.name,
            "possibleoutcomes": task.outcomes,
            "outcomevariable": "outcome",
            "tasktype": "simple",
            "usertaskassignment": {"assignment": {"candidateGroups": [{"value": "${group}"}]}},
        },
    })
}

pub(crate) fn definition(key: &str) -> Option<&'static Definition> {
    definitions().find(|definition| definition.key == key)
}

impl Engine {
    pub(super) fn deploy_all(&mut self) {
        for definition in definitions() {
            self.deploy(definition.key, definition.name, None);
        }
    }

    fn deploy(&mut self, key: &str, name: &str, content: Option<Value>) -> Model {
        let version = self
            .latest_model(key)
            .map_or(1, |latest| latest.version + 1);
        let id = format!("{key}:{version}:{}", self.next_id());
        let model = Model {
            id,
            key: key.to_owned(),
            name: name.to_owned(),
            version,
            content,
        };
        self.models.push(model.clone());
        model
    }

    /// Deploy a new version of a model, named by id or key. What the simulator runs stays the same.
    pub(crate) fn redeploy(&mut self, model: &str, content: Value) -> Result<Model> {
        let known = self
            .models
            .get(model)
            .or_else(|| self.latest_model(model))
            .ok_or_else(|| Error::NotFound(format!("Could not find a model with id '{model}'.")))?;
        let (key, name) = (known.key.clone(), known.name.clone());
        Ok(self.deploy(&key, &name, Some(content)))
    }

    /// Take all versions of a definition away, as an administrator may.
    pub(crate) fn undeploy(&mut self, key: &str) {
        self.models.retain(|model| model.key != key);
    }

    pub(crate) fn latest_model(&self, key: &str) -> Option<&Model> {
        self.models
            .iter()
            .filter(|model| model.key == key)
            .max_by_key(|model| model.version)
    }

    pub(crate) fn is_latest(&self, model: &Model) -> bool {
        self.latest_model(&model.key)
            .is_some_and(|latest| latest.version == model.version)
    }
}
