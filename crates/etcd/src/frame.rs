//! gRPC's messages and how a call ended, as HTTP/2 carries them to a client.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use prost::Message;

use crate::{
    connection::chain,
    failure::{Failure, code},
};

/// A flag and a length stand before each message.
const HEADER_BYTES: usize = 5;
/// The longest message that is read: one page of a range, or the events of one answer, at the greatest value's length.
const MESSAGE_LIMIT_BYTES: usize = 2 << 30;

/// A message with its header.
pub(crate) fn encode(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // It grows as needed, so that there is always room.
    let _ = message.encode(&mut frame);
    frame.freeze()
}

/// How a call ended, if these headers say so.
fn outcome(headers: &HeaderMap) -> Option<Result<(), Failure>> {
    let code = headers.get("grpc-status")?.to_str().ok()?.parse::<i32>().ok()?;
    if code == 0 {
        return Some(Ok(()));
    }
    let message = headers.get("grpc-message").and_then(|value| value.to_str().ok()).unwrap_or_default();
    Some(Err(Failure::answered(code, percent_decode_str(message).decode_utf8_lossy().into_owned())))
}

/// The messages of an answer, one after the other.
pub(crate) struct Messages {
    body: Incoming,
    buffer: BytesMut,
    /// How the call ended, when that stood in the answer's headers.
    ended: Option<Result<(), Failure>>,
}

impl Messages {
    /// The messages of a response.
    ///
    /// # Errors
    /// It is no answer of gRPC.
    pub(crate) fn new(response: http::Response<Incoming>) -> Result<Messages, Failure> {
        let (parts, body) = response.into_parts();
        let ended = outcome(&parts.headers);
        if ended.is_none() && !parts.status.is_success() {
            // A proxy on the way, or no etcd at all.
            let unavailable = matches!(parts.status.as_u16(), 429 | 502..=504);
            let message = format!("the endpoint answered {}", parts.status);
            return Err(Failure::answered(if unavailable { code::UNAVAILABLE } else { code::INTERNAL }, message));
        }
        Ok(Messages { body, buffer: BytesMut::new(), ended })
    }

    /// The next message; none when the call ended well. Dropping the future loses nothing.
    ///
    /// # Errors
    /// How the call ended, or that the connection broke.
    pub(crate) async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, Failure> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            if let Some(ended) = self.ended.clone() {
                return ended.map(|()| None);
            }
            match self.body.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        self.ended = outcome(&trailers);
                    }
                },
                Some(Err(error)) => return Err(Failure::transport(chain(&error), true)),
                None => self.ended = Some(Err(Failure::transport("the answer broke off", true))),
            }
        }
    }

    fn take<M: Message + Default>(&mut self) -> Result<Option<M>, Failure> {
        let Some(header) = self.buffer.get(..HEADER_BYTES) else { return Ok(None) };
        if header[0] != 0 {
            return Err(Failure::malformed("compressed messages were not asked for"));
        }
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        if length > MESSAGE_LIMIT_BYTES {
            return Err(Failure::malformed("a message is too long"));
        }
        let Some(message) = self.buffer.get(HEADER_BYTES..HEADER_BYTES + length) else {
            self.buffer.reserve(HEADER_BYTES + length - self.buffer.len());
            return Ok(None);
        };
        let message = M::decode(message).map_err(Failure::malformed)?;
        self.buffer.advance(HEADER_BYTES + length);
        Ok(Some(message))
    }

    /// The one message of a unary call.
    ///
    /// # Errors
    /// As [`Messages::next`].
    pub(crate) async fn only<M: Message + Default>(mut self) -> Result<M, Failure> {
        let message = self.next::<M>().await?;
        let message = message.ok_or_else(|| Failure::malformed("there is none"))?;
        match self.next::<M>().await? {
            None => Ok(message),
            Some(_) => Err(Failure::malformed("there are two")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_call_ended_is_read_from_headers() {
        let headers = |code: &'static str, message: &'static str| {
            let pairs = [("grpc-status", code), ("grpc-message", message)];
            let pairs =
                pairs.map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)));
            HeaderMap::from_iter(pairs)
        };
        assert_eq!(outcome(&HeaderMap::new()), None);
        assert_eq!(outcome(&headers("0", "")), Some(Ok(())));
        let failed = outcome(&headers("14", "etcdserver: 100%25 no leader")).unwrap().unwrap_err();
        assert_eq!((failed.code, failed.message.as_str()), (14, "etcdserver: 100% no leader"));
    }
}
