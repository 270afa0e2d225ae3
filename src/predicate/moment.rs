//! Dates, timestamps and lengths of time against each other.
//!
//! A date is midnight. A timestamp without offset stands on the wall clock of the zone when the other side has an offset,
//! and on nobody's clock when neither has.

use std::cmp::Ordering;

use jiff::tz::TimeZone;

use super::written::Moment;
use crate::value::time::{DAY, civil_from_days, days_from_civil};
use crate::value::{Date, Interval, Timestamp};

/// Longer than every other length, as PostgreSQL keeps it: what lies between a moment and infinity.
const ENDLESS: Interval = Interval { months: i32::MAX, days: i32::MAX, micros: i64::MAX };
const ENDLESS_BACKWARDS: Interval = Interval { months: i32::MIN, days: i32::MIN, micros: i64::MIN };

impl Moment {
    fn has_offset(self) -> bool {
        matches!(self, Self::Timestamp(timestamp) if timestamp.offset.is_some())
    }

    /// Infinity's sign; zero for every other moment.
    fn infinity(self) -> i8 {
        match self {
            Self::Date(Date::Infinity) => 1,
            Self::Date(Date::NegativeInfinity) => -1,
            Self::Timestamp(timestamp) if timestamp.micros == Timestamp::INFINITY => 1,
            Self::Timestamp(timestamp) if timestamp.micros == Timestamp::NEGATIVE_INFINITY => -1,
            Self::Date(Date::Days(_)) | Self::Timestamp(_) => 0,
        }
    }

    /// Microseconds since 1970 as the moment itself counts them: UTC with an offset, the wall clock without.
    fn micros(self) -> i128 {
        match self {
            Self::Date(Date::Days(days)) => i128::from(days) * i128::from(DAY),
            Self::Date(Date::Infinity) => i128::MAX,
            Self::Date(Date::NegativeInfinity) => i128::MIN,
            Self::Timestamp(timestamp) => match self.infinity() {
                0 => timestamp.micros.into(),
                1 => i128::MAX,
                _ => i128::MIN,
            },
        }
    }

    /// Microseconds since 1970 in UTC, a wall clock read in `zone`.
    fn instant(self, zone: &TimeZone) -> i128 {
        if self.has_offset() || self.infinity() != 0 { self.micros() } else { instant_of_wall(self.micros(), zone) }
    }
}

fn instant_of_wall(wall: i128, zone: &TimeZone) -> i128 {
    let civil = i64::try_from(wall).ok().and_then(|wall| jiff::Timestamp::from_microsecond(wall).ok());
    let civil = civil.map(|timestamp| TimeZone::UTC.to_datetime(timestamp));
    // Years that the calendar library does not reach have no zones either.
    let instant = civil.and_then(|civil| zone.to_ambiguous_timestamp(civil).compatible().ok());
    instant.map_or(wall, |instant| instant.as_microsecond().into())
}

fn wall_of_instant(instant: i64, zone: &TimeZone) -> i64 {
    let timestamp = jiff::Timestamp::from_microsecond(instant);
    timestamp.map_or(instant, |timestamp| instant + i64::from(zone.to_offset(timestamp).seconds()) * 1_000_000)
}

/// This instant as a timestamp of a database, printed at the offset of `zone`.
pub(super) fn present(now: jiff::Timestamp, zone: &TimeZone) -> Timestamp {
    Timestamp::new(now.as_microsecond(), Some(zone.to_offset(now).seconds()))
}

/// Which of two moments is later.
pub(super) fn compare(left: Moment, right: Moment, zone: &TimeZone) -> Ordering {
    if left.has_offset() || right.has_offset() {
        left.instant(zone).cmp(&right.instant(zone))
    } else {
        left.micros().cmp(&right.micros())
    }
}

/// A length as PostgreSQL compares it: months of 30 days, days of 24 hours.
pub(super) fn span(length: Interval) -> i128 {
    (i128::from(length.months) * 30 + i128::from(length.days)) * i128::from(DAY) + i128::from(length.micros)
}

