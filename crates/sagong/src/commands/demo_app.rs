//! The two tiers of the demo's app: a page that asks a service by its DNS name.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// The port of both tiers.
pub(crate) const PORT: u16 = 8080;
/// The longest answer of the second tier that the page shows.
const ANSWER_BYTES_LIMIT: usize = 64 << 10;
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);
/// The type of an A record.
const ADDRESS_RECORD: u16 = 1;

/// One tier of the demo's app; run by the demo's containers.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    #[command(subcommand)]
    tier: Tier,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Tier {
    /// The page.
    Web {
        /// The name of the second tier's service.
        #[arg(long)]
        api: String,
    },
    /// The second tier: tells the text of a file, and who it is.
    Api {
        /// The file, from a config map.
        #[arg(long)]
        greeting: PathBuf,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        // The first process of a container has no default action for signals.
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            served = serve(options.tier) => served,
            _ = terminate.recv() => Ok(()),
        }
    })
}

async fn serve(tier: Tier) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await.with_context(|| format!("cannot listen on {PORT}"))?;
    loop {
        let (stream, _) = listener.accept().await?;
        let tier = tier.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let tier = tier.clone();
                async move { Ok::<_, std::convert::Infallible>(answer(&tier, &request).await) }
            });
            // A client that hangs up has what it wanted.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

async fn answer(tier: &Tier, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let text = match (request.uri().path(), tier) {
        ("/healthz", _) => Ok("ok\n".to_owned()),
        (_, Tier::Web { api }) => page(api).await,
        (_, Tier::Api { greeting }) => match std::fs::read_to_string(greeting) {
            Ok(text) => Ok(format!("{} (said by {})\n", text.trim(), host_name())),
            Err(error) => Err(anyhow::anyhow!("{}: {error}", greeting.display())),
        },
    };
    match text {
        Ok(text) => Response::new(Full::new(Bytes::from(text))),
        Err(error) => {
            let mut response = Response::new(Full::new(Bytes::from(format!("{error:#}\n"))));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    }
}

async fn page(api: &str) -> anyhow::Result<String> {
    let address = lookup(api).await.with_context(|| format!("cannot find {api}"))?;
    let said =
        get(SocketAddr::new(address, 80), api).await.with_context(|| format!("cannot ask {api} at {address}"))?;
    Ok(format!("web {} asked {api}: {said}", host_name()))
}

/// Asks the pod's resolver, without the C library, which a static program cannot rely on for names.
async fn lookup(name: &str) -> anyhow::Result<IpAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").context("/etc/resolv.conf")?;
    let resolver = *dns::resolv_conf::parse(&text).first().context("/etc/resolv.conf names no resolver")?;
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect((resolver, 53)).await?;
    socket.send(&dns::wire::encode_query(name, ADDRESS_RECORD)).await?;
    let mut buffer = [0; 1500];
    let length = tokio::time::timeout(LOOKUP_TIMEOUT, socket.recv(&mut buffer)).await.context("no answer")??;
    let reply = dns::wire::read_reply(&buffer[..length]).context("a malformed answer")?;
    let address = reply.answers.into_iter().find_map(|answer| answer.value.ok());
    address.with_context(|| format!("no such name (code {})", reply.code))
}

/// The body of `http://address/`.
pub(crate) async fn get(address: SocketAddr, host: &str) -> anyhow::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driven = tokio::spawn(connection);
    let request = Request::get("/").header(http::header::HOST, host).body(Full::<Bytes>::default())?;
    let response = sender.send_request(request).await?;
    let code = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_LIMIT).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes();
    driven.abort();
    let text = String::from_utf8_lossy(&body).into_owned();
    if code.is_success() { Ok(text) } else { Err(anyhow::anyhow!("{code}: {}", text.trim())) }
}
