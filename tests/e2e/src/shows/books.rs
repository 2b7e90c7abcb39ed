//! What the simulators wrote down: calls, effects, and effects that happened twice.

use std::collections::{BTreeMap, BTreeSet};

use forebay_simulators::common::Call;

use crate::World;

/// How many calls there were and what was done twice.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Calls of the host to vendors.
    pub calls: usize,
    /// Effects these had.
    pub effects: usize,
    /// Effects that happened more often than once, in words.
    pub repeated: Vec<String>,
}

impl Books {
    /// Read the books of a world.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut books = Self::default();
        for frame in world.frames() {
            let calls = frame.recorder().calls();
            books.calls += calls.len();
            books.effects += calls.iter().map(|call| call.effects.len()).sum::<usize>();
            books.repeated.extend(repeated(frame.name(), &calls));
        }
        books.repeated.extend(processes_started_twice(world));
        books.repeated.extend(links_made_twice(world));
        books.repeated.extend(collections_made_twice(world));
        books
    }
}

/// Calls that had an effect and are the same to the last byte.
fn repeated(vendor: &str, calls: &[Call]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let again = calls.iter().filter(|call| {
        let what = (&call.operation, &call.method, &call.path);
        has_effect(call) && !seen.insert((what, &call.query, &call.body_digest))
    });
    again
        .map(|call| {
            let body = call.body.as_deref().unwrap_or_default();
            format!("{vendor}: {} {} {body}", call.operation, call.path)
        })
        .collect()
}

/// Had it an effect of a flow's work? Fetching tokens and looking after webhooks is not. Two runs that
/// miss the same collection make it both and keep one: what counts is what stands in the end.
fn has_effect(call: &Call) -> bool {
    call.effects.iter().any(|effect| {
        !effect.ends_with("-token")
            && !effect.ends_with("-webhook")
            && effect != "create-collection"
    })
}

/// Keys under which more than one process of a definition was started.
pub(crate) fn processes_started_twice(world: &World) -> Vec<String> {
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for process in world.engine.all_processes() {
        let key = process.business_key.unwrap_or_default();
        *counts.entry((process.definition, key)).or_default() += 1;
    }
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    twice
        .map(|((definition, key), count)| format!("opentext: {count} {definition} of {key}"))
        .collect()
}

/// Titles, which carry the external id, that more than one link of Canto has.
pub(crate) fn links_made_twice(world: &World) -> Vec<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for share in world.canto.shares() {
        *counts.entry(share.title().to_owned()).or_default() += 1;
    }
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    twice
        .map(|(title, count)| format!("canto: {count} links {title}"))
        .collect()
}

/// Collections of iconik that stand beside another of the same title.
pub(crate) fn collections_made_twice(world: &World) -> Vec<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    world.iconik.domain(|domain, _| {
        let standing = domain
            .collections
            .values()
            .filter(|collection| collection.status == "ACTIVE");
        for collection in standing {
            let path = domain.collection_path(&collection.id);
            *counts.entry(path).or_default() += 1;
        }
    });
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    twice
        .map(|(path, count)| format!("iconik: {count} collections {path}"))
        .collect()
}
