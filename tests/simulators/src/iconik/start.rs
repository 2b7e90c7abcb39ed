//! Starting a domain.

use std::sync::Arc;
use std::time::Duration;

use forebay_model::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::domain::Domain;
use super::http::fault_reply;
use super::routes::{RATE_CLASS, router};
use super::types::{User, date};
use super::{INTEGRATION_USER, IconikOptions, Sim, World, with};
use crate::common::{Background, Error, Frame, Running, Shared, server};

/// Calls an app and token may make in a window: what the vendor says.
const RATE_CALLS: u32 = 1000;

/// That window.
const RATE_WINDOW: Duration = Duration::from_secs(20);

/// Storages by name and purpose. Originals come to the first.
const STORAGES: [(&str, &str); 3] = [
    ("Main", "FILES"),
    ("Nearline", "FILES"),
    ("Archive", "ARCHIVE"),
];

/// How long archiving takes unless told otherwise: a tape library has a queue.
const ARCHIVE_DELAY: Duration = Duration::from_secs(3 * 3600);

/// How long restoring takes unless told otherwise.
const RESTORE_DELAY: Duration = Duration::from_secs(2 * 3600);

/// Fields of the view `Workflow`, with their types; the use cases map to these.
const WORKFLOW_FIELDS: [(&str, &str, bool); 39] = [
    ("asset_type", "string", false),
    ("campaign", "string", false),
    ("region", "string", false),
    ("project_code", "string", false),
    ("title", "string", false),
    ("rights_owner", "string", false),
    ("talent", "string", true),
    ("usage_rights", "string", false),
    ("rights_start", "date", false),
    ("rights_end", "date", false),
    ("territories", "string", true),
    ("review_state", "string", false),
    ("review_comment", "text", false),
    ("reviewed_by", "string", false),
    ("reviewed_at", "datetime", false),
    ("reviewed_version", "string", false),
    ("run", "string", false),
    // Rights and clearance.
    ("licence_type", "string", false),
    ("talent_end", "date", true),
    ("talent_consent", "string", false),
    ("talent_release", "string", false),
    ("music_licence", "string", false),
    ("location_release", "string", false),
    ("guardian_release", "string", false),
    ("rights_status", "string", false),
    ("rights_reviewed", "string", false),
    ("renewal_reference", "string", false),
    ("replacement_asset", "string", false),
    ("replacement_instruction", "text", false),
    ("deletion_request", "text", false),
    ("clearance", "string", false),
    ("clearance_state", "string", false),
    ("clearance_uses", "string", true),
    ("clearance_until", "date", false),
    ("clearance_limits", "text", false),
    ("clearance_run", "string", false),
    // Missing fields.
    ("metadata_state", "string", false),
    ("metadata_missing", "string", true),
    ("metadata_checked_at", "datetime", false),
];

/// A domain that answers. Dropping it stops it.
pub struct Iconik {
    running: Running,
    pub(super) sim: Sim,
    _timekeeper: Background,
}

impl Iconik {
    /// Start a domain.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(options: IconikOptions) -> Result<Self, Error> {
        let frame = Frame::new("iconik", options.clock.clone(), fault_reply)?;
        frame.rates().limit(RATE_CLASS, RATE_CALLS, RATE_WINDOW);
        frame.rates().announce();
        frame
            .tokens()
            .accept(&options.auth_token, INTEGRATION_USER, Timestamp(i64::MAX));
        let (addr, now) = (options.addr.clone(), frame.now());
        let due_changed = Arc::new(Notify::new());
        let world = World {
            domain: furnished(now),
            options,
            due_changed: due_changed.clone(),
        };
        let sim = Shared::new(frame, world);
        let running = server::start(router(&sim), &addr).await?;
        let timekeeper = Background::spawn(keep_time(sim.clone(), due_changed));
        Ok(Self {
            running,
            sim,
            _timekeeper: timekeeper,
        })
    }

    /// Address of the API and the page.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.running.base_url()
    }

    /// Recorder, faults, tokens, courier.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.sim.frame
    }

    /// Look at or change the domain as it is now; events that result are sent.
    pub fn domain<T>(&self, act: impl FnOnce(&mut Domain, Timestamp) -> T) -> T {
        with(&self.sim, |world, now| act(&mut world.domain, now))
    }

    /// Stop, letting requests in flight finish.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// An empty domain with the integration's user, the view `Workflow` and a storage.
fn furnished(now: Timestamp) -> Domain {
    let mut domain = Domain::default();
    domain.id = domain.new_id();
    let user = User {
        id: INTEGRATION_USER.to_owned(),
        name: "Forebay Integration".to_owned(),
        email: "forebay@example.test".to_owned(),
    };
    domain.users.insert(user.id.clone(), user);
    let defined = |(name, field_type, multi): (&str, &str, bool)| {
        json!({
            "name": name, "label": name.replace('_', " "), "field_type": field_type, "multi": multi,
            "options": [], "required": false, "read_only": false, "use_as_facet": false,
            "date_created": date(now), "date_modified": date(now),
        })
    };
    let fields: Vec<Value> = WORKFLOW_FIELDS.into_iter().map(defined).collect();
    domain.fields = fields
        .iter()
        .filter_map(|field| field.as_object().cloned())
        .collect();
    let view = json!({
        "id": domain.new_id(), "name": "Workflow", "description": "Fields of reviews",
        "view_fields": fields, "date_created": date(now), "date_modified": date(now),
    });
    domain.views.extend(view.as_object().cloned());
    for (name, purpose) in STORAGES {
        let storage = json!({
            "id": domain.new_id(), "name": name, "method": "S3", "purpose": purpose,
            "status": "ACTIVE", "settings": {}, "default": name == "Main",
        });
        domain.storages.extend(storage.as_object().cloned());
    }
    domain.archive_delay = ARCHIVE_DELAY;
    domain.restore_delay = RESTORE_DELAY;
    domain
}

/// Does what time brings (proxies) even when nobody calls.
async fn keep_time(sim: Sim, due_changed: Arc<Notify>) {
    loop {
        let due = sim.lock().domain.next_due();
        let wait = async {
            match due {
                Some(due) => sim.frame.clock().sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => with(&sim, |_, _| ()),
            () = due_changed.notified() => {}
        }
    }
}
