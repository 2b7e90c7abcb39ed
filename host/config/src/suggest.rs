//! "Did you mean …?": the nearest of the names that would have been right.

/// Names less alike than this are not suggested: a wrong suggestion is worse than the list.
const LEAST_LIKENESS: f64 = 0.7;

/// More names than this are not listed in one sentence.
const LONGEST_LIST: usize = 12;

/// The name most like `wrong`.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (name, likeness(wrong, name)))
        .filter(|(_, likeness)| *likeness >= LEAST_LIKENESS)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(name, _)| name)
}

/// A mend for a wrong name: the nearest right one, else the list, else `otherwise`.
pub(crate) fn mend(wrong: &str, known: &[&str], otherwise: &str) -> String {
    match nearest(wrong, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => otherwise.to_owned(),
        None => format!("known are {}", list(known)),
    }
}

/// Names as a sentence shows them: quoted, sorted, cut off where it gets long.
pub(crate) fn list(names: &[&str]) -> String {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let more = sorted.len().saturating_sub(LONGEST_LIST);
    sorted.truncate(LONGEST_LIST);
    let mut text = sorted
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// From 0 to 1; case and the choice between `-` and `_` do not count.
fn likeness(a: &str, b: &str) -> f64 {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    strsim::normalized_damerau_levenshtein(&plain(a), &plain(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["listen", "public_url", "data_dir"];
        assert_eq!(nearest("lisen", known), Some("listen"));
        assert_eq!(nearest("public-url", known), Some("public_url"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn without_a_near_name_all_are_listed() {
        assert_eq!(mend("x", &["b", "a"], "none"), "known are `a`, `b`");
        assert_eq!(mend("x", &[], "none"), "none");
    }
}
