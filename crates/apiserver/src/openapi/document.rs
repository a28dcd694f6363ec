//! Whole documents, written as they are made so that no tree of one is ever in memory.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

use apimachinery::{Str, json, value};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use super::{
    leaves::Leaf,
    model::{Dialect, Media, PathItem, meta},
    parameters::Parameters,
    paths::{self, Paths},
    render,
    types::{Reference, Types},
};
use crate::Resource;

/// What a document describes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A group version and its resources.
    GroupVersion(Str, Str),
    /// `/api` and `/apis/GROUP`.
    Group(Str),
    /// `/apis`
    Groups,
    /// `/version`
    Version,
    /// Everything, in the old dialect.
    Everything,
}

impl Subject {
    /// The path behind `/openapi/v3/`; of everything, `v2`.
    pub(super) fn key(&self) -> String {
        match self {
            Subject::GroupVersion(group, version) if group.is_empty() => format!("api/{version}"),
            Subject::GroupVersion(group, version) => format!("apis/{group}/{version}"),
            Subject::Group(group) if group.is_empty() => "api".to_owned(),
            Subject::Group(group) => format!("apis/{group}"),
            Subject::Groups => "apis".to_owned(),
            Subject::Version => "version".to_owned(),
            Subject::Everything => "v2".to_owned(),
        }
    }
}

/// Resources by group version.
pub(super) type Served = BTreeMap<(Str, Str), Vec<Arc<Resource>>>;

/// Writes a document, compressed.
pub(super) fn build(subject: &Subject, served: &Served) -> io::Result<Bytes> {
    let descriptions = api::descriptions();
    let paths = Paths { parameters: Parameters::new(&descriptions), descriptions: &descriptions };
    let (dialect, group_versions): (Dialect, Vec<(Str, Str)>) = match subject {
        Subject::Everything => (Dialect::V2, served.keys().cloned().collect()),
        Subject::GroupVersion(group, version) => (Dialect::V3, vec![(group.clone(), version.clone())]),
        _ => (Dialect::V3, Vec::new()),
    };
    let mut types = Types::new(dialect, &descriptions, group_versions);
    let mut out = Out { encoder: GzEncoder::new(Vec::new(), Compression::default()) };
    out.text(match dialect {
        Dialect::V2 => r#"{"swagger":"2.0","info":{"title":"Kubernetes","version":""#,
        Dialect::V3 => r#"{"openapi":"3.0.0","info":{"title":"Kubernetes","version":""#,
    })?;
    out.text(crate::discovery::GIT_VERSION)?;
    out.text(r#""},"paths":"#)?;
    let mut separator = "{";
    let mut write = |item: &PathItem, out: &mut Out, types: &mut Types<'_>| -> io::Result<()> {
        out.text(separator)?;
        separator = ",";
        out.entry(&item.path, &json::to_vec(&render::path_item(item, dialect, types)))
    };
    match subject {
        Subject::Everything => {
            let groups: std::collections::BTreeSet<&Str> = served.keys().map(|(group, _)| group).collect();
            let groups = groups.into_iter().cloned().map(Subject::Group);
            for subject in groups.chain([Subject::Groups, Subject::Version]) {
                write(&plain(&subject), &mut out, &mut types)?;
            }
            for ((group, version), resources) in served {
                for item in paths.group_version(group, version, resources) {
                    write(&item, &mut out, &mut types)?;
                }
            }
        }
        Subject::GroupVersion(group, version) => {
            let resources = served.get(&(group.clone(), version.clone())).map_or(&[][..], Vec::as_slice);
            for item in paths.group_version(group, version, resources) {
                write(&item, &mut out, &mut types)?;
            }
        }
        other => write(&plain(other), &mut out, &mut types)?,
    }
    out.schemas(dialect, types)?;
    out.encoder.finish().map(Bytes::from)
}

/// The path of what is no resource.
fn plain(subject: &Subject) -> PathItem {
    let path = format!("/{}/", subject.key());
    let operation = match subject {
        Subject::Group(group) if group.is_empty() => paths::plain(
            "getCoreAPIVersions".to_owned(),
            "get available API versions",
            "core".to_owned(),
            meta("APIVersions"),
        ),
        Subject::Group(group) => paths::plain(
            format!("get{}APIGroup", paths::upper_group(group)),
            "get information of a group",
            paths::group_name(group),
            meta("APIGroup"),
        ),
        Subject::Groups => paths::plain(
            "getAPIVersions".to_owned(),
            "get available API versions",
            "apis".to_owned(),
            meta("APIGroupList"),
        ),
        _ => {
            let mut version = paths::plain(
                "getCodeVersion".to_owned(),
                "get the version information for this server",
                "version".to_owned(),
                None,
            );
            version.media = Media::Json;
            for answer in &mut version.answers {
                answer.shape = Reference::Leaf(Leaf::VersionInfo);
            }
            version
        }
    };
    PathItem { path, operations: vec![operation] }
}

struct Out {
    encoder: GzEncoder<Vec<u8>>,
}

impl Out {
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.encoder.write_all(text.as_bytes())
    }

    fn entry(&mut self, key: &str, json: &[u8]) -> io::Result<()> {
        let mut quoted = Vec::with_capacity(key.len() + 3);
        json::write_string(key, &mut quoted);
        quoted.push(b':');
        self.encoder.write_all(&quoted)?;
        self.encoder.write_all(json)
    }

    /// Closes the paths and writes the rest.
    fn schemas(&mut self, dialect: Dialect, types: Types<'_>) -> io::Result<()> {
        self.text(match dialect {
            Dialect::V2 => r#"},"definitions":{"#,
            Dialect::V3 => r#"},"components":{"schemas":{"#,
        })?;
        for (index, (name, schema)) in types.finish().iter().enumerate() {
            if index > 0 {
                self.text(",")?;
            }
            self.entry(name, schema)?;
        }
        let security = value!({"BearerToken": {
            "description": "Bearer Token authentication", "in": "header", "name": "authorization", "type": "apiKey"
        }});
        let security = String::from_utf8_lossy(&json::to_vec(&security)).into_owned();
        self.text(&match dialect {
            Dialect::V2 => {
                format!(r#"}},"securityDefinitions":{security},"security":[{{"BearerToken":[]}}]}}"#)
            }
            Dialect::V3 => format!(r#"}},"securitySchemes":{security}}}}}"#),
        })
    }
}
