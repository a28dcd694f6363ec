//! What a disk holds: for good, and until the power goes.

use std::{io, sync::Arc, thread, time::Duration};

use parking_lot::Mutex;

/// What is written whole or not at all.
const SECTOR_BYTES: usize = 512;

/// How long a flush takes, as on a disk: in this time the power goes most easily.
const FLUSH_TIME: Duration = Duration::from_millis(2);

/// What became of the sectors that were written and not flushed when the power went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// They are as before.
    pub lost_sectors: u64,
    /// They are as they were written.
    pub kept_sectors: u64,
}

struct Write {
    offset: usize,
    bytes: Box<[u8]>,
}

struct State {
    /// What is read.
    contents: Vec<u8>,
    /// What outlives the power.
    durable: Vec<u8>,
    /// What was written since the last flush, in order.
    unflushed: Vec<Write>,
    has_power: bool,
}

impl State {
    fn check_power(&self) -> io::Result<()> {
        if self.has_power { Ok(()) } else { Err(rustix::io::Errno::IO.into()) }
    }

    /// Where `length_bytes` from `offset` are.
    fn range(&self, offset: u64, length_bytes: usize) -> io::Result<std::ops::Range<usize>> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.checked_add(length_bytes).filter(|end| *end <= self.contents.len());
        Ok(start..end.ok_or(rustix::io::Errno::NOSPC)?)
    }
}

/// The medium of a disk. Clones are the same one.
#[derive(Clone)]
pub(super) struct Medium(Arc<Mutex<State>>);

impl Medium {
    /// An empty one.
    pub(super) fn new(size_bytes: usize) -> Medium {
        let (contents, durable) = (vec![0; size_bytes], vec![0; size_bytes]);
        Medium(Arc::new(Mutex::new(State { contents, durable, unflushed: Vec::new(), has_power: true })))
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.0.lock().contents.len() as u64
    }

    /// Reads up to `length_bytes`; fewer at the end.
    pub(super) fn read(&self, offset: u64, length_bytes: usize) -> io::Result<Vec<u8>> {
        let state = self.0.lock();
        state.check_power()?;
        let rest = state.contents.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        Ok(rest[..rest.len().min(length_bytes)].to_vec())
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check_power()?;
        let range = state.range(offset, bytes.len())?;
        let write = Write { offset: range.start, bytes: bytes.into() };
        state.contents[range].copy_from_slice(bytes);
        state.unflushed.push(write);
        Ok(())
    }

    /// Makes everything durable that was written before.
    pub(super) fn flush(&self) -> io::Result<()> {
        thread::sleep(FLUSH_TIME);
        let mut state = self.0.lock();
        state.check_power()?;
        let State { durable, unflushed, .. } = &mut *state;
        for Write { offset, bytes } in unflushed.drain(..) {
            durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
        }
        Ok(())
    }

    /// Nothing is read, written or flushed from now on.
    pub(super) fn fail(&self) {
        self.0.lock().has_power = false;
    }

    /// Keeps any of the sectors that were not flushed: nearly none, nearly all or something between. Of a sector that
    /// was written twice the first write may stay and the second go.
    pub(super) fn restore(&self) -> Lost {
        let mut state = self.0.lock();
        let state = &mut *state;
        let kept_percent = stdx::random::below(101);
        let mut lost = Lost::default();
        for Write { offset, bytes } in state.unflushed.drain(..) {
            // Offsets and lengths are whole sectors: no file system writes a disk otherwise.
            for (number, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                if stdx::random::below(100) < kept_percent {
                    let start = offset + number * SECTOR_BYTES;
                    state.durable[start..start + sector.len()].copy_from_slice(sector);
                    lost.kept_sectors += 1;
                } else {
                    lost.lost_sectors += 1;
                }
            }
        }
        state.contents.copy_from_slice(&state.durable);
        state.has_power = true;
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTOR: u64 = SECTOR_BYTES as u64;

    #[test]
    fn what_was_flushed_stays_and_of_the_rest_any_part() {
        stdx::random::seed_thread(Some(1));
        let (mut lost, mut kept, mut torn) = (0, 0, 0);
        for _ in 0..100 {
            let medium = Medium::new(64 << 10);
            medium.write(0, &[1; 4096]).unwrap();
            medium.flush().unwrap();
            medium.write(0, &[2; 1024]).unwrap();
            assert_eq!(medium.read(0, 1).unwrap(), [2]);
            medium.fail();
            assert!(medium.read(0, 1).is_err() && medium.write(0, &[3]).is_err() && medium.flush().is_err());
            let told = medium.restore();
            assert_eq!(told.lost_sectors + told.kept_sectors, 2);
            let (first, second) = (medium.read(0, 1).unwrap()[0], medium.read(SECTOR, 1).unwrap()[0]);
            match (first, second) {
                (1, 1) => lost += 1,
                (2, 2) => kept += 1,
                (1, 2) | (2, 1) => torn += 1,
                other => panic!("{other:?}"),
            }
            assert_eq!(medium.read(1024, 3072).unwrap(), [1; 3072], "what was flushed");
        }
        assert!(lost > 10 && kept > 10 && torn > 10, "{lost} {kept} {torn}");
        stdx::random::seed_thread(None);
    }

    #[test]
    fn it_has_an_end() {
        let medium = Medium::new(1024);
        assert_eq!(medium.read(1000, 100).unwrap().len(), 24);
        assert_eq!(medium.read(2000, 100).unwrap().len(), 0);
        assert!(medium.write(1000, &[0; 100]).is_err() && medium.write(u64::MAX, &[0]).is_err());
    }
}
