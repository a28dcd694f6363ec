use super::*;

fn query_bytes(name: &str, kind: u16, edns: Option<u16>) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns.is_some())];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    if let Some(size) = edns {
        bytes.extend_from_slice(&[0, 0, 41]);
        bytes.extend_from_slice(&size.to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0x80, 0, 0, 0]);
    }
    bytes
}

#[test]
fn a_query_is_read_and_its_answer_read_back() {
    let bytes = query_bytes("WEB.a.svc.cluster.local", kind::A, Some(4096));
    let query = read_query(&bytes).unwrap();
    assert_eq!((query.name.as_str(), query.kind, query.class), ("web.a.svc.cluster.local", kind::A, 1));
    assert_eq!(query.edns, Some(Edns { payload_bytes: 4096, version: 0, dnssec_ok: true }));
    let record = |name: &str, data| Record { name: name.into(), ttl_seconds: 5, data };
    let response = Response {
        authoritative: true,
        answers: vec![
            record("web.a.svc.cluster.local", Data::Cname("db.a.svc.cluster.local".into())),
            record("db.a.svc.cluster.local", Data::A([10, 0, 0, 1].into())),
        ],
        ..Response::empty(Code::NoError)
    };
    let bytes = encode(&query, &response, UDP_BYTES);
    assert!(bytes.windows(3).any(|window| window == b"WEB"), "the question keeps its letters");
    assert_eq!(bytes.windows(7).filter(|window| *window == b"cluster").count(), 1, "names are compressed");
    let reply = read_reply(&bytes).unwrap();
    assert_eq!((reply.id, reply.code, reply.truncated), (0x1234, 0, false));
    let values: Vec<_> = reply.answers.into_iter().map(|answer| answer.value).collect();
    assert_eq!(values, [Err("db.a.svc.cluster.local".to_owned()), Ok([10, 0, 0, 1].into())]);
}

#[test]
fn what_does_not_fit_is_said_to_be_missing() {
    let bytes = query_bytes("web.a", kind::A, None);
    let query = read_query(&bytes).unwrap();
    let answers = (0..100)
        .map(|number| Record { name: "web.a".into(), ttl_seconds: 5, data: Data::A([10, 0, 0, number].into()) })
        .collect();
    let response = Response { answers, ..Response::empty(Code::NoError) };
    let short = encode(&query, &response, PLAIN_UDP_BYTES);
    assert!(short.len() <= PLAIN_UDP_BYTES);
    let reply = read_reply(&short).unwrap();
    assert!(reply.truncated && reply.answers.len() == 30, "{}", reply.answers.len());
    assert_eq!(read_reply(&encode(&query, &response, 65535)).unwrap().answers.len(), 100);
}

#[test]
fn malformed_messages_harm_nobody() {
    assert_eq!(read_query(&[1, 2]), Err(Malformed::Ignore));
    let good = query_bytes("a.b", kind::A, Some(512));
    for length in HEADER_BYTES..good.len() {
        assert_eq!(read_query(&good[..length]), Err(Malformed::Format(0x1234)), "{length}");
    }
    let mut answer = good.clone();
    answer[2] |= 0x80;
    assert_eq!(read_query(&answer), Err(Malformed::Ignore));
    let mut update = good.clone();
    update[2] |= 0x28;
    assert_eq!(read_query(&update), Err(Malformed::NotImplemented(0x1234)));
    // A pointer to itself.
    let mut endless = good[..HEADER_BYTES].to_vec();
    endless.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
    assert_eq!(read_query(&endless), Err(Malformed::Format(0x1234)));
    let dotted = [&good[..HEADER_BYTES], b"\x03a.b\0\0\x01\0\x01"].concat();
    assert!(read_query(&dotted).is_err(), "the EDNS record is missing");
    let dotted = [&good[..11], b"\0\x03a.b\0\0\x01\0\x01"].concat();
    assert_eq!(read_query(&dotted).unwrap().name, "a\\046b");
}
