//! Seccomp profiles: the default one, and files in the form of OCI's `linux.seccomp`.
//!
//! A profile becomes a BPF program here, once, when a container is made; its init only loads it. What a profile says
//! about system calls that this architecture does not have is skipped, as with libseccomp.

mod default;
mod filter;

use std::collections::BTreeMap;
use std::sync::Mutex;

use base64::Engine as _;
use cri_api::v1::LinuxContainerSecurityContext;
use cri_api::v1::security_profile::ProfileType;
use cri_api::{Error, Result};
use serde::Deserialize;

use crate::error::Context;
use crate::runtime::lock;
use filter::{Action, Condition, Operator, Policy};

/// How many compiled default profiles are kept: one per set of capabilities, of which few are in use.
const DEFAULTS_KEPT: usize = 16;

static DEFAULTS: Mutex<BTreeMap<u64, Vec<String>>> = Mutex::new(BTreeMap::new());

/// The programs for a container, encoded for its specification; none for an unconfined one.
pub(crate) fn programs(security: &LinuxContainerSecurityContext, capabilities: u64) -> Result<Vec<String>> {
    let Some(profile) = &security.seccomp else { return Ok(Vec::new()) };
    if security.privileged {
        return Ok(Vec::new());
    }
    match profile.profile_type() {
        ProfileType::Unconfined => Ok(Vec::new()),
        ProfileType::RuntimeDefault => {
            if let Some(compiled) = lock(&DEFAULTS).get(&capabilities) {
                return Ok(compiled.clone());
            }
            let compiled = vec![encode(&default::policy(capabilities))?];
            let mut kept = lock(&DEFAULTS);
            if kept.len() == DEFAULTS_KEPT {
                kept.pop_first();
            }
            kept.insert(capabilities, compiled.clone());
            Ok(compiled)
        }
        ProfileType::Localhost => {
            let path = &profile.localhost_ref;
            let text = std::fs::read(path).context(|| format!("read the seccomp profile {path}"))?;
            let refuse = |reason: String| Error::invalid_argument(format!("seccomp profile {path}: {reason}"));
            let file: ProfileFile = serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))?;
            Ok(vec![encode(&file.policy().map_err(refuse)?)?])
        }
    }
}

fn encode(policy: &Policy) -> Result<String> {
    let program = filter::compile(policy).map_err(|reason| Error::invalid_argument(format!("seccomp: {reason}")))?;
    let bytes: Vec<u8> = program.iter().flat_map(|word| word.to_ne_bytes()).collect();
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// A profile as a file has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileFile {
    default_action: String,
    default_errno_ret: Option<u16>,
    #[serde(default)]
    syscalls: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleFile {
    names: Vec<String>,
    action: String,
    errno_ret: Option<u16>,
    #[serde(default, deserialize_with = "null_is_empty")]
    args: Vec<ArgumentFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArgumentFile {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: String,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<ArgumentFile>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl ProfileFile {
    fn policy(&self) -> std::result::Result<Policy, String> {
        let mut policy = Policy::new(action(&self.default_action, self.default_errno_ret)?);
        for rule in &self.syscalls {
            let action = action(&rule.action, rule.errno_ret)?;
            let conditions =
                rule.args.iter().map(ArgumentFile::condition).collect::<std::result::Result<Vec<_>, String>>()?;
            for name in &rule.names {
                policy.rule(name, conditions.clone(), action);
            }
        }
        Ok(policy)
    }
}

impl ArgumentFile {
    fn condition(&self) -> std::result::Result<Condition, String> {
        let (value, mask) = match self.op.as_str() {
            "SCMP_CMP_MASKED_EQ" => (self.value_two, self.value),
            _ => (self.value, u64::MAX),
        };
        let operator = match self.op.as_str() {
            "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ" => Operator::Equal,
            "SCMP_CMP_NE" => Operator::NotEqual,
            "SCMP_CMP_GT" => Operator::Greater,
            "SCMP_CMP_GE" => Operator::GreaterOrEqual,
            "SCMP_CMP_LT" => Operator::Less,
            "SCMP_CMP_LE" => Operator::LessOrEqual,
            other => return Err(format!("unknown comparison {other:?}")),
        };
        if self.index > 5 {
            return Err(format!("a system call has no argument {}", self.index));
        }
        Ok(Condition { argument: self.index, operator, mask, value })
    }
}

fn action(name: &str, errno: Option<u16>) -> std::result::Result<Action, String> {
    let errno = errno.map_or(libc::EPERM as u32, u32::from);
    Ok(match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Action::KILL_THREAD,
        "SCMP_ACT_KILL_PROCESS" => Action::KILL_PROCESS,
        "SCMP_ACT_TRAP" => Action::TRAP,
        "SCMP_ACT_ERRNO" => Action::errno(errno),
        "SCMP_ACT_TRACE" => Action::trace(errno),
        "SCMP_ACT_LOG" => Action::LOG,
        "SCMP_ACT_ALLOW" => Action::ALLOW,
        other => return Err(format!("the action {other:?} is not supported")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_file_becomes_a_policy_or_is_refused() {
        let parse = |text: &str| {
            serde_json::from_str::<ProfileFile>(text).map_err(|error| error.to_string()).and_then(|file| file.policy())
        };
        let good = r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
            {"names":["mkdir","no_such_call"],"action":"SCMP_ACT_ERRNO","errnoRet":5,"args":null}]}"#;
        let program = filter::compile(&parse(good).unwrap()).unwrap();
        assert_eq!(filter::tests::decide(&program, libc::SYS_mkdir, [0; 6]), Action::errno(5).0);
        assert_eq!(filter::tests::decide(&program, libc::SYS_rmdir, [0; 6]), Action::ALLOW.0);
        for bad in [
            r#"{}"#,
            r#"{"defaultAction":"SCMP_ACT_NOTIFY"}"#,
            r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_LOG",
               "args":[{"index":6,"value":1,"op":"SCMP_CMP_EQ"}]}]}"#,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
