//! Where the configuration lets backups go.

use std::path::{Component, Path, PathBuf};

use crate::{Error, Result};

/// Where backups may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupOptions {
    /// The folder of backups; it is made when it is needed.
    pub directory: PathBuf,
    /// May a backup also go to an absolute path outside of it?
    pub allow_absolute: bool,
}

/// Where a backup under this name goes; the folder it is in is there afterwards.
pub(super) fn target(options: &BackupOptions, name: &Path) -> Result<PathBuf> {
    let refused = |why: &str| Err(Error::Refused(format!("{}: {why}", name.display())));
    let file = name
        .file_name()
        .and_then(|file| file.to_str())
        .unwrap_or_default();
    if file.is_empty() || file.starts_with('.') {
        return refused("the target must be a name, not beginning with a dot");
    }
    let plain = |part: Component<'_>| {
        matches!(part, Component::Normal(_)) || (name.is_absolute() && part == Component::RootDir)
    };
    if !name.components().all(plain) {
        return refused("the target must not lead upwards");
    }
    let path = options.directory.join(name);
    if !path.starts_with(&options.directory) && !options.allow_absolute {
        return refused(&format!(
            "outside of {}; backup.allow_absolute in the configuration would allow it",
            options.directory.display()
        ));
    }
    let folder = path.parent().unwrap_or(&options.directory);
    if path.starts_with(&options.directory) {
        if let Err(error) = std::fs::create_dir_all(folder) {
            return refused(&format!("its folder cannot be made: {error}"));
        }
        // A link could lead elsewhere all the same.
        let real = |path: &Path| path.canonicalize().ok();
        let below = real(folder).zip(real(&options.directory));
        let below = below.is_some_and(|(folder, directory)| folder.starts_with(directory));
        if !below && !options.allow_absolute {
            return refused("a link leads out of the folder of backups");
        }
    } else if !folder.is_dir() {
        return refused("its folder is not there");
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_below_their_folder_unless_allowed() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("backups");
        let strict = BackupOptions {
            directory: directory.clone(),
            allow_absolute: false,
        };
        let below = |name: &str| target(&strict, Path::new(name));
        assert_eq!(below("a.db").unwrap(), directory.join("a.db"));
        assert_eq!(
            below("2026/11/a.db").unwrap(),
            directory.join("2026/11/a.db")
        );
        assert!(directory.join("2026/11").is_dir());
        let inside = directory.join("b.db");
        assert_eq!(below(inside.to_str().unwrap()).unwrap(), inside);
        let outside = root.path().join("a.db");
        let outside = outside.to_str().unwrap();
        let upwards = directory.join("../a.db");
        for name in [
            "",
            ".",
            "..",
            "/",
            ".hidden",
            "../a.db",
            "x/../../a.db",
            outside,
            upwards.to_str().unwrap(),
        ] {
            assert!(matches!(below(name), Err(Error::Refused(_))), "{name}");
        }
        std::os::unix::fs::symlink(root.path(), directory.join("link")).unwrap();
        assert!(below("link/a.db").is_err());

        let lax = BackupOptions {
            allow_absolute: true,
            ..strict
        };
        assert_eq!(
            target(&lax, Path::new(outside)).unwrap(),
            Path::new(outside)
        );
        assert!(target(&lax, &root.path().join("absent/a.db")).is_err());
        assert!(target(&lax, Path::new("../a.db")).is_err());
    }
}
