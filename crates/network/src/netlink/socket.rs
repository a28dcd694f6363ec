use std::{
    fmt,
    os::fd::{AsRawFd, OwnedFd},
    time::Instant,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink,
        netlink::SocketAddrNetlink,
        recv, sendto, socket_with,
        sockopt::{set_socket_recv_buffer_size_force, set_socket_send_buffer_size_force},
    },
};

use super::{
    Attributes, Error, Message,
    message::{HEADER_LENGTH, Reader, Received},
};

/// Bytes that one answer may have; the kernel fills dumps in pieces of at most 32 KiB.
const RECEIVE_BUFFER_BYTES: usize = 64 << 10;
/// Socket buffers: an nf_tables transaction goes to the kernel in one piece, whatever its size.
const SOCKET_BUFFER_BYTES: usize = 64 << 20;

/// The multicast group of changes of links (`RTMGRP_LINK`).
const LINK_GROUP: u32 = 1;

/// The families of netlink that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Links, addresses, routes, neighbours.
    Route,
    /// nf_tables and conntrack.
    Netfilter,
}

/// A netlink socket. It belongs to the network namespace of the thread that opened it, wherever it is used
/// later.
pub(crate) struct Socket {
    descriptor: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

/// How one datagram ended a request.
enum Ending {
    More,
    Done,
}

impl Socket {
    /// Opens a socket in the network namespace of the calling thread.
    pub(crate) fn open(protocol: Protocol) -> Result<Socket, Error> {
        let number = match protocol {
            Protocol::Route => None,
            Protocol::Netfilter => Some(netlink::NETFILTER),
        };
        let descriptor = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, number)
            .map_err(|source| Error::Socket { action: "open", source })?;
        enable(&descriptor, libc::NETLINK_EXT_ACK)?;
        enable(&descriptor, libc::NETLINK_CAP_ACK)?;
        // Without CAP_NET_ADMIN the sizes stay at their defaults; the requests that need more would be
        // refused for the same reason, with a clearer error.
        let _ = set_socket_send_buffer_size_force(&descriptor, SOCKET_BUFFER_BYTES);
        let _ = set_socket_recv_buffer_size_force(&descriptor, SOCKET_BUFFER_BYTES);
        Ok(Socket { descriptor, sequence: 0, buffer: vec![0; RECEIVE_BUFFER_BYTES] })
    }

    /// Opens a route socket in the network namespace of the calling thread that hears of changes of links.
    pub(crate) fn open_link_events() -> Result<Socket, Error> {
        let socket = Socket::open(Protocol::Route)?;
        bind(&socket.descriptor, &SocketAddrNetlink::new(0, LINK_GROUP))
            .map_err(|source| Error::Socket { action: "subscribe with", source })?;
        Ok(socket)
    }

