//! Reading: files and texts to a [`Document`] that knows the place of every key.

mod merge;
mod overrides;
mod tree;

use std::path::{Path as FilePath, PathBuf};

use crate::document::Document;
use crate::environment::Environment;
use crate::path::Path;
use crate::problem::{Place, Problem, Problems, Severity};

/// Larger files are refused unread: a configuration has kilobytes, and a wrong path may name a
/// database or a device.
const LARGEST_FILE: u64 = 4 << 20;

/// Directory of further files, beside the main one.
const FRAGMENTS: &str = "conf.d";

/// Reads configurations, with an environment.
#[derive(Clone, Debug)]
pub struct Sources {
    environment: Environment,
}

impl Sources {
    /// Sources with the process's own environment.
    #[must_use]
    pub fn process() -> Self {
        Self {
            environment: Environment::Process,
        }
    }

    /// Sources with another environment.
    #[must_use]
    pub fn with(environment: Environment) -> Self {
        Self { environment }
    }

    /// Read this file and `conf.d/*.toml` beside it, in the order of their names.
    ///
    /// What is wrong inside files is kept in the document and told by [`Document::validate`]
    /// together with everything else.
    ///
    /// # Errors
    ///
    /// The main file cannot be read: there is nothing to go on with.
    pub fn load(&self, path: &FilePath) -> Result<Document, Problems> {
        let text = read(path).map_err(|problem| Problems::from_iter([problem]))?;
        // Absolute, because the folders that are named relative to it outlive the working directory.
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let directory = absolute.parent().unwrap_or(FilePath::new("")).to_owned();
        let mut files = vec![(path.display().to_string(), text)];
        let mut problems = Vec::new();
        // Messages name files the way the caller named the main one.
        let beside = path.parent().unwrap_or(FilePath::new(""));
        match fragments(&beside.join(FRAGMENTS)) {
            Ok(paths) => {
                for fragment in paths {
                    match read(&fragment) {
                        Ok(text) => files.push((fragment.display().to_string(), text)),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
            Err(problem) => problems.push(problem),
        }
        Ok(self.assemble(&directory, files, problems))
    }

    /// Take these texts, given with the names of their files, as a configuration. Relative paths
    /// in them start at `directory`.
    #[must_use]
    pub fn parse(&self, directory: &FilePath, files: &[(&str, &str)]) -> Document {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        self.assemble(directory, files.iter().map(own).collect(), Vec::new())
    }

    fn assemble(
        &self,
        directory: &FilePath,
        files: Vec<(String, String)>,
        problems: Vec<Problem>,
    ) -> Document {
        let main = files
            .first()
            .map_or_else(String::new, |(name, _)| name.clone());
        let mut document = Document::new(main, directory.to_owned(), self.environment.clone());
        document.incomplete = !problems.is_empty();
        document.problems = problems;
        for (name, text) in &files {
            match tree::parse(name, text) {
                Ok(parsed) => merge::into(&mut document, parsed),
                Err(problem) => {
                    document.incomplete = true;
                    document.problems.push(problem);
                }
            }
        }
        overrides::apply(&mut document);
        document
    }
}

/// Files of a fragment directory; a directory that is not there has none.
fn fragments(directory: &FilePath) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |error: std::io::Error| file_problem(directory, &error);
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden
            && path
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &FilePath) -> Result<String, Problem> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| file_problem(path, &error);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        let message = format!("larger than {LARGEST_FILE} bytes");
        return Err(whole_file(path, message, "is this a configuration file?"));
    }
    String::from_utf8(bytes)
        .map_err(|_| whole_file(path, "not UTF-8".to_owned(), "save the file as UTF-8"))
}

fn file_problem(path: &FilePath, error: &std::io::Error) -> Problem {
    whole_file(
        path,
        format!("cannot be read: {error}"),
        "check the path and its permissions",
    )
}

fn whole_file(path: &FilePath, message: String, mend: &str) -> Problem {
    Problem {
        place: Place {
            file: path.display().to_string(),
            line: 0,
            column: 0,
        },
        path: Path::default().to_string(),
        message,
        mend: mend.to_owned(),
        severity: Severity::Error,
    }
}
