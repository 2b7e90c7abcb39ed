//! A host as the history sees it: it runs, stands still, or is dead. Whatever it does comes through
//! here, and goes no further while it may not.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use async_trait::async_trait;
use forebay_model::{Clock, Timestamp};

use crate::sim::Sim;

/// Most turns that others get between two things a host does.
const MOST_TURNS: u64 = 4;

/// A host's power.
pub(crate) struct Power {
    pub(crate) name: String,
    pub(crate) sim: Arc<Sim>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    dead: bool,
    paused_until: Option<Timestamp>,
    waiting: Vec<Waker>,
}

impl Power {
    pub(crate) fn new(name: String, sim: Arc<Sim>) -> Arc<Self> {
        Arc::new(Self {
            name,
            sim,
            state: Mutex::default(),
        })
    }

    /// It does nothing any more, and nobody hears of what it did last.
    pub(crate) fn die(&self) {
        self.sim.trace(format_args!("{} dies", self.name));
        self.state().dead = true;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// It stands still until then, and does not know.
    pub(crate) fn pause(&self, until: Timestamp) {
        let seconds = until.since(self.sim.now()).as_secs();
        self.sim
            .trace(format_args!("{} stands still for {seconds} s", self.name));
        self.state().paused_until = Some(until);
    }

    /// It goes on if it is time.
    pub(crate) fn resume_if_due(&self, now: Timestamp) {
        let mut state = self.state();
        if state.paused_until.is_some_and(|until| until <= now) {
            state.paused_until = None;
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            self.sim.trace(format_args!("{} goes on", self.name));
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// When it goes on.
    pub(crate) fn resumes_at(&self) -> Option<Timestamp> {
        self.state().paused_until
    }

    /// Let others have some turns, then go on if this host may.
    pub(crate) async fn turn(&self) {
        self.sim.stir();
        for _ in 0..self.sim.below(MOST_TURNS) {
            tokio::task::yield_now().await;
        }
        Allowed(self).await;
        self.sim.stir();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Ready while the host runs; for ever pending once it is dead.
struct Allowed<'a>(&'a Power);

impl Future for Allowed<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state();
        if state.dead || state.paused_until.is_some() {
            state.waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

/// The clock as a host sees it: sleepers of a host that stands still oversleep.
pub(crate) struct HostClock(pub(crate) Arc<Power>);

#[async_trait]
impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        self.0.sim.now()
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        self.0.sim.clock.sleep_until(deadline).await;
        self.0.turn().await;
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Do this here and now, however many threads take part: to the history it is one instant.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    // The runtime's fairness must not get in the way: there is nobody to be fair to.
    let mut work = std::pin::pin!(tokio::task::unconstrained(work));
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            Poll::Pending => std::thread::park(),
        }
    }
}
