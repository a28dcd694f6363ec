//! How many queries the cluster's DNS answers with a second of CPU time, asked at its service address.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use apimachinery::value;
use client::kinds;
use tokio::net::UdpSocket;

use crate::{Bench, Scenario, histogram::Histogram, load, objects, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "dns",
    summary: "names of services are asked of the cluster's DNS over UDP by 16 clients, 1,000 services there",
    setup: Setup { node: true, ..Setup::PLAIN },
    sagong_only: Some("CoreDNS is no part of upstream's modules that this harness builds"),
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const CLIENTS: usize = 16;
const SERVICES: usize = 1_000;
/// How long a client waits for an answer before it counts the query as lost.
const PATIENCE: Duration = Duration::from_secs(2);
const PORT: u16 = 53;
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;
const RECURSION_DESIRED: u16 = 0x0100;

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "dns").await?;
    let service = |number: usize| {
        value!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("service-{number}")},
            "spec": {"ports": [{"port": 80i64}]}
        })
    };
    let creates = (0..SERVICES).map(|number| objects::create("/api/v1/namespaces/dns/services", &service(number)));
    load::send_all(bench, creates).await?;
    let server = address(bench).await?;
    let there = format!("service-{}.dns.svc.cluster.local", SERVICES - 1);
    await_answer(server, &there).await?;
    bench.count_name_server();
    for (case, name) in [
        ("a service's name", "service-{}.dns.svc.cluster.local"),
        ("a name that is not there", "nothing-{}.dns.svc.cluster.local"),
    ] {
        measure(bench, case, server, name).await?;
    }
    Ok(())
}

/// Where pods ask.
async fn address(bench: &Bench) -> anyhow::Result<SocketAddr> {
    let services = bench.target().client()?.namespaced(&kinds::SERVICES, "kube-system");
    let service = services.get("kube-dns").await?;
    let address: Ipv4Addr = service.str_at(&["spec", "clusterIP"]).context("kube-dns has no address")?.parse()?;
    Ok((address, PORT).into())
}

/// A query for addresses.
fn query(identifier: u16, name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    for field in [identifier, RECURSION_DESIRED, 1, 0, 0, 0] {
        bytes.extend_from_slice(&field.to_be_bytes());
    }
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    for field in [TYPE_A, CLASS_IN] {
        bytes.extend_from_slice(&field.to_be_bytes());
    }
    bytes
}

/// Number of answers of a message, if it is one to the query of this identifier.
fn answers(identifier: u16, message: &[u8]) -> Option<u16> {
    let field = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
    (field(0)? == identifier).then(|| field(6))?
}

/// Until the server knows of a name.
async fn await_answer(server: SocketAddr, name: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        // A socket for each try: what the kernel noted of a connection before there was a rule would stay.
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.connect(server).await?;
        let mut answer = [0; 512];
        let asked = socket.send(&query(7, name)).await;
        let read = tokio::time::timeout(Duration::from_millis(100), socket.recv(&mut answer)).await;
        if let (Ok(_), Ok(Ok(length))) = (asked, read)
            && answers(7, &answer[..length]).is_some_and(|count| count > 0)
        {
            return Ok(());
        }
    }
    anyhow::bail!("{server} does not know {name}")
}

async fn measure(bench: &mut Bench, case: &str, server: SocketAddr, name: &'static str) -> anyhow::Result<()> {
    let (over, counted, lost) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (over, counted, lost) = (over.clone(), counted.clone(), lost.clone());
            tokio::spawn(async move { ask(server, name, number, &over, &counted, &lost).await })
        })
        .collect();
    tokio::time::sleep(bench.options.warm_up()).await;
    let meter = bench.target().begin()?;
    let before = counted.load(Ordering::Relaxed);
    tokio::time::sleep(bench.options.length()).await;
    let operations = counted.load(Ordering::Relaxed) - before;
    let mut figures = bench.target().end(&meter)?;
    over.store(true, Ordering::Relaxed);
    for client in clients {
        figures.latency.merge(&client.await??);
    }
    figures.operations = operations;
    figures.failed = lost.load(Ordering::Relaxed);
    let per_cpu_second = operations as f64 / figures.cpu().as_secs_f64();
    bench.record(case, figures.with("queries_per_cpu_second", per_cpu_second));
    Ok(())
}

async fn ask(
    server: SocketAddr,
    name: &str,
    client: usize,
    over: &AtomicBool,
    counted: &AtomicU64,
    lost: &AtomicU64,
) -> anyhow::Result<Histogram> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect(server).await?;
    let (mut latencies, mut answer, mut number) = (Histogram::default(), [0; 512], client * 37);
    while !over.load(Ordering::Relaxed) {
        number += 1;
        let identifier = number as u16;
        let message = query(identifier, &name.replace("{}", &(number % SERVICES).to_string()));
        let asked = Instant::now();
        socket.send(&message).await?;
        let reading = async {
            loop {
                let length = socket.recv(&mut answer).await?;
                if answers(identifier, &answer[..length]).is_some() {
                    return anyhow::Ok(());
                }
            }
        };
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(read) => {
                read?;
                latencies.record(asked.elapsed());
                counted.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => drop(lost.fetch_add(1, Ordering::Relaxed)),
        }
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_header_name_type_and_class() {
        let expected = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x02bc\x00\x00\x01\x00\x01";
        assert_eq!(query(7, "a.bc"), expected);
    }

    #[test]
    fn answers_are_counted_and_strangers_are_not() {
        let message = [0, 7, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0];
        assert_eq!((answers(7, &message), answers(8, &message)), (Some(2), None));
        assert_eq!(answers(7, &message[..5]), None);
    }
}
