//! The images as a read-only registry, and a name server that knows no name: a test network's outside world.
//!
//! A runtime that uses it as a mirror names the original registry in `?ns=`; without that, any registry that has the
//! repository matches.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    sync::Arc,
};

use anyhow::Context;
use serde_json::Value;

use super::layout::NAME;

/// Largest DNS message over UDP that is read.
const QUESTION_LIMIT_BYTES: usize = 1232;
const DNS_HEADER_BYTES: usize = 12;

/// Serves until the process ends.
pub(super) fn run(layout: &Path, address: SocketAddr, name_server: Option<IpAddr>) -> anyhow::Result<()> {
    if let Some(address) = name_server {
        let socket = UdpSocket::bind((address, 53)).with_context(|| format!("cannot listen on {address}, port 53"))?;
        std::thread::spawn(move || deny_names(&socket));
    }
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let layout = Arc::new(layout.to_owned());
    for stream in listener.incoming().flatten() {
        let layout = layout.clone();
        std::thread::spawn(move || serve_connection(&layout, &stream));
    }
    Ok(())
}

/// The answer "no such name" to a question.
fn denial(question: &[u8]) -> Option<Vec<u8>> {
    if question.len() < DNS_HEADER_BYTES {
        return None;
    }
    let mut end = DNS_HEADER_BYTES;
    while *question.get(end)? != 0 {
        end += usize::from(question[end]) + 1;
    }
    let mut answer = question.get(..end + 5)?.to_vec();
    // A response, authoritative, with recursion as wished and available, NXDOMAIN; the question alone is repeated.
    answer[2] = 0x84 | (question[2] & 1);
    answer[3] = 0x83;
    answer[4..DNS_HEADER_BYTES].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
    Some(answer)
}

fn deny_names(socket: &UdpSocket) {
    let mut question = [0; QUESTION_LIMIT_BYTES];
    while let Ok((length, client)) = socket.recv_from(&mut question) {
        if let Some(answer) = denial(&question[..length]) {
            let _ = socket.send_to(&answer, client);
        }
    }
}

/// What one request gets: status, media type, digest, content.
struct Answer {
    status: &'static str,
    media_type: String,
    digest: String,
    content: Vec<u8>,
}

fn serve_connection(layout: &Path, stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        // The requests of a client that only reads have no body: headers end at the first empty line.
        loop {
            line.clear();
            if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                break;
            }
        }
        line.clear();
        let answer = answer(layout, &target).unwrap_or_else(|| Answer {
            status: "404 Not Found",
            media_type: "application/json".to_owned(),
            digest: String::new(),
            content: br#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#.to_vec(),
        });
        println!("{method} {target} {}", answer.status);
        let mut head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
            answer.status,
            answer.media_type,
            answer.content.len()
        );
        if !answer.digest.is_empty() {
            head += &format!("Docker-Content-Digest: {}\r\n", answer.digest);
        }
        let body = if method == "HEAD" { &[] } else { answer.content.as_slice() };
        let mut out = stream;
        if out.write_all((head + "\r\n").as_bytes()).and_then(|()| out.write_all(body)).is_err() {
            return;
        }
    }
}

fn answer(layout: &Path, target: &str) -> Option<Answer> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let found = |media_type: &str, digest: &str, content: Vec<u8>| Answer {
        status: "200 OK",
        media_type: media_type.to_owned(),
        digest: digest.to_owned(),
        content,
    };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let [version, repository @ .., what, reference] = parts.as_slice() else {
        return (parts == ["v2"]).then(|| found("application/json", "", b"{}".to_vec()));
    };
    if *version != "v2" || !matches!(*what, "manifests" | "blobs") {
        return None;
    }
    if *what == "manifests" && !reference.starts_with("sha256:") {
        let registry = query.split('&').find_map(|pair| pair.strip_prefix("ns=")).unwrap_or_default();
        let wanted = format!("{}:{reference}", repository.join("/"));
        let index: Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).ok()?).ok()?;
        let matches = |entry: &&Value| match entry["annotations"][NAME].as_str().and_then(|name| name.split_once('/')) {
            Some((host, rest)) => rest == wanted && (registry.is_empty() || registry == host),
            None => false,
        };
        let entry = index["manifests"].as_array()?.iter().find(matches)?;
        let digest = entry["digest"].as_str()?;
        return Some(found(entry["mediaType"].as_str()?, digest, blob(layout, digest)?));
    }
    let content = blob(layout, reference)?;
    let media_type = match *what {
        "manifests" => serde_json::from_slice::<Value>(&content).ok()?["mediaType"].as_str()?.to_owned(),
        _ => "application/octet-stream".to_owned(),
    };
    Some(found(&media_type, reference, content))
}

fn blob(layout: &Path, digest: &str) -> Option<Vec<u8>> {
    let digest = digest.strip_prefix("sha256:").filter(|rest| rest.chars().all(|letter| letter.is_ascii_hexdigit()))?;
    let mut content = Vec::new();
    std::fs::File::open(layout.join("blobs/sha256").join(digest)).ok()?.read_to_end(&mut content).ok()?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_denied() {
        let question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01a\x00\x00\x01\x00\x01\x00\x00\x29\x04\xd0";
        let answer = denial(question).unwrap();
        assert_eq!(answer, b"\x12\x34\x85\x83\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01");
        assert_eq!(denial(b"short"), None);
        assert_eq!(denial(&[0xff; 20]), None);
    }

    #[test]
    fn a_name_leads_to_its_manifest_and_on_to_blobs() {
        let folder = tempfile::tempdir().unwrap();
        let mut layout = super::super::layout::Layout::create(folder.path()).unwrap();
        let mut layer = super::super::layer::Layer::default();
        layer.file("a", 0o644, "content");
        let stored = layout.layer(&layer).unwrap();
        layout.image("registry.example/some/image:1", &[stored], &Default::default()).unwrap();
        layout.close(&folder.path().join("all.tar")).unwrap();

        let get = |target: &str| answer(folder.path(), target);
        assert!(get("/v2/").is_some());
        let manifest = get("/v2/some/image/manifests/1?ns=registry.example").unwrap();
        assert!(get("/v2/some/image/manifests/1?ns=elsewhere.example").is_none());
        let again = get(&format!("/v2/some/image/manifests/{}", manifest.digest)).unwrap();
        assert_eq!(again.media_type, manifest.media_type);
        let document: Value = serde_json::from_slice(&manifest.content).unwrap();
        let layer = document["layers"][0]["digest"].as_str().unwrap();
        assert!(get(&format!("/v2/some/image/blobs/{layer}")).is_some());
        assert!(get("/v2/some/image/blobs/sha256:../../index.json").is_none());
    }
}
