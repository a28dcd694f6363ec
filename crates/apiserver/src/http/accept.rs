//! Content negotiation: which format, and which view of an object.

use apimachinery::Status;
use http::HeaderMap;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
    /// `application/vnd.kubernetes.protobuf`
    Protobuf,
}

/// What of an object is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The object.
    Whole,
    /// `meta.k8s.io/v1 Table`
    Table,
    /// `meta.k8s.io/v1 PartialObjectMetadata`, for collections its list.
    PartialMetadata,
}

/// What the client accepts best of what the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The format.
    pub format: Format,
    /// The view.
    pub view: View,
}

/// The media types of objects.
pub(crate) const SUPPORTED: [&str; 3] = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

impl Format {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Yaml => "application/yaml",
            Format::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// The format of a body; JSON when the client does not say.
    ///
    /// # Errors
    /// 415.
    pub fn of_body(headers: &HeaderMap) -> Result<Format, Status> {
        let text = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match text.split(';').next().unwrap_or_default().trim() {
            "" | "application/json" => Ok(Format::Json),
            "application/yaml" => Ok(Format::Yaml),
            "application/vnd.kubernetes.protobuf" => Ok(Format::Protobuf),
            _ => Err(Status::unsupported_media_type(&SUPPORTED)),
        }
    }
}

impl Accept {
    /// Plain JSON.
    pub const JSON: Accept = Accept { format: Format::Json, view: View::Whole };

    /// Reads `Accept`. Clauses are taken in the order of their quality, then of their writing.
    ///
    /// # Errors
    /// 406 when the server has none of them.
    pub fn parse(headers: &HeaderMap) -> Result<Accept, Status> {
        let header = headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
        if header.trim().is_empty() {
            return Ok(Accept::JSON);
        }
        let mut clauses: Vec<(f32, &str)> = header.split(',').map(|clause| (quality(clause), clause)).collect();
        clauses.sort_by(|a, b| b.0.total_cmp(&a.0));
        clauses
            .into_iter()
            .find_map(|(_, clause)| Accept::clause(clause))
            .ok_or_else(|| Status::not_acceptable(&SUPPORTED))
    }

    fn clause(clause: &str) -> Option<Accept> {
        let mut parts = clause.split(';').map(str::trim);
        let format = match parts.next()? {
            "application/json" | "*/*" | "application/*" => Format::Json,
            "application/yaml" => Format::Yaml,
            "application/vnd.kubernetes.protobuf" => Format::Protobuf,
            _ => return None,
        };
        let (mut kind, mut group, mut version) = ("", "", "");
        for parameter in parts {
            match parameter.split_once('=') {
                Some(("as", value)) => kind = value,
                Some(("g", value)) => group = value,
                Some(("v", value)) => version = value,
                _ => {}
            }
        }
        let view = match (kind, group, version) {
            ("", ..) => View::Whole,
            ("Table", "meta.k8s.io", "v1") if format != Format::Protobuf => View::Table,
            ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => View::PartialMetadata,
            _ => return None,
        };
        Some(Accept { format, view })
    }
}

/// Whether the client takes answers that are compressed by gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(http::header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    encodings.flat_map(|value| value.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|part| part == "q=0")
    })
}

fn quality(clause: &str) -> f32 {
    let parameter = clause.split(';').find_map(|part| part.trim().strip_prefix("q="));
    parameter.and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Option<(Format, View)>) {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, header.parse().unwrap());
        let found = Accept::parse(&headers).ok().map(|accept| (accept.format, accept.view));
        assert_eq!(found, expected, "{header}");
    }

    #[test]
    fn negotiates() {
        check("", Some((Format::Json, View::Whole)));
        check("*/*", Some((Format::Json, View::Whole)));
        check("application/vnd.kubernetes.protobuf,application/json", Some((Format::Protobuf, View::Whole)));
        check(
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
            Some((Format::Json, View::Table)),
        );
        check("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Some((Format::Json, View::Whole)));
        check("application/json;q=0.5,application/yaml", Some((Format::Yaml, View::Whole)));
        check("text/html", None);
    }
}
