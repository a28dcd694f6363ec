//! Cron schedules as upstream reads them: five fields, names of months and days, `@daily` and the like,
//! `@every DURATION`.

use std::time::Duration;

use apimachinery::time::parse_duration_nanoseconds;
use jiff::{Timestamp, ToSpan, civil::DateTime, tz::TimeZone};

/// How far ahead a time is looked for; a schedule without one until then (the 30th of February) has none.
const HORIZON_YEARS: i16 = 5;

/// Why a schedule cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// There are more or fewer fields.
    #[error("expected exactly 5 fields, found {0}")]
    Fields(usize),
    /// No such word begins with `@`.
    #[error("unrecognized descriptor: {0}")]
    Descriptor(String),
    /// A field means nothing.
    #[error("failed to parse {0:?}")]
    Field(String),
}

/// A schedule.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Times of the calendar.
    Fields(Fields),
    /// This long after the time before.
    Every(Duration),
}

/// The values at which each field matches, one bit each.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether days of the month, or of the week, are left open: then both must match, else either.
    any_day: bool,
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

fn number(text: &str, names: &[&str], first: u64) -> Option<u64> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    named.map(|index| index as u64 + first).or_else(|| text.parse().ok())
}

/// The bits of one field, and whether it is left open.
fn field(text: &str, (min, max): (u64, u64), names: &[&str]) -> Result<(u64, bool), ScheduleError> {
    let error = || ScheduleError::Field(text.to_owned());
    let (mut bits, mut open) = (0, false);
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u64>().ok().filter(|step| *step > 0).ok_or_else(error)?)),
            None => (part, None),
        };
        let (first, last) = match range {
            "*" | "?" => {
                open |= step.is_none_or(|step| step == 1);
                (min, max)
            }
            _ => match range.split_once('-') {
                Some((first, last)) => {
                    (number(first, names, min).ok_or_else(error)?, number(last, names, min).ok_or_else(error)?)
                }
                None => {
                    let only = number(range, names, min).ok_or_else(error)?;
                    (only, if step.is_some() { max } else { only })
                }
            },
        };
        if first < min || last > max || first > last {
            return Err(error());
        }
        bits |= (first..=last).step_by(step.unwrap_or(1) as usize).fold(0, |bits, value| bits | 1 << value);
    }
    Ok((bits, open))
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub fn parse(text: &str) -> Result<Schedule, ScheduleError> {
        let text = text.trim();
        if let Some(duration) = text.strip_prefix("@every ") {
            let nanoseconds = parse_duration_nanoseconds(duration.trim()).filter(|nanoseconds| *nanoseconds > 0);
            let nanoseconds = nanoseconds.ok_or_else(|| ScheduleError::Field(text.to_owned()))?;
            let seconds = (nanoseconds as u64 / 1_000_000_000).max(1);
            return Ok(Schedule::Every(Duration::from_secs(seconds)));
        }
        let expanded = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other if other.starts_with('@') => return Err(ScheduleError::Descriptor(other.to_owned())),
            other => other,
        };
        let parts: Vec<&str> = expanded.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts[..] else { return Err(ScheduleError::Fields(parts.len())) };
        let ((days, any), (weekdays, any_weekday)) = (field(day, (1, 31), &[])?, field(weekday, (0, 6), WEEKDAYS)?);
        Ok(Schedule::Fields(Fields {
            minutes: field(minute, (0, 59), &[])?.0,
            hours: field(hour, (0, 23), &[])?.0,
            days,
            months: field(month, (1, 12), MONTHS)?.0,
            weekdays,
            any_day: any || any_weekday,
        }))
    }

    /// The first time after `from`; times that a change of the clock leaves out are left out.
    pub fn next(&self, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Schedule::Every(interval) => {
                let seconds = from.as_second() + i64::try_from(interval.as_secs()).ok()?;
                Timestamp::from_second(seconds).ok()
            }
            Schedule::Fields(fields) => {
                let start = zone.to_datetime(from);
                let mut candidate = start;
                loop {
                    candidate = fields.next_civil(candidate, start.year() + HORIZON_YEARS)?;
                    if let Ok(time) = zone.to_ambiguous_timestamp(candidate).unambiguous()
                        && time > from
                    {
                        return Some(time);
                    }
                    // The hour that comes twice counts once; the one that does not come is skipped.
                    let ambiguous = zone.to_ambiguous_timestamp(candidate);
                    if let jiff::tz::AmbiguousOffset::Fold { .. } = ambiguous.offset()
                        && let Ok(time) = ambiguous.earlier()
                        && time > from
                    {
                        return Some(time);
                    }
                }
            }
        }
    }
}

