//! A client for tests.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::{
    Headers,
    frame::{Frame, FrameEncoder, FrameReader},
};

/// A client that speaks in frames.
pub(super) struct Peer<S> {
    pub(super) reader: FrameReader<tokio::io::ReadHalf<S>>,
    pub(super) writer: tokio::io::WriteHalf<S>,
    pub(super) encoder: FrameEncoder,
}

impl<S: AsyncRead + AsyncWrite> Peer<S> {
    pub(super) fn new(stream: S) -> Peer<S> {
        let (read, writer) = tokio::io::split(stream);
        Peer { reader: FrameReader::new(read), writer, encoder: FrameEncoder::new().unwrap() }
    }

    pub(super) async fn send(&mut self, frame: Frame) {
        let mut bytes = BytesMut::new();
        self.encoder.encode(&frame, &mut bytes).unwrap();
        self.writer.write_all(&bytes).await.unwrap();
    }

    pub(super) async fn open(&mut self, id: u32, kind: &str, port: &str, request_id: &str) {
        let pairs = [("streamtype", kind), ("port", port), ("requestid", request_id)];
        let headers = Headers(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        self.send(Frame::SynStream { id, headers, fin: false, unidirectional: false }).await;
    }

    pub(super) async fn data(&mut self, id: u32, data: &'static [u8], fin: bool) {
        self.send(Frame::Data { id, data: Bytes::from_static(data), fin }).await;
    }

    /// The next frame that is not about windows.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            match self.reader.next().await.unwrap() {
                Some(Frame::WindowUpdate { .. }) => {}
                frame => return frame,
            }
        }
    }

    /// Reads until `ids` have ended; what each has said.
    pub(super) async fn until_ended(&mut self, ids: &[u32]) -> HashMap<u32, String> {
        let (mut said, mut left) = (HashMap::<u32, String>::new(), ids.to_vec());
        while !left.is_empty() {
            if let Frame::Data { id, data, fin } = self.next().await.expect("the streams end first") {
                said.entry(id).or_default().push_str(std::str::from_utf8(&data).unwrap());
                left.retain(|one| !fin || *one != id);
            }
        }
        said
    }
}

/// The acceptance of a stream.
pub(super) fn reply(id: u32) -> Frame {
    Frame::SynReply { id, headers: Headers::default(), fin: false }
}
