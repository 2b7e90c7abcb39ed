//! Comments on both sides: each is copied once, in the order it was written, and no copy comes back.

use forebay_sdk::assets::{Asset, Comment, Draft};
use forebay_sdk::blocks::{
    Direction, ITEMS_PER_ACTIVATION, OF_DAM, OF_WORKFLOW, attributed, fingerprint, split_text,
};
use forebay_sdk::workflow::ProcessComment;
use forebay_sdk::{Error, paging, time};

use super::Steps;
use crate::state::{Link, State};

/// Most comments of one side that are compared; a review with more is no review any more.
const COMMENT_LIMIT: usize = 5_000;

/// All comments as they are now, copies included.
pub(crate) struct Comments {
    /// In the DAM.
    pub(crate) in_dam: Vec<Comment>,
    /// In the workflow engine.
    pub(crate) in_workflow: Vec<ProcessComment>,
}

impl Steps<'_> {
    /// Read the comments of both sides, and note which nobody resolved. None where they are not kept
    /// the same.
    pub(crate) fn comments(&self, state: &mut State) -> Result<Option<Comments>, Error> {
        if self.config.sync.comments == Direction::None || !state.desk.is_open() {
            return Ok(None);
        }
        let (in_dam, _) = paging::collect(COMMENT_LIMIT, |page| {
            let found = self.cx.comments().list(&state.asset, page)?;
            Ok((found.comments, found.next))
        })?;
        let (in_workflow, _) = paging::collect(COMMENT_LIMIT, |page| {
            let found = self.cx.process_comments().list(&state.desk.process, page)?;
            Ok((found.comments, found.next))
        })?;
        state.behind = false;
        state.unresolved = in_dam
            .iter()
            .filter(|comment| !comment.resolved && !self.is_internal(&comment.text))
            .map(|comment| comment.id.clone())
            .collect();
        Ok(Some(Comments {
            in_dam,
            in_workflow,
        }))
    }

    /// Does it stay where it was written: as a copy of the other side, or because somebody said so?
    fn stays(&self, external_id: Option<&str>, copies: &str, text: &str) -> bool {
        external_id.is_some_and(|id| id.starts_with(copies)) || self.is_internal(text)
    }

    fn is_internal(&self, text: &str) -> bool {
        let marker = &self.config.visibility.internal_marker;
        !marker.is_empty() && text.contains(marker.as_str())
    }

    // ---- From the DAM to the workflow engine ----------------------------------------------------

    /// Copy what is new in the DAM, and edit the copies of what was edited there.
    pub(crate) fn copy_to_workflow(
        &self,
        state: &mut State,
        asset: &Asset,
        there: &[Comment],
    ) -> Result<(), Error> {
        let mut copied = 0;
        for comment in there {
            if copied == ITEMS_PER_ACTIVATION {
                state.behind = true;
                break;
            }
            if self.stays(comment.external_id.as_deref(), OF_WORKFLOW, &comment.text) {
                continue;
            }
            let known = state.links.iter().position(|link| link.dam == comment.id);
            match known {
                Some(index) => self.update_in_workflow(state, index, comment)?,
                None => copied += usize::from(self.add_to_workflow(state, asset, comment)?),
            }
        }
        Ok(())
    }

    /// Copy a comment. Tells whether it was copied: an answer waits for what it answers.
    fn add_to_workflow(
        &self,
        state: &mut State,
        asset: &Asset,
        comment: &Comment,
    ) -> Result<bool, Error> {
        let mut note = String::new();
        if let Some(parent) = comment.parent.as_ref().filter(|_| self.config.sync.replies) {
            let answered = state.links.iter().find(|link| link.dam == *parent);
            match answered.map(|link| link.workflow.clone()) {
                Some(id) => note = format!(" (answers {id})"),
                None if self.waits_for_parent(state, &comment.id)? => return Ok(false),
                None => note = " (answers a comment that is not here)".to_owned(),
            }
        }
        state.orphans.retain(|(id, _)| *id != comment.id);
        let (at, author) = by_whom(comment);
        let link = asset.links.first().map(|link| format!("\n{}", link.href));
        let text = format!(
            "{at}{author}{note}: {}{}",
            comment.text,
            link.unwrap_or_default()
        );
        let external = format!("{OF_DAM}{}", comment.id);
        let copy = self.add_in_parts(state, &text, &external)?;
        state.links.push(Link {
            dam: comment.id.clone(),
            workflow: copy,
            from_dam: true,
            text: fingerprint(&comment.text),
            deleted: false,
        });
        Ok(true)
    }

    /// A text over the limit is split; the first part stands for the whole.
    fn add_in_parts(&self, state: &State, text: &str, external: &str) -> Result<String, Error> {
        let parts = split_text(text, self.config.sync.max_text);
        let mut first = String::new();
        for (index, part) in parts.iter().enumerate() {
            let id = match index {
                0 => external.to_owned(),
                _ => format!("{external}#{}", index + 1),
            };
            let copy = self
                .cx
                .process_comments()
                .add(&state.desk.process, part, &id)?;
            if index == 0 {
                first = copy.id;
            }
        }
        Ok(first)
    }

    fn update_in_workflow(
        &self,
        state: &mut State,
        index: usize,
        comment: &Comment,
    ) -> Result<(), Error> {
        let link = state.links[index].clone();
        let now = fingerprint(&comment.text);
        if !link.from_dam || link.text == now || !self.config.sync.edits {
            return Ok(());
        }
        let (at, author) = by_whom(comment);
        let text = format!("{at}{author} (edited): {}", comment.text);
        let process = &state.desk.process;
        let edited = self
            .cx
            .process_comments()
            .edit(process, &link.workflow, &text)?;
        state.links[index].workflow = edited.id;
        state.links[index].text = now;
        Ok(())
    }

    /// An answer may come before what it answers: it waits a while.
    fn waits_for_parent(&self, state: &mut State, comment: &str) -> Result<bool, Error> {
        let now = self.cx.now();
        let known = state.orphans.iter().find(|(id, _)| id == comment);
        let since = match known {
            Some((_, since)) => *since,
            None => {
                state.orphans.push((comment.to_owned(), now));
                now
            }
        };
        let wait = self.config.sync.orphan_wait;
        Ok(now < wait.after(self.cx, &self.config.calendar, since, 100)?)
    }

    // ---- From the workflow engine to the DAM ----------------------------------------------------

    /// Copy what is new in the workflow engine, and edit the copies of what was edited there.
    pub(crate) fn copy_to_dam(
        &self,
        state: &mut State,
        here: &[ProcessComment],
    ) -> Result<(), Error> {
        let mut copied = 0;
        for comment in here {
            if copied == ITEMS_PER_ACTIVATION {
                state.behind = true;
                break;
            }
            if self.stays(comment.external_id.as_deref(), OF_DAM, &comment.text) {
                continue;
            }
            let mut links = state.links.iter();
            match links.position(|link| link.workflow == comment.id) {
                Some(index) => self.update_in_dam(state, index, comment)?,
                None => {
                    copied += 1;
                    self.add_to_dam(state, comment)?;
                }
            }
        }
        Ok(())
    }

    fn add_to_dam(&self, state: &mut State, comment: &ProcessComment) -> Result<(), Error> {
        let draft = Draft {
            version: Some(state.version.clone()),
            parent: None,
            text: attributed(comment),
            span: None,
            external_id: format!("{OF_WORKFLOW}{}", comment.id),
        };
        let copy = self.cx.comments().add(&state.asset, &draft)?;
        state.links.push(Link {
            dam: copy.id,
            workflow: comment.id.clone(),
            from_dam: false,
            text: fingerprint(&comment.text),
            deleted: false,
        });
        Ok(())
    }

    fn update_in_dam(
        &self,
        state: &mut State,
        index: usize,
        comment: &ProcessComment,
    ) -> Result<(), Error> {
        let link = &mut state.links[index];
        let now = fingerprint(&comment.text);
        if link.from_dam || link.text == now || !self.config.sync.edits {
            return Ok(());
        }
        let text = attributed(comment);
        self.cx.comments().edit(&state.asset, &link.dam, &text)?;
        link.text = now;
        Ok(())
    }

    // ---- What was deleted -----------------------------------------------------------------------

    /// Mark the copies of what was deleted in the DAM.
    pub(crate) fn mark_deleted_in_workflow(
        &self,
        state: &mut State,
        there: &[Comment],
    ) -> Result<(), Error> {
        for index in 0..state.links.len() {
            let link = &state.links[index];
            let stands = !link.from_dam || there.iter().any(|comment| comment.id == link.dam);
            if stands || link.deleted || !self.config.sync.deletes {
                continue;
            }
            let text = format!("[deleted in the DAM, seen {}]", self.now());
            let comments = self.cx.process_comments();
            let marked = comments.edit(&state.desk.process, &link.workflow, &text)?;
            let words = format!("comment {} was deleted in the DAM", link.dam);
            state.links[index].workflow = marked.id;
            self.note_deleted(state, index, words);
        }
        Ok(())
    }

    /// Mark the copies of what was deleted in the workflow engine.
    pub(crate) fn mark_deleted_in_dam(
        &self,
        state: &mut State,
        here: &[ProcessComment],
    ) -> Result<(), Error> {
        for index in 0..state.links.len() {
            let link = &state.links[index];
            let stands = link.from_dam || here.iter().any(|comment| comment.id == link.workflow);
            if stands || link.deleted || !self.config.sync.deletes {
                continue;
            }
            let text = format!("[deleted in the workflow engine, seen {}]", self.now());
            self.cx.comments().edit(&state.asset, &link.dam, &text)?;
            let words = format!("comment {} was deleted there", link.workflow);
            self.note_deleted(state, index, words);
        }
        Ok(())
    }

    fn note_deleted(&self, state: &mut State, link: usize, words: String) {
        state.links[link].deleted = true;
        let mut record = self.record("comment-deleted", "system", state);
        record.comment = Some(words);
        self.cx.decision(&record);
    }

    fn now(&self) -> String {
        time::to_rfc3339(self.cx.now())
    }
}

/// Where in the media, and who.
fn by_whom(comment: &Comment) -> (String, &str) {
    let at = comment.span.map(|span| timecode(span.start));
    let author = comment.author.as_deref().unwrap_or("unknown");
    (at.unwrap_or_default(), author)
}

/// `[00:01:12:05] `: hours, minutes, seconds, hundredths.
fn timecode(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    format!(
        "[{:02}:{:02}:{:02}:{:02}] ",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        milliseconds % 1000 / 10
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_editors_read_them() {
        assert_eq!(timecode(72_050), "[00:01:12:05] ");
        assert_eq!(timecode(3_600_000), "[01:00:00:00] ");
    }
}
