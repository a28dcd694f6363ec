//! Whether what clients saw of one object could have been seen of one that is changed by one of them at a time.
//!
//! The search is that of Wing and Gong with Lowe's memory of states that were tried (as in Porcupine): operations are
//! put into a line one by one, each only while no other had ended before it began, and taken back when what it was
//! told cannot have been told there.

use std::collections::HashSet;

use crate::history::{Action, Mark, Moment, Operation, Outcome, Revision};

/// The object between two operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    /// The newest revision that it had: later ones are greater.
    newest: Revision,
    now: Option<(Revision, Mark)>,
}

impl State {
    /// The state after an operation; none if it cannot have ended so.
    fn after(self, action: Action, outcome: Outcome) -> Option<State> {
        let written = |revision, mark| {
            (revision > self.newest).then_some(State { newest: revision, now: Some((revision, mark)) })
        };
        let has = |expected| self.now.is_some_and(|(revision, _)| revision == expected);
        let possible = match (action, outcome) {
            (Action::Get, Outcome::Found { revision, mark }) => self.now == Some((revision, mark)),
            (Action::Get | Action::Update { .. } | Action::Delete { .. }, Outcome::Absent) => self.now.is_none(),
            (Action::Create { .. }, Outcome::Exists) => self.now.is_some(),
            (Action::Update { expected, .. } | Action::Delete { expected }, Outcome::Conflict) => {
                self.now.is_some() && !has(expected)
            }
            (Action::Create { mark }, Outcome::Written { revision }) if self.now.is_none() => {
                return written(revision, mark);
            }
            (Action::Update { expected, mark }, Outcome::Written { revision }) if has(expected) => {
                return written(revision, mark);
            }
            (Action::Delete { expected }, Outcome::Deleted) if has(expected) => {
                return Some(State { now: None, ..self });
            }
            _ => false,
        };
        possible.then_some(self)
    }
}

/// A line of events, each of which can be taken out and put back.
struct Line {
    next: Vec<usize>,
    previous: Vec<usize>,
}

impl Line {
    /// Events 1 to `count`; 0 is before the first, and after the last.
    fn new(count: usize) -> Line {
        let all = count + 1;
        Line {
            next: (0..all).map(|at| (at + 1) % all).collect(),
            previous: (0..all).map(|at| (at + count) % all).collect(),
        }
    }

    fn take(&mut self, event: usize) {
        let (previous, next) = (self.previous[event], self.next[event]);
        self.next[previous] = next;
        self.previous[next] = previous;
    }

    fn put_back(&mut self, event: usize) {
        let (previous, next) = (self.previous[event], self.next[event]);
        self.next[previous] = event;
        self.previous[next] = event;
    }
}

