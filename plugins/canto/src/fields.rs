//! Field definitions: the tenant's custom fields, and the built-in properties of the settings.

use forebay_sdk::Error;
use forebay_sdk::assets::Fields;
use forebay_sdk::assets::fields::{Definition, DefinitionPage, FieldType};

use crate::Canto;
use crate::wire::CustomField;

impl Fields for Canto {
    /// Canto lists them all at once: there is one page.
    fn list(&self, _page: Option<&str>) -> Result<DefinitionPage, Error> {
        let custom = self.custom_fields()?;
        let shadowed = |name: &String| custom.iter().any(|field| field.name == *name);
        let native = self
            .settings
            .native_properties
            .iter()
            .filter(|name| !shadowed(name));
        let native = native.map(|name| definition(name, FieldType::Text, Vec::new()));
        let custom = custom
            .iter()
            .map(|field| definition(&field.name, field_type(field), field.choices()));
        Ok(DefinitionPage {
            definitions: native.chain(custom).collect(),
            next: None,
        })
    }
}

impl Canto {
    /// Does a custom field take several values?
    pub(crate) fn takes_several(&self, name: &str) -> Result<bool, Error> {
        let fields = self.custom_fields()?;
        let field = fields.iter().find(|field| field.name == name);
        Ok(field.is_some_and(|field| field_type(field) == FieldType::Choices))
    }
}

fn definition(name: &str, field_type: FieldType, choices: Vec<String>) -> Definition {
    Definition {
        name: name.to_owned(),
        label: name.to_owned(),
        type_: field_type,
        choices,
        // Canto demands no field over the API, whatever its upload form does.
        required: false,
        writable: true,
    }
}

/// The words for types are not documented: they are recognised by what they contain.
fn field_type(field: &CustomField) -> FieldType {
    let kind = field.kind.to_lowercase();
    let says = |word: &str| kind.contains(word);
    match field.values.is_empty() {
        _ if says("multi") => FieldType::Choices,
        false => FieldType::Choice,
        true if says("choice") || says("select") => FieldType::Choice,
        true if says("date") => FieldType::Date,
        true if says("number") => FieldType::Number,
        true if says("bool") || says("checkbox") => FieldType::Boolean,
        true => FieldType::Text,
    }
}
