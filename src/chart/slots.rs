//! Places side by side: categories, and the days, months or hours of a bar chart, those without a row too.

use jiff::Span;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::calendar::{DAY, Step, civil, days_of, label, since_midnight};
use super::figure::Along;
use super::number::Unit;

/// The most places that are drawn side by side for the sake of evenness.
const MOST: i64 = 400;

/// Places of equal width.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    /// What stands under each, and what it leaves open.
    pub(super) labels: Vec<(String, String)>,
    /// The slot of each place of the figure.
    pub(super) of_place: Vec<usize>,
    /// Which every so many labels may be shown, when not all can be.
    pub(super) strides: &'static [usize],
}

const COUNTED: &[usize] = &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const MONTHS: &[usize] = &[1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200];
const DAYS: &[usize] = &[1, 2, 7, 14, 28, 56, 91, 182, 364, 728, 1_820, 3_640];

impl Slots {
    pub(super) fn of(along: &Along) -> Self {
        match along {
            Along::Category(words) => Self::plain(words.iter().cloned()),
            Along::Number(numbers) => Self::plain(numbers.iter().map(|number| Unit::default().short(*number))),
            Along::Time(at, zone) => Self::of_time(at, zone),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    fn plain(words: impl Iterator<Item = String>) -> Self {
        let labels: Vec<_> = words.map(|word| (word, String::new())).collect();
        Self { of_place: (0..labels.len()).collect(), labels, strides: COUNTED }
    }

    fn of_time(at: &[i64], zone: &TimeZone) -> Self {
        let wall: Vec<DateTime> = at.iter().map(|micros| civil(*micros, zone)).collect();
        let step = common_step(&wall);
        let Some(first) = wall.first().copied() else { return Self::plain(std::iter::empty()) };
        let numbers: Vec<i64> = wall.iter().map(|here| between(first, *here, step)).collect();
        let last = numbers.last().copied().unwrap_or(0);
        if last >= MOST || numbers.windows(2).any(|pair| pair[0] >= pair[1]) {
            let labels = wall.iter().map(|wall| label(*wall, step)).collect();
            return Self { labels, of_place: (0..at.len()).collect(), strides: COUNTED };
        }
        let labels = (0..=last).map(|n| label(after(first, n, step), step)).collect();
        let strides = match step {
            Step::Months(1) => MONTHS,
            Step::Days(1) => DAYS,
            Step::Months(_) | Step::Days(_) | Step::Clock(_) => COUNTED,
        };
        Self { labels, of_place: numbers.into_iter().map(|n| usize::try_from(n).unwrap_or(0)).collect(), strides }
    }
}

/// The largest step that leads from each place to the next.
fn common_step(wall: &[DateTime]) -> Step {
    let first = wall.first().copied().unwrap_or_default();
    let common = |step| wall.iter().map(|here| between(first, *here, step)).fold(0, gcd);
    if wall.iter().any(|here| here.time() != Time::midnight()) {
        return Step::Clock(common(Step::Clock(1)).clamp(1, DAY));
    }
    if wall.iter().all(|here| here.day() == 1) {
        return Step::Months(i32::try_from(common(Step::Months(1))).unwrap_or(1).max(1));
    }
    Step::Days(i32::try_from(common(Step::Days(1))).unwrap_or(1).max(1))
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// How many whole steps lead from one place to another that is not before it.
fn between(from: DateTime, to: DateTime, step: Step) -> i64 {
    let months = |at: DateTime| i64::from(at.year()) * 12 + i64::from(at.month());
    let micros = |at: DateTime| i64::from(days_of(at.date())) * DAY + since_midnight(at);
    match step {
        Step::Months(n) => (months(to) - months(from)) / i64::from(n),
        Step::Days(n) => (i64::from(days_of(to.date())) - i64::from(days_of(from.date()))) / i64::from(n),
        Step::Clock(n) => (micros(to) - micros(from)) / n,
    }
}

/// So many steps later.
fn after(from: DateTime, steps: i64, step: Step) -> DateTime {
    let span = match step {
        Step::Months(n) => Span::new().try_months(steps * i64::from(n)),
        Step::Days(n) => Span::new().try_days(steps * i64::from(n)),
        Step::Clock(n) => Span::new().try_microseconds(steps * n),
    };
    span.and_then(|span| from.checked_add(span)).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::Slots;
    use crate::chart::figure::Along;

    fn told(days: &[&str]) -> String {
        let at = |text: &&str| text.parse::<jiff::Timestamp>().expect("an instant").as_microsecond();
        let slots = Slots::of(&Along::Time(days.iter().map(at).collect(), TimeZone::UTC));
        let labels: Vec<&str> = slots.labels.iter().map(|(label, _)| label.as_str()).collect();
        format!("{:?} {}", slots.of_place, labels.join(", "))
    }

    #[test]
    fn a_day_without_a_row_has_its_place() {
        insta::assert_snapshot!(told(&["2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z", "2026-11-22T00:00:00Z"]), @r#"
        [0, 1, 4] Nov 18, Nov 19, Nov 20, Nov 21, Nov 22
        "#);
        insta::assert_snapshot!(told(&["2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]), @r#"
        [0, 2, 3] Sep, Oct, Nov, Dec
        "#);
        insta::assert_snapshot!(told(&["2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]), @r#"
        [0, 2, 3] 2024, 2025, 2026, 2027
        "#);
        insta::assert_snapshot!(told(&["2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z", "2026-11-20T11:00:00Z"]), @r#"
        [0, 1, 4] 09:00, 09:30, 10:00, 10:30, 11:00
        "#);
        insta::assert_snapshot!(told(&["2026-11-03T00:00:00Z", "2026-11-10T00:00:00Z"]), @r#"
        [0, 1] Nov 3, Nov 10
        "#);
        // Too far apart to be filled up, and twice the same.
        insta::assert_snapshot!(told(&["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "2026-11-20T00:00:00Z"]), @r#"
        [0, 1, 2] Jan 1, Jan 2, Nov 20
        "#);
        insta::assert_snapshot!(told(&["2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z"]), @r#"
        [0, 1] Nov 20, Nov 20
        "#);
        insta::assert_snapshot!(told(&["2026-11-20T00:00:00Z"]), @r#"
        [0] Nov 20
        "#);
        insta::assert_snapshot!(told(&[]), @r#"
        []
        "#);
    }
}
