//! The directory operators drop files into. Its content is not trusted: links are not followed, and
//! what is judged is what was read.

use std::io::{self, Read as _};
use std::path::Path;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt as _, OpenOptions};

use crate::error::{Code, Error, Refusal};
use crate::inspect;
use crate::limits::Limits;

/// Endings that are looked at. `.cwasm` and `.wat` are, to tell the operator that they are wrong.
const ENDINGS: [&str; 3] = [".wasm", ".cwasm", ".wat"];

/// Right of everybody to write, in a Unix mode.
const WORLD_WRITE: u32 = 0o002;

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
        let unusable = |source| Error::Directory {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(path).map_err(unusable)?;
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(unusable)?;
        let metadata = dir.dir_metadata().map_err(unusable)?;
        if metadata.mode() & WORLD_WRITE != 0 {
            return Err(Error::WorldWritable(path.to_owned()));
        }
        Ok(Self { dir })
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
            return Err(unreadable("it is a link or a device; copy the file itself"));
        }
        if entry.file.ends_with(".cwasm") {
            return Err(inspect::precompiled());
        }
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No);
        let failed = |error: io::Error| unreadable(format!("it cannot be read: {error}"));
        let file = self.dir.open_with(&entry.file, &options).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
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

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        inode: metadata.ino(),
        size: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

fn unreadable(reason: impl Into<String>) -> Refusal {
    Refusal::new(Code::Unreadable, reason)
}
