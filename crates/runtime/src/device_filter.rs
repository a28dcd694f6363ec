//! Which devices a cgroup of version 2 may use: a small BPF program, since version 2 has no files for it.

use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::cgroups::DeviceRule;
use crate::sys;

/// One instruction: `struct bpf_insn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Instruction {
    code: u8,
    /// Destination register in the low half, source register in the high one.
    registers: u8,
    offset: i16,
    immediate: i32,
}

const fn instruction(code: u8, destination: u8, source: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction { code, registers: destination | source << 4, offset, immediate }
}

const LOAD_WORD: u8 = 0x61;
const MOVE: u8 = 0xbf;
const MOVE_NUMBER: u8 = 0xb7;
const AND_NUMBER: u8 = 0x54;
const SHIFT_RIGHT: u8 = 0x74;
const JUMP_NOT_NUMBER: u8 = 0x55;
const JUMP_NOT_EQUAL: u8 = 0x5d;
const EXIT: u8 = 0x95;

const BLOCK: i32 = 1;
const CHARACTER: i32 = 2;

/// Compiles rules: the access is allowed if one of them covers it whole.
fn compile(rules: &[DeviceRule]) -> Vec<Instruction> {
    // r2 kind, r3 access, r4 major, r5 minor, all from the context in r1.
    let mut program = vec![
        instruction(LOAD_WORD, 2, 1, 0, 0),
        instruction(AND_NUMBER, 2, 0, 0, 0xffff),
        instruction(LOAD_WORD, 3, 1, 0, 0),
        instruction(SHIFT_RIGHT, 3, 0, 0, 16),
        instruction(LOAD_WORD, 4, 1, 4, 0),
        instruction(LOAD_WORD, 5, 1, 8, 0),
    ];
    for rule in rules {
        let mut access = 0;
        for permission in rule.permissions.chars() {
            access |= match permission {
                'm' => 1,
                'r' => 2,
                'w' => 4,
                _ => 0,
            };
        }
        let mut checks = vec![
            instruction(JUMP_NOT_NUMBER, 2, 0, 0, if rule.block { BLOCK } else { CHARACTER }),
            instruction(MOVE, 1, 3, 0, 0),
            instruction(AND_NUMBER, 1, 0, 0, access),
            instruction(JUMP_NOT_EQUAL, 1, 3, 0, 0),
        ];
        for (register, number) in [(4, rule.major), (5, rule.minor)] {
            checks.extend(number.map(|number| instruction(JUMP_NOT_NUMBER, register, 0, 0, number as i32)));
        }
        checks.extend([instruction(MOVE_NUMBER, 0, 0, 0, 1), instruction(EXIT, 0, 0, 0, 0)]);
        let length = checks.len();
        for (index, check) in checks.iter_mut().enumerate() {
            if matches!(check.code, JUMP_NOT_NUMBER | JUMP_NOT_EQUAL) {
                check.offset = (length - index - 1) as i16;
            }
        }
        program.extend(checks);
    }
    program.extend([instruction(MOVE_NUMBER, 0, 0, 0, 0), instruction(EXIT, 0, 0, 0, 0)]);
    program
}

/// Restricts a cgroup to the devices of the rules.
pub(crate) fn attach(directory: &Path, rules: &[DeviceRule]) -> io::Result<()> {
    let program = sys::load_device_program(&compile(rules))?;
    let cgroup = rustix::fs::open(directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    sys::attach_device_program(&cgroup, &program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cgroups::standard_devices;

    /// Runs a program as a kernel would.
    fn allows(program: &[Instruction], kind: i32, access: i32, major: i32, minor: i32) -> bool {
        let context = [kind | access << 16, major, minor];
        let mut registers = [0_i32; 6];
        let mut at = 0;
        loop {
            let Instruction { code, registers: named, offset, immediate } = program[at];
            let (destination, source) = ((named & 15) as usize, (named >> 4) as usize);
            at += 1;
            match code {
                LOAD_WORD => registers[destination] = context[offset as usize / 4],
                AND_NUMBER => registers[destination] &= immediate,
                SHIFT_RIGHT => registers[destination] >>= immediate,
                MOVE => registers[destination] = registers[source],
                MOVE_NUMBER => registers[destination] = immediate,
                JUMP_NOT_NUMBER if registers[destination] != immediate => at += offset as usize,
                JUMP_NOT_EQUAL if registers[destination] != registers[source] => at += offset as usize,
                JUMP_NOT_NUMBER | JUMP_NOT_EQUAL => {}
                EXIT => return registers[0] == 1,
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    #[test]
    fn only_what_a_rule_covers_is_allowed() {
        let program = compile(&standard_devices());
        let (make, read, write) = (1, 2, 4);
        assert!(allows(&program, CHARACTER, read | write, 1, 3), "/dev/null");
        assert!(allows(&program, CHARACTER, read | write, 136, 9), "a terminal");
        assert!(allows(&program, BLOCK, make, 8, 0), "a node may be made");
        assert!(!allows(&program, BLOCK, read, 8, 0), "but not used");
        assert!(!allows(&program, CHARACTER, read | make, 1, 1), "memory");
    }

    #[test]
    fn the_kernel_accepts_the_program() {
        if rustix::process::geteuid().is_root() {
            sys::load_device_program(&compile(&standard_devices())).unwrap();
        }
    }
}
