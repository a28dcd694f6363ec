//! The real things, behind a lock of shuttle's where shuttle runs: whoever holds that one finds the real one free.

use std::{
    ops::{Deref, DerefMut},
    thread,
};

use shuttle::sync::{
    Mutex as Turn, MutexGuard as TurnGuard, RwLock as Turns, RwLockReadGuard as ReadTurn, RwLockWriteGuard as WriteTurn,
};

/// Whether shuttle runs what asks.
fn is_explored() -> bool {
    shuttle::current::try_get_current_task().is_some()
}

/// What a lock gives; the turn goes after the real thing.
pub(crate) struct Guard<G, T> {
    real: G,
    _turn: Option<T>,
}

impl<G: Deref, T> Deref for Guard<G, T> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.real
    }
}

impl<G: DerefMut, T> DerefMut for Guard<G, T> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.real
    }
}

#[derive(Default)]
pub(crate) struct Mutex<T> {
    real: parking_lot::Mutex<T>,
    turn: Turn<()>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex { real: parking_lot::Mutex::new(value), turn: Turn::new(()) }
    }

    pub(crate) fn lock(&self) -> Guard<parking_lot::MutexGuard<'_, T>, TurnGuard<'_, ()>> {
        let turn = is_explored().then(|| self.turn.lock().unwrap());
        Guard { real: self.real.lock(), _turn: turn }
    }
}

pub(crate) struct RwLock<T> {
    real: parking_lot::RwLock<T>,
    turns: Turns<()>,
}

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> RwLock<T> {
        RwLock { real: parking_lot::RwLock::new(value), turns: Turns::new(()) }
    }

    pub(crate) fn read(&self) -> Guard<parking_lot::RwLockReadGuard<'_, T>, ReadTurn<'_, ()>> {
        let turn = is_explored().then(|| self.turns.read().unwrap());
        Guard { real: self.real.read(), _turn: turn }
    }

    pub(crate) fn write(&self) -> Guard<parking_lot::RwLockWriteGuard<'_, T>, WriteTurn<'_, ()>> {
        let turn = is_explored().then(|| self.turns.write().unwrap());
        Guard { real: self.real.write(), _turn: turn }
    }
}

/// A thread that can be unparked.
pub(crate) enum Thread {
    Real(thread::Thread),
    Explored(shuttle::thread::Thread),
}

impl Thread {
    pub(crate) fn unpark(&self) {
        match self {
            Thread::Real(thread) => thread.unpark(),
            Thread::Explored(thread) => thread.unpark(),
        }
    }
}

pub(crate) fn current() -> Thread {
    match is_explored() {
        true => Thread::Explored(shuttle::thread::current()),
        false => Thread::Real(thread::current()),
    }
}

pub(crate) fn park() {
    if is_explored() { shuttle::thread::park() } else { thread::park() }
}
