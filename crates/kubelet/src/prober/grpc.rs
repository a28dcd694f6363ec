//! The gRPC health check, by hand: one unary call of `grpc.health.v1.Health/Check` over HTTP/2, in the clear or over TLS.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};

/// The most that an answer may be.
const ANSWER_LIMIT_BYTES: usize = 4096;
/// `HealthCheckResponse.status` of a service that serves.
const SERVING: u64 = 1;

/// A `HealthCheckRequest` with its gRPC frame.
fn request(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(0x0a);
        put_varint(&mut message, service.len() as u64);
        message.put_slice(service.as_bytes());
    }
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(&message);
    frame.freeze()
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// The status of a framed `HealthCheckResponse`.
fn status(frame: &[u8]) -> Option<u64> {
    let message = frame.get(5..)?;
    match message {
        [] => Some(0),
        [0x08, rest @ ..] => rest.first().map(|status| u64::from(*status)),
        _ => None,
    }
}

/// Asks whether `service` (the whole server when empty) serves; an error is a failure in words.
pub async fn check(host: &str, port: u16, service: &str, tls: bool, timeout: Duration) -> Result<(), String> {
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    match tokio::time::timeout(timeout, call(host, port, &address, service, tls)).await {
        Ok(result) => result,
        Err(_) => Err(format!(
            "timeout: failed to connect service \"{address}\" within {}s: context deadline exceeded",
            timeout.as_secs()
        )),
    }
}

fn failed(address: &str, error: &dyn std::fmt::Display) -> String {
    format!("error: failed to connect service at \"{address}\": {error}")
}

async fn call(host: &str, port: u16, address: &str, service: &str, tls: bool) -> Result<(), String> {
    let stream = stdx::resolver::connect(host, port)
        .await
        .map_err(|error| failed(address, &crate::http_get::dial_error(&error)))?;
    if tls {
        let stream =
            crate::http_get::over_tls(host, stream, &[b"h2"]).await.map_err(|error| failed(address, &error))?;
        return exchange(stream, "https", address, service).await;
    }
    exchange(stream, "http", address, service).await
}

async fn exchange<S>(stream: S, scheme: &str, address: &str, service: &str) -> Result<(), String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(address, &error))?;
    let exchange = async {
        let call = http::Request::post(format!("{scheme}://{address}/grpc.health.v1.Health/Check"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("user-agent", "kube-probe/1.37")
            .body(Full::new(request(service)))
            .map_err(|error| error.to_string())?;
        let response = sender.send_request(call).await.map_err(|error| error.to_string())?;
        let headers = response.headers().clone();
        let mut body = response.into_body();
        let (mut data, mut trailers) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| error.to_string())?;
            match frame.into_data() {
                Ok(bytes) if data.len() + bytes.len() <= ANSWER_LIMIT_BYTES => data.extend_from_slice(&bytes),
                Ok(_) => return Err("the answer is too long".to_owned()),
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        let all = trailers.as_ref().unwrap_or(&headers);
        let text = |name: &str| all.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        match text("grpc-status").as_str() {
            "0" | "" => {}
            "12" => {
                return Err(format!(
                    "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {}",
                    text("grpc-message")
                ));
            }
            code => {
                return Err(format!(
                    "error: health rpc probe failed: rpc error: code = {code} desc = {}",
                    text("grpc-message")
                ));
            }
        }
        match status(&data) {
            Some(SERVING) => Ok(()),
            other => Err(format!("service unhealthy (responded with {:?})", status_name(other))),
        }
    };
    tokio::select! {
        biased;
        answer = exchange => answer,
        ended = connection => Err(ended.err().map_or("the connection ended".to_owned(), |error| error.to_string())),
    }
}

fn status_name(status: Option<u64>) -> &'static str {
    match status {
        Some(2) => "NOT_SERVING",
        Some(3) => "SERVICE_UNKNOWN",
        _ => "UNKNOWN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames() {
        assert_eq!(&request("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&request("ab")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(status(&[0, 0, 0, 0, 2, 8, 1]), Some(SERVING));
        assert_eq!(status(&[0, 0, 0, 0, 0]), Some(0));
        assert_eq!(status(&[0]), None);
    }
}
