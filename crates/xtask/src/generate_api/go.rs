//! Reads the declarations of gofmt'ed Go files: structs with tags, named types, typed constants, and the
//! comments above them. No expressions, no functions: upstream's `types.go` files consist of declarations,
//! and gofmt fixes where a line may break.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

/// What the files of one Go package declare.
#[derive(Default)]
pub(crate) struct Package {
    /// Import names to import paths.
    pub(crate) imports: BTreeMap<String, String>,
    pub(crate) types: Vec<TypeDeclaration>,
    pub(crate) constants: Vec<Constant>,
}

pub(crate) struct TypeDeclaration {
    pub(crate) name: String,
    /// The comment's lines without `//`, markers (`+optional`) included.
    pub(crate) comment: Vec<String>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Struct(Vec<FieldDeclaration>),
    /// `type Name Other`, with the text of `Other`.
    Named(String),
}

#[derive(Clone)]
pub(crate) struct FieldDeclaration {
    /// Absent for embedded structs.
    pub(crate) name: Option<String>,
    pub(crate) go_type: String,
    /// `json`, `protobuf`, `patchStrategy`, `patchMergeKey`.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) comment: Vec<String>,
}

/// `Name Type = "value"`, or `Name = Type("value")`.
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) go_type: String,
    pub(crate) value: ConstantValue,
    pub(crate) comment: Vec<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum ConstantValue {
    Text(String),
    /// What another constant has.
    Constant(String),
}

impl Package {
    /// Adds what the file declares.
    pub(crate) fn read(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let mut reader = Reader { package: self, comment: Comment::default(), state: State::Top };
        for line in text.lines() {
            reader.line(line);
        }
        Ok(())
    }
}

enum State {
    Top,
    Imports,
    Constants,
    Struct(TypeDeclaration, Vec<FieldDeclaration>),
    /// Inside a function or another block that says nothing to us.
    Other,
}

struct Reader<'a> {
    package: &'a mut Package,
    comment: Comment,
    state: State,
}

/// The comment group that is being read.
#[derive(Default)]
struct Comment {
    lines: Vec<String>,
    in_block: bool,
}

impl Comment {
    /// Takes the line if it belongs to a comment; a blank line ends the group.
    fn take_line(&mut self, line: &str) -> bool {
        let trimmed = line.trim();
        if self.in_block {
            let (text, ended) = match trimmed.strip_suffix("*/") {
                Some(text) => (text, true),
                None => (line.trim_end(), false),
            };
            self.in_block = !ended;
            self.lines.push(text.trim_start_matches('\t').to_owned());
        } else if let Some(text) = trimmed.strip_prefix("/*") {
            self.in_block = !text.ends_with("*/");
            self.lines.push(text.trim_end_matches("*/").to_owned());
        } else if let Some(text) = trimmed.strip_prefix("//") {
            if !is_directive(text) {
                self.lines.push(text.strip_prefix(' ').unwrap_or(text).to_owned());
            }
        } else if trimmed.is_empty() {
            self.lines.clear();
        } else {
            return false;
        }
        true
    }

    /// The group as Go's `CommentGroup.Text` gives it: no blank lines at the ends, no two in a row.
    fn take(&mut self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for line in std::mem::take(&mut self.lines) {
            if !(line.is_empty() && lines.last().is_none_or(|last| last.is_empty())) {
                lines.push(line);
            }
        }
        while lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        lines
    }
}

/// `//go:build` and the like, which are no comments.
fn is_directive(text: &str) -> bool {
    let Some((head, tail)) = text.split_once(':') else { return false };
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    !head.is_empty() && plain(head) && tail.chars().next().is_some_and(|c| plain(&c.to_string()))
}

