//! Writes the schema files; their form is described where they are read, in `api::text`.

use std::fmt::Write;

use super::model::{FieldModel, KindModel, Member, PackageModel, StructModel};

/// Descriptions in the order in which their owners stand in the schema files.
pub(crate) struct Descriptions(Vec<u8>);

impl Default for Descriptions {
    /// Number 0 is "none".
    fn default() -> Descriptions {
        Descriptions(vec![0])
    }
}

impl Descriptions {
    fn push(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    /// All of them, each ended by a zero byte.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The schema file of one package.
pub(crate) fn package(model: &PackageModel, descriptions: &mut Descriptions) -> String {
    let source = model.source;
    let group = if source.group.is_empty() { "-" } else { source.group };
    let mut text = format!("package {} {} {group} {}\n", source.short, source.openapi_prefix(), source.version());
    for definition in &model.types {
        descriptions.push(&definition.description);
        struct_lines(source.short, definition, descriptions, &mut text);
    }
    text
}

fn struct_lines(package: &str, definition: &StructModel, descriptions: &mut Descriptions, text: &mut String) {
    text.push_str("\ntype ");
    text.push_str(&definition.name);
    for (fact, word) in [(definition.is_kind, " kind"), (definition.atomic, " atomic")] {
        if fact {
            text.push_str(word);
        }
    }
    if let Some(discriminator) = &definition.union_discriminator {
        let _ = write!(text, " union({discriminator})");
    }
    text.push('\n');
    for member in &definition.members {
        match member {
            Member::Inline { number, package: of, name } => {
                let _ = writeln!(text, "  + {number} {}", reference(package, of, name));
            }
            Member::Field(field) => {
                descriptions.push(&field.description);
                field_line(package, field, text);
            }
        }
    }
}

fn field_line(package: &str, field: &FieldModel, text: &mut String) {
    let _ = write!(text, "  {} {} {} {}", field.name, field.number, kind(package, &field.kind), field.presence);
    for fact in &field.facts {
        text.push(' ');
        text.push_str(fact);
    }
    text.push('\n');
}

fn kind(package: &str, kind_model: &KindModel) -> String {
    match kind_model {
        KindModel::Plain(word) => (*word).to_owned(),
        KindModel::Struct { package: of, name } => reference(package, of, name),
        KindModel::StructOr { package: of, name, alternative } => {
            format!("{}|{alternative}", reference(package, of, name))
        }
        KindModel::List(item) => format!("[]{}", kind(package, item)),
        KindModel::Map(value) => format!("{{}}{}", kind(package, value)),
    }
}

fn reference(package: &str, of: &str, name: &str) -> String {
    if package == of { name.to_owned() } else { format!("{of}.{name}") }
}

/// The Rust table of schema files.
pub(crate) fn list(models: &[PackageModel]) -> String {
    let mut text = String::from(
        "//! The schema files, in the order in which their types are numbered. Written by `cargo xtask generate-api`.\n\n",
    );
    let _ = writeln!(text, "pub(crate) const PACKAGES: &[&str] = &[");
    for model in models {
        let _ = writeln!(text, "    include_str!(\"../schema/{}.txt\"),", model.source.file_stem());
    }
    text.push_str("];\n");
    text
}
