//! A file system in memory that knows what a crash would leave.
//!
//! It is meaner than a disk: of what was not synced, a crash keeps any part, sector by sector and name
//! by name, in any order; and a sync that failed leaves the data readable but never durable.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

use super::Random;
use crate::{File, FileSystem, Lock};

const SECTOR_BYTES: usize = 512;

/// What goes wrong at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The machine stops within the operation: it and all later ones fail until
    /// [`MemoryFileSystem::restart`].
    Crash,
    /// The operation fails as a broken disk does. A write may have written some of it.
    Broken,
    /// The disk is full, for this operation and all later ones that need space, until
    /// [`MemoryFileSystem::set_fault`] is called again. A write may have written some of it.
    NoSpace,
    /// A write writes less than it was given; other operations succeed.
    Short,
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

impl Change {
    fn apply(&self, contents: &mut Vec<u8>) {
        match self {
            Change::SetLength(length) => contents.resize(*length, 0),
            Change::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if contents.len() < end {
                    contents.resize(end, 0);
                }
                contents[*offset..end].copy_from_slice(bytes);
            }
        }
    }

    /// The parts of which a crash keeps any.
    fn parts(&self) -> Vec<Change> {
        let Change::Write { offset, bytes } = self else { return vec![self.clone()] };
        let mut parts = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let end = bytes.len().min(start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES);
            parts.push(Change::Write { offset: offset + start, bytes: bytes[start..end].to_vec() });
            start = end;
        }
        parts
    }
}

#[derive(Clone, Default)]
struct Inode {
    /// What reads see.
    contents: Vec<u8>,
    /// What is on the disk.
    durable: Vec<u8>,
    /// What the next sync makes durable.
    unsynced: Vec<Change>,
    /// The length up to which it has space of its own.
    reserved_bytes: u64,
}

impl Inode {
    fn disk_bytes(&self) -> u64 {
        self.reserved_bytes.max(self.contents.len() as u64)
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.contents);
        self.unsynced.push(change);
    }

    fn keep_any(&mut self, random: &mut Random) {
        for part in self.unsynced.drain(..).flat_map(|change| change.parts()) {
            if random.once_in(2) {
                part.apply(&mut self.durable);
            }
        }
    }
}

/// One step in a directory, of which all or nothing is kept.
struct Naming {
    unlinked: Option<PathBuf>,
    linked: Option<(PathBuf, usize)>,
}

impl Naming {
    /// Whether it is a step in this directory; a rename stays in one.
    fn is_in(&self, directory: &Path) -> bool {
        let linked = self.linked.as_ref().map(|(path, _)| path);
        linked.or(self.unlinked.as_ref()).is_some_and(|path| path.parent() == Some(directory))
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        if let Some(path) = &self.unlinked {
            names.remove(path);
        }
        if let Some((path, inode)) = &self.linked {
            names.insert(path.clone(), *inode);
        }
    }
}

struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    unsynced_names: Vec<Naming>,
    locked: BTreeSet<PathBuf>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    is_crashed: bool,
    /// What its files can have together.
    capacity_bytes: u64,
    /// A place where nothing can be created.
    refused: Option<PathBuf>,
    random: Random,
}

/// Whether, and how, an operation goes on.
enum Course {
    Whole,
    /// Some of it is done, then the error comes.
    Part(io::Error),
    Short,
}

impl State {
    /// Counts an operation that changes something.
    fn begin(&mut self, needs_space: bool) -> Course {
        if self.is_crashed {
            return Course::Part(crashed());
        }
        let operation = self.operations;
        self.operations += 1;
        match self.fault {
            Some((at, Fault::Crash)) if at == operation => {
                self.is_crashed = true;
                Course::Part(crashed())
            }
            Some((at, Fault::Broken)) if at == operation => Course::Part(io::Error::from_raw_os_error(5)),
            Some((at, Fault::Short)) if at == operation => Course::Short,
            Some((at, Fault::NoSpace)) if at <= operation && needs_space => Course::Part(ErrorKind::StorageFull.into()),
            _ => Course::Whole,
        }
    }