    /// Gives events to `take` as they come, until it answers true; false when that does not happen in time.
    pub(crate) fn events_until(
        &mut self,
        deadline: Instant,
        take: &mut dyn FnMut(u16, &[u8]) -> bool,
    ) -> Result<bool, Error> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            let mut descriptors = [PollFd::new(&self.descriptor, PollFlags::IN)];
            match poll(&mut descriptors, Some(&timeout)) {
                Ok(0) => return Ok(false),
                Ok(_) | Err(Errno::INTR) => {}
                Err(source) => return Err(Error::Socket { action: "wait for", source }),
            }
            while let Some(length) = self.receive(false)? {
                if Reader::new(&self.buffer[..length]).any(|received| take(received.kind, received.body)) {
                    return Ok(true);
                }
            }
        }
    }

    fn send(&self, bytes: &[u8]) -> Result<(), Error> {
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.descriptor, bytes, SendFlags::empty(), &kernel)
            .map_err(|source| Error::Socket { action: "send to", source })?;
        Ok(())
    }

    /// Receives one datagram; `None` when there is none and `wait` is false.
    fn receive(&mut self, wait: bool) -> Result<Option<usize>, Error> {
        let flags = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
        loop {
            match recv(&self.descriptor, &mut self.buffer[..], flags | RecvFlags::TRUNC) {
                Ok((_, length)) if length > self.buffer.len() => {
                    return Err(Error::Socket { action: "receive a whole datagram from", source: Errno::MSGSIZE });
                }
                Ok((_, length)) => return Ok(Some(length)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if !wait => return Ok(None),
                Err(source) => return Err(Error::Socket { action: "receive from", source }),
            }
        }
    }

    /// Sends one request and waits for its acknowledgement; `operation` names it in errors.
    pub(crate) fn request(&mut self, mut message: Message, operation: fmt::Arguments<'_>) -> Result<(), Error> {
        message.add_flags(libc::NLM_F_ACK as u16);
        self.exchange(message, operation, &mut |_, _| {})
    }

    /// Sends a request that is answered by one message, given to `take` as type and body.
    pub(crate) fn query(
        &mut self,
        mut message: Message,
        operation: fmt::Arguments<'_>,
        take: &mut dyn FnMut(u16, &[u8]),
    ) -> Result<(), Error> {
        message.add_flags(libc::NLM_F_ACK as u16);
        self.exchange(message, operation, take)
    }

    /// Sends a request that is answered by many messages, each given to `take` as type and body.
    pub(crate) fn dump(
        &mut self,
        mut message: Message,
        operation: fmt::Arguments<'_>,
        take: &mut dyn FnMut(u16, &[u8]),
    ) -> Result<(), Error> {
        message.add_flags(libc::NLM_F_DUMP as u16);
        self.exchange(message, operation, take)
    }

    fn exchange(
        &mut self,
        mut message: Message,
        operation: fmt::Arguments<'_>,
        take: &mut dyn FnMut(u16, &[u8]),
    ) -> Result<(), Error> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        self.send(message.finish(sequence))?;
        let mut interrupted = false;
        loop {
            let length = self.receive(true)?.unwrap_or_default();
            for received in Reader::new(&self.buffer[..length]).filter(|received| received.sequence == sequence) {
                interrupted |= received.flags & libc::NLM_F_DUMP_INTR as u16 != 0;
                if let Ending::Done = end_of(&received, operation)? {
                    if !interrupted {
                        return Ok(());
                    }
                    let hint = "the state changed while it was listed".to_owned();
                    return Err(Error::Refused { operation: operation.to_string(), source: Errno::INTR, hint });
                }
                take(received.kind, received.body);
            }
        }
    }

    /// Sends requests in one piece; the first that the kernel refuses is the error. All others are carried
    /// out, since rtnetlink knows no transactions.
    pub(crate) fn pipeline(&mut self, messages: Vec<(Message, String)>) -> Result<(), Error> {
        let first = self.sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        let operations: Vec<String> = messages
            .into_iter()
            .map(|(mut message, operation)| {
                message.add_flags(libc::NLM_F_ACK as u16);
                self.sequence = self.sequence.wrapping_add(1);
                bytes.extend_from_slice(message.finish(self.sequence));
                operation
            })
            .collect();
        self.send(&bytes)?;
        let mut answered = 0;
        let mut failure = None;
        while answered < operations.len() {
            let length = self.receive(true)?.unwrap_or_default();
            for received in Reader::new(&self.buffer[..length]) {
                let Some(operation) = operations.get(received.sequence.wrapping_sub(first) as usize) else { continue };
                answered += 1;
                if let Err(error) = end_of(&received, format_args!("{operation}")) {
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Sends the messages of one nf_tables transaction, `begin` and `end` included, in one piece. The kernel
    /// has carried out all of it or nothing when this returns. `describe` names the n-th message.
    pub(crate) fn transaction(
        &mut self,
        messages: &mut [Message],
        describe: &dyn Fn(usize) -> String,
    ) -> Result<(), Error> {
        let first = self.sequence.wrapping_add(1);
        let mut bytes = Vec::with_capacity(messages.iter().map(Message::length).sum());
        for message in messages.iter_mut() {
            self.sequence = self.sequence.wrapping_add(1);
            bytes.extend_from_slice(message.finish(self.sequence));
        }
        self.send(&bytes)?;
        // nfnetlink has processed the batch when sendmsg returns: its errors lie in the queue, all of them.
        let mut failure = None;
        while let Some(length) = self.receive(false)? {
            for received in Reader::new(&self.buffer[..length]) {
                let index = received.sequence.wrapping_sub(first) as usize;
                if index >= messages.len() || failure.is_some() {
                    continue;
                }
                if received.kind == libc::NLMSG_ERROR as u16
                    && let Err(error) = end_of(&received, format_args!("{}", describe(index)))
                {
                    failure = Some(error);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

fn end_of(received: &Received<'_>, operation: fmt::Arguments<'_>) -> Result<Ending, Error> {
    let kind = i32::from(received.kind);
    if kind != libc::NLMSG_ERROR && kind != libc::NLMSG_DONE {
        return Ok(Ending::More);
    }
    let code = received.body.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_ne_bytes);
    if code == 0 {
        return Ok(Ending::Done);
    }
    // An error repeats the header of the request; with NETLINK_CAP_ACK nothing more of it. Attributes with
    // an explanation follow (NLM_F_ACK_TLVS, 0x200).
    let hint = if kind == libc::NLMSG_ERROR && received.flags & 0x200 != 0 {
        Attributes::after(received.body, 4 + HEADER_LENGTH).text(1).unwrap_or_default().to_owned()
    } else {
        String::new()
    };
    let source = Errno::from_raw_os_error(-code);
    Err(Error::Refused { operation: operation.to_string(), source, hint })
}

/// Switches on an option of netlink sockets.
fn enable(descriptor: &OwnedFd, option: i32) -> Result<(), Error> {
    let value = 1i32;
    // SAFETY: the pointer and the length describe `value`, an int, which is what these options take; the
    // kernel only reads it during the call.
    let outcome = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            libc::SOL_NETLINK,
            option,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if outcome == 0 {
        return Ok(());
    }
    let source = std::io::Error::last_os_error().raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
    Err(Error::Socket { action: "set an option of", source })
}
