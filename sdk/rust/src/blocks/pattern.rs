//! Path patterns: `/Incoming/**`, `Ingest/*`.

/// Does the path match the pattern? `*` stands for one segment or a part of it, `**` for any number
/// of segments. A leading slash on either side does not matter, nor does letter case: vendors treat
/// folder names that way.
#[must_use]
pub fn matches_path(pattern: &str, path: &str) -> bool {
    let segments = |text: &str| -> Vec<String> {
        text.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    matches_segments(&segments(pattern), &segments(path))
}

fn matches_segments(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((first, rest)), _) if first == "**" => {
            (0..=path.len()).any(|skip| matches_segments(rest, &path[skip..]))
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((segment, others))) => {
            matches_segment(first, segment) && matches_segments(rest, others)
        }
    }
}

fn matches_segment(pattern: &str, segment: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == segment,
        Some((before, after)) => segment.strip_prefix(before).is_some_and(|rest| {
            let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts
                .into_iter()
                .any(|at| matches_segment(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches_path;

    #[test]
    fn stars_match_segments() {
        for (pattern, path, expected) in [
            ("/Incoming/**", "/Incoming", true),
            ("/Incoming/**", "/Incoming/Spring/Raw", true),
            ("Ingest/*", "/Ingest/Card 1", true),
            ("Ingest/*", "/Ingest", false),
            ("Ingest/*", "/Ingest/a/b", false),
            ("Ingest/card*", "/ingest/Card 7", true),
            ("/External/**", "/Incoming/x", false),
            ("**", "", true),
        ] {
            assert_eq!(matches_path(pattern, path), expected, "{pattern} on {path}");
        }
    }
}