impl Fields {
    fn day_matches(&self, time: DateTime) -> bool {
        let day = self.days & 1 << time.day() != 0;
        let weekday = self.weekdays & 1 << time.weekday().to_sunday_zero_offset() != 0;
        if self.any_day { day && weekday } else { day || weekday }
    }

    /// The first civil minute after `from` that matches, before the year `horizon` ends.
    fn next_civil(&self, from: DateTime, horizon: i16) -> Option<DateTime> {
        let mut time = from.with().second(0).subsec_nanosecond(0).build().ok()?.checked_add(1.minute()).ok()?;
        while time.year() <= horizon {
            let midnight = || time.with().hour(0).minute(0).build().ok();
            time = if self.months & 1 << time.month() == 0 {
                midnight()?.with().day(1).build().ok()?.checked_add(1.month()).ok()?
            } else if !self.day_matches(time) {
                midnight()?.checked_add(1.day()).ok()?
            } else if self.hours & 1 << time.hour() == 0 {
                time.with().minute(0).build().ok()?.checked_add(1.hour()).ok()?
            } else if self.minutes & 1 << time.minute() == 0 {
                time.checked_add(1.minute()).ok()?
            } else {
                return Some(time);
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, from: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let next = Schedule::parse(schedule).unwrap().next(from.parse().unwrap(), &zone);
        next.map_or_else(|| "never".into(), |time| time.to_string())
    }

    #[test]
    fn times_follow_fields() {
        let from = "2026-01-30T22:59:30Z";
        for (schedule, expected) in [
            ("* * * * *", "2026-01-30T23:00:00Z"),
            ("*/15 8-10 * * *", "2026-01-31T08:00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ("0 12 1 * MON", "2026-02-01T12:00:00Z"),
            ("0 12 * feb tue,Thu", "2026-02-03T12:00:00Z"),
            ("5/20 * * * *", "2026-01-30T23:05:00Z"),
            ("@monthly", "2026-02-01T00:00:00Z"),
            ("@every 1h30m", "2026-01-31T00:29:30Z"),
            ("0 0 31 2 *", "never"),
        ] {
            assert_eq!(next(schedule, from, "UTC"), expected, "{schedule}");
        }
    }

    #[test]
    fn zones_change_their_clocks() {
        assert_eq!(next("30 9 * * *", "2026-01-01T00:00:00Z", "Asia/Seoul"), "2026-01-01T00:30:00Z");
        assert_eq!(next("30 2 * * *", "2026-03-29T00:00:00Z", "Europe/Berlin"), "2026-03-30T00:30:00Z", "left out");
        assert_eq!(next("30 2 * * *", "2026-10-25T00:00:00Z", "Europe/Berlin"), "2026-10-25T00:30:00Z", "once");
        assert_eq!(next("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Berlin"), "2026-10-26T01:30:00Z");
    }

    #[test]
    fn nonsense_is_refused() {
        for schedule in ["* * * *", "60 * * * *", "* * * * 7", "5-1 * * * *", "*/0 * * * *", "@often", "x * * * *"] {
            assert!(Schedule::parse(schedule).is_err(), "{schedule}");
        }
    }
}
