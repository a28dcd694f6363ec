//! Signals by name, as images and CRI have them.

use cri_api::v1;

/// Names and numbers of the signals that differ by no architecture that this runs on.
const SIGNALS: [(&str, i32); 35] = [
    ("ABRT", libc::SIGABRT),
    ("ALRM", libc::SIGALRM),
    ("BUS", libc::SIGBUS),
    ("CHLD", libc::SIGCHLD),
    ("CLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("FPE", libc::SIGFPE),
    ("HUP", libc::SIGHUP),
    ("ILL", libc::SIGILL),
    ("INT", libc::SIGINT),
    ("IO", libc::SIGIO),
    ("IOT", libc::SIGIOT),
    ("KILL", libc::SIGKILL),
    ("PIPE", libc::SIGPIPE),
    ("POLL", libc::SIGPOLL),
    ("PROF", libc::SIGPROF),
    ("PWR", libc::SIGPWR),
    ("QUIT", libc::SIGQUIT),
    ("SEGV", libc::SIGSEGV),
    ("STKFLT", libc::SIGSTKFLT),
    ("STOP", libc::SIGSTOP),
    ("SYS", libc::SIGSYS),
    ("TERM", libc::SIGTERM),
    ("TRAP", libc::SIGTRAP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("USR1", libc::SIGUSR1),
    ("USR2", libc::SIGUSR2),
    ("VTALRM", libc::SIGVTALRM),
    ("WINCH", libc::SIGWINCH),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("RTMIN", 34),
];

/// The first and the last signal that programs may use for their own purposes, as libc counts.
const REAL_TIME: (i32, i32) = (34, 64);

/// The number of a signal given as name or number: `SIGTERM`, `TERM`, `15`, `RTMIN+3`, `SIGRTMAX-1`.
pub(crate) fn number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (1..=64).contains(&number).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some((_, number)) = SIGNALS.iter().find(|(known, _)| *known == name) {
        return Some(*number);
    }
    if name == "RTMAX" {
        return Some(REAL_TIME.1);
    }
    let offset = |prefix: &str| name.strip_prefix(prefix)?.parse::<i32>().ok().filter(|offset| *offset <= 15);
    offset("RTMIN+").map(|offset| REAL_TIME.0 + offset).or_else(|| offset("RTMAX-").map(|offset| REAL_TIME.1 - offset))
}

/// The number of a signal of CRI; `None` for the runtime's choice.
pub(crate) fn of_cri(signal: i32) -> Option<i32> {
    let signal = v1::Signal::try_from(signal).ok().filter(|signal| *signal != v1::Signal::RuntimeDefault)?;
    let name = signal.as_str_name().replace("PLUS", "+").replace("MINUS", "-");
    number(name.trim_start_matches("SIGNAL_"))
}

/// CRI's name for a number.
pub(crate) fn to_cri(number: i32) -> i32 {
    (1..=65).find(|signal| of_cri(*signal) == Some(number)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_numbers() {
        let numbers = ["SIGTERM", "kill", "9", "RTMIN+3", "SIGRTMAX-1", "RTMAX", "NO", "0", "65"].map(number);
        assert_eq!(numbers, [Some(15), Some(9), Some(9), Some(37), Some(63), Some(64), None, None, None]);
    }

    #[test]
    fn every_signal_of_cri_has_a_number() {
        for signal in 1..=65 {
            assert!(of_cri(signal).is_some(), "{signal}");
        }
        assert_eq!(of_cri(v1::Signal::Sigrtminplus2 as i32), Some(36));
        assert_eq!(to_cri(15), v1::Signal::Sigterm as i32);
    }
}
