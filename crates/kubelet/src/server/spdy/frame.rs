//! Frames of SPDY/3.1: reading them in pieces of bounded size, and writing them.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{
    Error,
    headers::{HeaderDecoder, HeaderEncoder, Headers},
};

/// The most that a control frame may be; data frames of any size come in pieces.
const CONTROL_LIMIT_BYTES: usize = 64 * 1024;
/// The largest piece of data.
pub(super) const DATA_PIECE_BYTES: usize = 16 * 1024;

const VERSION: u16 = 3;
const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const SETTINGS: u16 = 4;
const PING: u16 = 6;
const GOAWAY: u16 = 7;
const HEADERS: u16 = 8;
const WINDOW_UPDATE: u16 = 9;

const FIN: u8 = 1;
const UNIDIRECTIONAL: u8 = 2;

/// Why a stream is ended at once, as RST_STREAM says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// The stream is not one that is served here.
    Protocol = 1,
    /// There are too many streams.
    Refused = 3,
    /// Nobody wants the stream any more.
    Cancel = 5,
}

/// A frame. Numbers of streams are never zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    SynStream {
        id: u32,
        headers: Headers,
        fin: bool,
        unidirectional: bool,
    },
    SynReply {
        id: u32,
        headers: Headers,
        fin: bool,
    },
    RstStream {
        id: u32,
        status: u32,
    },
    /// Settings concern windows, bandwidths and certificates; nothing is done with them, so they are not kept.
    Settings,
    Ping(u32),
    GoAway {
        last_id: u32,
        status: u32,
    },
    Headers {
        id: u32,
        headers: Headers,
        fin: bool,
    },
    WindowUpdate {
        id: u32,
        delta: u32,
    },
    Data {
        id: u32,
        data: Bytes,
        fin: bool,
    },
}

/// A data frame of which more is to come.
struct Pending {
    id: u32,
    rest: usize,
    fin: bool,
}

/// The reading half.
pub(super) struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    headers: HeaderDecoder,
    pending: Option<Pending>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(stream: R) -> FrameReader<R> {
        FrameReader { stream, buffer: BytesMut::new(), headers: HeaderDecoder::new(), pending: None }
    }

    /// Waits for `wanted` bytes; whether they came.
    async fn fill(&mut self, wanted: usize) -> Result<bool, Error> {
        while self.buffer.len() < wanted {
            if self.stream.read_buf(&mut self.buffer).await.map_err(Error::Read)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next frame or piece of a data frame; `None` when the connection has ended.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(pending) = self.pending.take() {
                return self.piece(pending).await;
            }
            if !self.fill(8).await? {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(Error::Malformed("the connection ends within a frame")),
                };
            }
            let (first, second) = (self.buffer.get_u32(), self.buffer.get_u32());
            let (flags, length) = ((second >> 24) as u8, (second & 0xff_ffff) as usize);
            if first >> 31 == 0 {
                let id = stream_id(first)?;
                self.pending = Some(Pending { id, rest: length, fin: flags & FIN != 0 });
                continue;
            }
            if (first >> 16) as u16 & 0x7fff != VERSION {
                return Err(Error::Malformed("a control frame is not of version 3"));
            }
            if length > CONTROL_LIMIT_BYTES {
                return Err(Error::Malformed("a control frame is too long"));
            }
            if !self.fill(length).await? {
                return Err(Error::Malformed("the connection ends within a frame"));
            }
            let payload = self.buffer.split_to(length).freeze();
            // Frames of an unknown type are to be ignored.
            if let Some(frame) = control((first & 0xffff) as u16, flags, payload, &mut self.headers)? {
                return Ok(Some(frame));
            }
        }
    }

    async fn piece(&mut self, Pending { id, rest, fin }: Pending) -> Result<Option<Frame>, Error> {
        if rest > 0 && !self.fill(1).await? {
            return Err(Error::Malformed("the connection ends within a frame"));
        }
        let size = rest.min(self.buffer.len()).min(DATA_PIECE_BYTES);
        let data = self.buffer.split_to(size).freeze();
        let rest = rest - size;
        if rest > 0 {
            self.pending = Some(Pending { id, rest, fin });
        }
        Ok(Some(Frame::Data { id, data, fin: fin && rest == 0 }))
    }
}

