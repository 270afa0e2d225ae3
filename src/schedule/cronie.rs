//! Tests of lines in zones: tables of the nights that matter, and a slow model of cronie's own loop.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

use super::{Schedule, zone};

/// The due times between two instants, as the wall clock of the zone shows them with its offset.
fn due(zone_name: &str, line: &str, after: &str, until: &str) -> Vec<String> {
    let zone = zone(zone_name).expect(zone_name);
    let schedule = Schedule::parse(line, &zone).expect(line);
    let [after, until] = [after, until].map(|text| text.parse().expect(text));
    schedule.due_between(after, until).map(|at| at.to_zoned(zone.clone()).strftime("%d %H:%M%:z").to_string()).collect()
}

/// A zone with the instants around the night, a line, and when it is due.
type Case<'a> = ((&'a str, &'a str, &'a str), &'a str, &'a [&'a str]);

#[test]
fn fixed_times_keep_their_place_through_a_change_of_the_clock() {
    let berlin_spring = ("Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    let berlin_autumn = ("Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    let york_spring = ("America/New_York", "2026-03-08T00:00:00Z", "2026-03-09T12:00:00Z");
    let york_autumn = ("America/New_York", "2026-11-01T00:00:00Z", "2026-11-02T12:00:00Z");
    let howe_spring = ("Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-04T12:00:00Z");
    let howe_autumn = ("Australia/Lord_Howe", "2026-04-04T12:00:00Z", "2026-04-05T12:00:00Z");
    let apia = ("Pacific/Apia", "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z");
    let casablanca = ("Africa/Casablanca", "2026-02-14T12:00:00Z", "2026-02-16T00:00:00Z");
    let seoul = ("Asia/Seoul", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z");
    let cases: [Case; 18] = [
        (berlin_spring, "30 2 * * *", &["29 03:00+02:00", "30 02:30+02:00"]),
        (berlin_spring, "0,30 2 * * *", &["29 03:00+02:00", "30 02:00+02:00", "30 02:30+02:00"]),
        (berlin_spring, "30 2,3 29 * *", &["29 03:00+02:00", "29 03:30+02:00"]),
        (berlin_spring, "0 3 29 * *", &["29 03:00+02:00"]),
        (berlin_spring, "30 1 29 * *", &["29 01:30+01:00"]),
        (berlin_autumn, "30 2 * * *", &["25 02:30+02:00", "26 02:30+01:00"]),
        (berlin_autumn, "59 2 25 * *", &["25 02:59+02:00"]),
        (berlin_autumn, "0 3 25 * *", &["25 03:00+01:00"]),
        (york_spring, "30 2 * * *", &["08 03:00-04:00", "09 02:30-04:00"]),
        (york_autumn, "30 1 * * *", &["01 01:30-04:00", "02 01:30-05:00"]),
        (howe_spring, "15 2 * * *", &["04 02:30+11:00"]),
        (howe_spring, "15,45 2 * * *", &["04 02:30+11:00", "04 02:45+11:00"]),
        (howe_autumn, "45 1 * * *", &["05 01:45+11:00"]),
        (apia, "0 12 * * *", &["29 12:00-10:00", "31 12:00+14:00", "01 12:00+14:00"]),
        (apia, "@monthly", &["01 00:00+14:00"]),
        (apia, "0 0 30 12 *", &[]),
        (casablanca, "30 2 * * *", &["15 02:30+01:00"]),
        (seoul, "30 2 * * *", &["29 02:30+09:00"]),
    ];
    for ((zone, after, until), line, expected) in cases {
        assert_eq!(due(zone, line, after, until), expected, "{zone} {line}");
    }
}

#[test]
fn lines_with_a_star_follow_real_time() {
    let cases: [(&str, &str, &str, &str, &[&str]); 9] = [
        (
            "Europe/Berlin",
            "*/30 * * * *",
            "2026-03-29T00:00:00Z",
            "2026-03-29T01:30:00Z",
            &["29 01:30+01:00", "29 03:00+02:00", "29 03:30+02:00"],
        ),
        ("Europe/Berlin", "*/30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", &[]),
        (
            "Europe/Berlin",
            "@hourly",
            "2026-10-24T23:30:00Z",
            "2026-10-25T02:00:00Z",
            &["25 02:00+02:00", "25 02:00+01:00", "25 03:00+01:00"],
        ),
        (
            "Europe/Berlin",
            "*/30 2 * * *",
            "2026-10-24T12:00:00Z",
            "2026-10-25T12:00:00Z",
            &["25 02:00+02:00", "25 02:30+02:00", "25 02:00+01:00", "25 02:30+01:00"],
        ),
        (
            "America/New_York",
            "30 * * * *",
            "2026-11-01T05:00:00Z",
            "2026-11-01T07:00:00Z",
            &["01 01:30-04:00", "01 01:30-05:00"],
        ),
        (
            "Australia/Lord_Howe",
            "*/15 * * * *",
            "2026-04-04T14:30:00Z",
            "2026-04-04T15:30:00Z",
            &["05 01:45+11:00", "05 01:30+10:30", "05 01:45+10:30", "05 02:00+10:30"],
        ),
        (
            "Pacific/Apia",
            "0 */12 * * *",
            "2011-12-30T00:00:00Z",
            "2011-12-30T22:00:00Z",
            &["31 00:00+14:00", "31 12:00+14:00"],
        ),
        (
            "Africa/Casablanca",
            "0 * * * *",
            "2026-02-15T00:30:00Z",
            "2026-02-15T03:00:00Z",
            &["15 02:00+01:00", "15 02:00+00:00", "15 03:00+00:00"],
        ),
        (
            "Asia/Seoul",
            "0 */6 * * *",
            "2026-03-28T15:00:00Z",
            "2026-03-29T04:00:00Z",
            &["29 06:00+09:00", "29 12:00+09:00"],
        ),
    ];
    for (zone, line, after, until, expected) in cases {
        assert_eq!(due(zone, line, after, until), expected, "{zone} {line}");
    }
}

#[test]
fn a_beat_ignores_the_wall_clock() {
    let beats = due("Europe/Berlin", "every 6h", "2026-03-28T18:00:00Z", "2026-03-29T12:00:00Z");
    assert_eq!(beats, ["29 01:00+01:00", "29 08:00+02:00", "29 14:00+02:00"]);
}

#[test]
fn nothing_is_due_outside_the_years_of_the_matcher() {
    let daily = Schedule::parse("@daily", &TimeZone::UTC).expect("a line");
    assert_eq!(daily.next_after(Timestamp::MIN), Some(Timestamp::UNIX_EPOCH));
    assert_eq!(daily.next_after(Timestamp::MAX), None);
    let berlin = zone("Europe/Berlin").expect("a zone");
    for (line, first) in [("0 3 * * *", "1970-01-01T02:00:00Z"), ("*/5 * * * *", "1969-12-31T23:00:00Z")] {
        let schedule = Schedule::parse(line, &berlin).expect(line);
        assert_eq!(schedule.next_after(Timestamp::MIN), Some(first.parse().expect(first)));
        assert_eq!(schedule.next_after(Timestamp::MAX), None);
    }
    let beat = Schedule::parse("every 1s", &TimeZone::UTC).expect("a line");
    assert_eq!(beat.next_after(Timestamp::MAX), None);
}

/// A line of the model: the numbers of each field as bits, and whether the field begins with `*`.
#[derive(Clone, Debug)]
struct Crontab {
    text: String,
    bits: [u64; 5],
    stars: [bool; 5],
}

impl Crontab {
    fn is_wild(&self) -> bool {
        self.stars[0] || self.stars[1]
    }

    /// Whether the line is due at a minute of the wall clock, counted from 1970.
    fn matches(&self, minute: i64) -> bool {
        let date = jiff::civil::date(1970, 1, 1).saturating_add(minute.div_euclid(1_440).days());
        let of_day = minute.rem_euclid(1_440);
        let has = |field: usize, number: i64| self.bits[field] >> number & 1 == 1;
        let (day, weekday) = (has(2, date.day().into()), has(4, date.weekday().to_sunday_zero_offset().into()));
        let days = if self.stars[2] || self.stars[4] { day && weekday } else { day || weekday };
        has(0, of_day % 60) && has(1, of_day / 60) && has(3, date.month().into()) && days
    }
}

/// Hours of real time around a change of the clock: each minute, and what the wall clock shows then.
#[derive(Debug)]
struct Night {
    zone: &'static str,
    minutes: Vec<(Timestamp, i64)>,
}

const NIGHT: usize = 16 * 60;

/// The change of the clock next after each instant stands in the middle of a night; Seoul has none.
static NIGHTS: LazyLock<Vec<Night>> = LazyLock::new(|| {
    let changes = [
        ("Europe/Berlin", "2026-01-01T00:00:00Z"),
        ("Europe/Berlin", "2026-07-01T00:00:00Z"),
        ("Europe/Dublin", "2026-07-01T00:00:00Z"),
        ("America/New_York", "2026-01-01T00:00:00Z"),
        ("America/New_York", "2026-07-01T00:00:00Z"),
        ("America/Sao_Paulo", "2018-07-01T00:00:00Z"),
        ("America/Sao_Paulo", "2019-01-01T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-01-01T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-07-01T00:00:00Z"),
        ("Africa/Casablanca", "2024-01-01T00:00:00Z"),
        ("Africa/Casablanca", "2024-04-01T00:00:00Z"),
        ("Antarctica/Troll", "2026-01-01T00:00:00Z"),
        ("Antarctica/Troll", "2026-07-01T00:00:00Z"),
        ("Antarctica/Casey", "2009-07-01T00:00:00Z"),
        ("Antarctica/Casey", "2010-01-01T00:00:00Z"),
        ("Asia/Kathmandu", "1985-07-01T00:00:00Z"),
        ("Pacific/Apia", "2011-12-01T00:00:00Z"),
        ("Pacific/Kwajalein", "1993-01-01T00:00:00Z"),
    ];
    let night = |(name, before): (&'static str, &str)| {
        let zone = zone(name).expect(name);
        let before: Timestamp = before.parse().expect(before);
        let change = zone.following(before).next().expect("a change").timestamp();
        night_around(name, &zone, change)
    };
    let seoul = night_around(
        "Asia/Seoul",
        &zone("Asia/Seoul").expect("a zone"),
        "2026-03-29T01:00:00Z".parse().expect("an instant"),
    );
    changes.map(night).into_iter().chain([seoul]).collect()
});

fn night_around(name: &'static str, zone: &TimeZone, middle: Timestamp) -> Night {
    let start = middle - 8.hours();
    let minute = |n| {
        let at = start + i64::try_from(n).expect("small").minutes();
        (at, (at.as_second() + i64::from(zone.to_offset(at).seconds())).div_euclid(60))
    };
    Night { zone: name, minutes: (0..NIGHT).map(minute).collect() }
}

/// What cronie does as it wakes each minute of the night: it keeps a virtual clock, and how far the wall clock is from it
/// decides which lines run for which minutes.
fn cronie(line: &Crontab, night: &Night) -> Vec<Timestamp> {
    const LARGE: i64 = 3 * 60;
    let mut shown = night.minutes[0].1;
    let mut runs = Vec::new();
    for &(at, wall) in &night.minutes[1..] {
        let ahead = wall - shown;
        let (first, last, wild, fixed) = match ahead {
            1..=5 => (shown + 1, wall, true, true),
            6..=LARGE => (shown + 1, wall, false, true),
            _ if ahead <= 0 && ahead > -LARGE => (wall, wall, true, false),
            _ => (wall, wall, true, true),
        };
        let now = line.is_wild() && line.matches(wall);
        let missed = (first..=last).any(|minute| line.matches(minute));
        if if line.is_wild() { if wild { missed } else { now } } else { fixed && missed } {
            runs.push(at);
        }
        shown = if fixed { wall } else { shown };
    }
    runs
}

fn field(low: u32, high: u32, likely: u32) -> impl Strategy<Value = (String, u64, bool)> {
    let bits = |low: u32, high: u32, step: usize| (low..=high).step_by(step).fold(0_u64, |bits, n| bits | 1 << n);
    let number = move || prop_oneof![3 => low..=likely, 1 => low..=high];
    let range = move || (number(), number()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        3 => Just(("*".to_owned(), bits(low, high, 1), true)),
        2 => (1_usize..=40).prop_map(move |step| (format!("*/{step}"), bits(low, high, step), true)),
        4 => number().prop_map(move |n| (n.to_string(), bits(n, n, 1), false)),
        2 => (number(), number()).prop_map(move |(a, b)| (format!("{a},{b}"), bits(a, a, 1) | bits(b, b, 1), false)),
        2 => range().prop_map(move |(a, b)| (format!("{a}-{b}"), bits(a, b, 1), false)),
        1 => (range(), 1_usize..=40).prop_map(move |((a, b), step)| (format!("{a}-{b}/{step}"), bits(a, b, step), false)),
        1 => number().prop_map(move |n| (format!("*,{n}"), bits(low, high, 1), true)),
    ]
}

fn crontab() -> impl Strategy<Value = Crontab> {
    let any = |low, high| prop_oneof![3 => Just(("*".to_owned(), u64::MAX, true)), 1 => field(low, high, high)];
    (field(0, 59, 59), field(0, 23, 4), any(1, 31), any(1, 12), any(0, 7)).prop_map(
        |(minute, hour, day, month, mut weekday)| {
            weekday.1 |= weekday.1 >> 7 & 1;
            let fields = [minute, hour, day, month, weekday];
            let text = fields.iter().map(|(text, ..)| text.as_str()).collect::<Vec<_>>().join(" ");
            Crontab { text, bits: fields.each_ref().map(|field| field.1), stars: fields.map(|field| field.2) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_line_is_due_when_cronie_would_run_it(
        line in crontab(), night in 0..NIGHTS.len(), from in 4 * 60..12 * 60_usize, second in 0..60_i64, length in 1..4 * 60_usize,
    ) {
        let night = &NIGHTS[night];
        let Ok(schedule) = Schedule::parse(&line.text, &zone(night.zone).expect("a zone")) else { return Ok(()) };
        let (from, until) = (night.minutes[from].0 + second.seconds(), night.minutes[from + length].0);
        let ours: Vec<_> = schedule.due_between(from, until).collect();
        let theirs: Vec<_> = cronie(&line, night).into_iter().filter(|at| *at > from && *at <= until).collect();
        prop_assert_eq!(ours, theirs, "`{}` in {} from {}", line.text, night.zone, from);
    }
}
