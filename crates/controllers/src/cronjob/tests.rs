use apimachinery::value;
use client::testing::{FakeApi, merge, settle};
use expect_test::{Expect, expect};

use super::*;

fn cron(change: Value) -> Value {
    let mut cron = value!({
        "metadata": {"namespace": "a", "name": "tick", "uid": "c", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "schedule": "*/10 * * * *", "concurrencyPolicy": "Allow",
            "successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 1,
            "jobTemplate": {"metadata": {"labels": {"x": "y"}}, "spec": {"template": {}}}
        },
        "status": {"lastScheduleTime": "2026-01-01T11:50:00Z"}
    });
    merge(&mut cron, &change);
    cron
}

fn job(name: &str, outcome: &str) -> Arc<Object> {
    let mut job = value!({
        "metadata": {"namespace": "a", "name": name, "uid": name, "ownerReferences": [{"kind": "CronJob", "uid": "c", "controller": true}]},
        "status": {"startTime": format!("2026-01-01T11:0{}:00Z", name.len())}
    });
    if !outcome.is_empty() {
        job.set(&["status", "conditions"], value!([{"type": outcome, "status": "True"}]));
        job.set(&["status", "completionTime"], "2026-01-01T11:30:00Z");
    }
    Arc::new(Object(job))
}

fn check(cron: Value, jobs: Vec<Arc<Object>>, expected: Expect) {
    let observed = Observed { cron: Arc::new(Object(cron)), jobs, now: "2026-01-01T12:03:00Z".parse().unwrap() };
    let plan = plan(&observed);
    let lines: Vec<String> = plan
        .operations
        .iter()
        .map(|operation| match operation {
            Operation::Forget(job) => format!("forget {}", job.name()),
            Operation::Replace(job) => format!("replace {}", job.name()),
            Operation::Start { job, .. } => format!("start {} {:?}", job.name(), job.annotations()),
            Operation::Tell { reason, message, .. } => format!("tell {reason}: {message}"),
        })
        .chain([format!("{:?} {:?}", plan.status, plan.check_after_milliseconds)])
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn what_is_due_starts() {
    check(
        cron(value!({})),
        vec![],
        expect![[r#"
        start tick-29454480 {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T12:00:00Z"}
        {"lastScheduleTime": "2026-01-01T11:50:00Z"} Some(420100)"#]],
    );
    check(
        cron(value!({"status": {"lastScheduleTime": "2026-01-01T12:00:00Z"}})),
        vec![],
        expect![[r#"{"lastScheduleTime": "2026-01-01T12:00:00Z"} Some(420100)"#]],
    );
    check(
        cron(value!({"spec": {"suspend": true}})),
        vec![],
        expect![[r#"{"lastScheduleTime": "2026-01-01T11:50:00Z"} None"#]],
    );
    check(
        cron(value!({"spec": {"timeZone": "Asia/Seoul", "schedule": "0 21 * * *"}})),
        vec![],
        expect![[r#"
        start tick-29454480 {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T21:00:00+09:00"}
        {"lastScheduleTime": "2026-01-01T11:50:00Z"} Some(86220100)"#]],
    );
    check(
        cron(value!({"spec": {"schedule": "x"}})),
        vec![],
        expect![[r#"
        tell UnparseableSchedule: unparseable schedule: "x" : expected exactly 5 fields, found 1
        {"lastScheduleTime": "2026-01-01T11:50:00Z"} None"#]],
    );
    check(
        cron(value!({"spec": {"schedule": "* * * * *"}, "status": {"lastScheduleTime": "2026-01-01T00:00:00Z"}})),
        vec![],
        expect![[r#"
        tell TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew
        start tick-29454483 {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T12:03:00Z"}
        {"lastScheduleTime": "2026-01-01T00:00:00Z"} Some(60100)"#]],
    );
}

#[test]
fn policies_and_history() {
    let active = || value!({"status": {"active": [{"name": "run", "uid": "run"}, {"name": "lost", "uid": "lost"}]}});
    let with = |policy: &str| {
        let mut change = active();
        change.set(&["spec", "concurrencyPolicy"], policy);
        cron(change)
    };
    check(
        with("Forbid"),
        vec![job("run", "")],
        expect![[r#"
        tell MissingJob: Active job went missing: lost
        tell JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid
        {"active": [{"name": "run", "uid": "run"}], "lastScheduleTime": "2026-01-01T11:50:00Z"} Some(420100)"#]],
    );
    check(
        with("Replace"),
        vec![job("run", "")],
        expect![[r#"
        tell MissingJob: Active job went missing: lost
        replace run
        start tick-29454480 {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T12:00:00Z"}
        {"active": [{"name": "run", "uid": "run"}], "lastScheduleTime": "2026-01-01T11:50:00Z"} Some(420100)"#]],
    );
    let suspended = cron(value!({"spec": {"suspend": true}, "status": {"active": [{"name": "aa", "uid": "aa"}]}}));
    check(
        suspended,
        vec![job("aa", "Complete"), job("a", "Complete"), job("f", "Failed")],
        expect![[r#"
        forget a
        tell SawCompletedJob: Saw completed job: aa, condition: Complete
        {"lastScheduleTime": "2026-01-01T11:50:00Z", "lastSuccessfulTime": "2026-01-01T11:30:00Z"} None"#]],
    );
}

#[tokio::test(start_paused = true)]
async fn jobs_start_once_per_time() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    let long_ago = value!({"metadata": {"uid": null}, "spec": {"schedule": "0 0 1 1 *"}, "status": {"lastScheduleTime": "2020-06-01T00:00:00Z"}});
    api.seed(&CRON_JOBS, cron(long_ago));
    settle(5).await;
    let jobs = api.list(&JOBS);
    assert_eq!(jobs.len(), 1);
    let status = api.get(&CRON_JOBS, "a", "tick").unwrap();
    assert_eq!(status.status().list_at("active")[0].str_at(&["name"]), Some(jobs[0].name()));
    api.modify(&JOBS, "a", jobs[0].name(), |job| {
        job.set(&["status", "conditions"], value!([{"type": "Complete", "status": "True"}]));
    });
    settle(5).await;
    assert!(api.get(&CRON_JOBS, "a", "tick").unwrap().status().list_at("active").is_empty());
    assert_eq!(api.list(&JOBS).len(), 1);
}
