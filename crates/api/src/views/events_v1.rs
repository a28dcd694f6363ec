//! `k8s.io/api/events/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct Event<'a>(pub &'a Map);

impl<'a> Item<'a> for Event<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Event(map_of(value))
    }
}

impl<'a> Event<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Event(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn event_time(self) -> Option<&'a str> {
        optional(self.0, "eventTime")
    }
    #[inline]
    pub fn series(self) -> Option<EventSeries<'a>> {
        optional(self.0, "series")
    }
    #[inline]
    pub fn reporting_controller(self) -> &'a str {
        bare(self.0, "reportingController")
    }
    #[inline]
    pub fn reporting_instance(self) -> &'a str {
        bare(self.0, "reportingInstance")
    }
    #[inline]
    pub fn action(self) -> &'a str {
        bare(self.0, "action")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn regarding(self) -> views::core_v1::ObjectReference<'a> {
        bare(self.0, "regarding")
    }
    #[inline]
    pub fn related(self) -> Option<views::core_v1::ObjectReference<'a>> {
        optional(self.0, "related")
    }
    #[inline]
    pub fn note(self) -> &'a str {
        bare(self.0, "note")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn deprecated_source(self) -> views::core_v1::EventSource<'a> {
        bare(self.0, "deprecatedSource")
    }
    #[inline]
    pub fn deprecated_first_timestamp(self) -> Option<&'a str> {
        optional(self.0, "deprecatedFirstTimestamp")
    }
    #[inline]
    pub fn deprecated_last_timestamp(self) -> Option<&'a str> {
        optional(self.0, "deprecatedLastTimestamp")
    }
    #[inline]
    pub fn deprecated_count(self) -> i64 {
        bare(self.0, "deprecatedCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EventSeries<'a>(pub &'a Map);

impl<'a> Item<'a> for EventSeries<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EventSeries(map_of(value))
    }
}

impl<'a> EventSeries<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EventSeries(map_of(value))
    }
    #[inline]
    pub fn count(self) -> i64 {
        bare(self.0, "count")
    }
    #[inline]
    pub fn last_observed_time(self) -> Option<&'a str> {
        optional(self.0, "lastObservedTime")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EventList<'a>(pub &'a Map);

impl<'a> Item<'a> for EventList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EventList(map_of(value))
    }
}

impl<'a> EventList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EventList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Event<'a>> {
        bare(self.0, "items")
    }
}
