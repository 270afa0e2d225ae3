//! Ticks of an axis of time: where people would put them on a calendar and a clock, in a zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// Microseconds of a day without a change of clocks.
pub(super) const DAY: i64 = 86_400_000_000;

/// A place on a calendar, and how it is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// Microseconds since 1970.
    pub(super) at: i64,
    /// `Nov 20` or `09:00`.
    pub(super) label: String,
    /// What the label leaves open: the year of a day, the day of an hour; may be empty.
    pub(super) context: String,
}

/// The steps of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many microseconds of the clock; less than a day.
    Clock(i64),
    /// So many days; seven begin on Mondays.
    Days(i32),
    /// So many months.
    Months(i32),
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// From fine to coarse.
const STEPS: [Step; 35] = [
    Step::Clock(1_000),
    Step::Clock(10_000),
    Step::Clock(100_000),
    Step::Clock(SECOND),
    Step::Clock(5 * SECOND),
    Step::Clock(15 * SECOND),
    Step::Clock(30 * SECOND),
    Step::Clock(MINUTE),
    Step::Clock(5 * MINUTE),
    Step::Clock(15 * MINUTE),
    Step::Clock(30 * MINUTE),
    Step::Clock(HOUR),
    Step::Clock(3 * HOUR),
    Step::Clock(6 * HOUR),
    Step::Clock(12 * HOUR),
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(24),
    Step::Months(60),
    Step::Months(120),
    Step::Months(240),
    Step::Months(600),
    Step::Months(1_200),
    Step::Months(2_400),
    Step::Months(6_000),
    Step::Months(12_000),
    Step::Months(24_000),
    Step::Months(60_000),
];

impl Step {
    /// About how long a step is, in microseconds.
    fn length(self) -> i64 {
        match self {
            Self::Clock(micros) => micros,
            Self::Days(days) => i64::from(days) * DAY,
            Self::Months(months) => i64::from(months) * 30 * DAY,
        }
    }

    fn span(self) -> Span {
        match self {
            Self::Clock(micros) => micros.microseconds(),
            Self::Days(days) => days.days(),
            Self::Months(months) => months.months(),
        }
    }

    /// The last step that is not after `at`.
    fn floor(self, at: DateTime) -> DateTime {
        match self {
            Self::Clock(micros) => {
                let since = since_midnight(at);
                midnight(at.date()).checked_add((since - since % micros).microseconds()).unwrap_or(at)
            }
            Self::Days(days) => {
                // Day 4 was a Monday.
                let since = days_of(at.date());
                let back = if days % 7 == 0 { (since - 4).rem_euclid(days) } else { (i32::from(at.day()) - 1) % days };
                midnight(at.date()).checked_sub(back.days()).unwrap_or(at)
            }
            Self::Months(months) => {
                let since = i32::from(at.year()) * 12 + i32::from(at.month()) - 1;
                let first = since - since.rem_euclid(months);
                civil_month(first).unwrap_or_else(|| midnight(at.date()))
            }
        }
    }
}

fn midnight(date: Date) -> DateTime {
    date.to_datetime(Time::midnight())
}

/// Days since 1970.
pub(super) fn days_of(date: Date) -> i32 {
    date.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| span.get_days())
}

/// Microseconds of the wall clock.
pub(super) fn since_midnight(at: DateTime) -> i64 {
    i64::try_from(at.time().duration_since(Time::midnight()).as_micros()).unwrap_or(0)
}

/// The first of a month, counted from year 0.
fn civil_month(months: i32) -> Option<DateTime> {
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    Date::new(year, month, 1).ok().map(midnight)
}

/// The wall clock of a zone at an instant.
pub(super) fn civil(micros: i64, zone: &TimeZone) -> DateTime {
    let at = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone()).datetime()
}

/// The instant of a wall clock; one that a change of clocks skips is the one after.
pub(super) fn instant(at: DateTime, zone: &TimeZone) -> Option<i64> {
    at.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp().as_microsecond())
}

/// At most about `most` ticks from `low` to `high`; at least one.
pub(super) fn ticks(low: i64, high: i64, zone: &TimeZone, most: usize) -> Vec<Tick> {
    if low == high {
        let at = civil(low, zone);
        return vec![tick(low, at, finest(at))];
    }
    let most = i64::try_from(most.max(1)).unwrap_or(1);
    let fits = |step: &&Step| (high - low) / step.length() < most;
    let step = *STEPS.iter().find(fits).unwrap_or(&STEPS[STEPS.len() - 1]);
    let mut found: Vec<Tick> = Vec::new();
    let mut here = Some(step.floor(civil(low, zone)));
    while let Some(at) = here {
        let Some(micros) = instant(at, zone).filter(|micros| *micros <= high) else { break };
        if micros >= low && found.last().is_none_or(|last| last.at < micros) {
            found.push(tick(micros, at, step));
        }
        here = next(at, step);
    }
    if found.is_empty() {
        found.push(tick(low, civil(low, zone), step));
    }
    found
}

/// The coarsest step that still names a moment by itself.
fn finest(at: DateTime) -> Step {
    match since_midnight(at) {
        0 => Step::Days(1),
        micros if micros % MINUTE == 0 => Step::Clock(MINUTE),
        micros if micros % SECOND == 0 => Step::Clock(SECOND),
        _ => Step::Clock(1_000),
    }
}

fn next(at: DateTime, step: Step) -> Option<DateTime> {
    let after = at.checked_add(step.span()).ok()?;
    match step {
        // Every second day begins anew with each month, so that no tick stands on the 31st and the 1st alike.
        Step::Days(2) if after.month() != at.month() => Some(midnight(after.date().first_of_month())),
        Step::Days(_) | Step::Clock(_) | Step::Months(_) => Some(after),
    }
}

