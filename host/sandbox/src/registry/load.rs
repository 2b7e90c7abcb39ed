//! What a file goes through before it is accepted: a first look, compilation, its imports and
//! exports, the resources it needs, and its own description.

use std::sync::Arc;

use forebay_model::Digest;
use forebay_model::plugin::Plugin;
use wasmtime::component::Component;

use super::Inner;
use crate::describe::describe;
use crate::error::{Code, Refusal};
use crate::inspect;
use crate::limits::Limits;
use crate::loaded::Loaded;
use crate::shape::Shape;

impl Inner {
    /// Judge a file.
    pub(crate) async fn load(
        &self,
        file: &str,
        digest: Digest,
        bytes: Vec<u8>,
    ) -> Result<(Plugin, Arc<Loaded>), Refusal> {
        let size = bytes.len() as u64;
        let loaded = Arc::new(self.compile(file, bytes).await?);
        let kind = describe(&self.caller, &loaded).await?;
        let plugin = Plugin {
            digest,
            kind,
            exports: loaded.shape.exports.clone(),
            imports: loaded
                .shape
                .capabilities
                .iter()
                .map(|it| it.declared.clone())
                .collect(),
            file: file.to_owned(),
            size,
        };
        let loaded = Arc::new(loaded.labelled(plugin.name()));
        Ok((plugin, loaded))
    }

    /// Inspect, compile and link a component.
    pub(crate) async fn compile(&self, label: &str, bytes: Vec<u8>) -> Result<Loaded, Refusal> {
        let component = self.compile_bytes(bytes).await?;
        check_resources(&component, &self.caller.limits)?;
        let shape = Shape::of(&component)?;
        let pre = self.linkers.link(&component, &shape)?;
        let clock = Arc::clone(&self.caller.clock);
        let limits = &self.caller.limits;
        Ok(Loaded::new(label, shape, pre, clock, limits))
    }

    /// Inspect and compile off the request path. A compilation cannot be stopped; one that takes too
    /// long goes on in its thread and keeps its place, so that there are never more than allowed.
    async fn compile_bytes(&self, bytes: Vec<u8>) -> Result<Component, Refusal> {
        let shutting_down = || Refusal::new(Code::CompileTime, "the host is shutting down");
        let place = Arc::clone(&self.compiling);
        let place = place.acquire_owned().await.map_err(|_| shutting_down())?;
        let engine = self.caller.engine.clone();
        let limits = self.caller.limits.clone();
        let job = tokio::task::spawn_blocking(move || {
            let _place = place;
            inspect::inspect(&bytes, &limits)?;
            let component = Component::from_binary(&engine, &bytes).map_err(|error| {
                Refusal::new(Code::Invalid, format!("it does not compile: {error:#}"))
            })?;
            component
                .initialize_copy_on_write_image()
                .map_err(|error| {
                    Refusal::new(
                        Code::Invalid,
                        format!("its memory cannot be prepared: {error:#}"),
                    )
                })?;
            Ok(component)
        });
        let allowed = self.caller.limits.compile_time;
        match tokio::time::timeout(allowed, job).await {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(error)) => Err(Refusal::new(
                Code::Invalid,
                format!("the compiler failed: {error}"),
            )),
            Err(_) => Err(Refusal::new(
                Code::CompileTime,
                format!(
                    "compiling took more than limits.compile_time = {} s",
                    allowed.as_secs()
                ),
            )),
        }
    }
}

/// Does an instance fit into what one may have?
fn check_resources(component: &Component, limits: &Limits) -> Result<(), Refusal> {
    let refuse = |reason: String| Err(Refusal::new(Code::TooComplex, reason));
    let Some(needed) = component.resources_required() else {
        return refuse("it imports core modules, so what it needs cannot be known".to_owned());
    };
    if needed.num_memories > limits.memories {
        let (needs, most) = (needed.num_memories, limits.memories);
        return refuse(format!(
            "it needs {needs} memories, limits.memories allows {most}"
        ));
    }
    if needed.num_tables > limits.tables {
        let (needs, most) = (needed.num_tables, limits.tables);
        return refuse(format!(
            "it needs {needs} tables, limits.tables allows {most}"
        ));
    }
    let elements = needed.max_initial_table_size.unwrap_or(0);
    if elements > limits.table_elements {
        let most = limits.table_elements;
        return refuse(format!(
            "it starts with a table of {elements} elements, limits.table_elements allows {most}"
        ));
    }
    Ok(())
}
