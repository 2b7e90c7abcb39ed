//! Runs that a run starts, and whether their ends can be waited for.

use forebay_model::capability::{CapabilityError, Detail};
use forebay_model::event::DeliveryContent;
use forebay_model::flow::{FlowSpec, Mode};
use forebay_model::ports::Interrupt;
use forebay_model::run::{RUN_ENTITY, RUNS};
use forebay_model::step::Subscription;
use forebay_model::{ConnectionName, FlowName};
use forebay_store::runs::Wait;

use super::broker::ActivationBroker;
use super::stop::{Failure, Stop};
use crate::Error;
use crate::operate::Admitted;

impl ActivationBroker {
    /// `runtime.spawn`: note a run that starts with this step. The id follows from flow, key and
    /// activation, so that an activation that runs again gives the same one.
    pub(super) async fn spawn_run(
        &self,
        flow: String,
        business_key: String,
        input: String,
    ) -> Result<Result<String, CapabilityError>, Interrupt> {
        let origin = format!(
            "{}/{}",
            self.claimed.run.id,
            self.claimed.run.activations + 1
        );
        let name = FlowName::from(flow);
        let delivery = DeliveryContent::Request(input);
        let admitted = match self.core.admit(&name, &delivery).await {
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
            mut start,
        } = admitted
        else {
            let detail = Detail::new(format!("flow {name} refuses the input: {admitted}"));
            return Ok(Err(CapabilityError::Unsupported(detail)));
        };
        start.business_key = business_key;
        // A flow that only observes may be started by one that does: it does no harm, and a scan
        // could not be tried otherwise.
        let starts = self.flow.mode == Mode::Enforce || flow.spec.mode == Mode::Observe;
        let actor = format!("run:{}", self.claimed.run.id);
        let now = self.core.now();
        let run = flow.new_run(&handler, start, delivery, &origin, actor, now);
        let id = run.id.to_string();
        if starts {
            self.inner().gathered.spawns.push(run);
        }
        Ok(Ok(id))
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