/// Judges the operations on one object, none of which has an unknown outcome. The error is the operation at which the
/// longest attempt ended.
pub fn check(operations: &[Operation]) -> Result<(), Operation> {
    // Calls come before returns of the same moment: that allows more.
    let mut order: Vec<(Moment, bool, usize)> = operations
        .iter()
        .enumerate()
        .flat_map(|(number, operation)| [(operation.called, false, number), (operation.returned, true, number)])
        .collect();
    order.sort_unstable();
    let (mut call_of, mut return_of) = (vec![0; operations.len()], vec![0; operations.len()]);
    for (event, (_, is_return, number)) in order.iter().enumerate() {
        if *is_return { return_of[*number] = event + 1 } else { call_of[*number] = event + 1 }
    }
    let mut line = Line::new(order.len());
    let mut placed = vec![0_u64; operations.len().div_ceil(64)];
    let mut tried: HashSet<(Box<[u64]>, State)> = HashSet::new();
    let mut path: Vec<(usize, State)> = Vec::new();
    let mut state = State::default();
    let (mut longest, mut culprit) = (0, None);
    let mut event = line.next[0];
    while line.next[0] != 0 {
        let (_, is_return, number) = order[event - 1];
        if !is_return {
            let bit = 1 << (number % 64);
            placed[number / 64] |= bit;
            let after = state.after(operations[number].action, operations[number].outcome);
            match after.filter(|after| tried.insert((placed.clone().into(), *after))) {
                Some(after) => {
                    path.push((number, state));
                    state = after;
                    line.take(call_of[number]);
                    line.take(return_of[number]);
                    event = line.next[0];
                }
                None => {
                    placed[number / 64] &= !bit;
                    event = line.next[event];
                }
            }
            continue;
        }
        // Nothing fits before this one ends: what was put into the line last is wrong.
        if path.len() >= longest {
            (longest, culprit) = (path.len(), Some(number));
        }
        let Some((last, before)) = path.pop() else {
            return Err(operations[culprit.unwrap_or(number)]);
        };
        state = before;
        placed[last / 64] &= !(1 << (last % 64));
        line.put_back(return_of[last]);
        line.put_back(call_of[last]);
        event = line.next[call_of[last]];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(called: Moment, returned: Moment, action: Action, outcome: Outcome) -> Operation {
        Operation { key: 0, action, outcome, called, returned }
    }

    const CREATED: (Action, Outcome) = (Action::Create { mark: 1 }, Outcome::Written { revision: 10 });
    const UPDATED: (Action, Outcome) = (Action::Update { expected: 10, mark: 2 }, Outcome::Written { revision: 12 });
    const OLD: (Action, Outcome) = (Action::Get, Outcome::Found { revision: 10, mark: 1 });
    const NEW: (Action, Outcome) = (Action::Get, Outcome::Found { revision: 12, mark: 2 });
    const GONE: (Action, Outcome) = (Action::Get, Outcome::Absent);
    const DELETED: (Action, Outcome) = (Action::Delete { expected: 12 }, Outcome::Deleted);

    fn judge(history: &[(Moment, Moment, (Action, Outcome))]) -> bool {
        let made = |&(called, returned, (action, outcome))| operation(called, returned, action, outcome);
        check(&history.iter().map(made).collect::<Vec<_>>()).is_ok()
    }

    #[test]
    fn what_can_have_happened_is_right() {
        assert!(judge(&[]));
        assert!(judge(&[(0, 1, GONE), (2, 3, CREATED), (4, 5, OLD), (6, 7, UPDATED), (8, 9, NEW)]));
        // While it is being changed, both are right, but not in turn.
        assert!(judge(&[(0, 1, CREATED), (2, 9, UPDATED), (3, 4, OLD), (5, 6, NEW)]));
        assert!(judge(&[(0, 1, CREATED), (2, 9, UPDATED), (3, 6, NEW), (4, 5, OLD)]));
        assert!(judge(&[(0, 9, CREATED), (0, 9, UPDATED), (0, 9, DELETED), (1, 2, NEW), (3, 4, GONE)]));
        let conflict = (Action::Update { expected: 10, mark: 7 }, Outcome::Conflict);
        assert!(judge(&[(0, 1, CREATED), (2, 5, UPDATED), (3, 4, conflict)]));
        assert!(judge(&[
            (0, 1, CREATED),
            (2, 3, UPDATED),
            (4, 5, DELETED),
            (6, 7, (Action::Create { mark: 3 }, Outcome::Written { revision: 20 }))
        ]));
    }

    #[test]
    fn what_cannot_have_happened_is_found() {
        // A lost write, a stale read, a read that goes back, a write that nobody made.
        assert!(!judge(&[(0, 1, CREATED), (2, 3, GONE)]));
        assert!(!judge(&[(0, 1, CREATED), (2, 3, UPDATED), (4, 5, OLD)]));
        assert!(!judge(&[(0, 1, CREATED), (2, 9, UPDATED), (3, 4, NEW), (5, 6, OLD)]));
        assert!(!judge(&[(0, 1, GONE), (2, 3, OLD)]));
        // Two that both replaced the same revision; a conflict with nothing; a revision that is older than the last.
        let other = (Action::Update { expected: 10, mark: 3 }, Outcome::Written { revision: 13 });
        assert!(!judge(&[(0, 1, CREATED), (2, 9, UPDATED), (2, 9, other)]));
        assert!(!judge(&[(0, 1, CREATED), (2, 3, (Action::Delete { expected: 10 }, Outcome::Conflict))]));
        let back = (Action::Create { mark: 3 }, Outcome::Written { revision: 11 });
        assert!(!judge(&[(0, 1, CREATED), (2, 3, UPDATED), (4, 5, DELETED), (6, 7, back)]));
        // Deleted, and back again.
        assert!(!judge(&[(0, 1, CREATED), (2, 3, UPDATED), (4, 5, DELETED), (6, 7, NEW)]));
    }

    /// As a register whose writers take turns would tell it, with calls and returns drawn wider at random; then one
    /// read is falsified.
    #[test]
    fn long_histories_are_judged_too() {
        stdx::random::seed_thread(Some(7));
        let mut operations = Vec::new();
        let mut now = (10, 0);
        operations.push(operation(0, 1, Action::Create { mark: 0 }, Outcome::Written { revision: 10 }));
        for number in 1..4_000_u64 {
            let at = number * 100;
            let wide = || stdx::random::below(500);
            let (called, returned) = (at.saturating_sub(wide()).max(2), at + wide());
            let made = match stdx::random::below(3) {
                0 => {
                    let action = Action::Update { expected: now.0, mark: number };
                    now = (now.0 + 1 + stdx::random::below(3), number);
                    operation(called, returned, action, Outcome::Written { revision: now.0 })
                }
                _ => operation(called, returned, Action::Get, Outcome::Found { revision: now.0, mark: now.1 }),
            };
            operations.push(made);
        }
        assert_eq!(check(&operations), Ok(()));
        let found =
            |operation: &&mut Operation| matches!(operation.outcome, Outcome::Found { revision, .. } if revision > 500);
        let falsified = operations.iter_mut().find(found).unwrap();
        falsified.outcome = Outcome::Found { revision: 12, mark: 1 };
        let falsified = *falsified;
        let culprit = check(&operations).unwrap_err();
        assert!(culprit.called.abs_diff(falsified.called) < 5_000, "{culprit:?}, not {falsified:?}");
        stdx::random::seed_thread(None);
    }
}
