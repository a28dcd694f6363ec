//! Who finds no room waits, until there is some or the queue is closed.

use std::{future::poll_fn, sync::Arc, task::Poll};

use shuttle::{future::block_on, thread};
use tokio::sync::oneshot;

use super::{Queue, Request};
use crate::{
    Priority, StoreError, limits,
    tests::{driven::poll, interleavings::explore},
};

fn commit(
    room: tokio::sync::OwnedSemaphorePermit,
) -> (Request, oneshot::Receiver<Result<crate::Committed, StoreError>>) {
    let (answer, answered) = oneshot::channel();
    let request =
        Request::Commit { writes: Vec::new(), priority: Priority::Normal, record_limit_bytes: 0, answer, room };
    (request, answered)
}

/// Answers each request with its number until it is told to end; gives how many it answered.
fn serve(queue: &Queue) -> u64 {
    let mut count = 0;
    let mut requests = Vec::new();
    loop {
        block_on(poll_fn(|context| queue.poll_ready(context)));
        queue.take(&mut requests);
        let mut is_last = false;
        for request in requests.drain(..) {
            match request {
                Request::Commit { answer, .. } => {
                    count += 1;
                    let _ = answer.send(Ok(crate::Committed { revision: count, previous: Vec::new() }));
                }
                Request::Close => is_last = true,
                _ => unreachable!("nobody asked for it"),
            }
        }
        if is_last {
            queue.close();
            return count;
        }
    }
}

/// Ten times the load: what has no room is not taken in, and takes no memory of the queue's.
#[test]
fn the_queue_is_bounded_in_bytes_and_in_number() {
    for size_bytes in [limits::COMMIT_LIMIT_BYTES, 0] {
        let queue = Queue::new();
        let most = limits::QUEUE_LIMIT_BYTES / size_bytes.max(limits::QUEUE_UNIT_BYTES);
        let mut waiting = Vec::new();
        for _ in 0..10 * most {
            let mut room = Box::pin(queue.reserve(size_bytes));
            match poll(room.as_mut()) {
                Poll::Ready(room) => assert!(queue.push(commit(room.unwrap()).0).is_ok()),
                Poll::Pending => waiting.push(room),
            }
        }
        let taken_in = queue.length();
        assert!((most - 1..=most).contains(&taken_in), "{taken_in} of {size_bytes} bytes");
        assert_eq!(waiting.len(), 10 * most - taken_in);
        // What is done makes room for as much, and those who came first have it.
        let mut requests = Vec::new();
        queue.take(&mut requests);
        requests.clear();
        let rooms: Vec<_> = waiting.iter_mut().map(|room| poll(room.as_mut())).take_while(Poll::is_ready).collect();
        assert_eq!(rooms.len(), taken_in);
    }
}

#[test]
fn a_close_lets_nobody_wait_though_no_room_comes() {
    let queue = Queue::new();
    let mut held = Box::pin(queue.reserve(limits::QUEUE_LIMIT_BYTES - limits::QUEUE_UNIT_BYTES));
    let Poll::Ready(Ok(_held)) = poll(held.as_mut()) else { panic!("there is room") };
    let mut waiting = Box::pin(queue.reserve(0));
    assert!(poll(waiting.as_mut()).is_pending());
    queue.close();
    assert!(matches!(poll(waiting.as_mut()), Poll::Ready(Err(StoreError::Closed))));
}

#[test]
fn whoever_waits_for_room_gets_it_or_hears_of_the_end() {
    explore(|| {
        let queue = Arc::new(Queue::new());
        // All the room there is.
        let first = block_on(queue.reserve(limits::QUEUE_LIMIT_BYTES - limits::QUEUE_UNIT_BYTES)).unwrap();
        let server = thread::spawn({
            let queue = queue.clone();
            move || serve(&queue)
        });
        let clients: Vec<_> = [limits::COMMIT_LIMIT_BYTES, 0]
            .map(|size_bytes| {
                let queue = queue.clone();
                thread::spawn(move || {
                    let Ok(room) = block_on(queue.reserve(size_bytes)) else { return None };
                    let (request, answered) = commit(room);
                    match queue.push(request) {
                        Ok(()) => Some(block_on(answered).unwrap().unwrap().revision),
                        Err(refused) => {
                            assert!(matches!(refused, Request::Commit { .. }));
                            None
                        }
                    }
                })
            })
            .into();
        let (request, answered) = commit(first);
        assert!(queue.push(request).is_ok());
        assert_eq!(block_on(answered).unwrap().unwrap().revision, 1, "it was first");
        assert!(queue.push(Request::Close).is_ok());
        assert!(queue.push(Request::Close).is_err(), "nobody would do it");
        let mut answers: Vec<_> = clients.into_iter().filter_map(|client| client.join().unwrap()).collect();
        answers.sort_unstable();
        let count = server.join().unwrap();
        assert_eq!(answers, (2..=count).collect::<Vec<_>>(), "each once");
    });
}
