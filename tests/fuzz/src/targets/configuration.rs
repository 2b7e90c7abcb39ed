//! A configuration file, as text.

use std::path::Path;
use std::sync::Arc;

use forebay_config::{Catalog, Environment, SchemaSet, Sources};
use forebay_model::plugin::Plugin;

/// No plugins: what belongs to them is reported, not read.
struct Nothing;

impl Catalog for Nothing {
    fn plugin(&self, _: &str) -> Option<Arc<Plugin>> {
        None
    }

    fn names(&self) -> Vec<String> {
        vec!["canto".to_owned()]
    }
}

/// What stands for a secret. It must not come up in what is said about the file.
const SECRET: &str = "s3cr3t-value-of-the-environment";

/// A text is accepted, or refused with problems that can be shown.
pub(super) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let environment = Environment::fixed([("X", SECRET)]);
    let document = Sources::with(environment).parse(Path::new(""), &[("forebay.toml", text)]);
    if let Err(problems) = document.validate(&SchemaSet::default(), &Nothing) {
        assert!(problems.iter().next().is_some(), "refused without a reason");
        for problem in problems.iter() {
            let shown = problem.to_string();
            assert!(!shown.is_empty(), "a problem without words");
            assert!(!shown.contains(SECRET), "a problem tells a secret");
        }
    }
}
