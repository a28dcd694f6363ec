//! What scenarios of single requests have in common.

use anyhow::Context;
use apimachinery::Value;
use bytes::Bytes;

use crate::{
    Bench,
    load::{self, Script, Times},
    objects::json,
};

/// A place in an encoded object where a name or number goes.
pub(super) const PLACEHOLDER: &str = "placeholder-0";

/// An object that is encoded once, whose placeholder is replaced in the bytes.
#[derive(Clone)]
pub(super) struct Template {
    parts: Vec<Bytes>,
}

impl Template {
    /// Of an object that has [`PLACEHOLDER`] somewhere.
    pub(super) fn new(object: &Value) -> Template {
        let text = json(object);
        let mut parts = Vec::new();
        let mut start = 0;
        while let Some(found) = text[start..].windows(PLACEHOLDER.len()).position(|part| part == PLACEHOLDER.as_bytes())
        {
            parts.push(text.slice(start..start + found));
            start += found + PLACEHOLDER.len();
        }
        parts.push(text.slice(start..));
        Template { parts }
    }

    /// The bytes with this in the place.
    pub(super) fn with(&self, name: &str) -> Bytes {
        let length = self.parts.iter().map(Bytes::len).sum::<usize>() + name.len() * self.parts.len();
        let mut bytes = Vec::with_capacity(length);
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 {
                bytes.extend_from_slice(name.as_bytes());
            }
            bytes.extend_from_slice(part);
        }
        bytes.into()
    }
}

/// With how many clients single requests are measured.
pub(super) fn client_counts(bench: &Bench) -> Vec<usize> {
    bench.options.sizes(&bench.options.clients, &[1, 16, 256, 1000], &[16, 256])
}

/// The one number of clients of cases that are measured with one alone.
pub(super) const SOME_CLIENTS: usize = 16;

/// Measures one case: so many clients, each with a script of its own.
pub(super) async fn measure(
    bench: &mut Bench,
    what: &str,
    clients: usize,
    script: impl Fn(usize) -> Script,
) -> anyhow::Result<()> {
    let case = format!("{what}, {clients} client{}", if clients == 1 { "" } else { "s" });
    let figures = load::closed_loop(bench, Times::usual(bench), (0..clients).map(script).collect()).await;
    bench.record(&case, figures.with_context(|| case.clone())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn every_placeholder_is_replaced() {
        let template = Template::new(&value!({"name": PLACEHOLDER, "text": format!("a {PLACEHOLDER} b")}));
        assert_eq!(template.with("x-17"), r#"{"name":"x-17","text":"a x-17 b"}"#);
    }
}