fn stream_id(word: u32) -> Result<u32, Error> {
    match word & 0x7fff_ffff {
        0 => Err(Error::Malformed("the number of a stream is zero")),
        id => Ok(id),
    }
}

fn control(kind: u16, flags: u8, mut payload: Bytes, decoder: &mut HeaderDecoder) -> Result<Option<Frame>, Error> {
    let exactly = |length: usize, payload: &Bytes| match payload.len() == length {
        true => Ok(()),
        false => Err(Error::Malformed("a control frame has the wrong length")),
    };
    let fin = flags & FIN != 0;
    let number = |payload: &mut Bytes| {
        payload.try_get_u32().map_err(|_| Error::Malformed("a control frame has the wrong length"))
    };
    Ok(Some(match kind {
        SYN_STREAM => {
            let id = stream_id(number(&mut payload)?)?;
            let _associated = number(&mut payload)?;
            if payload.len() < 2 {
                return Err(Error::Malformed("a control frame has the wrong length"));
            }
            // The priority, and a slot that is of no use.
            payload.advance(2);
            let unidirectional = flags & UNIDIRECTIONAL != 0;
            Frame::SynStream { id, headers: decoder.decode(&payload)?, fin, unidirectional }
        }
        SYN_REPLY => Frame::SynReply { id: stream_id(number(&mut payload)?)?, headers: decoder.decode(&payload)?, fin },
        HEADERS => Frame::Headers { id: stream_id(number(&mut payload)?)?, headers: decoder.decode(&payload)?, fin },
        RST_STREAM => {
            exactly(8, &payload)?;
            Frame::RstStream { id: stream_id(payload.get_u32())?, status: payload.get_u32() }
        }
        SETTINGS => {
            let count = number(&mut payload)? as usize;
            exactly(count.saturating_mul(8), &payload)?;
            Frame::Settings
        }
        PING => {
            exactly(4, &payload)?;
            Frame::Ping(payload.get_u32())
        }
        GOAWAY => {
            exactly(8, &payload)?;
            Frame::GoAway { last_id: payload.get_u32() & 0x7fff_ffff, status: payload.get_u32() }
        }
        WINDOW_UPDATE => {
            exactly(8, &payload)?;
            Frame::WindowUpdate { id: payload.get_u32() & 0x7fff_ffff, delta: payload.get_u32() & 0x7fff_ffff }
        }
        _ => return Ok(None),
    }))
}

/// Turns frames into bytes.
pub(super) struct FrameEncoder(HeaderEncoder);

impl FrameEncoder {
    pub(super) fn new() -> Result<FrameEncoder, Error> {
        Ok(FrameEncoder(HeaderEncoder::new()?))
    }

    /// Appends `frame` to `buffer`.
    pub(super) fn encode(&mut self, frame: &Frame, buffer: &mut BytesMut) -> Result<(), Error> {
        let flag = |fin: &bool| if *fin { FIN } else { 0 };
        match frame {
            Frame::SynStream { id, headers, fin, unidirectional } => {
                let block = self.0.encode(headers)?;
                let flags = flag(fin) | if *unidirectional { UNIDIRECTIONAL } else { 0 };
                head(buffer, SYN_STREAM, flags, 10 + block.len());
                buffer.put_u32(*id);
                buffer.put_bytes(0, 6);
                buffer.put_slice(&block);
            }
            Frame::SynReply { id, headers, fin } => self.with_headers(buffer, SYN_REPLY, *id, headers, flag(fin))?,
            Frame::Headers { id, headers, fin } => self.with_headers(buffer, HEADERS, *id, headers, flag(fin))?,
            Frame::RstStream { id, status } => two_numbers(buffer, RST_STREAM, *id, *status),
            Frame::GoAway { last_id, status } => two_numbers(buffer, GOAWAY, *last_id, *status),
            Frame::WindowUpdate { id, delta } => two_numbers(buffer, WINDOW_UPDATE, *id, *delta),
            Frame::Settings => {
                head(buffer, SETTINGS, 0, 4);
                buffer.put_u32(0);
            }
            Frame::Ping(number) => {
                head(buffer, PING, 0, 4);
                buffer.put_u32(*number);
            }
            Frame::Data { id, data, fin } => {
                buffer.put_u32(*id);
                buffer.put_u32(u32::from(flag(fin)) << 24 | data.len() as u32);
                buffer.put_slice(data);
            }
        }
        Ok(())
    }