    /// As [`State::begin`], of an operation that needs a file to have this length, as its own or reserved.
    fn begin_growth(&mut self, inode: usize, length_bytes: u64) -> Course {
        let used_bytes: u64 = self.names.values().map(|inode| self.inodes[*inode].disk_bytes()).sum();
        let inode = &self.inodes[inode];
        let more_bytes = length_bytes.saturating_sub(inode.disk_bytes());
        match self.begin(length_bytes > inode.reserved_bytes) {
            Course::Whole if more_bytes > 0 && used_bytes + more_bytes > self.capacity_bytes => {
                Course::Part(ErrorKind::StorageFull.into())
            }
            course => course,
        }
    }

    fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.unsynced_names.push(naming);
    }

    /// A step in the directory: a fault lets it happen or not.
    fn rename(&mut self, naming: Naming, needs_space: bool) -> io::Result<()> {
        let was_crashed = self.is_crashed;
        match self.begin(needs_space) {
            Course::Part(error) => {
                if self.is_crashed && !was_crashed && self.random.once_in(2) {
                    self.name(naming);
                }
                Err(error)
            }
            Course::Whole | Course::Short => {
                self.name(naming);
                Ok(())
            }
        }
    }
}

fn crashed() -> io::Error {
    io::Error::other("the machine has stopped")
}

/// The file system. Clones are the same one.
#[derive(Clone)]
pub struct MemoryFileSystem(Arc<Mutex<State>>);

impl MemoryFileSystem {
    /// An empty one; `seed` decides what faults keep.
    pub fn new(seed: u64) -> MemoryFileSystem {
        MemoryFileSystem(Arc::new(Mutex::new(State {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            locked: BTreeSet::new(),
            operations: 0,
            fault: None,
            is_crashed: false,
            capacity_bytes: u64::MAX,
            refused: None,
            random: Random::new(seed),
        })))
    }

    /// Another one with the same files, all of them durable, on which nothing goes wrong; `seed` decides what later
    /// faults keep.
    pub fn copy(&self, seed: u64) -> MemoryFileSystem {
        let copy = MemoryFileSystem::new(seed);
        let state = self.0.lock();
        let mut made = copy.0.lock();
        made.inodes.clone_from(&state.inodes);
        for inode in &mut made.inodes {
            inode.unsynced.clear();
            inode.durable.clone_from(&inode.contents);
        }
        made.names.clone_from(&state.names);
        made.durable_names.clone_from(&state.names);
        drop(made);
        copy
    }

    /// How many operations that change something there were.
    pub fn operations(&self) -> u64 {
        self.0.lock().operations
    }

    /// Lets the operation with this number fail, counted as by [`MemoryFileSystem::operations`].
    pub fn set_fault(&self, fault: Option<(u64, Fault)>) {
        self.0.lock().fault = fault;
    }

    /// Gives the disk an end: what its files have together, reserved space with it.
    pub fn set_capacity_bytes(&self, capacity_bytes: u64) {
        self.0.lock().capacity_bytes = capacity_bytes;
    }

    /// Refuses to create anything below a place from now on, as where the disk of another machine has gone.
    pub fn refuse_below(&self, place: &Path) {
        self.0.lock().refused = Some(place.to_owned());
    }

    /// Stops the machine and starts it again: what was not synced is kept in part, or not.
    pub fn restart(&self) {
        let mut state = self.0.lock();
        let state = &mut *state;
        for naming in state.unsynced_names.drain(..) {
            if state.random.once_in(2) {
                naming.apply(&mut state.durable_names);
            }
        }
        state.names = state.durable_names.clone();
        for inode in &mut state.inodes {
            inode.keep_any(&mut state.random);
            inode.contents = inode.durable.clone();
        }
        state.locked.clear();
        state.is_crashed = false;
        state.fault = None;
    }

    /// The files and their lengths in bytes.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        let state = self.0.lock();
        state.names.iter().map(|(path, inode)| (path.clone(), state.inodes[*inode].contents.len() as u64)).collect()
    }

    /// Changes the contents of a file behind everyone's back, and durably.
    pub fn damage(&self, path: &Path, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let inode = state.names[path];
        let inode = &mut state.inodes[inode];
        damage(&mut inode.contents);
        inode.durable = inode.contents.clone();
    }
}

