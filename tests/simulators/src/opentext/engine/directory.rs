//! Users and groups, and those every simulator starts with.

use super::model::{Group, User};
use super::{Engine, Error, Result};

/// Password of every user that is seeded without one.
pub const DEFAULT_PASSWORD: &str = "test-password";

/// People and groups of the demonstration: group, its members.
const ROSTER: &[(&str, &[&str])] = &[
    ("brand-reviewers", &["ann@example.test", "ben@example.test"]),
    ("legal", &["cara@example.test"]),
    ("legal-dach", &["cara@example.test", "dirk@example.test"]),
    ("regional-de", &["dirk@example.test"]),
    ("media-ops", &["eva@example.test"]),
    ("compliance", &["eva@example.test", "finn@example.test"]),
    ("dam-admins", &["gina@example.test"]),
    ("dam-leads", &["hugo@example.test"]),
];

impl Engine {
    /// Add the people of the demonstration.
    pub(crate) fn seed_roster(&mut self) {
        for (group, members) in ROSTER {
            for member in *members {
                if self.user(member).is_none() {
                    self.add_user(member);
                }
            }
            self.add_group(group, members);
        }
        self.add_user("uploader@example.test");
    }

    /// Add a user with the default password; there already: enable it.
    pub(crate) fn add_user(&mut self, id: &str) {
        if let Some(user) = self.user_mut(id) {
            user.enabled = true;
            return;
        }
        let first_name = id.split('@').next().unwrap_or(id);
        self.users.push(User {
            id: id.to_owned(),
            first_name: first_name.to_owned(),
            last_name: "Example".to_owned(),
            password: DEFAULT_PASSWORD.to_owned(),
            enabled: true,
        });
    }

    /// Add a group, or set its members. Members that are no users yet become some.
    pub(crate) fn add_group(&mut self, id: &str, members: &[&str]) {
        for member in members {
            if self.user(member).is_none() {
                self.add_user(member);
            }
        }
        let members = members.iter().map(|&member| member.to_owned()).collect();
        match self.groups.iter_mut().find(|group| group.id == id) {
            Some(group) => group.members = members,
            None => self.groups.push(Group {
                id: id.to_owned(),
                name: id.replace('-', " "),
                members,
                enabled: true,
            }),
        }
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    pub(crate) fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Groups a user belongs to.
    pub(crate) fn groups_of(&self, user: &str) -> Vec<&str> {
        let member_of = |group: &&Group| group.members.iter().any(|member| member == user);
        self.groups
            .iter()
            .filter(member_of)
            .map(|group| group.id.as_str())
            .collect()
    }

    /// Can this person be given work? An assumption: the public material does not say what the
    /// service answers for unknown and disabled users.
    pub(super) fn check_person(&self, id: &str) -> Result<()> {
        match self.user(id) {
            None => Err(Error::Invalid(format!("There is no user '{id}'."))),
            Some(user) if !user.enabled => {
                Err(Error::Denied(format!("The user '{id}' is disabled.")))
            }
            Some(_) => Ok(()),
        }
    }
}
