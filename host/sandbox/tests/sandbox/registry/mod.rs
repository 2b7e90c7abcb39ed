//! What happens to files in the drop directory.

mod changes;
mod files;

use forebay_model::InterfaceName;
use forebay_model::ports::Guests as _;
use forebay_sandbox::Registry;

use crate::support::{connection, context};

/// Wait until the registry looks as wanted.
async fn until(registry: &Registry, wanted: impl Fn(&Registry) -> bool) {
    let mut changes = registry.subscribe();
    let waiting = async {
        while !wanted(registry) {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, waiting)
        .await
        .unwrap();
}

/// Names of all files below a folder.
fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

async fn greet(registry: &Registry, plugin: &forebay_model::plugin::Plugin) -> serde_json::Value {
    let function = InterfaceName::new("acme:greeting/greeter").function("greet");
    let arguments = ["you".into()];
    let digest = &plugin.digest;
    registry
        .call(digest, &connection(), context(), &function, &arguments)
        .await
        .unwrap()
}
