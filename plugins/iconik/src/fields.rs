//! Field definitions: those of the configured metadata view, for only they can be read and written.

use forebay_sdk::Error;
use forebay_sdk::assets::Fields;
use forebay_sdk::assets::fields::{Definition, DefinitionPage};

use crate::Iconik;
use crate::values::type_of;

impl Fields for Iconik {
    /// A view is one reply, so there is one page.
    fn list(&self, _page: Option<&str>) -> Result<DefinitionPage, Error> {
        let fields = self
            .view()?
            .fields
            .iter()
            .filter(|field| !field.name.is_empty());
        let definitions = fields.map(|field| Definition {
            name: field.name.clone(),
            label: field.label.clone(),
            type_: type_of(field),
            choices: field
                .options
                .iter()
                .map(|option| option.value.clone())
                .collect(),
            required: field.required,
            writable: !field.read_only,
        });
        Ok(DefinitionPage {
            definitions: definitions.collect(),
            next: None,
        })
    }
}
