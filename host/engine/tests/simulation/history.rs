//! One history from its seed to its end: things happen at vendors, hosts start, work, stand still and
//! die, operators interfere; in the end all is calm, and whatever was begun has to come to its end.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use forebay_engine::{Core, Parts, Service};
use forebay_model::Timestamp;
use forebay_store::{SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;
use tokio::task::AbortHandle;

use crate::broken::BrokenStore;
use crate::checker::runs;
use crate::components::{Components, OpenGate};
use crate::ending::ended_well;
use crate::host::{HostClock, Power, at_once};
use crate::outside::OPERATOR_PAUSE;
use crate::setup::{options, topology};
use crate::sim::{Breakage, Invariant, Sim, Violation};
use crate::store::HostStore;
use crate::vendor::{DAM, asset};

/// How long after the rough time everything must have come to its end. Longer than any pause between retries,
/// polls or looks of an operator, shorter than the pause of an idle loop.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);

/// One in so many hosts that start alone opens the file anew; the others find the claims of the host
/// before them still held.
const REOPENED: u64 = 3;

/// Steps after which a history goes round in circles.
const MOST_STEPS: u32 = 50_000;

/// Where the store's file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// In memory, where there is a file system for that.
    Memory,
    /// On a disk.
    Disk,
}

/// How a history went.
pub(crate) struct Told {
    /// All that happened, as a number.
    pub(crate) digest: u64,
    /// The first thing that must not be, if there was one.
    pub(crate) violation: Option<Violation>,
}

/// Live through the history of a seed.
pub(crate) fn tell(seed: u64, medium: Medium, breakage: Option<Breakage>) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let sim = Sim::new(seed, breakage);
    runtime.block_on(async {
        let mut history = History::begin(Arc::clone(&sim), medium);
        history.go_on().await;
    });
    Told {
        digest: sim.digest(),
        violation: sim.violation(),
    }
}

/// The file of an empty store, made once: to make it takes longer than many a history.
fn empty_store() -> &'static [u8] {
    static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        // Let go of, it brings its log into the file.
        drop(SqliteStore::open(SqliteOptions::new(&path)).unwrap());
        std::fs::read(path).unwrap()
    });
    &EMPTY
}

/// A place where one host after the other runs.
pub(crate) struct Slot {
    pub(crate) power: Arc<Power>,
    pub(crate) running: Arc<Mutex<Option<Running>>>,
    boot: Option<AbortHandle>,
    restart_at: Option<Timestamp>,
    generation: u32,
}

/// A host at work.
pub(crate) struct Running {
    pub(crate) core: Arc<Core>,
    pub(crate) service: Service,
}

/// A history under way.
pub(crate) struct History {
    pub(crate) sim: Arc<Sim>,
    pub(crate) slots: Vec<Slot>,
    sqlite: Option<Arc<SqliteStore>>,
    folder: TempDir,
    medium: Medium,
    calm_at: Timestamp,
    /// When an operator looks next.
    pub(crate) operator_at: Timestamp,
}

impl History {
    fn begin(sim: Arc<Sim>, medium: Medium) -> Self {
        let now = sim.now();
        let folder = match medium {
            Medium::Memory if std::path::Path::new("/dev/shm").is_dir() => {
                tempfile::tempdir_in("/dev/shm").unwrap()
            }
            _ => tempfile::tempdir().unwrap(),
        };
        let mut history = Self {
            slots: Vec::new(),
            sqlite: None,
            folder,
            medium,
            calm_at: now.plus(Duration::from_secs(sim.profile.rough)),
            operator_at: now.plus(OPERATOR_PAUSE),
            sim,
        };
        std::fs::write(history.file(), empty_store()).unwrap();
        history.open();
        history.plan();
        for number in 0..history.sim.profile.hosts {
            let power = Power::new(String::new(), Arc::clone(&history.sim));
            history.slots.push(Slot {
                power,
                running: Arc::default(),
                boot: None,
                restart_at: None,
                generation: 0,
            });
            history.boot(number);
        }
        history
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    fn open(&mut self) {
        let options = SqliteOptions {
            check_up_to: 0,
            read_connections: 1,
            own_threads: self.medium == Medium::Disk,
            ..SqliteOptions::new(self.file())
        };
        self.sqlite = Some(SqliteStore::open(options).unwrap());
    }

    /// The store, for those who look at it from outside.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        let sqlite = Arc::clone(self.sqlite.as_ref().unwrap());
        match self.sim.breakage {
            None => sqlite,
            Some(_) => Arc::new(BrokenStore {
                inner: sqlite,
                sim: Arc::clone(&self.sim),
            }),
        }
    }

    /// What happens at the DAM: assets come, and some get new versions.
    fn plan(&self) {
        let sim = &self.sim;
        for number in 0..sim.profile.assets {
            let id = format!("a{number}");
            let created = sim.now().plus(sim.seconds(300));
            sim.vendor
                .plan(created, DAM, "asset.created", asset(&id), "v1");
            for version in 0..sim.below(3) {
                let at = created.plus(sim.seconds(sim.profile.rough));
                let token = format!("v{}", version + 2);
                sim.vendor
                    .plan(at, DAM, "asset.updated", asset(&id), &token);
            }
        }
    }

