//! Events, of either group.

use apimachinery::{Object, Value};

use super::{
    Cell, NAME, Printer,
    format::{is_set, name, number, since, text},
    text as column,
};

pub(super) const PRINTERS: &[Printer] = &[Printer { group: "", kind: "Event", columns: EVENT, cells: event }];

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

fn event(object: &Object) -> Vec<Value> {
    let time = |field| object.str_at(&[field]).filter(|text| !text.is_empty());
    let first = since(time("firstTimestamp").or_else(|| time("eventTime")));
    let (last, count) = if is_set(object, &["series"]) {
        (since(object.str_at(&["series", "lastObservedTime"])), number(object, &["series", "count"]))
    } else {
        let last = time("lastTimestamp").map_or_else(|| first.clone(), |last| since(Some(last)));
        // Events that happened once are not counted in the newer form.
        (last, number(object, &["count"]).max(1))
    };
    let kind = text(object, &["involvedObject", "kind"]).to_lowercase();
    let target = match text(object, &["involvedObject", "name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let either = |first: &'static str, second: &'static str| match text(object, &["source", first]) {
        "" => text(object, &[second]),
        found => found,
    };
    let component = either("component", "reportingComponent");
    let source = match either("host", "reportingInstance") {
        "" => component.to_owned(),
        instance => format!("{component}, {instance}"),
    };
    vec![
        last.into(),
        text(object, &["type"]).into(),
        text(object, &["reason"]).into(),
        target.into(),
        text(object, &["involvedObject", "fieldPath"]).into(),
        source.into(),
        text(object, &["message"]).trim().into(),
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
    fn an_event_is_told_in_a_line() {
        let core = value!({
            "metadata": {"name": "e"}, "type": "Normal", "reason": "Started", "message": " it runs\n",
            "involvedObject": {"kind": "Pod", "name": "web"}, "source": {"component": "kubelet", "host": "n"}, "count": 2
        });
        let expected =
            value!(["<unknown>", "Normal", "Started", "pod/web", "", "kubelet, n", "it runs", "<unknown>", 2, "e"]);
        assert_eq!(Value::from(event(&Object(core))), expected);
    }
}
