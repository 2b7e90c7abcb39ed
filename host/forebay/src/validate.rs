//! Everything that can be said about a configuration before it is taken up.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_config::{Configuration, Document, Problem, Problems, Severity};
use forebay_engine::schedule::check_schedules;
use forebay_model::SharedClock;
use forebay_model::ports::Guests;
use forebay_sandbox::Registry;

use crate::host::{schemas, store_keys};
use crate::plugins::Shelf;
use crate::ways;

/// Everything that can be said about a configuration without asking the vendors: the schema, the
/// plugins' schemas, the fit of components, the egress policy, and the handlers' own checks.
///
/// # Errors
/// All problems at once.
pub async fn validate(
    document: &Document,
    registry: &Registry,
    clock: &SharedClock,
) -> Result<Configuration, Problems> {
    let shelf = Shelf(registry.clone());
    let validated = document.validate(&schemas(), &shelf);
    // Flows that can be read are checked by their handlers even if something else is wrong, so that
    // a person sees everything at once.
    let flows = match &validated {
        Ok(configuration) => configuration.flows.clone(),
        Err(_) => document.readable_flows(&shelf),
    };
    let mut problems = check_flows(document, registry, clock, &flows).await;
    match validated {
        Ok(mut configuration) => {
            problems.extend(check_fit(document, registry, &configuration).await);
            problems.extend(ways::check(document, registry, clock, &configuration));
            problems.extend(check_store_keys(document, &configuration));
            if problems
                .iter()
                .any(|problem| problem.severity == Severity::Error)
            {
                return Err(problems.into_iter().collect());
            }
            configuration.warnings.extend(problems);
            for warning in &configuration.warnings {
                tracing::warn!("{warning}");
            }
            Ok(configuration)
        }
        Err(found) => {
            problems.extend(found.iter().cloned());
            Err(problems.into_iter().collect())
        }
    }
}

/// The handlers' own checks, without probing.
async fn check_flows(
    document: &Document,
    registry: &Registry,
    clock: &SharedClock,
    flows: &[forebay_model::flow::FlowSpec],
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for flow in flows {
        let Some(handler) = registry.current(&flow.handler) else {
            continue;
        };
        let broker = Arc::new(forebay_engine::preflight::Unconnected { now: clock.now() });
        let config = flow.config.to_string();
        match registry
            .check_flow(&handler.digest, &config, false, broker)
            .await
        {
            Ok(findings) => problems.extend(
                findings
                    .iter()
                    .map(|finding| document.finding(&flow.name, finding)),
            ),
            Err(error) => problems.push(document.problem(
                &format!("flows.{}.config", flow.name),
                Severity::Error,
                &format!("the handler cannot check it: {error}"),
                "see the log of the plugin",
            )),
        }
        let guests: Arc<dyn Guests> = Arc::new(registry.clone());
        let findings = check_schedules(&guests, flow, clock.now()).await;
        problems.extend(findings.iter().map(|finding| {
            let path = format!("flows.{}.{}", flow.name, finding.path);
            document.problem(&path, finding.severity, &finding.message, &finding.mend)
        }));
    }
    problems
}

/// Do the components of each flow fit together, type by type?
async fn check_fit(
    document: &Document,
    registry: &Registry,
    configuration: &Configuration,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for flow in &configuration.flows {
        let Some(handler) = registry.current(&flow.handler) else {
            continue;
        };
        let mut bound = BTreeMap::new();
        for (role, connection) in &flow.connections {
            let mut configured = configuration.connections.iter();
            let found = configured.find(|candidate| candidate.spec.name == *connection);
            if let Some(plugin) = found.and_then(|found| registry.current(&found.spec.plugin)) {
                bound.insert(role.clone(), plugin);
            }
        }
        let path = format!("flows.{}.connections", flow.name);
        for message in registry.binding_problems(&handler, &bound).await {
            let mend =
                "bind a connection whose plugin offers it, or use plugins of matching versions";
            problems.push(document.problem(&path, Severity::Error, &message, mend));
        }
    }
    problems
}

/// Are the keys of the store keys?
fn check_store_keys(document: &Document, configuration: &Configuration) -> Option<Problem> {
    let error = store_keys(&configuration.store).err()?;
    let mend = "make one with `openssl rand -base64 32`, and keep it where the backups are not";
    let message = error.root_cause().to_string();
    Some(document.problem("store.key", Severity::Error, &message, mend))
}
