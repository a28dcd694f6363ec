//! gRPC's messages and how a call ended, as HTTP/2 carries them.

use std::convert::Infallible;

use bytes::{BufMut, Bytes, BytesMut};
use cri_api::{Code, Error};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Limited, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message;

/// The most that a message may be: what upstream's client takes and sends.
const MESSAGE_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// A flag and a length stand before each message.
const HEADER_BYTES: usize = 5;
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
/// What must be escaped in `grpc-message`, beside what is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// The one message of a request.
pub(crate) async fn read<M: Message + Default>(request: Request<Incoming>) -> Result<M, Error> {
    let body = Limited::new(request.into_body(), MESSAGE_LIMIT_BYTES + HEADER_BYTES).collect().await;
    let body =
        body.map_err(|error| Error::new(Code::ResourceExhausted, format!("cannot read the request: {error}")))?;
    decode(&body.to_bytes())
}

fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, Error> {
    let (header, message) =
        bytes.split_at_checked(HEADER_BYTES).ok_or_else(|| Error::internal("the request has no message"))?;
    if header[0] != 0 {
        return Err(Error::unimplemented("compressed messages are not read"));
    }
    let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
    if usize::try_from(length).ok() != Some(message.len()) {
        return Err(Error::internal("the request's length is not that of its message"));
    }
    M::decode(message).map_err(|error| Error::internal(format!("the request is malformed: {error}")))
}

fn encode(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // It grows as needed, so that there is always room.
    let _ = message.encode(&mut frame);
    frame.freeze()
}

/// How a call ended.
fn status(result: Result<(), &Error>) -> HeaderMap {
    let code = result.map_or_else(|error| error.code as i32, |()| 0);
    let mut headers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from(code))]);
    if let Err(error) = result {
        let message = utf8_percent_encode(&error.message, ESCAPED).to_string();
        if let Ok(message) = HeaderValue::try_from(message) {
            headers.insert("grpc-message", message);
        }
    }
    headers
}

fn respond(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(http::header::CONTENT_TYPE, MEDIA_TYPE);
    response
}

/// The answer to a unary call.
pub(crate) fn unary(result: Result<impl Message, Error>) -> Response<Body> {
    match result {
        Ok(message) => {
            let frames = [Frame::data(encode(&message)), Frame::trailers(status(Ok(())))];
            respond(BoxBody::new(StreamBody::new(stream::iter(frames.map(Ok)))))
        }
        Err(error) => {
            let mut response = respond(BoxBody::new(http_body_util::Empty::new()));
            response.headers_mut().extend(status(Err(&error)));
            response
        }
    }
}

/// The answer to a call that has a stream of messages for an answer; the first error ends it.
pub(crate) fn streaming<M: Message + 'static>(
    messages: impl Stream<Item = Result<M, Error>> + Send + Sync + 'static,
) -> Response<Body> {
    let ends = messages.map(Some).chain(stream::iter([None]));
    let frames = ends.scan(false, |ended, message| {
        let frame = match message {
            _ if *ended => None,
            Some(Ok(message)) => Some(Frame::data(encode(&message))),
            Some(Err(error)) => {
                *ended = true;
                Some(Frame::trailers(status(Err(&error))))
            }
            None => Some(Frame::trailers(status(Ok(())))),
        };
        std::future::ready(frame.map(Ok))
    });
    respond(BoxBody::new(StreamBody::new(frames)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cri_api::v1::VersionRequest;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = VersionRequest { version: "v1".to_owned() };
        assert_eq!(decode::<VersionRequest>(&encode(&message)).unwrap(), message);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let code = |bytes: &[u8]| decode::<VersionRequest>(bytes).unwrap_err().code;
        assert_eq!(code(b""), Code::Internal);
        assert_eq!(code(&[1, 0, 0, 0, 0]), Code::Unimplemented);
        assert_eq!(code(&[0, 0, 0, 0, 9, 1]), Code::Internal);
        assert_eq!(code(&[0, 0, 0, 0, 1, 0xff]), Code::Internal);
    }

    #[test]
    fn an_error_is_told_in_headers() {
        let headers = status(Err(&Error::not_found("container \"ü\" 100% gone")));
        assert_eq!(headers["grpc-status"], "5");
        assert_eq!(headers["grpc-message"], "container \"%C3%BC\" 100%25 gone");
    }
}
