//! The directory operators drop files into. Its content is not trusted: links are not followed, and
//! what is judged is what was read.

use std::io::{self, Read as _};
use std::path::Path;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt as _, OpenOptions};

use crate::error::{Code, Error, Refusal};
use crate::inspect;
use crate::limits::Limits;

/// Endings that are looked at. `.cwasm` and `.wat` are, to tell the operator that they are wrong.
const ENDINGS: [&str; 3] = [".wasm", ".cwasm", ".wat"];

/// Right of everybody to write, in a Unix mode.
const WORLD_WRITE: u32 = 0o002;

/// Mode of the host's own directories: compiled code in them is run without another look.
const OWN_MODE: u32 = 0o700;

pub(crate) struct Directory {
    dir: Dir,
}

/// What tells a file's content from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// A file of the directory.
pub(crate) struct Entry {
    pub(crate) file: String,
    pub(crate) stamp: Stamp,
    plain: bool,
}

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(path).map_err(|source| unusable(path, source))?;
        open_guarded(path).map(|dir| Self { dir })
    }

    /// Files that may be components, the oldest first.
    pub(crate) fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in self.dir.entries()? {
            let Ok(file) = entry?.file_name().into_string() else {
                continue;
            };
            let hidden = file.starts_with('.');
            if hidden || !ENDINGS.iter().any(|ending| file.ends_with(ending)) {
                continue;
            }
            // A file that vanished since it was listed is simply not there.
            let Ok(metadata) = self.dir.symlink_metadata(&file) else {
                continue;
            };
            if metadata.is_dir() {
                continue;
            }
            entries.push(Entry {
                file,
                stamp: stamp(&metadata),
                plain: metadata.is_file(),
            });
        }
        entries.sort_by(|a, b| (a.stamp.modified, &a.file).cmp(&(b.stamp.modified, &b.file)));
        Ok(entries)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// It is a link, too large, not of a kind that is read at all, or the system refuses.
    pub(crate) fn read(&self, entry: &Entry, limits: &Limits) -> Result<Vec<u8>, Refusal> {
        if !entry.plain {
            return Err(not_plain());
        }
        if entry.file.ends_with(".cwasm") {
            return Err(inspect::precompiled());
        }
        let mut options = OpenOptions::new();
        // It may have become something else since it was listed: a link is not followed, and a pipe
        // does not make the host wait for somebody to write into it.
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let failed = |error: io::Error| unreadable(format!("it cannot be read: {error}"));
        let file = self.dir.open_with(&entry.file, &options).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(not_plain());
        }
        let size = metadata.len();
        if size > limits.plugin_file_bytes {
            return Err(inspect::too_large(size, limits));
        }
        let mut bytes = Vec::with_capacity(Limits::size(size));
        // The file may grow while it is read; one byte over the limit is enough to know.
        let most = limits.plugin_file_bytes.saturating_add(1);
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// The file's stamp now, if it is there.
    pub(crate) fn stamp(&self, file: &str) -> Option<Stamp> {
        self.dir
            .symlink_metadata(file)
            .ok()
            .map(|metadata| stamp(&metadata))
    }
}

/// Open a directory of the host's own, made for nobody else where it is not there yet.
///
/// # Errors
/// It cannot be used, or everybody can write it.
pub(crate) fn open_own(path: &Path) -> Result<Dir, Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(OWN_MODE)
        .create(path)
        .map_err(|source| unusable(path, source))?;
    open_guarded(path)
}

fn open_guarded(path: &Path) -> Result<Dir, Error> {
    let failed = |source| unusable(path, source);
    let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
    let metadata = dir.dir_metadata().map_err(failed)?;
    if metadata.mode() & WORLD_WRITE != 0 {
        return Err(Error::WorldWritable(path.to_owned()));
    }
    Ok(dir)
}

fn unusable(path: &Path, source: io::Error) -> Error {
    Error::Directory {
        path: path.to_owned(),
        source,
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        inode: metadata.ino(),
        size: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

fn not_plain() -> Refusal {
    unreadable("it is a link or a device; copy the file itself")
}

fn unreadable(reason: impl Into<String>) -> Refusal {
    Refusal::new(Code::Unreadable, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn what_became_something_else_since_it_was_listed_is_not_read() {
        let place = tempfile::TempDir::new().unwrap();
        let path = place.path().join("a.wasm");
        let directory = Directory::open(place.path()).unwrap();
        let listed = || {
            let _ = std::fs::remove_file(&path);
            std::fs::write(&path, "text").unwrap();
            directory.list().unwrap().remove(0)
        };
        let limits = Limits::default();
        let code = |entry: &Entry| directory.read(entry, &limits).unwrap_err().code;

        let entry = listed();
        assert_eq!(directory.read(&entry, &limits).unwrap(), b"text");
        std::fs::remove_file(&path).unwrap();
        // Nobody ever writes into this pipe: waiting for that would never end.
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(code(&entry), Code::Unreadable);

        let entry = listed();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(code(&entry), Code::Unreadable);
    }
}
