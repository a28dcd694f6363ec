//! How long it takes from the write of a service or of an endpoint until traffic reaches it, and what that costs.
//!
//! The endpoint is a socket of ours on the node's address; a datagram is sent to the service's address every fraction
//! of a millisecond, each from a new port since the kernel remembers where the first of a flow went, until one comes.
//! Measured is what a client sees, whatever rules are made of.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use apimachinery::{Value, value};
use tokio::net::UdpSocket;

use crate::{Bench, Figures, Scenario, http::Call, load, namespaces, objects, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "service-programming",
    summary: "from the write of a service, or of an endpoint, until traffic arrives, among --services services",
    setup: Setup { node: true, fresh: true, ..Setup::PLAIN },
    sagong_only: Some("kube-proxy is not started by this harness"),
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const SERVICES: &str = "/api/v1/namespaces/services/services";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/services/endpointslices";
const PORT: i64 = 7000;
/// How often it is tried whether traffic arrives.
const PERIOD: Duration = Duration::from_micros(100);
const PATIENCE: Duration = Duration::from_secs(60);

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "services").await?;
    let repeats = bench.options.size(None, 50, 10);
    let mut there = 0;
    for wanted in bench.options.sizes(&bench.options.services, &[100, 1_000, 10_000], &[100, 1_000]) {
        fill(bench, there, wanted.max(there)).await?;
        there = wanted.max(there);
        let first = UdpSocket::bind((namespaces::ADDRESS, 0)).await?;
        let second = UdpSocket::bind((namespaces::ADDRESS, 0)).await?;
        let (mut made, mut moved) = (Figures::default(), Figures::default());
        for number in 0..repeats {
            let name = format!("measured-{wanted}-{number}");
            let (meter, before) = (bench.target().begin()?, Instant::now());
            let address = write(bench, &name, &first).await?;
            let took = arrival(address, &first).await?.duration_since(before);
            made.add_one(bench.target().end(&meter)?, took);
            let slice = objects::json(&slice(&name, &name, &[second.local_addr()?]));
            let (meter, before) = (bench.target().begin()?, Instant::now());
            let put = Call::send(http::Method::PUT, format!("{SLICES}/{name}"), crate::http::JSON, slice);
            bench.connect().await?.fetch(&put).await?;
            let took = arrival(address, &second).await?.duration_since(before);
            moved.add_one(bench.target().end(&meter)?, took);
        }
        bench.record(format!("a service among {wanted}"), made);
        bench.record(format!("an endpoint among {wanted} services"), moved);
    }
    Ok(())
}

fn service(name: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"ports": [{"name": "main", "port": PORT, "protocol": "UDP"}]}
    })
}

fn slice(name: &str, service: &str, endpoints: &[SocketAddr]) -> Value {
    let port = i64::from(endpoints.first().map_or(0, SocketAddr::port));
    let endpoints: Value = endpoints
        .iter()
        .map(|endpoint| value!({"addresses": [endpoint.ip().to_string()], "conditions": {"ready": true}}))
        .collect();
    value!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{"name": "main", "port": port, "protocol": "UDP"}],
        "endpoints": endpoints
    })
}

/// Makes services with an endpoint each, and waits until the last of them works.
async fn fill(bench: &mut Bench, from: usize, to: usize) -> anyhow::Result<()> {
    let socket = UdpSocket::bind((namespaces::ADDRESS, 0)).await?;
    let own = socket.local_addr()?;
    let name = |number: usize| format!("service-{number}");
    let (meter, before) = (bench.target().begin()?, Instant::now());
    load::send_all(bench, (from..to).map(|number| objects::create(SERVICES, &service(&name(number))))).await?;
    let slices = (from..to).map(|number| objects::create(SLICES, &slice(&name(number), &name(number), &[own])));
    load::send_all(bench, slices).await?;
    let last = bench.connect().await?.fetch(&Call::get(format!("{SERVICES}/{}", name(to - 1)))).await?;
    arrival(address_of(&last)?, &socket).await?;
    let took = before.elapsed();
    let mut figures = bench.target().end(&meter)?;
    figures.operations = (to - from) as u64;
    bench.record(format!("services {from} to {to} made"), figures.with("seconds", took.as_secs_f64()));
    Ok(())
}

fn address_of(service: &[u8]) -> anyhow::Result<SocketAddr> {
    let service = apimachinery::decode::json_untyped(service)?;
    let address = service.str_at(&["spec", "clusterIP"]).context("the service has no address")?;
    Ok(SocketAddr::new(address.parse()?, PORT as u16))
}

/// Writes a service and its endpoint.
async fn write(bench: &Bench, name: &str, endpoint: &UdpSocket) -> anyhow::Result<SocketAddr> {
    let connection = bench.connect().await?;
    let made = connection.fetch(&objects::create(SERVICES, &service(name))).await?;
    connection.fetch(&objects::create(SLICES, &slice(name, name, &[endpoint.local_addr()?]))).await?;
    address_of(&made)
}

/// When the first datagram came that was sent to the service.
async fn arrival(service: SocketAddr, endpoint: &UdpSocket) -> anyhow::Result<Instant> {
    let mut datagram = [0; 64];
    // What is left of the last measurement.
    while endpoint.try_recv(&mut datagram).is_ok() {}
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let sender = UdpSocket::bind("0.0.0.0:0").await?;
        // Refused while the service has no endpoint.
        let _ = sender.send_to(service.to_string().as_bytes(), service).await;
        let came = tokio::time::timeout(PERIOD, endpoint.recv(&mut datagram)).await;
        if let Ok(Ok(length)) = came
            && datagram[..length] == *service.to_string().as_bytes()
        {
            return Ok(Instant::now());
        }
    }
    bail!("nothing that was sent to {service} arrived in {} s", PATIENCE.as_secs())
}
