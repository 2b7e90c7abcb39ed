//! Makes calls and checks what comes back against the vendor's documents.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, world};

#[expect(
    clippy::disallowed_methods,
    reason = "where the documents are is told by the environment"
)]
fn specs() -> Option<PathBuf> {
    let beside = || {
        let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        checkout.join("../shared/vendors/specs")
    };
    let folder = std::env::var("FOREBAY_VENDOR_SPECS").map_or_else(|_| beside(), PathBuf::from);
    Some(folder.join("iconik")).filter(|folder| folder.is_dir())
}

/// OpenAPI 3.0 as JSON Schema: `nullable` becomes a type, formats that are no formats go.
fn translate(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(translate),
        Value::Object(map) => {
            map.values_mut().for_each(translate);
            if map.get("format").is_some_and(|format| format == "url") {
                map.remove("format");
            }
            if map
                .remove("nullable")
                .is_some_and(|nullable| nullable == true)
            {
                if let Some(kind) = map.get("type").cloned() {
                    map.insert("type".to_owned(), json!([kind, "null"]));
                }
                if let Some(Value::Array(choices)) = map.get_mut("enum") {
                    choices.push(Value::Null);
                }
            }
        }
        _ => {}
    }
}

/// The document does not say so, but addresses of pages that are not there, and scroll ids of lists
/// that are not scrolled, are told as null by the service.
fn without_absent_pages(mut reply: Value) -> Value {
    if let Value::Object(map) = &mut reply {
        map.retain(|key, value| {
            !(value.is_null() && (key.ends_with("_url") || key == "scroll_id"))
        });
    }
    reply
}

pub(super) struct Judge {
    pub(super) world: World,
    folder: PathBuf,
    findings: Vec<String>,
    judged: usize,
}

impl Judge {
    /// None where there are no documents.
    pub(super) async fn new() -> Option<Self> {
        Some(Self {
            folder: specs()?,
            world: world().await,
            findings: Vec::new(),
            judged: 0,
        })
    }

    pub(super) async fn get(&mut self, service: &str, operation: &str, ids: &[&str]) -> Value {
        self.call(Method::GET, service, operation, ids, Value::Null)
            .await
    }

    pub(super) async fn delete(&mut self, service: &str, operation: &str, ids: &[&str]) -> Value {
        self.call(Method::DELETE, service, operation, ids, Value::Null)
            .await
    }

    pub(super) async fn post(
        &mut self,
        service: &str,
        operation: &str,
        ids: &[&str],
        body: Value,
    ) -> Value {
        self.call(Method::POST, service, operation, ids, body).await
    }

    pub(super) async fn put(
        &mut self,
        service: &str,
        operation: &str,
        ids: &[&str],
        body: Value,
    ) -> Value {
        self.call(Method::PUT, service, operation, ids, body).await
    }

    pub(super) async fn patch(
        &mut self,
        service: &str,
        operation: &str,
        ids: &[&str],
        body: Value,
    ) -> Value {
        self.call(Method::PATCH, service, operation, ids, body)
            .await
    }

    /// Make a call; check its status and reply against the operation of a service's document.
    async fn call(
        &mut self,
        method: Method,
        service: &str,
        operation: &str,
        ids: &[&str],
        body: Value,
    ) -> Value {
        let mut path = operation.to_owned();
        for id in ids {
            let (start, end) = (path.find('{').unwrap(), path.find('}').unwrap());
            path.replace_range(start..=end, id);
        }
        let path = format!("{service}{path}");
        let (status, reply) = self.world.send(method.clone(), &path, body).await;
        self.judge(&method, service, operation, status, &reply);
        reply
    }

    fn judge(
        &mut self,
        method: &Method,
        service: &str,
        operation: &str,
        status: u16,
        reply: &Value,
    ) {
        self.judged += 1;
        let name = format!("{method} {service}{operation} {status}");
        let text = std::fs::read_to_string(self.folder.join(format!("{service}.json"))).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let method = method.as_str().to_lowercase();
        let told =
            document["paths"][operation][method.as_str()]["responses"][status.to_string()].clone();
        if told.is_null() {
            return self.findings.push(format!("{name}: not in the document"));
        }
        let mut schema = told["content"]["application/json"]["schema"].clone();
        // Some operations are documented with a reply where 204 leaves no room for one.
        if schema.is_null() || status == 204 {
            return;
        }
        translate(&mut schema);
        translate(&mut document["components"]);
        schema["components"] = document["components"].take();
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft4);
        let validator = options
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let reply = without_absent_pages(reply.clone());
        for error in validator.iter_errors(&reply) {
            self.findings
                .push(format!("{name}: {} at {}", error, error.instance_path()));
        }
    }

    /// That enough was judged, and nothing found.
    pub(super) fn close(self) {
        assert!(self.judged > 60, "judged {} replies only", self.judged);
        assert!(self.findings.is_empty(), "{}", self.findings.join("\n"));
    }
}
