//! A policy on system calls as a classic BPF program.
//!
//! The calls' numbers are cut into ranges with one verdict each, and found by bisection: a program that allows three
//! hundred calls decides in nine comparisons. A program holds one such tree for each architecture whose programs this
//! kernel runs (64 and 32 bit).

use std::collections::BTreeMap;

/// What happens to a system call: the value that a filter returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Action(pub(super) u32);

impl Action {
    pub(super) const KILL_THREAD: Self = Self(0);
    pub(super) const KILL_PROCESS: Self = Self(0x8000_0000);
    pub(super) const TRAP: Self = Self(0x0003_0000);
    pub(super) const LOG: Self = Self(0x7ffc_0000);
    pub(super) const ALLOW: Self = Self(0x7fff_0000);

    pub(super) const fn errno(errno: u32) -> Self {
        Self(0x0005_0000 | errno)
    }

    pub(super) const fn trace(message: u32) -> Self {
        Self(0x7ff0_0000 | message)
    }
}

/// How an argument is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// One comparison of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// Which of the six.
    pub(super) argument: u8,
    pub(super) operator: Operator,
    /// Applied to the argument first.
    pub(super) mask: u64,
    pub(super) value: u64,
}

/// Rules by name of system call.
pub(super) struct Policy {
    default: Action,
    /// For each call its rules; the first whose conditions all hold decides.
    rules: BTreeMap<String, Vec<(Vec<Condition>, Action)>>,
}

impl Policy {
    pub(super) fn new(default: Action) -> Self {
        Self { default, rules: BTreeMap::new() }
    }

    /// Adds a rule. Rules without conditions come after those that have some.
    pub(super) fn rule(&mut self, name: &str, conditions: Vec<Condition>, action: Action) {
        let rules = self.rules.entry(name.to_owned()).or_default();
        let end = rules.iter().position(|(conditions, _)| conditions.is_empty());
        let place = if conditions.is_empty() { rules.len() } else { end.unwrap_or(rules.len()) };
        rules.insert(place, (conditions, action));
    }
}

/// An architecture: its number in a filter's data, and its calls' numbers by name.
type Architecture = (u32, fn(&str) -> Option<u32>);

#[cfg(target_arch = "x86_64")]
const ARCHITECTURES: [Architecture; 2] = [
    (0xc000_003e, |name| name.parse::<syscalls::x86_64::Sysno>().ok().map(|call| call as u32)),
    (0x4000_0003, |name| name.parse::<syscalls::x86::Sysno>().ok().map(|call| call as u32)),
];

#[cfg(target_arch = "aarch64")]
const ARCHITECTURES: [Architecture; 2] = [
    (0xc000_00b7, |name| name.parse::<syscalls::aarch64::Sysno>().ok().map(|call| call as u32)),
    (0x4000_0028, |name| name.parse::<syscalls::arm::Sysno>().ok().map(|call| call as u32)),
];

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Longest program that a kernel takes.
const LENGTH_LIMIT: usize = 4096;

/// `struct sock_filter` as one word.
const fn instruction(code: u16, if_true: u8, if_false: u8, operand: u32) -> u64 {
    (code as u64) | (if_true as u64) << 16 | (if_false as u64) << 24 | (operand as u64) << 32
}

const fn statement(code: u16, operand: u32) -> u64 {
    instruction(code, 0, 0, operand)
}

/// The program of a policy. Calls of architectures that are not known end the process.
pub(super) fn compile(policy: &Policy) -> Result<Vec<u64>, String> {
    let mut program = vec![statement(LOAD, ARCHITECTURE)];
    for (number, call_number) in ARCHITECTURES {
        let mut ranges: Vec<(u32, Vec<u64>)> = vec![(0, vec![statement(RETURN, policy.default.0)])];
        let mut calls: Vec<_> =
            policy.rules.iter().filter_map(|(name, rules)| Some((call_number(name)?, rules))).collect();
        calls.sort_by_key(|(call, _)| *call);
        for (call, rules) in calls {
            push_range(&mut ranges, call, verdict(rules, policy.default)?);
            push_range(&mut ranges, call + 1, vec![statement(RETURN, policy.default.0)]);
        }
        let mut tree = vec![statement(LOAD, NUMBER)];
        tree.extend(bisect(&ranges));
        program.push(instruction(JUMP_EQUAL, 0, 1, number));
        program.push(statement(JUMP, 1));
        program.push(statement(JUMP, tree.len() as u32));
        program.extend(tree);
    }
    program.push(statement(RETURN, Action::KILL_PROCESS.0));
    match program.len() > LENGTH_LIMIT {
        true => Err(format!("the profile needs {} instructions, and {LENGTH_LIMIT} is the most", program.len())),
        false => Ok(program),
    }
}