impl FileSystem for MemoryFileSystem {
    fn create_directory(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        if !self.0.lock().locked.insert(path.to_owned()) {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(MemoryLock { state: self.0.clone(), path: path.to_owned() }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.0.lock();
        let names = state.names.keys().filter(|path| path.parent() == Some(directory));
        Ok(names.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut state = self.0.lock();
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if state.refused.as_ref().is_some_and(|place| path.starts_with(place)) {
            return Err(ErrorKind::HostUnreachable.into());
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.rename(Naming { unlinked: None, linked: Some((path.to_owned(), inode)) }, true)?;
        Ok(Box::new(MemoryFile { state: self.0.clone(), inode }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let inode = *self.0.lock().names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(Box::new(MemoryFile { state: self.0.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        let inode = *state.names.get(from).ok_or(ErrorKind::NotFound)?;
        state.rename(Naming { unlinked: Some(from.to_owned()), linked: Some((to.to_owned(), inode)) }, false)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        let inode = *state.names.get(from).ok_or(ErrorKind::NotFound)?;
        if state.names.contains_key(to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        state.rename(Naming { unlinked: None, linked: Some((to.to_owned(), inode)) }, true)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.names.get(path).ok_or(ErrorKind::NotFound)?;
        state.rename(Naming { unlinked: Some(path.to_owned()), linked: None }, false)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        match state.begin(false) {
            Course::Part(error) => Err(error),
            Course::Whole | Course::Short => {
                let state = &mut *state;
                for naming in state.unsynced_names.extract_if(.., |naming| naming.is_in(directory)) {
                    naming.apply(&mut state.durable_names);
                }
                Ok(())
            }
        }
    }
}

struct MemoryLock {
    state: Arc<Mutex<State>>,
    path: PathBuf,
}

impl Lock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.state.lock().locked.remove(&self.path);
    }
}

struct MemoryFile {
    state: Arc<Mutex<State>>,
    inode: usize,
}

impl File for MemoryFile {
    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.state.lock().inodes[self.inode].contents.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state.lock();
        let rest = state.inodes[self.inode].contents.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state.lock();
        let was_crashed = state.is_crashed;
        let course = state.begin_growth(self.inode, offset + bytes.len() as u64);
        let count = match course {
            Course::Whole => bytes.len(),
            Course::Part(_) if was_crashed => 0,
            Course::Part(_) => state.random.below(bytes.len() as u64 + 1) as usize,
            Course::Short => 1 + state.random.below(bytes.len() as u64) as usize,
        };
        let change = Change::Write { offset: offset as usize, bytes: bytes[..count].to_vec() };
        state.inodes[self.inode].change(change);
        match course {
            Course::Part(error) => Err(error),
            Course::Whole | Course::Short => Ok(count),
        }
    }

    fn set_length(&mut self, length_bytes: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        if let Course::Part(error) = state.begin(false) {
            return Err(error);
        }
        let inode = &mut state.inodes[self.inode];
        inode.change(Change::SetLength(length_bytes as usize));
        inode.reserved_bytes = inode.reserved_bytes.min(length_bytes);
        Ok(())
    }

    fn reserve(&mut self, length_bytes: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        match state.begin_growth(self.inode, length_bytes) {
            Course::Part(error) => Err(error),
            Course::Whole | Course::Short => {
                let inode = &mut state.inodes[self.inode];
                inode.reserved_bytes = inode.reserved_bytes.max(length_bytes);
                Ok(())
            }
        }
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let mut state = self.state.lock();
        let course = state.begin(false);
        let State { inodes, random, is_crashed, .. } = &mut *state;
        let inode = &mut inodes[self.inode];
        match course {
            Course::Part(error) => {
                // As Linux does it: the pages count as clean, whatever became of them.
                if !*is_crashed {
                    inode.keep_any(random);
                }
                Err(error)
            }
            Course::Whole | Course::Short => {
                for change in inode.unsynced.drain(..) {
                    change.apply(&mut inode.durable);
                }
                Ok(())
            }
        }
    }
}
