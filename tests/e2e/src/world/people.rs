//! People: reviewers decide, operators intervene.

use anyhow::{Context as _, bail};
use forebay_engine::operate::StartRequest;
use forebay_model::event::Signal;
use forebay_model::run::Run;
use forebay_model::{FlowName, RunId};
use forebay_simulators::opentext::{Process, Task};
use forebay_store::runs::{Control, StartOutcome};
use serde_json::{Map, Value};

use super::World;
use crate::shows::{Answer, Question};

/// Who acts as operator.
const OPERATOR: &str = "operator:tests";

impl World {
    /// Decide the open task of this name (the stage) as a person.
    ///
    /// # Errors
    /// If there is no such task or the engine refuses.
    pub fn decide(
        &self,
        stage: &str,
        person: &str,
        outcome: &str,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let mut tasks = self.open_tasks().into_iter();
        let task = tasks.find(|task| task.name == stage);
        let task = task.with_context(|| format!("no open task `{stage}`"))?;
        let variables: Map<String, Value> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        self.engine
            .decide(&task.id, person, outcome, &variables)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
    }

    /// A person fills in a form of the workflow engine; its process.
    ///
    /// # Errors
    /// If the engine refuses.
    pub fn fill_in(
        &self,
        definition: &str,
        key: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<String> {
        let form = form.iter();
        let form = form
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        let started = self.engine.start_process(definition, key, &form);
        started.map_err(|error| anyhow::anyhow!("{definition}: {error:?}"))
    }

    /// Every task that somebody could answer, with its process; the oldest first.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let inbox = self.engine.inbox().into_iter();
        inbox
            .map(|(process, task)| Question { process, task })
            .collect()
    }

    /// Answer a task as a person does.
    ///
    /// # Errors
    /// If the engine refuses.
    pub fn reply(&self, question: &Question, answer: &Answer) -> anyhow::Result<()> {
        let Answer::Decides {
            person,
            outcome,
            form,
        } = answer
        else {
            return Ok(());
        };
        let form = form.iter().cloned();
        let form = form
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        self.engine
            .decide(&question.task.id, person, outcome, &form)
            .map_err(|error| anyhow::anyhow!("{}: {error:?}", question.task.name))
    }

    /// All open tasks, of older processes first.
    #[must_use]
    pub fn open_tasks(&self) -> Vec<Task> {
        let processes = self.engine.all_processes();
        let tasks = processes
            .iter()
            .flat_map(|process| self.engine.open_tasks(&process.id));
        tasks.collect()
    }

    /// Names of all open tasks.
    #[must_use]
    pub fn open_stages(&self) -> Vec<String> {
        self.open_tasks()
            .into_iter()
            .map(|task| task.name)
            .collect()
    }

    /// Processes of a definition ever started, oldest first.
    #[must_use]
    pub fn processes_of(&self, definition: &str) -> Vec<Process> {
        let mut processes = self.engine.all_processes();
        processes.retain(|process| process.definition == definition);
        processes
    }

    /// Review processes ever started.
    #[must_use]
    pub fn reviews_started(&self) -> usize {
        self.processes_of("assetApproval").len()
    }

    /// Ask a flow to start a run; a live run of the same key gets the request instead.
    ///
    /// # Errors
    /// If the flow refuses the input.
    pub async fn request(&self, flow: &str, input: Value) -> anyhow::Result<RunId> {
        let request = StartRequest {
            flow: FlowName::from(flow),
            input,
            key: None,
            actor: OPERATOR.to_owned(),
        };
        match self.core().start_run(request).await? {
            StartOutcome::Started(run)
            | StartOutcome::Delivered(run)
            | StartOutcome::Repeated(run) => Ok(run),
            StartOutcome::KeyReused => bail!("the request has no key"),
        }
    }

    /// Act on a run as an operator.
    ///
    /// # Errors
    /// If the action does not fit the run's state.
    pub async fn control(&self, run: &Run, control: Control) -> anyhow::Result<()> {
        self.core().control(&run.id, control, OPERATOR).await?;
        Ok(())
    }

    /// Deliver a signal to a run; `data` is what it carries.
    ///
    /// # Errors
    /// If the run has ended.
    pub async fn signal(&self, run: &Run, name: &str, data: &Value) -> anyhow::Result<()> {
        let signal = Signal {
            name: name.to_owned(),
            data: data.to_string(),
            sender: OPERATOR.to_owned(),
        };
        self.control(run, Control::Signal(signal)).await
    }

    /// Try a parked run again, and let happen what can happen.
    ///
    /// # Errors
    /// If the run is not parked.
    pub async fn retry(&self, run: &Run) -> anyhow::Result<()> {
        self.control(run, Control::Retry).await?;
        self.settle().await
    }
}
