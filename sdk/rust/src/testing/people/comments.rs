//! Comments on processes, and what they show.

use super::People;
use crate::capability::workflow::{ProcessComment, ProcessCommentPage, ProcessComments};
use crate::types::{Error, FieldsExt, Value};

impl ProcessComments for People {
    fn list(&self, process: &str, _page: Option<&str>) -> Result<ProcessCommentPage, Error> {
        let all = self.comments.borrow();
        let ours = all.iter().filter(|(of, _)| of == process);
        Ok(ProcessCommentPage {
            comments: ours.map(|(_, comment)| comment.clone()).collect(),
            next: None,
        })
    }

    fn add(&self, process: &str, text: &str, external_id: &str) -> Result<ProcessComment, Error> {
        let mut all = self.comments.borrow_mut();
        let same = |(of, comment): &&(String, ProcessComment)| {
            of == process && comment.external_id.as_deref() == Some(external_id)
        };
        if let Some((_, found)) = all.iter().find(same) {
            return Ok(found.clone());
        }
        let comment = ProcessComment {
            id: format!("comment-{}", all.len() + 1),
            author: Some("integration@example.com".to_owned()),
            text: text.to_owned(),
            created_at: self.now.get(),
            external_id: Some(external_id.to_owned()).filter(|id| !id.is_empty()),
        };
        all.push((process.to_owned(), comment.clone()));
        Ok(comment)
    }

    fn edit(&self, _process: &str, comment: &str, text: &str) -> Result<ProcessComment, Error> {
        let mut all = self.comments.borrow_mut();
        let found = all.iter_mut().find(|(_, found)| found.id == comment);
        let (_, found) = found.ok_or_else(|| Error::not_found(comment))?;
        text.clone_into(&mut found.text);
        Ok(found.clone())
    }

    fn remove(&self, _process: &str, comment: &str) -> Result<(), Error> {
        self.comments
            .borrow_mut()
            .retain(|(_, found)| found.id != comment);
        Ok(())
    }
}

impl People {
    /// A person comments on a process.
    pub fn say(&self, process: &str, author: &str, text: &str) -> String {
        let mut all = self.comments.borrow_mut();
        let id = format!("comment-{}", all.len() + 1);
        all.push((
            process.to_owned(),
            ProcessComment {
                id: id.clone(),
                author: Some(author.to_owned()),
                text: text.to_owned(),
                created_at: self.now.get(),
                external_id: None,
            },
        ));
        id
    }

    /// The value of a variable of a process, as text.
    #[must_use]
    pub fn variable(&self, process: &str, name: &str) -> String {
        let processes = self.processes.borrow();
        let found = processes.iter().find(|found| found.id == process);
        let value = found.and_then(|found| found.variables.value(name).map(Value::to_plain));
        value.unwrap_or_default()
    }
}