/// `left - right` in days and microseconds; none between two equal infinities.
pub(super) fn difference(left: Moment, right: Moment, zone: &TimeZone) -> Option<Interval> {
    match left.infinity() - right.infinity() {
        0 if left.infinity() != 0 => return None,
        0 => {}
        sign if sign > 0 => return Some(ENDLESS),
        _ => return Some(ENDLESS_BACKWARDS),
    }
    let micros = match left.has_offset() || right.has_offset() {
        true => left.instant(zone) - right.instant(zone),
        false => left.micros() - right.micros(),
    };
    let day = i128::from(DAY);
    let days = i32::try_from(micros / day).ok()?;
    Some(Interval { months: 0, days, micros: i64::try_from(micros % day).expect("less than a day") })
}

/// A moment moved by a length: months first, a day that the month lacks becoming its last, then days on the wall clock of
/// `zone`, then time; none outside what a database can hold.
pub(super) fn moved(moment: Moment, length: Interval, zone: &TimeZone) -> Option<Timestamp> {
    let offset = match moment {
        Moment::Timestamp(timestamp) => timestamp.offset,
        Moment::Date(_) => None,
    };
    match moment.infinity() {
        0 => {}
        1 => return Some(Timestamp::new(Timestamp::INFINITY, offset)),
        _ => return Some(Timestamp::new(Timestamp::NEGATIVE_INFINITY, offset)),
    }
    let mut micros = i64::try_from(moment.micros()).ok()?;
    if length.months != 0 || length.days != 0 {
        let wall = if offset.is_some() { wall_of_instant(micros, zone) } else { micros };
        let days = add_months(wall.div_euclid(DAY), length.months).checked_add(length.days.into())?;
        let wall = days.checked_mul(DAY)?.checked_add(wall.rem_euclid(DAY))?;
        micros = match offset {
            Some(_) => i64::try_from(instant_of_wall(wall.into(), zone)).ok()?,
            None => wall,
        };
    }
    let micros = micros.checked_add(length.micros)?;
    (!matches!(micros, i64::MIN | i64::MAX)).then(|| Timestamp::new(micros, offset))
}

fn add_months(days: i64, months: i32) -> i64 {
    let (year, month, day) = civil_from_days(days);
    let count = year * 12 + i64::from(month) - 1 + i64::from(months);
    let (year, month) = (count.div_euclid(12), u32::try_from(count.rem_euclid(12) + 1).expect("a month"));
    let first = days_from_civil(year, month, 1);
    let next = if month == 12 { days_from_civil(year + 1, 1, 1) } else { days_from_civil(year, month + 1, 1) };
    (first + i64::from(day) - 1).min(next - 1)
}

/// Two lengths together.
pub(super) fn sum(left: Interval, right: Interval) -> Option<Interval> {
    Some(Interval {
        months: left.months.checked_add(right.months)?,
        days: left.days.checked_add(right.days)?,
        micros: left.micros.checked_add(right.micros)?,
    })
}

/// A length so many times.
pub(super) fn times(length: Interval, count: i128) -> Option<Interval> {
    let count = i64::try_from(count).ok()?;
    Some(Interval {
        months: i32::try_from(i64::from(length.months).checked_mul(count)?).ok()?,
        days: i32::try_from(i64::from(length.days).checked_mul(count)?).ok()?,
        micros: length.micros.checked_mul(count)?,
    })
}

