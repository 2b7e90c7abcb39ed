//! Outgoing webhooks and callbacks, in order and once, or as unreliably as a test wants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::{Error, SimClock, lock};

/// How long a receiver may take, in real time: vendors give up after some seconds, and a receiver
/// that hangs must not hang a test for ever.
const RECEIVER_TIMEOUT: Duration = Duration::from_secs(10);

/// Told how a delivery went: the receiver's status, or why there is none.
type Report = Box<dyn FnOnce(&Result<u16, String>) + Send + Sync>;

/// One webhook to send.
pub struct Delivery {
    /// A word for lists: the event it reports.
    pub label: String,
    /// Where to.
    pub url: String,
    /// Headers beside the content type.
    pub headers: Vec<(String, String)>,
    /// JSON body.
    pub body: Value,
    /// Told how its last copy went.
    pub report: Option<Report>,
}

impl Delivery {
    /// A webhook without extra headers.
    #[must_use]
    pub fn new(label: impl Into<String>, url: impl Into<String>, body: Value) -> Self {
        let (label, url) = (label.into(), url.into());
        Self {
            label,
            url,
            headers: Vec::new(),
            body,
            report: None,
        }
    }
}

/// A webhook that was sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sent {
    /// When it was sent.
    pub at: Timestamp,
    /// The event it reports.
    pub label: String,
    /// Where to.
    pub url: String,
    /// Its body.
    pub body: Value,
    /// The receiver's status.
    pub status: Option<u16>,
    /// Why there is no status.
    pub error: Option<String>,
}

/// How unreliably webhooks are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CourierSwitches {
    /// How often each is sent.
    pub copies: u32,
    /// Gather this many and send them in reverse order; 0 and 1 keep the order.
    pub reverse: usize,
    /// Milliseconds on the simulator's clock between happening and sending.
    pub delay_ms: u64,
    /// Send nothing: the channel is dead.
    pub dead: bool,
}

impl Default for CourierSwitches {
    fn default() -> Self {
        Self {
            copies: 1,
            reverse: 0,
            delay_ms: 0,
            dead: false,
        }
    }
}

/// Sends the webhooks of one simulator, one after the other.
#[derive(Clone)]
pub struct Courier(Arc<Desk>);

struct Desk {
    clock: SimClock,
    switches: Mutex<CourierSwitches>,
    held: Mutex<Vec<Delivery>>,
    sent: Mutex<Vec<Sent>>,
    queue: mpsc::UnboundedSender<(Timestamp, Delivery)>,
    /// Deliveries queued and not yet sent.
    open: watch::Sender<usize>,
}

impl Courier {
    pub(crate) fn start(clock: SimClock) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .timeout(RECEIVER_TIMEOUT)
            .build()?;
        let (queue, queued) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            clock,
            switches: Mutex::default(),
            held: Mutex::default(),
            sent: Mutex::default(),
            queue,
            open: watch::Sender::new(0),
        });
        // The task holds the desk weakly: it ends when the last courier is dropped.
        tokio::spawn(work(Arc::downgrade(&desk), queued, client));
        Ok(Self(desk))
    }

    /// Send from now on as these switches say.
    pub fn set(&self, switches: CourierSwitches) {
        *lock(&self.0.switches) = switches;
        self.release();
    }

    /// How it sends now.
    #[must_use]
    pub fn switches(&self) -> CourierSwitches {
        lock(&self.0.switches).clone()
    }

    /// Send a webhook, soon.
    pub fn send(&self, delivery: Delivery) {
        let switches = self.switches();
        if switches.dead {
            return;
        }
        if switches.reverse < 2 {
            return self.queue(delivery);
        }
        let full = {
            let mut held = lock(&self.0.held);
            held.push(delivery);
            held.len() >= switches.reverse
        };
        if full {
            self.release();
        }
    }

    /// Send what is held back for reordering, last first.
    pub fn release(&self) {
        let held: VecDeque<Delivery> = lock(&self.0.held).drain(..).rev().collect();
        held.into_iter().for_each(|delivery| self.queue(delivery));
    }

    /// Returns once everything queued was sent.
    pub async fn idle(&self) {
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = self.0.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// What was sent, oldest first; copies count.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.0.sent).clone()
    }

    fn queue(&self, delivery: Delivery) {
        let wait = Duration::from_millis(lock(&self.0.switches).delay_ms);
        self.0.open.send_modify(|open| *open += 1);
        // The receiving task outlives every courier.
        let _ = self.0.queue.send((self.0.clock.now().plus(wait), delivery));
    }
}

async fn work(
    desk: std::sync::Weak<Desk>,
    mut queued: mpsc::UnboundedReceiver<(Timestamp, Delivery)>,
    client: reqwest::Client,
) {
    while let Some((due, delivery)) = queued.recv().await {
        let Some(desk) = desk.upgrade() else { return };
        desk.clock.sleep_until(due).await;
        let copies = lock(&desk.switches).copies;
        let mut outcome = Err("not sent".to_owned());
        for _ in 0..copies {
            outcome = post(&client, &delivery).await;
            lock(&desk.sent).push(Sent {
                at: desk.clock.now(),
                label: delivery.label.clone(),
                url: delivery.url.clone(),
                body: delivery.body.clone(),
                status: outcome.as_ref().ok().copied(),
                error: outcome.as_ref().err().cloned(),
            });
        }
        if let Some(report) = delivery.report {
            report(&outcome);
        }
        desk.open.send_modify(|open| *open -= 1);
    }
}

async fn post(client: &reqwest::Client, delivery: &Delivery) -> Result<u16, String> {
    let mut request = client.post(&delivery.url).json(&delivery.body);
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let response = request.send().await.map_err(|error| error.to_string())?;
    Ok(response.status().as_u16())
}
