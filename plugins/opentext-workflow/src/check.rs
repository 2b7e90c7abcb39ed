//! Does the connection work?

use forebay_sdk::workflow::WorkflowSink as _;
use forebay_sdk::{Error, Finding};

use crate::Engine;
use crate::settings::Dialect;
use crate::wire::ProcessRow;

impl Engine {
    pub(crate) fn findings(&self) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        match self.deployed() {
            Ok(keys) => findings.extend(self.missing_definitions(&keys)),
            Err(error) => return Ok(vec![self.unreachable(error)?]),
        }
        let history = self
            .api
            .page::<ProcessRow>(&self.api.past_processes(), &[], 0, 1);
        if let Err(error) = history {
            findings.push(self.without_history(error)?);
        }
        if self.settings.dialect == Dialect::OpenText
            && (self.settings.user_path.is_none() || self.settings.group_path.is_none())
        {
            findings.push(Finding::info(
                "user_path",
                "no directory is configured, so users and groups are not checked before they get work",
            ));
        }
        Ok(findings)
    }

    /// Keys of all definitions.
    fn deployed(&self) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        let mut page = None;
        loop {
            let found = self.definitions(page.as_deref())?;
            keys.extend(
                found
                    .definitions
                    .into_iter()
                    .map(|definition| definition.key),
            );
            page = found.next;
            if page.is_none() {
                return Ok(keys);
            }
        }
    }

    fn missing_definitions(&self, deployed: &[String]) -> Vec<Finding> {
        let wanted = self.settings.definitions.iter().enumerate();
        let missing = wanted.filter(|(_, key)| !deployed.contains(key));
        missing
            .map(|(index, key)| {
                Finding::error(
                    format!("definitions[{index}]"),
                    format!("the engine has no process definition {key}"),
                    "deploy it, or correct the key; keys are case-sensitive",
                )
            })
            .collect()
    }

    /// Credentials and addresses are a person's to mend; anything else is no finding.
    fn unreachable(&self, error: Error) -> Result<Finding, Error> {
        match &error {
            Error::Denied(_) => Ok(Finding::error(
                "",
                format!("the engine refuses the credentials: {error}"),
                match self.settings.dialect {
                    Dialect::OpenText => {
                        "check tenant, client_id and client_secret, and that the client may use the workflow service"
                    }
                    Dialect::Flowable => {
                        "check username and password, and that the user may use the REST service"
                    }
                },
            )),
            Error::NotFound(_) | Error::Invalid(_) => Ok(Finding::error(
                "base_url",
                format!("there is no such workflow engine: {error}"),
                "check dialect, base_url and the paths of the APIs",
            )),
            _ => Err(error),
        }
    }

    fn without_history(&self, error: Error) -> Result<Finding, Error> {
        match &error {
            Error::Denied(_) | Error::NotFound(_) | Error::Invalid(_) => Ok(Finding::error(
                "history_path",
                format!("the history cannot be read, so no decision would be seen: {error}"),
                "let the account read the history, and check the path of the history API",
            )),
            _ => Err(error),
        }
    }
}
