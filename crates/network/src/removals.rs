//! Removing links, several at once.
//!
//! A link's removal takes the kernel some 20 ms, during which it holds the lock of all links; a group of links takes
//! it hardly longer. So whoever has to wait for the one that removes leaves its link to the next removal, which takes
//! all that have come meanwhile.

use std::sync::{Mutex, MutexGuard};

use crate::{netlink, rtnetlink::RouteSocket};

/// The group of links that are being removed; nothing else uses such a number.
const GROUP: u32 = 0x5a60_0001;

/// See the module.
pub(crate) struct Removals {
    waiting: Mutex<Vec<String>>,
    socket: Mutex<RouteSocket>,
}

// A panic leaves whole values behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Removals {
    pub(crate) fn new(socket: RouteSocket) -> Removals {
        Removals { waiting: Mutex::default(), socket: Mutex::new(socket) }
    }

    /// Removes the link `name`, and with a veth its other end; returns when it has gone. Blocks.
    pub(crate) fn remove(&self, name: &str) -> Result<(), netlink::Error> {
        lock(&self.waiting).push(name.to_owned());
        let mut socket = lock(&self.socket);
        let names = std::mem::take(&mut *lock(&self.waiting));
        if !names.iter().any(|taken| taken == name) {
            // Somebody has removed it with others; if not, they have failed, and not for this one.
            return if socket.link(name)?.is_some() { socket.delete_link(name) } else { Ok(()) };
        }
        if let [only] = names.as_slice() {
            return socket.delete_link(only);
        }
        for name in &names {
            socket.set_group(name, GROUP)?;
        }
        socket.delete_group(GROUP)
    }
}
