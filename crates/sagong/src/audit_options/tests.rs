use clap::Parser;

use std::time::Duration;

use apiserver::audit::{Batching, Format, LogSettings, Mode, Rotation, Throttling};

use super::{
    backend::{TRUNCATION, given},
    *,
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    audit: AuditOptions,
}

fn options(line: &str) -> AuditOptions {
    Line::try_parse_from(std::iter::once("up").chain(line.split_whitespace())).unwrap().audit
}

fn settings(line: &str) -> LogSettings {
    options(&format!("--audit-log-path /x/audit.log {line}")).log.settings().unwrap().unwrap()
}

fn refusal(line: &str) -> String {
    format!("{:#}", options(line).open().err().unwrap())
}

#[test]
fn defaults_are_upstreams() {
    assert!(options("").open().unwrap().is_none());
    let rotation = Rotation { file_bytes_limit: 100 << 20, age_days_limit: 366, backups_limit: 100, compress: false };
    let expected = LogSettings {
        output: Output::File("/x/audit.log".into(), Some(rotation)),
        format: Format::Json,
        mode: Mode::Blocking,
        truncation: None,
    };
    assert_eq!(settings(""), expected);
    assert_eq!(settings("--audit-log-mode batch").mode, Mode::Batch(log::BATCHING));
    assert_eq!(settings("--audit-log-truncate-enabled").truncation, Some(TRUNCATION));
    assert_eq!(settings("--audit-log-truncate-enabled=false").truncation, None);
    assert_eq!(settings("--audit-log-maxsize 0").output, Output::File("/x/audit.log".into(), None));
    let batch = "--audit-log-mode batch --audit-log-batch-max-size 5 --audit-log-batch-max-wait 1m \
        --audit-log-batch-throttle-enable=true --audit-log-batch-throttle-qps 0.5 --audit-log-batch-throttle-burst 3";
    let throttling = Some(Throttling { per_second: 0.5, burst: 3 });
    let batching = Batching { batch_length: 5, wait: Duration::from_secs(60), throttling, ..log::BATCHING };
    assert_eq!(settings(batch).mode, Mode::Batch(batching));
    let webhook = options("").webhook;
    assert_eq!(webhook.batch_flags().mode().unwrap(), Mode::Batch(webhook::BATCHING));
    let unlimited = options("--audit-webhook-batch-throttle-enable=false").webhook;
    let batching = Batching { throttling: None, ..webhook::BATCHING };
    assert_eq!(unlimited.batch_flags().mode().unwrap(), Mode::Batch(batching));
    assert_eq!(given(&unlimited.batch_flags().given), Some("--audit-webhook-batch-throttle-enable"));
}

#[test]
fn what_means_nothing_is_refused() {
    let log = "--audit-log-path /x/audit.log";
    for (line, expected) in [
        ("--audit-policy-file /p", "--audit-policy-file needs --audit-log-path or --audit-webhook-config-file"),
        ("--audit-webhook-mode batch", "--audit-webhook-mode needs --audit-webhook-config-file"),
        ("--audit-webhook-config-file /nowhere/x", "--audit-webhook-config-file: /nowhere/x: cannot be read"),
        (log, "--audit-log-path needs --audit-policy-file"),
        ("--audit-log-mode batch", "--audit-log-mode needs --audit-log-path"),
        ("--audit-log-path - --audit-log-maxsize 5", "--audit-log-maxsize means nothing for standard output"),
        (&format!("{log} --audit-log-mode x"), "invalid audit log mode x, allowed modes are"),
        (&format!("{log} --audit-log-format xml"), "invalid audit log format xml, allowed formats are \"legacy,json\""),
        (
            &format!("{log} --audit-log-version audit.k8s.io/v1beta1"),
            "invalid group version \"audit.k8s.io/v1beta1\", allowed versions are",
        ),
        (&format!("{log} --audit-log-maxage -1"), "--audit-log-maxage -1 can't be a negative number"),
        (&format!("{log} --audit-log-maxsize 0 --audit-log-compress"), "--audit-log-compress means nothing when"),
        (&format!("{log} --audit-log-batch-max-size 5"), "--audit-log-batch-max-size is only used in batch mode"),
        (
            &format!("{log} --audit-log-mode batch --audit-log-batch-buffer-size 0"),
            "invalid audit batch log buffer size 0, must be a positive number",
        ),
        (
            &format!("{log} --audit-log-mode batch --audit-log-batch-throttle-enable"),
            "invalid audit batch log throttle QPS 0, must be a positive number",
        ),
        (
            &format!("{log} --audit-log-mode batch --audit-log-batch-throttle-qps 3"),
            "--audit-log-batch-throttle-qps needs --audit-log-batch-throttle-enable",
        ),
        (&format!("{log} --audit-log-truncate-max-event-size 9"), "needs --audit-log-truncate-enabled"),
        (
            &format!("{log} --audit-log-truncate-enabled --audit-log-truncate-max-batch-size 9"),
            "invalid audit truncate log max batch size 9, must be greater than max event size (102400)",
        ),
    ] {
        let said = refusal(line);
        assert!(said.contains(expected), "{line}: {said}");
    }
}

#[test]
fn a_bad_policy_is_told_with_file_and_field() {
    let directory = tempfile::tempdir().unwrap();
    let (policy, log) = (directory.path().join("policy.yaml"), directory.path().join("logs/audit.log"));
    let line = format!("--audit-policy-file {} --audit-log-path {}", policy.display(), log.display());
    std::fs::write(&policy, "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Meta\n").unwrap();
    let said = refusal(&line);
    assert!(said.contains("rules[0].level: Unsupported value: \"Meta\""), "{said}");
    assert!(said.ends_with(&format!(": from file {}", policy.display())), "{said}");
    assert!(!log.exists());
    std::fs::write(&policy, "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n").unwrap();
    assert!(options(&line).open().unwrap().is_some() && log.exists());
}
