//! Events, of the core group and of their own.

use apimachinery::{Object, Value};

use super::{
    Cell, NAME, Printer,
    format::{is_set, name, number, since, text},
    text as column,
};

pub(super) const PRINTERS: &[Printer] = &[
    Printer { group: "", kind: "Event", columns: EVENT, cells: |object| event(object, &CORE) },
    Printer { group: "events.k8s.io", kind: "Event", columns: EVENT, cells: |object| event(object, &OWN) },
];

const EVENT: &[Cell] = &[
    column("Last Seen", "@core.v1.Event.lastTimestamp"),
    column("Type", "@core.v1.Event.type"),
    column("Reason", "@core.v1.Event.reason"),
    column("Object", "@core.v1.Event.involvedObject"),
    column("Subobject", "@core.v1.ObjectReference.fieldPath").wide(),
    column("Source", "@core.v1.Event.source").wide(),
    column("Message", "@core.v1.Event.message"),
    column("First Seen", "@core.v1.Event.firstTimestamp").wide(),
    column("Count", "@core.v1.Event.count").wide(),
    NAME.wide(),
];

/// Where the two versions of events keep the same things.
struct Fields {
    object: &'static str,
    message: &'static str,
    first: &'static str,
    last: &'static str,
    count: &'static str,
    source: &'static str,
    controller: &'static str,
}

const CORE: Fields = Fields {
    object: "involvedObject",
    message: "message",
    first: "firstTimestamp",
    last: "lastTimestamp",
    count: "count",
    source: "source",
    controller: "reportingComponent",
};

const OWN: Fields = Fields {
    object: "regarding",
    message: "note",
    first: "deprecatedFirstTimestamp",
    last: "deprecatedLastTimestamp",
    count: "deprecatedCount",
    source: "deprecatedSource",
    controller: "reportingController",
};

fn event(object: &Object, fields: &Fields) -> Vec<Value> {
    let time = |field| object.str_at(&[field]).filter(|text| !text.is_empty());
    let first = since(time(fields.first).or_else(|| time("eventTime")));
    let (last, count) = if is_set(object, &["series"]) {
        (since(object.str_at(&["series", "lastObservedTime"])), number(object, &["series", "count"]))
    } else {
        let last = time(fields.last).map_or_else(|| first.clone(), |last| since(Some(last)));
        // Events that happened once are not counted in the newer form.
        (last, number(object, &[fields.count]).max(1))
    };
    let kind = text(object, &[fields.object, "kind"]).to_lowercase();
    let target = match text(object, &[fields.object, "name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let either = |first: &'static str, second: &'static str| match text(object, &[fields.source, first]) {
        "" => text(object, &[second]),
        found => found,
    };
    let component = either("component", fields.controller);
    let source = match either("host", "reportingInstance") {
        "" => component.to_owned(),
        instance => format!("{component}, {instance}"),
    };
    vec![
        last.into(),
        text(object, &["type"]).into(),
        text(object, &["reason"]).into(),
        target.into(),
        text(object, &[fields.object, "fieldPath"]).into(),
        source.into(),
        text(object, &[fields.message]).trim().into(),
        first.into(),
        count.into(),
        name(object),
    ]
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn both_forms_of_an_event_look_alike() {
        let core = value!({
            "metadata": {"name": "e"}, "type": "Normal", "reason": "Started", "message": " it runs\n",
            "involvedObject": {"kind": "Pod", "name": "web"}, "source": {"component": "kubelet", "host": "n"}, "count": 2
        });
        let own = value!({
            "metadata": {"name": "e"}, "type": "Normal", "reason": "Started", "note": "it runs",
            "regarding": {"kind": "Pod", "name": "web"}, "reportingController": "kubelet", "reportingInstance": "n", "deprecatedCount": 2
        });
        let expected =
            value!(["<unknown>", "Normal", "Started", "pod/web", "", "kubelet, n", "it runs", "<unknown>", 2, "e"]);
        assert_eq!(Value::from(event(&Object(core), &CORE)), expected);
        assert_eq!(Value::from(event(&Object(own), &OWN)), expected);
    }
}
