//! Writes the typed views: a struct per Go struct, a method per field.

use std::fmt::Write;

use super::model::{FieldModel, KindModel, Member, PackageModel, StructModel};

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum", "extern",
    "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The files and their text, unformatted.
pub(crate) fn files(models: &[PackageModel]) -> Vec<(String, String)> {
    let mut list = String::from("//! The packages. Written by `cargo xtask generate-api`.\n\n");
    let mut files = Vec::new();
    for model in models {
        let stem = model.source.file_stem();
        // The parent includes this list, so the files lie beside it.
        let _ = writeln!(list, "#[path = \"{stem}.rs\"]\npub mod {stem};");
        files.push((format!("views/{stem}.rs"), package(model, models)));
    }
    files.push(("views/list.rs".to_owned(), list));
    files
}

fn package(model: &PackageModel, models: &[PackageModel]) -> String {
    let mut text = format!(
        "//! `{}`. Written by `cargo xtask generate-api`.\n\nuse apimachinery::{{Map, Value}};\n\n\
         #[allow(unused_imports)]\nuse crate::views::{{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional}};\n",
        model.source.path
    );
    for definition in &model.types {
        let name = &definition.name;
        let _ = write!(
            text,
            "\n#[derive(Clone, Copy, Debug)]\npub struct {name}<'a>(pub &'a Map);\n\n\
             impl<'a> Item<'a> for {name}<'a> {{\n#[inline]\nfn item(value: &'a Value) -> Self {{ {name}(map_of(value)) }}\n}}\n\n\
             impl<'a> {name}<'a> {{\n#[inline]\npub fn of(value: &'a Value) -> Self {{ {name}(map_of(value)) }}\n"
        );
        methods(model.source.short, definition, models, &mut text);
        text.push_str("}\n");
    }
    text
}

/// The struct's own fields and, flat as in JSON, those of embedded structs.
fn methods(package: &str, definition: &StructModel, models: &[PackageModel], text: &mut String) {
    for member in &definition.members {
        match member {
            Member::Field(field) => method(package, field, text),
            Member::Inline { package: of, name, .. } => {
                if name != "TypeMeta" {
                    let _ = write!(
                        text,
                        "#[inline]\npub fn {}(self) -> {path}<'a> {{ {path}(self.0) }}\n",
                        snake_case(name),
                        path = path(package, of, name)
                    );
                }
                let embedded = models.iter().find(|model| model.source.short == *of);
                let embedded = embedded.and_then(|model| model.types.iter().find(|other| other.name == *name));
                if let Some(embedded) = embedded {
                    methods(package, embedded, models, text);
                }
            }
        }
    }
}

fn method(package: &str, field: &FieldModel, text: &mut String) {
    let always = matches!(field.presence, "always" | "omitzero");
    let bare = match &field.kind {
        KindModel::List(_) | KindModel::Map(_) | KindModel::Plain("strings") => true,
        KindModel::Plain("time" | "microtime" | "bytes" | "raw" | "fields" | "json") => false,
        KindModel::StructOr { .. } => false,
        _ => always,
    };
    let of = item(package, &field.kind);
    let (result, reader) = if bare { (of, "bare") } else { (format!("Option<{of}>"), "optional") };
    let _ = write!(
        text,
        "#[inline]\npub fn {}(self) -> {result} {{ {reader}(self.0, {:?}) }}\n",
        snake_case(&field.name),
        field.name
    );
}

fn item(package: &str, kind: &KindModel) -> String {
    match kind {
        KindModel::Plain("bool") => "bool".to_owned(),
        KindModel::Plain("i32" | "i64") => "i64".to_owned(),
        KindModel::Plain("f64") => "f64".to_owned(),
        KindModel::Plain("intorstring") => "IntOrString<'a>".to_owned(),
        KindModel::Plain("strings") => "ViewList<'a, &'a str>".to_owned(),
        KindModel::Plain("raw" | "fields" | "json") | KindModel::StructOr { .. } => "&'a Value".to_owned(),
        KindModel::Plain(_) => "&'a str".to_owned(),
        KindModel::Struct { package: of, name } => format!("{}<'a>", path(package, of, name)),
        KindModel::List(item) => format!("ViewList<'a, {}>", self::item(package, item)),
        KindModel::Map(value) => format!("ViewMap<'a, {}>", item(package, value)),
    }
}

fn path(package: &str, of: &str, name: &str) -> String {
    if package == of { name.to_owned() } else { format!("views::{}::{name}", of.replace('/', "_")) }
}

/// `podIPs` is `pod_ips`, `x-kubernetes-map-type` is `x_kubernetes_map_type`, `type` is `type_`.
fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().filter(|c| *c != '$').collect();
    let mut snake = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| characters[index]);
        let after = characters.get(index + 1);
        // The plural of an acronym belongs to it.
        let plural = after == Some(&'s') && characters.get(index + 2).is_none_or(char::is_ascii_uppercase);
        let word = match before {
            Some(before) if before.is_ascii_uppercase() => after.is_some_and(char::is_ascii_lowercase) && !plural,
            Some(before) => before.is_ascii_alphanumeric(),
            None => false,
        };
        if character.is_ascii_uppercase() && word {
            snake.push('_');
        }
        snake.push(if *character == '-' { '_' } else { character.to_ascii_lowercase() });
    }
    if KEYWORDS.contains(&snake.as_str()) {
        snake.push('_');
    }
    snake
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_rust() {
        let names =
            ["podIPs", "hostIPC", "nonResourceURLs", "type", "$ref", "x-kubernetes-map-type", "clientIP", "JSONPath"];
        let snake: Vec<String> = names.iter().map(|name| super::snake_case(name)).collect();
        let expected = [
            "pod_ips",
            "host_ipc",
            "non_resource_urls",
            "type_",
            "ref_",
            "x_kubernetes_map_type",
            "client_ip",
            "json_path",
        ];
        assert_eq!(snake, expected);
    }
}