    async fn go_on(&mut self) {
        for _ in 0..MOST_STEPS {
            self.sim.others_work().await;
            let written = self.sim.checker.look(&self.sim, self.store().as_ref());
            self.bury_the_dead();
            if self.sim.violation().is_some() || self.has_ended(written) {
                return;
            }
            self.revive();
            self.sim.vendor.let_happen(&self.sim);
            if let Some(delivery) = self.sim.vendor.delivery(&self.sim) {
                self.deliver(delivery);
                continue;
            }
            let before = self.sim.activity();
            self.interfere();
            if self.sim.activity() != before {
                self.sim.others_work().await;
            }
            self.let_time_pass();
        }
        self.sim
            .violated(Invariant::Ends, "it goes round in circles".into());
    }

    /// Has everything come to its end, or should it have?
    fn has_ended(&self, written: bool) -> bool {
        let now = self.sim.now();
        let too_late = now > self.calm_at.plus(PATIENCE);
        if now < self.calm_at || !(written || too_late) {
            return false;
        }
        let store = self.store();
        let runs = runs(store.as_ref());
        let vendor = &self.sim.vendor;
        let all = vendor.next_plan().is_none()
            && vendor.next_delivery().is_none()
            && self.sim.checker.promises() as u64 == vendor.happenings()
            && runs.len() as u64 >= 2 * self.sim.profile.assets
            && runs.iter().all(|run| !run.state.is_live())
            && at_once(store.unrouted_events(1)).unwrap().is_empty()
            && at_once(store.open_webhooks(Timestamp(i64::MAX), 1))
                .unwrap()
                .is_empty();
        if all || too_late {
            ended_well(&self.sim, store.as_ref());
            return true;
        }
        false
    }

    // ---- Hosts --------------------------------------------------------------------------------

    /// Start the next host in this place.
    fn boot(&mut self, number: usize) {
        let store = self.store();
        let slot = &mut self.slots[number];
        slot.generation += 1;
        let name = format!("host {number}.{}", slot.generation);
        self.sim.trace(format_args!("{name} starts"));
        let power = Power::new(name.clone(), Arc::clone(&self.sim));
        let core = Core::new(Parts {
            store: Arc::new(HostStore {
                inner: store,
                power: Arc::clone(&power),
            }),
            guests: Components::new(Arc::clone(&power)),
            gate: Arc::new(OpenGate),
            clock: Arc::new(HostClock(Arc::clone(&power))),
            options: options(self.sim.profile.hosts),
            owner: name,
            public_url: None,
        });
        let running = Arc::<Mutex<Option<Running>>>::default();
        let (place, power_of_boot) = (Arc::clone(&running), Arc::clone(&power));
        let boot = tokio::spawn(async move {
            match core.configure(topology()).await {
                Ok(()) => {
                    let service = Service::start(Arc::clone(&core));
                    *place.lock().unwrap() = Some(Running { core, service });
                }
                Err(_) => power_of_boot.die(),
            }
        });
        slot.power = power;
        slot.running = running;
        slot.boot = Some(boot.abort_handle());
        slot.restart_at = None;
    }

    fn bury_the_dead(&mut self) {
        let now = self.sim.now();
        for slot in &mut self.slots {
            if slot.power.is_dead() && slot.restart_at.is_none() {
                if let Some(boot) = slot.boot.take() {
                    boot.abort();
                }
                drop(slot.running.lock().unwrap().take());
                slot.restart_at = Some(now.plus(self.sim.seconds(60)));
            }
        }
    }

    /// Whoever stood still long enough goes on, whoever was dead long enough has a successor.
    fn revive(&mut self) {
        let now = self.sim.now();
        for slot in &self.slots {
            slot.power.resume_if_due(now);
        }
        for number in 0..self.slots.len() {
            if self.slots[number].restart_at.is_some_and(|at| at <= now) {
                self.reopen();
                self.boot(number);
            }
        }
    }

    /// Some hosts that are alone open the file anew when they start, unless somebody still has it.
    fn reopen(&mut self) {
        let alone = self.slots.len() == 1 && self.sim.below(REOPENED) == 0;
        if alone
            && self
                .sqlite
                .as_ref()
                .is_some_and(|store| Arc::strong_count(store) == 1)
        {
            self.sim.trace(format_args!("the file is opened anew"));
            self.sqlite = None;
            self.open();
        }
    }

    /// A host that may be asked, if one runs.
    pub(crate) fn some_host(&self) -> Option<Arc<Core>> {
        let number = usize::try_from(self.sim.below(self.slots.len() as u64)).unwrap();
        let running = self.slots[number].running.lock().unwrap();
        running.as_ref().map(|running| Arc::clone(&running.core))
    }

    fn let_time_pass(&self) {
        let vendor = &self.sim.vendor;
        let slots = self.slots.iter();
        let hosts = slots.flat_map(|slot| [slot.restart_at, slot.power.resumes_at()]);
        let next = hosts
            .chain([
                self.sim.clock.next_deadline(),
                vendor.next_plan(),
                vendor.next_delivery(),
                Some(self.operator_at),
            ])
            .flatten()
            .min();
        let was_rough = self.sim.now() < self.calm_at;
        let Some(mut next) = next else { return };
        // Clocks jump now and then.
        if self.sim.strikes(50) {
            next = next.plus(self.sim.seconds(300));
        }
        self.sim.clock.advance_to(next);
        if was_rough && self.sim.now() >= self.calm_at {
            self.sim.calm_down();
        }
    }
}
