//! Notes of a case and comments on its assets: each stands on both sides, once, and no copy comes
//! back. A note is copied to every asset of the case. What is deleted stays in its copy: that is the
//! record.

use forebay_sdk::assets::{Comment, Draft};
use forebay_sdk::blocks::{
    Direction, ITEMS_PER_ACTIVATION, OF_DAM, OF_WORKFLOW, attributed, fingerprint, split_text,
};
use forebay_sdk::handler::interfaces;
use forebay_sdk::workflow::ProcessComment;
use forebay_sdk::{Error, OrAbsent, paging};

use super::Steps;
use crate::state::Case;
use crate::{DAM, WORKFLOW};

/// Most comments of one side that are compared; nobody reads a case with more.
const COMMENT_LIMIT: usize = 5_000;

impl Steps<'_> {
    /// Copy what is new or changed since the last comparison; of very much a part, the rest next time.
    pub(crate) fn keep_notes_same(&self, case: &mut Case) -> Result<(), Error> {
        let way = self.config.sync.comments;
        let possible = self.cx.available(DAM, interfaces::COMMENTS)
            && self.cx.available(WORKFLOW, interfaces::PROCESS_COMMENTS);
        if way == Direction::None || !possible {
            return Ok(());
        }
        let (here, _) = paging::collect(COMMENT_LIMIT, |page| {
            let found = self.cx.process_comments().list(&case.desk.process, page)?;
            Ok((found.comments, found.next))
        })?;
        let mut left = ITEMS_PER_ACTIVATION;
        let assets: Vec<_> = case.assets.keys().cloned().collect();
        for asset in assets {
            let there = paging::collect(COMMENT_LIMIT, |page| {
                let found = self.cx.comments().list(&asset, page)?;
                Ok((found.comments, found.next))
            });
            let Some((there, _)) = there.or_absent()? else {
                continue;
            };
            if way != Direction::Dam {
                self.copy_to_case(case, &asset, &there, &here, &mut left)?;
            }
            if way != Direction::Workflow {
                self.copy_to_asset(case, &asset, &here, &there, &mut left)?;
            }
        }
        Ok(())
    }

    fn is_internal(&self, text: &str) -> bool {
        let marker = &self.config.sync.internal_marker;
        !marker.is_empty() && text.contains(marker.as_str())
    }

    /// What people wrote on an asset since the case was opened; what was said before is not about it.
    fn copy_to_case(
        &self,
        case: &mut Case,
        asset: &str,
        there: &[Comment],
        here: &[ProcessComment],
        left: &mut usize,
    ) -> Result<(), Error> {
        for comment in there {
            let external = comment.external_id.as_deref().unwrap_or_default();
            let of_person = !external.starts_with(OF_WORKFLOW);
            if !of_person || comment.created_at < case.opened_at || self.is_internal(&comment.text)
            {
                continue;
            }
            let copy = format!("{OF_DAM}{}", comment.id);
            if !is_due(case, &copy, &comment.text, left) {
                continue;
            }
            let author = comment.author.as_deref().unwrap_or("unknown");
            let text = format!("{author} on {asset}: {}", comment.text);
            self.write_note(case, &text, &copy, here)?;
            case.notes.insert(copy, fingerprint(&comment.text));
        }
        Ok(())
    }

    /// Write a note, or change it: each part of a long one for itself.
    fn write_note(
        &self,
        case: &Case,
        text: &str,
        copy: &str,
        here: &[ProcessComment],
    ) -> Result<(), Error> {
        let (notes, process) = (self.cx.process_comments(), &case.desk.process);
        let parts = split_text(text, self.config.sync.max_text);
        for (index, part) in parts.iter().enumerate() {
            let id = match index {
                0 => copy.to_owned(),
                _ => format!("{copy}#{}", index + 1),
            };
            let known = here
                .iter()
                .find(|note| note.external_id.as_ref() == Some(&id));
            match known {
                Some(note) => notes.edit(process, &note.id, part)?,
                None => notes.add(process, part, &id)?,
            };
        }
        Ok(())
    }

    /// What people wrote in the case. Notes with an id of ours are copies.
    fn copy_to_asset(
        &self,
        case: &mut Case,
        asset: &str,
        here: &[ProcessComment],
        there: &[Comment],
        left: &mut usize,
    ) -> Result<(), Error> {
        for note in here {
            if note.external_id.is_some() || self.is_internal(&note.text) {
                continue;
            }
            let external_id = format!("{OF_WORKFLOW}{}", note.id);
            let copy = format!("{external_id} on {asset}");
            if !is_due(case, &copy, &note.text, left) {
                continue;
            }
            let text = attributed(note);
            let known = there
                .iter()
                .find(|comment| comment.external_id.as_ref() == Some(&external_id));
            match known {
                Some(comment) => self.cx.comments().edit(asset, &comment.id, &text)?,
                None => self.cx.comments().add(
                    asset,
                    &Draft {
                        version: None,
                        parent: None,
                        text,
                        span: None,
                        external_id,
                    },
                )?,
            };
            case.notes.insert(copy, fingerprint(&note.text));
        }
        Ok(())
    }
}

/// Is there something to copy, and may this activation copy more?
fn is_due(case: &Case, copy: &str, text: &str, left: &mut usize) -> bool {
    let same = case
        .notes
        .get(copy)
        .is_some_and(|copied| *copied == fingerprint(text));
    if same || *left == 0 {
        return false;
    }
    *left -= 1;
    true
}
