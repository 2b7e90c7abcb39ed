//! `forebay serve`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use forebay_api::{Api, ApiKey, Scope};
use forebay_config::Configuration;
use forebay_egress::Egress;
use forebay_engine::Service;
use forebay_model::SharedClock;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::arguments::Serve;
use crate::commands::complain;
use crate::host::{self, Host};
use crate::metrics::describe;
use crate::plugins::Shelf;
use crate::reload::Reloader;
use crate::{check, logging};

/// Pause between two rounds in which measured times are summed up. Until then each is kept by itself,
/// so without rounds a host that nobody scrapes would grow with every call; a few seconds of a busy host
/// are some hundred kilobytes.
const SUM_UP: Duration = Duration::from_secs(5);

/// Run the host until it is told to stop.
pub(crate) async fn serve(arguments: &Serve) -> anyhow::Result<ExitCode> {
    let (document, bootstrap) = match host::read(&arguments.config) {
        Ok(read) => read,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    logging::start(&bootstrap.log)?;
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .context("metrics")?;
    describe();
    let clock = host::system_clock();
    tokio::spawn(sum_up(metrics.clone(), Arc::clone(&clock)));
    let egress = Arc::new(Egress::default());
    let registry = host::open_registry(&bootstrap, &egress, &clock).await?;
    let configuration = match host::validate(&document, &registry, &clock).await {
        Ok(configuration) => configuration,
        Err(problems) => {
            for file in registry.quarantined() {
                complain(&format!("{} is kept out: {}", file.file, file.reason));
            }
            return Ok(check::refuse(&problems));
        }
    };

    let host = Host::assemble(&configuration, registry, egress, clock).await?;
    host.apply(&configuration).await?;
    let host = Arc::new(host);
    let (ready, is_ready) = watch::channel(true);
    let api = Api::new(forebay_api::Parts {
        core: Arc::clone(&host.core),
        plugins: Arc::new(Shelf(host.registry.clone())),
        keys: api_keys(&configuration),
        metrics: Arc::new(move || metrics.render()),
        ready: is_ready,
        clock: Arc::clone(&host.clock),
        options: host::section(&configuration.sections.http).context("[http]")?,
    });
    let listen = configuration.host.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;

    let service = Service::start(Arc::clone(&host.core));
    let reloader = Reloader::start(arguments.config.clone(), Arc::clone(&host), api.clone());
    tracing::info!(%address, plugins = host.registry.list().len(),
        flows = configuration.flows.len(), connections = configuration.connections.len(),
        configuration = configuration.hash, "forebay is ready");

    let stopped = watch::Sender::new(false);
    let mut told = stopped.subscribe();
    let server = tokio::spawn(api.serve(listener, async move {
        let _ = told.wait_for(|stopped| *stopped).await;
    }));
    wait_for_stop().await?;

    // First nobody is accepted any more, then what is under way ends, then the process.
    tracing::info!("stopping: no new work is taken, what is under way may finish");
    ready.send_replace(false);
    reloader.stop();
    stopped.send_replace(true);
    service.drain(configuration.host.drain_timeout).await;
    server.await.context("the API ended abnormally")??;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Sum up measured times, as long as the host runs.
async fn sum_up(metrics: PrometheusHandle, clock: SharedClock) {
    loop {
        clock.sleep_until(clock.now().plus(SUM_UP)).await;
        metrics.run_upkeep();
    }
}

/// Resolves on SIGTERM and SIGINT.
async fn wait_for_stop() -> anyhow::Result<()> {
    let mut terminate: Signal = signal(SignalKind::terminate())?;
    let mut interrupt: Signal = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The configured keys, as the API wants them.
pub(crate) fn api_keys(configuration: &Configuration) -> Vec<ApiKey> {
    let keys = configuration.api_keys.iter();
    keys.map(|key| ApiKey {
        name: key.name.clone(),
        hashes: key.hashes().to_vec(),
        scopes: key
            .scopes
            .iter()
            .map(|scope| as_api_scope(*scope))
            .collect(),
    })
    .collect()
}

fn as_api_scope(scope: forebay_config::Scope) -> Scope {
    match scope {
        forebay_config::Scope::Read => Scope::Read,
        forebay_config::Scope::Operate => Scope::Operate,
        forebay_config::Scope::Admin => Scope::Admin,
        forebay_config::Scope::ApproverOverride => Scope::ApproverOverride,
    }
}
