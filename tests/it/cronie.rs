//! A slow model of cronie: every minute of the wall clock is looked at, and its loop decides what runs.
//!
//! Written from what cronie does, not from what rowcall does: fields are bits, and a change of the clock is a difference
//! between the minute that is shown and the minute that was shown last.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use rowcall::schedule::{Schedule, zone};

/// A line of the model: the numbers of each field as bits, and whether the field begins with `*`.
#[derive(Clone, Debug)]
pub(crate) struct Crontab {
    pub(crate) text: String,
    bits: [u64; 5],
    stars: [bool; 5],
}

impl Crontab {
    fn is_wild(&self) -> bool {
        self.stars[0] || self.stars[1]
    }

    /// Whether the line is due at a minute of the wall clock, counted from 1970.
    fn matches(&self, minute: i64) -> bool {
        let of_day = minute.rem_euclid(1_440);
        let has = |field: usize, number: i64| self.bits[field] >> number & 1 == 1;
        if !has(0, of_day % 60) || !has(1, of_day / 60) {
            return false;
        }
        let date = jiff::civil::date(1970, 1, 1).saturating_add(minute.div_euclid(1_440).days());
        let (day, weekday) = (has(2, date.day().into()), has(4, date.weekday().to_sunday_zero_offset().into()));
        let days = if self.stars[2] || self.stars[4] { day && weekday } else { day || weekday };
        has(3, date.month().into()) && days
    }

    /// Whether it names one fixed time of each day.
    pub(crate) fn is_daily(&self) -> bool {
        !self.is_wild() && self.times_a_day() == 1 && self.text.ends_with(" * * *")
    }

    /// At how many minutes of a day it is due that its day fields choose.
    pub(crate) fn times_a_day(&self) -> u32 {
        let [minutes, hours, ..] = self.bits;
        minutes.count_ones() * hours.count_ones()
    }
}

/// Each minute of a stretch of real time, and what the wall clock of a zone shows then, in minutes from 1970.
pub(crate) fn minutes(zone: &TimeZone, start: Timestamp, count: usize) -> Vec<(Timestamp, i64)> {
    let mut changes = zone.following(start).map(|change| (change.timestamp(), change.offset())).peekable();
    let mut offset = zone.to_offset(start);
    let minute = |n| {
        let at = start + i64::try_from(n).expect("small").minutes();
        while let Some((_, next)) = changes.next_if(|(change, _)| *change <= at) {
            offset = next;
        }
        (at, (at.as_second() + i64::from(offset.seconds())).div_euclid(60))
    };
    (0..count).map(minute).collect()
}

/// What cronie does as it wakes each minute: it keeps a virtual clock, and how far the wall clock is from it decides which
/// lines run for which minutes.
pub(crate) fn runs(line: &Crontab, minutes: &[(Timestamp, i64)]) -> Vec<Timestamp> {
    const LARGE: i64 = 3 * 60;
    let mut shown = minutes[0].1;
    let mut runs = Vec::new();
    for &(at, wall) in &minutes[1..] {
        let ahead = wall - shown;
        let (first, last, wild, fixed) = match ahead {
            1..=5 => (shown + 1, wall, true, true),
            6..=LARGE => (shown + 1, wall, false, true),
            _ if (-LARGE..=0).contains(&ahead) => (wall, wall, true, false),
            _ => (wall, wall, true, true),
        };
        let now = || line.is_wild() && line.matches(wall);
        let missed = || (first..=last).any(|minute| line.matches(minute));
        if if line.is_wild() { if wild { missed() } else { now() } } else { fixed && missed() } {
            runs.push(at);
        }
        shown = if fixed { wall } else { shown };
    }
    runs
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
        // Ramadan of 2026, and midnights that are skipped or come twice.
        ("Africa/Casablanca", "2026-02-01T00:00:00Z"),
        ("Africa/Casablanca", "2026-03-01T00:00:00Z"),
        ("Africa/Cairo", "2024-01-01T00:00:00Z"),
        ("Africa/Cairo", "2024-07-01T00:00:00Z"),
        ("America/Havana", "2024-01-01T00:00:00Z"),
        ("America/Havana", "2024-07-01T00:00:00Z"),
        ("Asia/Beirut", "2024-01-01T00:00:00Z"),
        ("Atlantic/Azores", "2024-01-01T00:00:00Z"),
        ("Pacific/Chatham", "2024-07-01T00:00:00Z"),
        ("America/St_Johns", "2011-01-01T00:00:00Z"),
        ("America/Caracas", "2016-01-01T00:00:00Z"),
        ("Asia/Pyongyang", "2018-01-01T00:00:00Z"),
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
    Night { zone: name, minutes: minutes(zone, start, NIGHT) }
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

/// Any line that both can read.
pub(crate) fn crontab() -> impl Strategy<Value = Crontab> {
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
        let theirs: Vec<_> = runs(&line, &night.minutes).into_iter().filter(|at| *at > from && *at <= until).collect();
        prop_assert_eq!(ours, theirs, "`{}` in {} from {}", line.text, night.zone, from);
    }
}
