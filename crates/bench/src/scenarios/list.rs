//! Lists of pods: JSON, protobuf, compressed, in pages; from the cache and consistent; the first and those after it.

use crate::{
    Bench, Scenario,
    http::{Call, PROTOBUF},
    load::{self, Script, Times},
    objects,
    scenario::Setup,
};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "list",
    summary: "all pods of a namespace (--objects) are listed by one client, in every form",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const COLLECTION: &str = "/api/v1/namespaces/list/pods";
/// How many objects kubectl asks for at once.
const PAGE: usize = 500;

fn consistent() -> Call {
    Call::get(COLLECTION)
}

fn cached() -> Call {
    Call::get(format!("{COLLECTION}?resourceVersion=0"))
}

/// The forms: their name, and the request.
fn forms() -> Vec<(&'static str, Call)> {
    vec![
        ("JSON, consistent", consistent()),
        ("JSON, resourceVersion=0", cached()),
        ("JSON, gzip", Call { gzip: true, ..consistent() }),
        ("protobuf, consistent", consistent().accept(PROTOBUF)),
        ("protobuf, resourceVersion=0", cached().accept(PROTOBUF)),
    ]
}

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.options.size(bench.options.objects, 10_000, 1_000);
    objects::ensure_namespace(bench, "list").await?;
    load::send_all(
        bench,
        (0..count).map(|number| objects::create(COLLECTION, &objects::pod(&format!("pod-{number:06}")))),
    )
    .await?;
    for (form, call) in forms() {
        let connection = bench.connect().await?;
        // The first, for which nothing can have been encoded yet but what writing needed.
        let meter = bench.target().begin()?;
        let answer = connection.call(&call).await?;
        anyhow::ensure!(answer.status.is_success(), "{}: {}", call.path, answer.status);
        let mut figures = bench.target().end(&meter)?;
        figures.operations = 1;
        figures.latency.record(figures.elapsed);
        let megabytes = answer.bytes as f64 / 1e6;
        bench.record(format!("{count} pods, {form}, the first"), figures.with("megabytes", megabytes));
        let script: Script = {
            let call = call.clone();
            Box::new(move || Some(call.clone()))
        };
        let figures = load::closed_loop(bench, Times::usual(bench), vec![script]).await?;
        bench.record(format!("{count} pods, {form}"), figures);
    }
    paged(bench, count).await
}

/// Reads everything page by page; an operation is the whole list.
async fn paged(bench: &mut Bench, count: usize) -> anyhow::Result<()> {
    let connection = bench.connect().await?;
    let deadline = std::time::Instant::now() + bench.options.length();
    let meter = bench.target().begin()?;
    let (mut operations, mut latency) = (0, crate::histogram::Histogram::default());
    while std::time::Instant::now() < deadline || operations == 0 {
        let started = std::time::Instant::now();
        let mut token = String::new();
        loop {
            let page = connection.fetch(&Call::get(format!("{COLLECTION}?limit={PAGE}&continue={token}"))).await?;
            match continue_token(&page) {
                Some(next) => token = next,
                None => break,
            }
        }
        operations += 1;
        latency.record(started.elapsed());
    }
    let mut figures = bench.target().end(&meter)?;
    figures.operations = operations;
    figures.latency = latency;
    bench.record(format!("{count} pods, JSON, pages of {PAGE}"), figures);
    Ok(())
}

/// The token of the next page, read without decoding the objects: it stands in the list's metadata, before or after
/// the items, and no object has a field of its name.
fn continue_token(page: &[u8]) -> Option<String> {
    const FIELD: &[u8] = b"\"continue\":\"";
    let found = page.windows(FIELD.len()).position(|part| part == FIELD)?;
    let text = &page[found + FIELD.len()..];
    let end = text.iter().position(|byte| *byte == b'"')?;
    let token = String::from_utf8_lossy(&text[..end]).into_owned();
    (!token.is_empty()).then(|| token.replace('+', "%2B").replace('=', "%3D"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_the_next_page_is_found() {
        let page = br#"{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"ab+c=","remainingItemCount":3},"items":[]}"#;
        assert_eq!(continue_token(page).as_deref(), Some("ab%2Bc%3D"));
        assert_eq!(continue_token(br#"{"metadata":{"resourceVersion":"7"},"items":[]}"#), None);
    }
}
