//! A component ready to be called.

use std::sync::Arc;

use forebay_model::SharedClock;
use tokio::sync::Semaphore;
use wasmtime::component::InstancePre;

use crate::limits::Limits;
use crate::output::LineBudget;
use crate::shape::Shape;
use crate::state::State;

/// A component, compiled and linked.
#[derive(Clone)]
pub(crate) struct Loaded {
    /// What messages and metrics call it: the plugin's name, or the file's until that is known.
    pub(crate) label: String,
    pub(crate) shape: Arc<Shape>,
    pub(crate) pre: InstancePre<State>,
    /// Calls of this plugin at once.
    pub(crate) places: Arc<Semaphore>,
    /// Questions to this plugin at once.
    pub(crate) questions: Arc<Semaphore>,
    /// What it may write to the log, over all calls.
    pub(crate) lines: Arc<LineBudget>,
}

impl Loaded {
    pub(crate) fn new(
        label: &str,
        shape: Shape,
        pre: InstancePre<State>,
        clock: SharedClock,
        limits: &Limits,
    ) -> Self {
        let places = || Arc::new(Semaphore::new(Limits::size(limits.calls_per_plugin.into())));
        Self {
            label: label.to_owned(),
            shape: Arc::new(shape),
            pre,
            places: places(),
            questions: places(),
            lines: Arc::new(LineBudget::new(clock, limits)),
        }
    }

    /// The same under another label.
    pub(crate) fn labelled(&self, label: &str) -> Self {
        Self {
            label: label.to_owned(),
            ..self.clone()
        }
    }
}
