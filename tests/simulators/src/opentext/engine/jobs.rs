//! External jobs: pulled by workers, held under a lock, at least once.

use std::time::Duration;

use super::model::Job;
use super::variable::{self, Variable};
use super::{Engine, Error, Result};
use crate::common::effect;
use crate::opentext::definitions::simple;

impl Engine {
    /// Give out and lock up to `count` jobs of a topic.
    pub(crate) fn acquire(
        &mut self,
        topic: &str,
        worker: &str,
        lock: Duration,
        count: usize,
    ) -> Vec<Job> {
        let now = self.now();
        let suspended: Vec<String> = self
            .processes
            .iter()
            .filter(|p| p.suspended)
            .map(|p| p.id.clone())
            .collect();
        self.jobs
            .iter_mut()
            .filter(|job| job.topic == topic && !job.closed && job.retries > 0)
            .filter(|job| job.lock.as_ref().is_none_or(|(_, until)| *until <= now))
            .filter(|job| job.not_before.is_none_or(|time| time <= now))
            .filter(|job| !suspended.contains(&job.process))
            .take(count)
            .map(|job| {
                effect("acquire-job");
                job.lock = Some((worker.to_owned(), now.plus(lock)));
                job.clone()
            })
            .collect()
    }

    /// The job is done: its variables become the process's, with outcome `done` unless they say
    /// otherwise. A BPMN error ends the process with its code as outcome.
    pub(crate) fn complete_job(
        &mut self,
        id: &str,
        worker: &str,
        variables: Vec<Variable>,
        error_code: Option<&str>,
    ) -> Result<()> {
        let process = self.held(id, worker)?.process.clone();
        effect("complete-job");
        let said = variable::text(&variables, "outcome")
            .unwrap_or("done")
            .to_owned();
        self.set_variables(&process, variables, true)?;
        if let Some(job) = self.jobs.get_mut(id) {
            job.closed = true;
        }
        self.make(&process, simple::end(error_code.unwrap_or(&said)));
        Ok(())
    }

    /// The job failed: it comes back after `after` while it has retries left.
    pub(crate) fn fail_job(
        &mut self,
        id: &str,
        worker: &str,
        message: Option<&str>,
        retries: Option<i64>,
        after: Option<Duration>,
    ) -> Result<()> {
        let now = self.now();
        let job = self.held(id, worker)?;
        effect("fail-job");
        job.retries = retries.unwrap_or(job.retries - 1);
        job.failure = message.map(str::to_owned);
        job.not_before = after.map(|after| now.plus(after));
        job.lock = None;
        Ok(())
    }

    fn held(&mut self, id: &str, worker: &str) -> Result<&mut Job> {
        let now = self.now();
        let job = self
            .jobs
            .get_mut(id)
            .filter(|job| !job.closed)
            .ok_or_else(|| {
                Error::NotFound(format!(
                    "Could not find an external worker job with id '{id}'."
                ))
            })?;
        match &job.lock {
            Some((holder, until)) if holder == worker && *until > now => Ok(job),
            _ => Err(Error::Denied(format!(
                "{worker} does not hold a lock on the requested job"
            ))),
        }
    }
}