    fn with_headers(
        &mut self,
        buffer: &mut BytesMut,
        kind: u16,
        id: u32,
        headers: &Headers,
        flags: u8,
    ) -> Result<(), Error> {
        let block = self.0.encode(headers)?;
        head(buffer, kind, flags, 4 + block.len());
        buffer.put_u32(id);
        buffer.put_slice(&block);
        Ok(())
    }
}

fn head(buffer: &mut BytesMut, kind: u16, flags: u8, length: usize) {
    buffer.put_u16(0x8000 | VERSION);
    buffer.put_u16(kind);
    buffer.put_u32(u32::from(flags) << 24 | length as u32);
}

fn two_numbers(buffer: &mut BytesMut, kind: u16, first: u32, second: u32) {
    head(buffer, kind, 0, 8);
    buffer.put_u32(first);
    buffer.put_u32(second);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Result<Vec<Frame>, Error> {
        let mut reader = FrameReader::new(bytes);
        let mut frames = Vec::new();
        while let Some(frame) = reader.next().await? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[tokio::test]
    async fn every_frame_is_read_as_written() {
        let headers = Headers(vec![("port".into(), "80".into())]);
        let frames = vec![
            Frame::SynStream { id: 1, headers: headers.clone(), fin: false, unidirectional: true },
            Frame::SynReply { id: 1, headers: Headers::default(), fin: true },
            Frame::Headers { id: 1, headers, fin: false },
            Frame::RstStream { id: 3, status: 5 },
            Frame::Settings,
            Frame::Ping(7),
            Frame::GoAway { last_id: 3, status: 1 },
            Frame::WindowUpdate { id: 5, delta: 9 },
            Frame::Data { id: 5, data: Bytes::from_static(b"hello"), fin: true },
            Frame::Data { id: 5, data: Bytes::new(), fin: true },
        ];
        let (mut encoder, mut buffer) = (FrameEncoder::new().unwrap(), BytesMut::new());
        frames.iter().for_each(|frame| encoder.encode(frame, &mut buffer).unwrap());
        assert_eq!(read(&buffer).await.unwrap(), frames);
    }

    #[tokio::test]
    async fn bytes_of_the_standard() {
        let ping = [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1];
        let unknown = [0x80, 3, 0, 10, 0, 0, 0, 1, 0];
        let settings = [0x80, 3, 0, 4, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 7, 0, 1, 0, 0];
        let data = [0, 0, 0, 3, 1, 0, 0, 2, b'o', b'k'];
        let all = [&ping[..], &unknown, &settings, &data].concat();
        let expected =
            vec![Frame::Ping(1), Frame::Settings, Frame::Data { id: 3, data: Bytes::from_static(b"ok"), fin: true }];
        assert_eq!(read(&all).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn long_data_comes_in_pieces_of_which_the_last_ends_it() {
        let data = Bytes::from(vec![7; DATA_PIECE_BYTES * 2 + 1]);
        let (mut encoder, mut buffer) = (FrameEncoder::new().unwrap(), BytesMut::new());
        encoder.encode(&Frame::Data { id: 1, data: data.clone(), fin: true }, &mut buffer).unwrap();
        let pieces = read(&buffer).await.unwrap();
        let mut whole = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let Frame::Data { id: 1, data, fin } = piece else { panic!("{piece:?}") };
            assert!(data.len() <= DATA_PIECE_BYTES);
            assert_eq!(*fin, index + 1 == pieces.len());
            whole.extend_from_slice(data);
        }
        assert_eq!(whole, data);
    }

    #[tokio::test]
    async fn malformed_frames_are_refused() {
        for bytes in [
            &[0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1][..],
            &[0x80, 3, 0, 6, 0, 0, 0, 5, 0, 0, 0, 1, 0],
            &[0x80, 3, 0, 6, 0, 0, 0, 4, 0],
            &[0x80, 3, 0, 1, 0, 0, 0, 2, 0, 0],
            &[0x80, 3, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2],
            &[0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff],
            &[0x80, 3, 0, 4, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff],
            &[0, 0, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 1, 0, 0, 0, 2, 1],
            &[0x80],
        ] {
            assert!(read(bytes).await.is_err(), "{bytes:?}");
        }
    }
}