impl Reader<'_> {
    fn line(&mut self, line: &str) {
        if self.comment.take_line(line) {
            return;
        }
        let comment = self.comment.take();
        let state = std::mem::replace(&mut self.state, State::Top);
        self.state = match state {
            State::Top => self.top(line, comment),
            State::Other | State::Imports | State::Constants if line.starts_with(['}', ')']) => State::Top,
            State::Imports => {
                self.import(line);
                State::Imports
            }
            State::Constants => {
                self.constant(line, comment);
                State::Constants
            }
            State::Struct(mut declaration, fields) if line == "}" => {
                declaration.body = Body::Struct(fields);
                self.package.types.push(declaration);
                State::Top
            }
            State::Struct(declaration, mut fields) => {
                fields.extend(field(line, comment));
                State::Struct(declaration, fields)
            }
            State::Other => State::Other,
        };
    }

    fn top(&mut self, line: &str, comment: Vec<String>) -> State {
        if line == "import (" {
            return State::Imports;
        }
        if let Some(import) = line.strip_prefix("import ") {
            self.import(import);
        } else if line == "const (" {
            return State::Constants;
        } else if let Some(constant) = line.strip_prefix("const ") {
            self.constant(constant, comment);
        } else if let Some(declaration) = line.strip_prefix("type ") {
            return self.declaration(declaration, comment);
        } else if line.ends_with(['{', '(']) {
            return State::Other;
        }
        State::Top
    }

    fn declaration(&mut self, text: &str, comment: Vec<String>) -> State {
        let Some((name, body)) = text.split_once(' ') else { return State::Top };
        let body = body.trim_start_matches("= ").split(" //").next().unwrap_or_default().trim();
        let declaration = TypeDeclaration { name: name.to_owned(), comment, body: Body::Named(body.to_owned()) };
        match body {
            "struct {" => return State::Struct(declaration, Vec::new()),
            "struct{}" => self.package.types.push(TypeDeclaration { body: Body::Struct(Vec::new()), ..declaration }),
            _ if body.ends_with('{') => return State::Other,
            _ => self.package.types.push(declaration),
        }
        State::Top
    }

    fn import(&mut self, line: &str) {
        let mut parts = line.trim().splitn(2, '"');
        let alias = parts.next().unwrap_or_default().trim();
        let Some(path) = parts.next().and_then(|rest| rest.split('"').next()) else { return };
        let alias = if alias.is_empty() { path.rsplit('/').next().unwrap_or(path) } else { alias };
        self.package.imports.insert(alias.to_owned(), path.to_owned());
    }

    fn constant(&mut self, line: &str, comment: Vec<String>) {
        let Some((left, right)) = line.split_once('=') else { return };
        let mut names = left.split_whitespace();
        let Some(name) = names.next() else { return };
        // `Name Type = "value"` or `Name = Type("value")`
        let right = right.trim();
        let (go_type, literal) = match (names.next(), right.split_once('(')) {
            (Some(go_type), _) => (go_type, right),
            (None, Some((go_type, literal))) => (go_type, literal),
            (None, None) => return,
        };
        let value = match literal.strip_prefix('"') {
            Some(rest) => ConstantValue::Text(rest.split('"').next().unwrap_or_default().to_owned()),
            None => ConstantValue::Constant(literal.trim_end_matches(')').to_owned()),
        };
        self.package.constants.push(Constant { name: name.to_owned(), go_type: go_type.to_owned(), value, comment });
    }
}

/// A field of a struct; `None` for lines without tags, which have no place in JSON.
fn field(line: &str, comment: Vec<String>) -> Option<FieldDeclaration> {
    let mut parts = line.splitn(3, '`');
    let (left, tag_text) = (parts.next()?, parts.next()?);
    let mut words = left.split_whitespace();
    let first = words.next()?.to_owned();
    let (name, go_type) = match words.next() {
        Some(go_type) => (Some(first), go_type.to_owned()),
        None => (None, first),
    };
    Some(FieldDeclaration { name, go_type, tags: tags(tag_text), comment })
}

fn tags(text: &str) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let mut rest = text.trim();
    while let Some((key, after)) = rest.split_once(":\"") {
        let Some((value, tail)) = after.split_once('"') else { break };
        tags.insert(key.trim().to_owned(), value.to_owned());
        rest = tail.trim_start();
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_structs_constants_and_comments() {
        let mut package = Package::default();
        let mut reader = Reader { package: &mut package, comment: Comment::default(), state: State::Top };
        let text = "import (\n\tmetav1 \"k8s.io/apimachinery/pkg/apis/meta/v1\"\n)\n\n// Left out.\n\n// Pod runs.\n// +enum\ntype Pod struct {\n\tmetav1.TypeMeta `json:\",inline\"`\n\t// Spec\n\t// +optional\n\tSpec PodSpec `json:\"spec,omitempty\" protobuf:\"bytes,2,opt,name=spec\"`\n}\n\ntype Phase string\n\nconst (\n\t// Runs.\n\tRunning Phase = \"Running\"\n)\n";
        text.lines().for_each(|line| reader.line(line));
        assert_eq!(package.imports["metav1"], "k8s.io/apimachinery/pkg/apis/meta/v1");
        let Body::Struct(fields) = &package.types[0].body else { panic!("a struct") };
        assert_eq!(package.types[0].comment, ["Pod runs.", "+enum"]);
        assert_eq!(fields[0].name, None);
        assert_eq!(fields[1].tags["protobuf"], "bytes,2,opt,name=spec");
        assert_eq!(package.constants[0].value, ConstantValue::Text("Running".to_owned()));
    }
}
