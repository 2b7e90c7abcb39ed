//! `directory`: users and groups, where the account answers for them.

use forebay_sdk::http::encode_component;
use forebay_sdk::workflow::{Directory, Principal, PrincipalKind};
use forebay_sdk::{Error, OrAbsent};

use crate::Engine;
use crate::settings::{Dialect, Settings};
use crate::wire::PrincipalRow;

impl Directory for Engine {
    fn lookup(&self, kind: PrincipalKind, id: &str) -> Result<Option<Principal>, Error> {
        let path = path(&self.settings, kind).ok_or_else(|| {
            Error::unsupported("no directory is configured (settings user_path and group_path)")
        })?;
        let base = self.settings.base_url.trim_end_matches('/');
        let url = format!("{base}{}", path.replace("{id}", &encode_component(id)));
        let Some(response) = self.api.http.get(url).send().or_absent()? else {
            return Ok(None);
        };
        let row: PrincipalRow = response.json()?;
        let person = [row.first_name, row.last_name].into_iter().flatten();
        let person = person
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        let person = (!person.is_empty()).then_some(person);
        let id = row.id.unwrap_or_else(|| id.to_owned());
        Ok(Some(Principal {
            kind,
            display_name: row
                .display_name
                .or(row.name)
                .or(person)
                .unwrap_or_else(|| id.clone()),
            id,
            enabled: row.enabled.unwrap_or(true),
        }))
    }
}

/// The path that answers, with a leading slash: a setting, or Flowable's own.
fn path(settings: &Settings, kind: PrincipalKind) -> Option<String> {
    let (set, own) = match kind {
        PrincipalKind::User => (&settings.user_path, "users"),
        PrincipalKind::Group => (&settings.group_path, "groups"),
    };
    let path = set.clone().or_else(|| {
        let service = settings.flowable_path.trim_matches('/');
        (settings.dialect == Dialect::Flowable).then(|| format!("{service}/identity/{own}/{{id}}"))
    })?;
    Some(format!("/{}", path.trim_start_matches('/')))
}
