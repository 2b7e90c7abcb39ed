//! `forebay backup`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::{Printer, complain, say};
use crate::arguments::{Backup, Remote};
use crate::client::Client;
use crate::{check, host};

pub(super) fn backup(
    remote: &Remote,
    printer: &Printer,
    command: &Backup,
) -> anyhow::Result<ExitCode> {
    let client = match (&remote.url, &command.config) {
        (None, Some(config)) => match address_of(config) {
            Ok(url) => Client::new(&Remote {
                url: Some(url),
                key: remote.key.clone(),
                json: false,
            }),
            Err(problems) => return Ok(check::refuse(&problems)),
        },
        _ => Client::new(remote),
    };
    let answer = client.post("/v1/backup", &json!({ "target": command.target }), None)?;
    if printer.json {
        printer.one(&answer);
        return Ok(ExitCode::SUCCESS);
    }
    let path = answer["path"].as_str().unwrap_or_default();
    let Some(bytes) = answer["bytes"].as_u64() else {
        say(&format!(
            "{path} is being written; it has this name once it is complete, and the audit record \
             operator.backup says what is in it"
        ));
        return Ok(ExitCode::SUCCESS);
    };
    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let plugins = list("plugins");
    say(&format!(
        "{path}: {bytes} bytes, the store and the files of {} handlers that live runs are pinned to",
        plugins.len()
    ));
    for lacking in list("lacking") {
        complain(&format!(
            "NOT in it: the handler {}, which live runs are pinned to ({})",
            lacking["digest"].as_str().unwrap_or_default(),
            lacking["reason"].as_str().unwrap_or_default()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the host of this configuration is reached from its own machine.
fn address_of(config: &Path) -> Result<String, forebay_config::Problems> {
    let (_, bootstrap) = host::read(config)?;
    let mut address: SocketAddr = bootstrap.host.listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(format!("http://{address}"))
}
