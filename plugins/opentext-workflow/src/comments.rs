//! Comments on processes.
//!
//! The engine has no place for an id of ours and no way to change a comment. So ours end with a mark
//! that holds the id, and a changed one is written anew before the old one is removed.

use forebay_sdk::http::encode_component;
use forebay_sdk::workflow::{ProcessComment, ProcessCommentPage, ProcessComments};
use forebay_sdk::{Error, OrAbsent, paging};
use serde_json::json;

use crate::Engine;
use crate::settings::Dialect;
use crate::wire::CommentRow;

/// What stands before our id at the end of a comment, and after it.
const MARK: (&str, &str) = ("\n[fb:", "]");

impl ProcessComments for Engine {
    fn list(&self, process: &str, page: Option<&str>) -> Result<ProcessCommentPage, Error> {
        let offset: usize = paging::decode(page)?.unwrap_or_default();
        let mut all = self.comment_rows(process)?;
        all.sort_by_key(|row| row.written_at().unwrap_or_default());
        let size = self.api.page_size();
        let next = offset + size;
        let next = (next < all.len())
            .then(|| paging::encode(&next))
            .transpose()?;
        let rows = all.into_iter().skip(offset).take(size);
        Ok(ProcessCommentPage {
            comments: rows.map(|row| self.process_comment(row)).collect(),
            next,
        })
    }

    fn add(&self, process: &str, text: &str, external_id: &str) -> Result<ProcessComment, Error> {
        let ours = self.ours(process, external_id)?;
        if let Some(found) = ours.into_iter().next() {
            return Ok(found);
        }
        self.write_comment(process, text, external_id)
    }

    fn edit(&self, process: &str, comment: &str, text: &str) -> Result<ProcessComment, Error> {
        let rows = self.comment_rows(process)?;
        let all: Vec<_> = rows
            .into_iter()
            .map(|row| self.process_comment(row))
            .collect();
        let old = all.iter().find(|found| found.id == comment);
        let Some(old) = old else {
            // An earlier attempt may have written the new one and removed this.
            let written = all.into_iter().rfind(|found| found.text == text);
            return written.ok_or_else(|| {
                Error::not_found(format!("process {process} has no comment {comment}"))
            });
        };
        if old.text == text {
            return Ok(old.clone());
        }
        let external = old.external_id.clone().unwrap_or_default();
        let known = all
            .iter()
            .find(|found| found.text == text && found.external_id == old.external_id);
        let new = match known {
            Some(new) => new.clone(),
            None => self.write_comment(process, text, &external)?,
        };
        self.remove(process, comment)?;
        Ok(new)
    }

    fn remove(&self, process: &str, comment: &str) -> Result<(), Error> {
        let url = format!(
            "{}/{}",
            self.comments_of(process),
            encode_component(comment)
        );
        let sent = self.api.http.delete(url).send_effect().or_absent()?;
        match sent {
            Some(outcome) => outcome.or_repeat().map(drop),
            None => Ok(()),
        }
    }
}

impl Engine {
    fn comments_of(&self, process: &str) -> String {
        match self.settings.dialect {
            Dialect::OpenText => format!("{}/comments", self.api.process(process)),
            Dialect::Flowable => format!(
                "{}/{}/comments",
                self.api.past_processes(),
                encode_component(process)
            ),
        }
    }

    /// All comments. An ended process has them in the history.
    fn comment_rows(&self, process: &str) -> Result<Vec<CommentRow>, Error> {
        let url = self.comments_of(process);
        match self.api.all(&url, &[]).or_absent()? {
            Some(rows) => Ok(rows),
            None => Ok(self.api.past_process(process)?.comments),
        }
    }

    fn ours(&self, process: &str, external_id: &str) -> Result<Vec<ProcessComment>, Error> {
        let rows = self.comment_rows(process)?;
        let all = rows.into_iter().map(|row| self.process_comment(row));
        Ok(all
            .filter(|found| found.external_id.as_deref() == Some(external_id))
            .collect())
    }

    fn write_comment(
        &self,
        process: &str,
        text: &str,
        external_id: &str,
    ) -> Result<ProcessComment, Error> {
        let mut message = text.to_owned();
        if !external_id.is_empty() {
            message.push_str(&format!("{}{external_id}{}", MARK.0, MARK.1));
        }
        let url = self.comments_of(process);
        let sent = self
            .api
            .http
            .post(url)
            .json(&json!({"message": message}))
            .send_effect()?;
        let row: CommentRow = sent.or_repeat()?.json()?;
        Ok(self.process_comment(CommentRow { message, ..row }))
    }

    fn process_comment(&self, row: CommentRow) -> ProcessComment {
        let created_at = row.written_at().unwrap_or_else(|| self.call.now());
        let (text, external_id) = unmark(&row.message);
        ProcessComment {
            text: text.to_owned(),
            external_id: external_id.map(str::to_owned),
            id: row.id,
            author: row.author,
            created_at,
        }
    }
}

/// The text, and our id at its end.
fn unmark(message: &str) -> (&str, Option<&str>) {
    let marked = message
        .strip_suffix(MARK.1)
        .and_then(|rest| rest.rsplit_once(MARK.0));
    match marked {
        Some((text, id)) => (text, Some(id)),
        None => (message, None),
    }
}