/// Begins a range at a number: in place of one that would be empty, and as part of the last one if it says the same.
fn push_range(ranges: &mut Vec<(u32, Vec<u64>)>, start: u32, code: Vec<u64>) {
    if ranges.last().is_some_and(|(last, _)| *last == start) {
        ranges.pop();
    }
    if ranges.last().is_none_or(|(_, last)| *last != code) {
        ranges.push((start, code));
    }
}

fn bisect(ranges: &[(u32, Vec<u64>)]) -> Vec<u64> {
    if let [(_, code)] = ranges {
        return code.clone();
    }
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let (start, below) = (high[0].0, bisect(low));
    let mut code = vec![instruction(JUMP_GREATER_OR_EQUAL, 0, 1, start), statement(JUMP, below.len() as u32)];
    code.extend(below);
    code.extend(bisect(high));
    code
}

/// The code that decides about one call.
fn verdict(rules: &[(Vec<Condition>, Action)], default: Action) -> Result<Vec<u64>, String> {
    let mut code = Vec::new();
    for (conditions, action) in rules {
        let end = vec![statement(RETURN, action.0)];
        // From the last condition to the first: each knows how much it jumps over when it does not hold.
        let rule = conditions.iter().rev().try_fold(end, |rest, condition| check(condition, rest))?;
        code.extend(rule);
        if conditions.is_empty() {
            return Ok(code);
        }
    }
    code.push(statement(RETURN, default.0));
    Ok(code)
}

