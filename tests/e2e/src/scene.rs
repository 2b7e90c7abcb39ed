//! A real host, simulated Canto and OpenText, and reviews of one stage that wait for nobody but
//! people.

use anyhow::ensure;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::canto::{Canto, CantoOptions, NewAsset};
use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::opentext::{OpenText, OpenTextOptions};
use serde_json::{Map, Value, json};

use crate::{Binary, Site, WEBHOOK_TOKEN};

/// One stage, and nothing that waits for time to pass.
const FLOW: &str = r#"
[flows.canto-1]
handler = "approval"
connections = { dam = "canto-main", workflow = "otwf-main" }

[flows.canto-1.config]
key_prefix = "canto-1"
ready_when = { preview = false, files_closed = false }
stages = [{ name = "brand", policy = "any" }]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
users = { "u1" = "uploader@example.test" }
"#;

/// The process of a review.
const REVIEW: &str = "assetApproval";

/// Vendors on real time and a place for the host.
pub struct Scene {
    /// Canto. The host cannot list what is in it: what is not lost came by webhook.
    pub canto: Canto,
    /// The workflow engine.
    pub engine: OpenText,
    /// Where the host runs.
    pub site: Site,
}

impl Scene {
    /// Vendors, and a site with more lines of configuration.
    ///
    /// # Errors
    /// If something cannot be started.
    pub async fn start(lines: &str) -> anyhow::Result<Self> {
        let canto = Canto::start(CantoOptions::default()).await?;
        canto.add_user("u1", "Uta Uploader");
        let engine = OpenText::start(OpenTextOptions::default()).await?;
        for operation in ["search", "list-scheme", "album-content", "folder-content"] {
            canto
                .frame()
                .faults()
                .add(Rule::always(operation, Fault::status(500)));
        }
        let connections = [&Site::canto(&canto, ""), &Site::engine(&engine)];
        let configuration = format!("{lines}{}{}{FLOW}", connections[0], connections[1]);
        let plugins = ["canto", "opentext-workflow", "approval"];
        Ok(Self {
            site: Site::with_plugins(&configuration, &plugins)?,
            canto,
            engine,
        })
    }

    /// Put an asset into Canto. Nobody is told.
    ///
    /// # Errors
    /// If Canto refuses it.
    pub fn upload(&self, name: &str) -> anyhow::Result<ContentId> {
        let asset = NewAsset::new(name, "pixels", "u1");
        self.canto
            .add_asset(asset)
            .map_err(|refusal| anyhow::anyhow!("{refusal:?}"))
    }

    /// Canto tells of an upload.
    ///
    /// # Errors
    /// If the host does not accept it.
    pub fn tell(host: &Binary, asset: &ContentId) -> anyhow::Result<()> {
        let (status, answer) = Self::try_to_tell(host, asset)?;
        ensure!(status == 200, "{answer:#}");
        Ok(())
    }

    /// As [`Scene::tell`], giving the answer whatever it is.
    ///
    /// # Errors
    /// If nobody answers.
    pub fn try_to_tell(host: &Binary, asset: &ContentId) -> anyhow::Result<(u16, Value)> {
        let told = json!({
            "secure_token": WEBHOOK_TOKEN,
            "scheme": asset.scheme, "id": asset.id, "displayname": "photo.jpg",
        });
        host.deliver("/hooks/canto-main/upload", &told.to_string())
    }

    /// Reviews that were started, with their open task if there is one.
    #[must_use]
    pub fn reviews(&self) -> Vec<Option<String>> {
        let processes = self.engine.all_processes();
        let reviews = processes
            .iter()
            .filter(|process| process.definition == REVIEW);
        reviews
            .map(|review| {
                self.engine
                    .open_tasks(&review.id)
                    .first()
                    .map(|task| task.id.clone())
            })
            .collect()
    }

    /// Decide an open task.
    ///
    /// # Errors
    /// If the engine refuses.
    pub fn decide(&self, task: &str, person: &str, outcome: &str) -> anyhow::Result<()> {
        self.engine
            .decide(task, person, outcome, &Map::new())
            .map_err(|error| anyhow::anyhow!("{error:?}"))
    }

    /// Until there are this many runs and all are in this state.
    ///
    /// # Errors
    /// If that does not come true.
    pub fn until_all(host: &Binary, count: usize, state: &str) -> anyhow::Result<Vec<Value>> {
        let what = format!("{count} runs are {state}");
        let runs = host.until("/v1/runs?limit=200", &what, |runs| {
            runs["items"].as_array().is_some_and(|runs| {
                runs.len() == count && runs.iter().all(|run| run["state"] == state)
            })
        })?;
        Ok(runs["items"].as_array().cloned().unwrap_or_default())
    }
}
