//! `forebay check`.

use std::process::ExitCode;
use std::sync::Arc;

use forebay_config::{Document, Problem, Problems, Severity};
use forebay_egress::Egress;
use forebay_model::Finding;

use crate::arguments::Check;
use crate::commands::{complain, say};
use crate::host::{self, Host};

/// Exit code for a configuration that cannot be used.
const INVALID: u8 = 2;

/// Check a configuration and say everything that is wrong with it.
pub(crate) async fn check(arguments: &Check) -> anyhow::Result<ExitCode> {
    let (document, bootstrap) = match host::read(&arguments.config) {
        Ok(read) => read,
        Err(problems) => return Ok(refuse(&problems)),
    };
    let clock = host::system_clock();
    let egress = Arc::new(Egress::default());
    let registry = host::open_registry(&bootstrap, &egress, &clock).await?;
    for file in registry.quarantined() {
        complain(&format!("{} is kept out: {}", file.file, file.reason));
    }
    let configuration = match host::validate(&document, &registry, &clock).await {
        Ok(configuration) => configuration,
        Err(problems) => return Ok(refuse(&problems)),
    };
    if !configuration.warnings.is_empty() {
        complain(&configuration.warnings.to_string());
    }
    if !arguments.probe {
        let wrong = if configuration.warnings.is_empty() {
            "nothing wrong"
        } else {
            "no errors"
        };
        say(&format!(
            "{}: {} flows, {} connections, {wrong} (vendors were not asked; use --probe)",
            arguments.config.display(),
            configuration.flows.len(),
            configuration.connections.len()
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let (host, _folder) = Host::detached(&configuration, registry, egress, clock).await?;
    host.apply(&configuration).await?;
    probe(&document, &host).await
}

/// Ask the vendors.
async fn probe(document: &Document, host: &Host) -> anyhow::Result<ExitCode> {
    let topology = host.core.topology();
    let mut problems = Vec::new();
    for name in topology.connections.keys() {
        let findings = match host.core.check_connection(name).await {
            Ok(findings) => findings,
            Err(error) => vec![unanswered(&error.to_string())],
        };
        problems.extend(
            findings
                .iter()
                .map(|found| document.connection_finding(name, found)),
        );
    }
    for name in topology.flows.keys() {
        let findings = match host.core.check_flow(name, true).await {
            Ok(findings) => findings,
            Err(error) => vec![unanswered(&error.to_string())],
        };
        problems.extend(findings.iter().map(|found| document.finding(name, found)));
    }
    let failed = problems
        .iter()
        .any(|problem: &Problem| problem.severity == Severity::Error);
    if problems.is_empty() {
        say("every connection and every flow answered; nothing wrong");
    } else {
        say(&Problems::from_iter(problems).to_string());
    }
    Ok(if failed {
        ExitCode::from(INVALID)
    } else {
        ExitCode::SUCCESS
    })
}

fn unanswered(message: &str) -> Finding {
    Finding {
        severity: Severity::Error,
        path: String::new(),
        message: message.to_owned(),
        mend: "check address, credentials and allow_hosts of the connection".to_owned(),
    }
}

/// Print all problems.
pub(crate) fn refuse(problems: &Problems) -> ExitCode {
    complain(&problems.to_string());
    ExitCode::from(INVALID)
}
