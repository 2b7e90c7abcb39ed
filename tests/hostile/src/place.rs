//! The folders of one host.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::guests;

/// The folders of one host.
pub struct Place {
    root: TempDir,
}

impl Default for Place {
    fn default() -> Self {
        let place = Self {
            root: TempDir::new().unwrap(),
        };
        std::fs::create_dir(place.plugins()).unwrap();
        std::fs::create_dir(place.data()).unwrap();
        // Compiled code is shared by all tests: it is named by its content.
        let cache = guests::target().join("hostile/cache");
        std::fs::create_dir_all(&cache).unwrap();
        std::os::unix::fs::symlink(cache, place.data().join("cache")).unwrap();
        place
    }
}

impl Place {
    /// The drop directory.
    #[must_use]
    pub fn plugins(&self) -> PathBuf {
        self.root.path().join("drop")
    }

    /// The host's own directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A path beside both, out of bounds for the host.
    #[must_use]
    pub fn outside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Put a file into the drop directory, as a whole.
    pub fn drop_file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let temporary = self.outside("incoming");
        std::fs::write(&temporary, bytes).unwrap();
        let place = self.plugins().join(name);
        std::fs::rename(&temporary, &place).unwrap();
        place
    }

    /// Put a guest into the drop directory under its own name.
    pub fn drop_guest(&self, name: &str) -> PathBuf {
        self.drop_file(&format!("{name}.wasm"), &guests::rust(name))
    }
}

/// Make a path writable for everybody.
pub fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
}
