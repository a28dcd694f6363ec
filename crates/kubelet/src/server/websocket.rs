//! WebSocket framing (RFC 6455), the server's side: as much as the channel protocols of Kubernetes need.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The protocol in which a log is a stream of bytes.
pub const BYTES_PROTOCOL: &str = "binary.k8s.io";
/// The most that one message may be.
const MESSAGE_LIMIT_BYTES: usize = 1 << 20;
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Data; text counts as data.
    Data(Bytes),
    /// Asks whether we are there.
    Ping(Bytes),
    /// The other side is done.
    Close,
}

/// The answer to `Sec-WebSocket-Key`.
pub fn accept(key: &str) -> String {
    use base64::Engine as _;
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
        &[key.as_bytes(), ACCEPT_SUFFIX].concat(),
    );
    base64::engine::general_purpose::STANDARD.encode(digest.as_ref())
}

/// The reading half.
pub struct MessageReader<R> {
    stream: R,
    buffer: BytesMut,
    message: BytesMut,
}

fn malformed(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed WebSocket frame: {why}"))
}

impl<R: AsyncRead + Unpin> MessageReader<R> {
    /// Reads from `stream`.
    pub fn new(stream: R) -> MessageReader<R> {
        MessageReader { stream, buffer: BytesMut::new(), message: BytesMut::new() }
    }

    async fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        while self.buffer.len() < wanted {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next message; `None` when the connection has ended.
    pub async fn next(&mut self) -> io::Result<Option<Message>> {
        loop {
            if !self.fill(2).await? {
                return Ok(None);
            }
            let (first, second) = (self.buffer[0], self.buffer[1]);
            if second & 0x80 == 0 {
                return Err(malformed("a client must mask"));
            }
            let extended = match second & 0x7f {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            if !self.fill(2 + extended + 4).await? {
                return Ok(None);
            }
            self.buffer.advance(2);
            let length = match extended {
                2 => u64::from(self.buffer.get_u16()),
                8 => self.buffer.get_u64(),
                _ => u64::from(second & 0x7f),
            };
            let length = usize::try_from(length).ok().filter(|length| *length <= MESSAGE_LIMIT_BYTES);
            let length = length.ok_or_else(|| malformed("it is too long"))?;
            let mut mask = [0; 4];
            self.buffer.copy_to_slice(&mut mask);
            if !self.fill(length).await? {
                return Ok(None);
            }
            let mut payload = self.buffer.split_to(length);
            payload.iter_mut().enumerate().for_each(|(index, byte)| *byte ^= mask[index % 4]);
            match first & 0x0f {
                0..=2 => {
                    if self.message.len() + payload.len() > MESSAGE_LIMIT_BYTES {
                        return Err(malformed("the message is too long"));
                    }
                    self.message.extend_from_slice(&payload);
                    if first & 0x80 != 0 {
                        return Ok(Some(Message::Data(self.message.split().freeze())));
                    }
                }
                8 => return Ok(Some(Message::Close)),
                9 => return Ok(Some(Message::Ping(payload.freeze()))),
                10 => {}
                _ => return Err(malformed("unknown opcode")),
            }
        }
    }
}

/// Writes one message; `opcode` 2 is data, 8 is close, 10 answers a ping.
pub async fn write<W: AsyncWrite + Unpin>(stream: &mut W, opcode: u8, parts: &[&[u8]]) -> io::Result<()> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut frame = BytesMut::with_capacity(length + 10);
    frame.put_u8(0x80 | opcode);
    match length {
        0..126 => frame.put_u8(length as u8),
        126..65536 => {
            frame.put_u8(126);
            frame.put_u16(length as u16);
        }
        _ => {
            frame.put_u8(127);
            frame.put_u64(length as u64);
        }
    }
    parts.iter().for_each(|part| frame.put_slice(part));
    stream.write_all(&frame).await?;
    stream.flush().await
}

/// Writes what a body says, a message for each piece, until it ends or the client hangs up.
pub async fn write_body<S, B>(stream: S, mut body: B) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
    B: hyper::body::Body<Data = Bytes, Error = std::convert::Infallible> + Unpin,
{
    let (read, mut write) = tokio::io::split(stream);
    let mut reader = MessageReader::new(read);
    let sending = async {
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                self::write(&mut write, 2, &[&data]).await?;
            }
        }
        self::write(&mut write, 8, &[&1000u16.to_be_bytes()]).await?;
        write.shutdown().await
    };
    let hung_up = async { while !matches!(reader.next().await, Ok(None | Some(Message::Close)) | Err(_)) {} };
    tokio::select! {
        sent = sending => sent,
        () = hung_up => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn a_body_is_a_message_and_an_end() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let writing = tokio::spawn(write_body(ours, Full::new(Bytes::from_static(b"log"))));
        let mut written = Vec::new();
        theirs.read_to_end(&mut written).await.unwrap();
        assert_eq!(written, b"\x82\x03log\x88\x02\x03\xe8");
        writing.await.unwrap().unwrap();
    }

    #[test]
    fn the_example_of_the_standard() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[tokio::test]
    async fn masked_and_fragmented_messages() {
        let masked = [
            0x01, 0x83, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x80, 0x82, 0, 0, 0, 0, b'l', b'o', 0x88, 0x80, 0, 0,
            0, 0,
        ];
        let mut reader = MessageReader::new(&masked[..]);
        assert_eq!(reader.next().await.unwrap(), Some(Message::Data(Bytes::from_static(b"Hello"))));
        assert_eq!(reader.next().await.unwrap(), Some(Message::Close));
        assert_eq!(reader.next().await.unwrap(), None);
        let mut unmasked = MessageReader::new(&[0x82, 0x01, b'x'][..]);
        assert!(unmasked.next().await.is_err());
    }
}
