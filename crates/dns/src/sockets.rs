//! Sockets that a successor may take over: it binds beside, and then the predecessor closes its own.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener, UdpSocket as StdSocket},
    os::fd::AsFd,
};

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, listen, socket_with,
    sockopt::{set_socket_reuseaddr, set_socket_reuseport},
};
use tokio::net::{TcpListener, UdpSocket};

use crate::server::Sharing;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Questions by UDP.
pub(crate) fn datagrams(address: SocketAddr, sharing: Sharing) -> io::Result<UdpSocket> {
    UdpSocket::from_std(StdSocket::from(bound(address, SocketType::DGRAM, sharing)?))
}

/// Questions by TCP.
pub(crate) fn streams(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let socket = bound(address, SocketType::STREAM, sharing)?;
    listen(&socket, BACKLOG)?;
    TcpListener::from_std(StdListener::from(socket))
}

fn bound(address: SocketAddr, kind: SocketType, sharing: Sharing) -> io::Result<std::os::fd::OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    if kind == SocketType::STREAM {
        // Connections of a predecessor that are being closed do not matter.
        set_socket_reuseaddr(socket.as_fd(), true)?;
    }
    set_socket_reuseport(socket.as_fd(), sharing == Sharing::WithAnother)?;
    bind(&socket, &address)?;
    // A successor may bind beside it, others may not: both sides have to agree.
    set_socket_reuseport(socket.as_fd(), true)?;
    Ok(socket)
}
