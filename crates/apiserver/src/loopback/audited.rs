//! Calls of components, recorded as those of everybody else.

use std::{net::Ipv4Addr, panic::AssertUnwindSafe, sync::Arc};

use apimachinery::Status;
use client::{Body, Request, Response, Verb, WatchStream, remote};
use futures::{FutureExt, StreamExt};

use super::{Loopback, action_of, verb_name};
use crate::audit::{self, Asked, Auditor, Level, Record, Stage, UnderWay};

/// The loopback has no socket, but it is the same machine.
const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// What is recorded of what a call sends, once it may be sent.
pub(super) fn sent(record: &Record, request: &Request) -> Result<(), Status> {
    if let Body::Object(object) = &request.body {
        record.names(object);
    }
    if record.wants_request()
        && let Some(json) = remote::content_of(request)?
    {
        record.sent_json(json);
    }
    Ok(())
}

impl Loopback {
    /// What is recorded of a request; `None` for nothing.
    fn record(&self, auditor: &Arc<Auditor>, request: &Request, verb: &str, uri: String) -> Option<Arc<Record>> {
        let mut action = action_of(request, verb);
        let selected = if request.name.is_empty() { action.selected("metadata.name") } else { None };
        if let Some(name) = &selected {
            action.name = name;
        }
        let verdict = auditor.judge(Some(&self.user), &action);
        (verdict.level != Level::None).then(|| {
            let asked = Asked {
                action: &action,
                request_uri: uri.into(),
                audit_id: stdx::random::uuid().into(),
                source_ips: vec![ADDRESS.into()],
                user_agent: &self.user_agent,
                received: stdx::clock::now(),
            };
            Record::begin(auditor, verdict, Some(&self.user), asked)
        })
    }

    pub(super) async fn audited_call(&self, auditor: &Arc<Auditor>, request: Request) -> Result<Response, Status> {
        let record = self.record(auditor, &request, verb_name(request.verb), remote::address_of(&request));
        let Some(record) = record else { return self.perform(request, None).await };
        let _under_way = begin(&record).await?;
        let (creates, kind) = (request.verb == Verb::Create, request.resource.clone());
        let performed = AssertUnwindSafe(self.perform(request, Some(record.clone()))).catch_unwind().await;
        let answer = match performed {
            Ok(answer) => answer,
            Err(panic) => {
                record.ends_with(&Status::failure(500, "InternalError", "APIServer panic'd"));
                record.reach(Stage::Panic).await;
                std::panic::resume_unwind(panic)
            }
        };
        match &answer {
            Err(status) | Ok(Response::Success(status)) => record.ends_with(status),
            Ok(Response::Object(object)) => {
                record.ends_with_code(if creates { 201 } else { 200 });
                if creates {
                    record.made(object);
                }
                record.answered_value(object);
            }
            Ok(Response::List { items, resource_version, .. }) => {
                record.ends_with_code(200);
                if let Some(resource) = self.server.registry().find(&kind.group, &kind.version, &kind.resource) {
                    record.answered_list(&resource, items, resource_version);
                }
            }
        }
        record.reach(Stage::ResponseComplete).await;
        answer
    }

    pub(super) async fn audited_watch(
        &self,
        auditor: &Arc<Auditor>,
        request: &Request,
        initial_events: bool,
    ) -> Result<WatchStream, Status> {
        let uri = remote::watch_address_of(request, initial_events);
        let Some(record) = self.record(auditor, request, "watch", uri) else {
            return self.follow(request, initial_events, None).await;
        };
        let under_way = begin(&record).await?;
        let stream = self.follow(request, initial_events, Some(record.clone())).await;
        match &stream {
            Ok(_) => record.ends_with_code(200),
            Err(status) => record.ends_with(status),
        }
        record.reach(Stage::ResponseStarted).await;
        // It ends when nobody follows it any more.
        Ok(Box::pin(stream?.inspect(move |_| _ = &under_way)))
    }
}

async fn begin(record: &Arc<Record>) -> Result<UnderWay, Status> {
    if !record.reach(Stage::RequestReceived).await {
        audit::rejected();
        return Err(Status::internal("failed to store audit event"));
    }
    Ok(UnderWay(record.clone()))
}
