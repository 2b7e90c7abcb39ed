//! Runs that a run starts, and whether their ends can be waited for.

use forebay_model::capability::{CapabilityError, Detail};
use forebay_model::event::DeliveryContent;
use forebay_model::flow::{FlowSpec, Mode};
use forebay_model::ports::Interrupt;
use forebay_model::run::{RUN_ENTITY, RUNS};
use forebay_model::step::Subscription;
use forebay_model::{ConnectionName, Digest, Entity, FlowName, InterfaceName, RunId};
use forebay_store::runs::{NewRun, Wait};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::broker::ActivationBroker;
use super::stop::{Failure, Stop};
use super::tape::error_of;
use crate::Error;
use crate::operate::Admitted;

/// What the other flow said to a spawn, as it stands in the journal: an activation that runs again gets
/// the same answer, whatever has become of that flow meanwhile.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Spawned {
    run: RunId,
    business_key: String,
    title: String,
    subject: Entity,
    labels: Vec<(String, String)>,
    handler: Digest,
    config_hash: String,
    /// It comes into being with the step. A run of a flow that only observes starts none that does.
    starts: bool,
}

type Answer = Result<Spawned, CapabilityError>;

impl ActivationBroker {
    /// `runtime.spawn`: note a run that starts with this step. The id follows from flow, key and
    /// activation, so that an activation that runs again gives the same one.
    pub(super) async fn spawn_run(
        &self,
        flow: String,
        business_key: String,
        input: String,
    ) -> Result<Result<String, CapabilityError>, Interrupt> {
        let name = FlowName::from(flow);
        let now = self.core.now();
        let played = self.inner().tape.next(
            InterfaceName::new("forebay:flow/runtime").function("spawn"),
            None,
            json!([name, business_key, input]),
            false,
            now,
        );
        let delivery = DeliveryContent::Request(input);
        let answer = match self.to_make(played)? {
            Ok(index) => {
                let answer = self.ask(&name, business_key, &delivery).await?;
                let kept = match &answer {
                    Ok(spawned) => json!({"ok": spawned}),
                    Err(error) => json!({"err": error}),
                };
                self.with_tape(|tape| tape.record(index, kept, false, now));
                answer
            }
            Err(recorded) => self.recorded(&recorded)?,
        };
        let spawned = match answer {
            Ok(spawned) => spawned,
            Err(error) => return Ok(Err(error)),
        };
        let id = spawned.run.to_string();
        if spawned.starts {
            let run = self.new_run(name, spawned, delivery);
            self.inner().gathered.spawns.push(run);
        }
        Ok(Ok(id))
    }

    fn recorded(&self, recorded: &Value) -> Result<Answer, Interrupt> {
        if let Some(error) = error_of(recorded) {
            return Ok(Err(error));
        }
        let spawned = serde_json::from_value(recorded["ok"].clone());
        spawned.map(Ok).map_err(|error| {
            let message = format!("the journal holds a spawn that cannot be read: {error}");
            self.end(Stop::Park {
                code: "nondeterministic",
                message,
            })
        })
    }

    /// Ask the other flow whether it starts a run.
    async fn ask(
        &self,
        name: &FlowName,
        business_key: String,
        delivery: &DeliveryContent,
    ) -> Result<Answer, Interrupt> {
        let admitted = match self.core.admit(name, delivery).await {
            Ok(admitted) => admitted,
            Err(error @ Error::Unknown { .. }) => {
                let detail = Detail::new(format!("flow {name} cannot be started: {error}"));
                return Ok(Err(CapabilityError::NotFound(detail)));
            }
            Err(Error::Store(error)) => return Err(self.end(Stop::Store(error.to_string()))),
            // The other flow's handler fails, perhaps for the moment: nothing this run could decide
            // about.
            Err(error) => {
                let gist = format!("flow {name} cannot be asked");
                let said = format!("{gist}: {error}");
                return Err(self.end(Stop::Failed(Failure { gist, said })));
            }
        };
        let Admitted::Start {
            flow,
            handler,
            start,
        } = admitted
        else {
            let detail = Detail::new(format!("flow {name} refuses the input: {admitted}"));
            return Ok(Err(CapabilityError::Unsupported(detail)));
        };
        Ok(Ok(Spawned {
            run: RunId::derive(name, &business_key, &self.activation_id()),
            business_key,
            title: start.title,
            subject: start.subject,
            labels: start.labels,
            handler: handler.digest.clone(),
            config_hash: flow.config_hash.clone(),
            // A flow that only observes may be started by one that does: it does no harm, and a scan
            // could not be tried otherwise.
            starts: self.flow.mode == Mode::Enforce || flow.spec.mode == Mode::Observe,
        }))
    }

    fn new_run(&self, flow: FlowName, spawned: Spawned, delivery: DeliveryContent) -> NewRun {
        NewRun {
            id: spawned.run,
            flow,
            business_key: spawned.business_key,
            title: spawned.title,
            subject: spawned.subject,
            labels: spawned.labels,
            handler: spawned.handler,
            config_hash: spawned.config_hash,
            delivery,
            request: None,
            actor: format!("run:{}", self.claimed.run.id),
            at: self.core.now(),
        }
    }

    /// Names this activation in what follows from it.
    fn activation_id(&self) -> String {
        format!(
            "{}/{}",
            self.claimed.run.id,
            self.claimed.run.activations + 1
        )
    }
}

/// A subscription with the connection its entity is at: that of its role, or the host itself for a
/// run under a role that the flow does not bind.
pub(super) fn wait(flow: &FlowSpec, subscription: Subscription) -> Result<Wait, String> {
    let Subscription {
        role,
        entity,
        kinds,
    } = subscription;
    let bound = flow.connections.get(&role).cloned();
    let own = || (entity.kind == RUN_ENTITY).then(|| ConnectionName::from(RUNS));
    let connection = bound.or_else(own).ok_or_else(|| {
        format!("the handler subscribes under the role `{role}`, which the flow does not bind")
    })?;
    Ok(Wait {
        connection,
        role,
        entity,
        kinds,
    })
}