/// A comparison, then `rest` if it holds; what follows both otherwise.
fn check(condition: &Condition, rest: Vec<u64>) -> Result<Vec<u64>, String> {
    let half = |value: u64, high: bool| (if high { value >> 32 } else { value }) as u32;
    let offset = ARGUMENTS + 8 * u32::from(condition.argument);
    let load = |high: bool| {
        let at = if cfg!(target_endian = "little") == high { offset + 4 } else { offset };
        [statement(LOAD, at), statement(AND, half(condition.mask, high))]
    };
    let (high, low) = (half(condition.value, true), half(condition.value, false));
    // Jumps from the end of each comparison: `yes` to the rest, which follows the last of them; `no` over it.
    let over = u8::try_from(rest.len()).map_err(|_| "a rule has too many conditions".to_owned())?;
    let mut code = load(true).to_vec();
    // After the comparison of the high half stand at most four more instructions.
    let far = over.checked_add(4).ok_or_else(|| "a rule has too many conditions".to_owned())?;
    match condition.operator {
        Operator::Equal => {
            code.push(instruction(JUMP_EQUAL, 0, far - 1, high));
            code.extend(load(false));
            code.push(instruction(JUMP_EQUAL, 0, over, low));
        }
        Operator::NotEqual => {
            code.push(instruction(JUMP_EQUAL, 0, 3, high));
            code.extend(load(false));
            code.push(instruction(JUMP_EQUAL, over, 0, low));
        }
        Operator::Greater | Operator::GreaterOrEqual => {
            let compare = if condition.operator == Operator::Greater { JUMP_GREATER } else { JUMP_GREATER_OR_EQUAL };
            code.push(instruction(JUMP_GREATER, 4, 0, high));
            code.push(instruction(JUMP_EQUAL, 0, far - 1, high));
            code.extend(load(false));
            code.push(instruction(compare, 0, over, low));
        }
        Operator::Less | Operator::LessOrEqual => {
            let compare = if condition.operator == Operator::Less { JUMP_GREATER_OR_EQUAL } else { JUMP_GREATER };
            code.push(instruction(JUMP_GREATER, far, 0, high));
            code.push(instruction(JUMP_EQUAL, 0, 3, high));
            code.extend(load(false));
            code.push(instruction(compare, over, 0, low));
        }
    }
    code.extend(rest);
    Ok(code)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Runs a program as a kernel would, for this architecture.
    pub(in super::super) fn decide(program: &[u64], call: i64, arguments: [u64; 6]) -> u32 {
        let mut data = [0_u32; 16];
        data[0] = call as u32;
        data[1] = ARCHITECTURES[0].0;
        for (index, argument) in arguments.into_iter().enumerate() {
            data[4 + 2 * index] = argument as u32;
            data[5 + 2 * index] = (argument >> 32) as u32;
        }
        let (mut at, mut accumulator) = (0, 0_u32);
        loop {
            let word = program[at];
            let (code, operand) = (word as u16, (word >> 32) as u32);
            let (if_true, if_false) = ((word >> 16) as u8 as usize, (word >> 24) as u8 as usize);
            at += 1;
            let mut branch = |holds: bool| at += if holds { if_true } else { if_false };
            match code {
                LOAD => accumulator = data[operand as usize / 4],
                AND => accumulator &= operand,
                JUMP => at += operand as usize,
                JUMP_EQUAL => branch(accumulator == operand),
                JUMP_GREATER => branch(accumulator > operand),
                JUMP_GREATER_OR_EQUAL => branch(accumulator >= operand),
                RETURN => return operand,
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    #[test]
    fn every_comparison_decides_like_the_language() {
        let values = [0, 1, 7, 8, u64::from(u32::MAX), 1 << 32, (1 << 32) + 7, u64::MAX];
        type Compare = fn(&u64, &u64) -> bool;
        let operators: [(Operator, Compare); 6] = [
            (Operator::Equal, u64::eq),
            (Operator::NotEqual, u64::ne),
            (Operator::Greater, u64::gt),
            (Operator::GreaterOrEqual, u64::ge),
            (Operator::Less, u64::lt),
            (Operator::LessOrEqual, u64::le),
        ];
        for (operator, compare) in operators {
            for value in values {
                let mut policy = Policy::new(Action::errno(1));
                let condition = Condition { argument: 2, operator, mask: u64::MAX, value };
                let other = Condition { argument: 0, operator: Operator::Equal, mask: 0xff, value: 5 };
                policy.rule("read", vec![other, condition], Action::ALLOW);
                let program = compile(&policy).unwrap();
                for argument in values {
                    let expected = if compare(&argument, &value) { Action::ALLOW } else { Action::errno(1) };
                    let decision = decide(&program, libc::SYS_read, [0x105, 0, argument, 0, 0, 0]);
                    assert_eq!(decision, expected.0, "{argument} {operator:?} {value}");
                    assert_eq!(decide(&program, libc::SYS_read, [6, 0, argument, 0, 0, 0]), Action::errno(1).0);
                }
            }
        }
    }

    #[test]
    fn the_first_rule_that_holds_decides_and_neighbours_are_not_touched() {
        let mut policy = Policy::new(Action::ALLOW);
        policy.rule("write", Vec::new(), Action::errno(2));
        let one = Condition { argument: 0, operator: Operator::Equal, mask: u64::MAX, value: 1 };
        policy.rule("write", vec![one], Action::errno(1));
        let program = compile(&policy).unwrap();
        assert_eq!(decide(&program, libc::SYS_write, [1, 0, 0, 0, 0, 0]), Action::errno(1).0);
        assert_eq!(decide(&program, libc::SYS_write, [2, 0, 0, 0, 0, 0]), Action::errno(2).0);
        for call in [libc::SYS_write - 1, libc::SYS_write + 1, 0, 100_000] {
            assert_eq!(decide(&program, call, [1; 6]), Action::ALLOW.0);
        }
    }
}