fn tick(at: i64, civil: DateTime, step: Step) -> Tick {
    let (label, context) = label(civil, step);
    Tick { at, label, context }
}

/// How a step is called, and what its name leaves open.
pub(super) fn label(at: DateTime, step: Step) -> (String, String) {
    let format = |format: &str| at.strftime(format).to_string();
    match step {
        Step::Months(months) if months % 12 == 0 => (at.year().to_string(), String::new()),
        Step::Months(_) => (format("%b"), at.year().to_string()),
        Step::Days(_) => (format("%b %-d"), at.year().to_string()),
        Step::Clock(micros) if micros % MINUTE == 0 => (format("%H:%M"), format("%b %-d")),
        Step::Clock(micros) if micros % SECOND == 0 => (format("%H:%M:%S"), format("%b %-d")),
        Step::Clock(_) => (format("%H:%M:%S%.3f"), format("%b %-d")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::{Just, prop_oneof, proptest};

    use super::ticks;

    fn told(from: &str, to: &str, zone: &str, most: usize) -> String {
        let zone = TimeZone::get(zone).expect("a zone");
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant").as_microsecond();
        let found = ticks(at(from), at(to), &zone, most);
        let words = found.iter().map(|tick| match tick.context.as_str() {
            "" => tick.label.clone(),
            context => format!("{} ({context})", tick.label),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn ticks_stand_where_a_calendar_has_lines() {
        insta::assert_snapshot!(told("2026-08-01T00:00:00Z", "2026-10-30T00:00:00Z", "UTC", 10), @r#"
        Aug 3 (2026), Aug 17 (2026), Aug 31 (2026), Sep 14 (2026), Sep 28 (2026), Oct 12 (2026), Oct 26 (2026)
        "#);
        insta::assert_snapshot!(told("2025-11-03T00:00:00Z", "2026-11-20T00:00:00Z", "UTC", 8), @r#"
        Jan (2026), Mar (2026), May (2026), Jul (2026), Sep (2026), Nov (2026)
        "#);
        insta::assert_snapshot!(told("2026-11-19T20:00:00Z", "2026-11-20T12:00:00Z", "Asia/Seoul", 8), @r#"
        06:00 (Nov 20), 09:00 (Nov 20), 12:00 (Nov 20), 15:00 (Nov 20), 18:00 (Nov 20), 21:00 (Nov 20)
        "#);
        insta::assert_snapshot!(told("2026-11-25T00:00:00Z", "2026-12-05T00:00:00Z", "UTC", 6), @r#"
        Nov 25 (2026), Nov 27 (2026), Nov 29 (2026), Dec 1 (2026), Dec 3 (2026), Dec 5 (2026)
        "#);
        insta::assert_snapshot!(told("1990-01-01T00:00:00Z", "2026-11-20T12:00:00Z", "UTC", 8), @r#"
        1990, 1995, 2000, 2005, 2010, 2015, 2020, 2025
        "#);
        insta::assert_snapshot!(told("2026-11-20T12:00:00Z", "2026-11-20T12:00:01Z", "UTC", 12), @r#"
        12:00:00.000 (Nov 20), 12:00:00.100 (Nov 20), 12:00:00.200 (Nov 20), 12:00:00.300 (Nov 20), 12:00:00.400 (Nov 20), 12:00:00.500 (Nov 20), 12:00:00.600 (Nov 20), 12:00:00.700 (Nov 20), 12:00:00.800 (Nov 20), 12:00:00.900 (Nov 20), 12:00:01.000 (Nov 20)
        "#);
        insta::assert_snapshot!(told("2026-11-20T12:00:00.0001Z", "2026-11-20T12:00:00.0002Z", "UTC", 8), @r#"
        12:00:00.000 (Nov 20)
        "#);
        // The clocks go forward at 2 and back at 3: an hour is missing here and comes once there.
        insta::assert_snapshot!(told("2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z", "Europe/Berlin", 8), @r#"
        00:00 (Mar 29), 01:00 (Mar 29), 02:00 (Mar 29), 04:00 (Mar 29), 05:00 (Mar 29), 06:00 (Mar 29), 07:00 (Mar 29)
        "#);
        insta::assert_snapshot!(told("2026-10-24T22:00:00Z", "2026-10-25T05:00:00Z", "Europe/Berlin", 9), @r#"
        00:00 (Oct 25), 01:00 (Oct 25), 02:00 (Oct 25), 03:00 (Oct 25), 04:00 (Oct 25), 05:00 (Oct 25), 06:00 (Oct 25)
        "#);
    }

    proptest! {
        #[test]
        fn ticks_rise_inside_the_range(
            low in -290_000_000_000_000_000_i64..240_000_000_000_000_000,
            length in 0_i64..9_000_000_000_000_000,
            most in 1_usize..20,
            zone in prop_oneof![Just("UTC"), Just("Asia/Seoul"), Just("America/New_York"), Just("Pacific/Apia")],
        ) {
            let zone = TimeZone::get(zone).expect("a zone");
            let found = ticks(low, low + length, &zone, most);
            assert!(found.windows(2).all(|pair| pair[0].at < pair[1].at), "{found:?}");
            assert!(found.iter().all(|tick| (low..=low + length).contains(&tick.at)), "{found:?}");
            assert!((1..=most + 3).contains(&found.len()), "{found:?}");
        }
    }
}
