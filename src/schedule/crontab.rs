//! The wall clock of a crontab line, matched by the `cron` crate.
//!
//! That crate reads another dialect: seconds first, weekday 1 is Sunday, both day fields must agree, and 1970 to 2100 is
//! all there is. So it is fed plain lists of numbers and names, two lines where either day field may choose, and a wall
//! clock that it takes for UTC. The only file that speaks chrono.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use chrono::{DateTime, Datelike, Timelike, Utc};
use jiff::civil;

use super::field::Field;
use super::line::Line;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// The second before the first one the matcher knows.
const BEFORE_FIRST: civil::DateTime = civil::date(1969, 12, 31).at(23, 59, 59, 0);

/// The times of a line as a wall clock shows them, in no zone.
#[derive(Clone, Debug)]
pub(super) struct WallClock {
    matchers: Vec<Arc<cron::Schedule>>,
}

impl WallClock {
    pub(super) fn new(line: &Line) -> Self {
        let day = list(&line.day, |day| day.to_string());
        let weekday = list(&line.weekday, |day| WEEKDAYS[day as usize].to_owned());
        let days = if line.either_day() {
            vec![(day, "*".to_owned()), ("*".to_owned(), weekday)]
        } else {
            vec![(day, weekday)]
        };
        Self { matchers: days.iter().map(|(day, weekday)| matcher(line, day, weekday)).collect() }
    }

    /// The first matching time later than `wall`, which may be any time.
    pub(super) fn next_after(&self, wall: civil::DateTime) -> Option<civil::DateTime> {
        let wall = to_chrono(wall.max(BEFORE_FIRST))?;
        self.matchers.iter().filter_map(|matcher| matcher.after(&wall).next()).min().and_then(from_chrono)
    }
}

/// The matchers that somebody has, by their text: each takes kilobytes, and many jobs share few lines.
static KNOWN: Mutex<BTreeMap<String, Weak<cron::Schedule>>> = Mutex::new(BTreeMap::new());

fn matcher(line: &Line, day: &str, weekday: &str) -> Arc<cron::Schedule> {
    let [minute, hour, month] = [&line.minute, &line.hour, &line.month].map(|field| list(field, |n| n.to_string()));
    let text = format!("0 {minute} {hour} {day} {month} {weekday}");
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(matcher) = known.get(&text).and_then(Weak::upgrade) {
        return matcher;
    }
    if known.len().is_power_of_two() {
        known.retain(|_, matcher| matcher.strong_count() > 0);
    }
    let matcher = cron::Schedule::from_str(&text).expect("lists of numbers within range are lines of the crate");
    let matcher = Arc::new(matcher);
    known.insert(text, Arc::downgrade(&matcher));
    matcher
}

fn list(field: &Field, write: impl Fn(u32) -> String) -> String {
    if field.text == "*" {
        return "*".to_owned();
    }
    field.numbers().map(write).collect::<Vec<_>>().join(",")
}

fn to_chrono(wall: civil::DateTime) -> Option<DateTime<Utc>> {
    let second = jiff::tz::Offset::UTC.to_timestamp(wall).ok()?.as_second();
    DateTime::from_timestamp(second, 0)
}

fn from_chrono(wall: DateTime<Utc>) -> Option<civil::DateTime> {
    let [month, day, hour, minute] = [wall.month(), wall.day(), wall.hour(), wall.minute()].map(i8::try_from);
    let date = civil::Date::new(i16::try_from(wall.year()).ok()?, month.ok()?, day.ok()?).ok()?;
    Some(date.at(hour.ok()?, minute.ok()?, 0, 0))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use jiff::civil::{DateTime as Wall, date};
    use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

    use super::{Line, WallClock, from_chrono};

    fn clock(line: &str) -> WallClock {
        WallClock::new(&Line::read(line, 0).expect(line))
    }

    #[test]
    fn the_traps_of_the_crate_are_closed() {
        let friday = date(2026, 11, 20).at(12, 0, 0, 0);
        let cases = [
            ("0 9 * * 1", date(2026, 11, 23).at(9, 0, 0, 0)),
            ("0 9 * * 0", date(2026, 11, 22).at(9, 0, 0, 0)),
            ("0 9 * * 7", date(2026, 11, 22).at(9, 0, 0, 0)),
            ("0 0 13 * FRI", date(2026, 11, 27).at(0, 0, 0, 0)),
            ("0 0 13 * 5-6", date(2026, 11, 21).at(0, 0, 0, 0)),
            ("0 0 */15 * 5", date(2027, 1, 1).at(0, 0, 0, 0)),
            ("0 0 29 2 *", date(2028, 2, 29).at(0, 0, 0, 0)),
            ("0 12 * * *", date(2026, 11, 21).at(12, 0, 0, 0)),
            ("1 12 * * *", date(2026, 11, 20).at(12, 1, 0, 0)),
        ];
        for (line, next) in cases {
            assert_eq!(clock(line).next_after(friday), Some(next), "{line}");
        }
    }

    #[test]
    fn time_is_known_from_1970_to_2100() {
        let daily = clock("@daily");
        assert_eq!(daily.next_after(Wall::MIN), Some(date(1970, 1, 1).at(0, 0, 0, 0)));
        assert_eq!(daily.next_after(date(2100, 12, 30).at(23, 59, 59, 0)), Some(date(2100, 12, 31).at(0, 0, 0, 0)));
        assert_eq!(daily.next_after(date(2100, 12, 31).at(0, 0, 0, 0)), None);
        assert_eq!(daily.next_after(Wall::MAX), None);
    }

    /// A field of plain forms, on whose meaning every cron agrees.
    fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
        let number = low..=high;
        prop_oneof![
            3 => proptest::strategy::Just("*".to_owned()),
            2 => number.clone().prop_map(|n| n.to_string()),
            1 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{a},{b}")),
            1 => (number.clone(), number).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            1 => (low..=high, low..=high, 1..=high).prop_map(|(a, b, n)| format!("{}-{}/{n}", a.min(b), a.max(b))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

        #[test]
        fn another_cron_finds_the_same_times(
            minute in field(0, 59), hour in field(0, 23), day in field(1, 31), month in field(1, 12), weekday in field(0, 7),
            second in 0_i64..2_500_000_000,
        ) {
            let line = format!("{minute} {hour} {day} {month} {weekday}");
            let Ok(read) = Line::read(&line, 0) else { return Ok(()) };
            let ours = WallClock::new(&read);
            let theirs: croner::Cron = line.parse().expect("a plain line");
            let mut at: DateTime<Utc> = DateTime::from_timestamp(second, 0).expect("in range");
            for _ in 0..3 {
                let wall = from_chrono(at).expect("in range");
                let Ok(next) = theirs.find_next_occurrence(&at, false) else { return Ok(()) };
                let start = if at.timestamp() % 60 == 0 { wall } else { wall.with().second(1).build().expect("a second") };
                prop_assert_eq!(ours.next_after(start), from_chrono(next), "{} after {}", line, at);
                at = next;
            }
        }
    }
}
