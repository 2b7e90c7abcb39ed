//! Folders and albums: making, finding, filling.

use forebay_model::Timestamp;

use super::library::{Container, Library, Refusal};
use super::values::ContentId;

impl Library {
    /// Make a folder or an album in a folder.
    ///
    /// # Errors
    /// When the parent is missing or an album, or the name is taken there.
    pub fn create_container(
        &mut self,
        parent: Option<&str>,
        name: &str,
        is_album: bool,
        by: &str,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        if let Some(parent) = parent {
            let stands = self.containers.get(parent).ok_or(Refusal::NotFound)?;
            if stands.is_album {
                return Err(Refusal::Invalid(
                    "an album cannot hold a container".to_owned(),
                ));
            }
        }
        if self
            .children(parent)
            .any(|c| c.name == name && c.is_album == is_album)
        {
            return Err(Refusal::Invalid(format!(
                "there is already a {name:?} here"
            )));
        }
        let prefix = if is_album { "A" } else { "F" };
        let id = format!("{prefix}{}", self.new_id("container"));
        let container = Container {
            id: id.clone(),
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
            is_album,
            description: String::new(),
            owner: by.to_owned(),
            created: now,
            content: Vec::new(),
        };
        self.report_container(
            if is_album { "add-album" } else { "add-folder" },
            &container,
        );
        self.containers.insert(id.clone(), container);
        Ok(id)
    }

    /// The album at a path of names (`/Incoming/Spring`), made with its folders where missing.
    ///
    /// # Errors
    /// When a name on the way is an album.
    pub fn album_at(&mut self, path: &str, by: &str, now: Timestamp) -> Result<String, Refusal> {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let mut parent: Option<String> = None;
        for (position, name) in names.iter().enumerate() {
            let is_album = position + 1 == names.len();
            let found = self
                .children(parent.as_deref())
                .find(|c| c.name == *name && c.is_album == is_album)
                .map(|c| c.id.clone());
            let id = match found {
                Some(id) => id,
                None => self.create_container(parent.as_deref(), name, is_album, by, now)?,
            };
            parent = Some(id);
        }
        parent.ok_or(Refusal::NotFound)
    }

    /// Containers directly in a folder, or at the top.
    pub fn children<'a>(&'a self, parent: Option<&'a str>) -> impl Iterator<Item = &'a Container> {
        self.containers
            .values()
            .filter(move |c| c.parent.as_deref() == parent)
    }

    /// The ids on the way to a container, itself last.
    #[must_use]
    pub fn id_path(&self, id: &str) -> String {
        self.path_of(id, |container| &container.id)
    }

    /// The names on the way to a container, its own last.
    #[must_use]
    pub fn name_path(&self, id: &str) -> String {
        self.path_of(id, |container| &container.name)
    }

    fn path_of<'a>(&'a self, id: &str, part: impl Fn(&'a Container) -> &'a str) -> String {
        let mut parts = Vec::new();
        let mut next = self.containers.get(id);
        while let Some(container) = next {
            parts.push(part(container));
            next = container
                .parent
                .as_deref()
                .and_then(|parent| self.containers.get(parent));
        }
        parts.reverse();
        parts.join("/")
    }

    /// How many objects are in a container, those in its children included.
    #[must_use]
    pub fn size_of(&self, container: &Container) -> usize {
        let below: usize = self
            .children(Some(&container.id))
            .map(|child| self.size_of(child))
            .sum();
        container.content.len() + below
    }

    /// Put content into an album. What is in it already stays once.
    ///
    /// # Errors
    /// When the album or the content is missing.
    pub fn assign(&mut self, album: &str, id: &ContentId) -> Result<bool, Refusal> {
        if !self.assets.contains_key(id) {
            return Err(Refusal::NotFound);
        }
        let container = self.album(album)?;
        if container.content.contains(id) {
            return Ok(false);
        }
        container.content.push(id.clone());
        self.report("assign-album", id, Some(album.to_owned()));
        Ok(true)
    }

    /// Take content out of an album.
    ///
    /// # Errors
    /// When the album is missing.
    pub fn unassign(&mut self, album: &str, id: &ContentId) -> Result<bool, Refusal> {
        let container = self.album(album)?;
        let before = container.content.len();
        container.content.retain(|content| content != id);
        let removed = container.content.len() < before;
        if removed {
            self.report("remove-album", id, Some(album.to_owned()));
        }
        Ok(removed)
    }

    /// Delete a folder or album with everything below; content stays in the library.
    ///
    /// # Errors
    /// When it is missing.
    pub fn delete_container(&mut self, id: &str) -> Result<(), Refusal> {
        let children: Vec<String> = self.children(Some(id)).map(|c| c.id.clone()).collect();
        let container = self.containers.remove(id).ok_or(Refusal::NotFound)?;
        self.report_container(
            if container.is_album {
                "delete-album"
            } else {
                "delete-folder"
            },
            &container,
        );
        children
            .iter()
            .try_for_each(|child| self.delete_container(child))
    }

    fn album(&mut self, id: &str) -> Result<&mut Container, Refusal> {
        self.containers
            .get_mut(id)
            .filter(|c| c.is_album)
            .ok_or(Refusal::NotFound)
    }
}