/// The `count`th part of a length: what is left of months spills into days, what is left of days into time.
pub(super) fn part(length: Interval, count: u32) -> Option<Interval> {
    let count = i128::from(count);
    let months = i128::from(length.months);
    let days = i128::from(length.days) + months % count * 30;
    let micros = i128::from(length.micros) + days % count * i128::from(DAY);
    Some(Interval {
        months: i32::try_from(months / count).ok()?,
        days: i32::try_from(days / count).ok()?,
        micros: i64::try_from(micros / count).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{compare, difference, moved, part, span, times};
    use crate::predicate::written::{Moment, read_interval, read_moment};
    use jiff::tz::TimeZone;
    use std::cmp::Ordering;

    fn moment(text: &str) -> Moment {
        read_moment(text).expect(text)
    }

    #[test]
    fn moments_compare_in_the_zone_when_one_has_an_offset() {
        let seoul = TimeZone::get("Asia/Seoul").expect("a zone");
        let cases = [
            ("2026-11-20", Ordering::Equal, "2026-11-20 00:00"),
            ("2026-11-20", Ordering::Equal, "2026-11-19 15:00Z"),
            ("2026-11-20 09:00", Ordering::Equal, "2026-11-20 00:00Z"),
            ("2026-11-20 09:00", Ordering::Less, "2026-11-20 00:00:01Z"),
            ("2026-11-20 00:00+09", Ordering::Equal, "2026-11-19 15:00Z"),
            ("infinity", Ordering::Greater, "9999-12-31 23:59Z"),
            ("-infinity", Ordering::Less, "0001-01-01"),
            ("200000-01-01", Ordering::Greater, "2026-01-01"),
        ];
        for (left, expected, right) in cases {
            assert_eq!(compare(moment(left), moment(right), &seoul), expected, "{left} {right}");
            assert_eq!(compare(moment(right), moment(left), &seoul), expected.reverse(), "{right} {left}");
        }
    }

    #[test]
    fn differences_count_days_and_time() {
        let seoul = TimeZone::get("Asia/Seoul").expect("a zone");
        let cases = [
            ("2026-11-20 12:00", "2026-11-18 10:30", "2 days 01:30:00"),
            ("2026-11-18 10:30", "2026-11-20 12:00", "-2 days -01:30:00"),
            ("2026-11-20 00:00Z", "2026-11-20", "09:00:00"),
            ("2026-03-01", "2026-02-01 00:00", "28 days"),
        ];
        for (left, right, expected) in cases {
            let shown = difference(moment(left), moment(right), &seoul).expect(left).to_string();
            assert_eq!(shown, expected, "{left} {right}");
        }
        let far = difference(moment("infinity"), moment("2026-01-01"), &seoul).expect("endless");
        assert!(span(far) > span(read_interval("1000000 years").expect("long")));
        assert_eq!(difference(moment("infinity"), moment("infinity"), &seoul), None);
    }

    #[test]
    fn moments_move_by_months_then_days_then_time() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let cases = [
            ("2026-01-31", "1 month", "2026-02-28 00:00:00"),
            ("2024-02-29 08:00", "1 year", "2025-02-28 08:00:00"),
            ("2026-03-31", "-1 month", "2026-02-28 00:00:00"),
            ("2026-12-15", "1 month 20 days", "2027-02-04 00:00:00"),
            ("2026-03-28 12:00+01", "1 day", "2026-03-29 11:00:00+01"),
            ("2026-03-28 12:00+01", "24 hours", "2026-03-29 12:00:00+01"),
            ("infinity", "1 day", "infinity"),
        ];
        for (start, length, expected) in cases {
            let length = read_interval(length).expect(length);
            assert_eq!(moved(moment(start), length, &berlin).expect(start).to_string(), expected, "{start}");
        }
        assert!(moved(moment("200000-01-01"), read_interval("178000000 years").expect("long"), &berlin).is_none());
    }

    #[test]
    fn lengths_compare_multiply_and_part_as_postgres_does() {
        let length = |text| read_interval(text).expect(text);
        assert_eq!(span(length("1 month")), span(length("30 days")));
        assert_eq!(span(length("1 day")), span(length("24 hours")));
        assert_eq!(times(length("1 mon 2 days 03:00"), -2), Some(length("-2 mons -4 days -06:00")));
        assert_eq!(part(length("1 month 1 day"), 2), Some(length("15 days 12:00")));
        assert_eq!(times(length("2000000 years"), 100), None);
    }
}
