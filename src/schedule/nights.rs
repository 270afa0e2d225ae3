//! Tests of lines in zones: tables of the nights that matter.

use jiff::Timestamp;
use jiff::tz::TimeZone;

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

#[test]
fn the_last_due_instant_is_found_however_long_ago() {
    let cases = [
        ("* * * * *", "2026-11-20T12:00:00Z", Some("2026-11-20T12:00:00Z")),
        ("*/10 * * * *", "2026-11-20T12:09:59Z", Some("2026-11-20T12:00:00Z")),
        ("30 2 * * *", "2026-03-29T12:00:00Z", Some("2026-03-29T01:00:00Z")),
        ("0 0 29 2 *", "2026-11-20T12:00:00Z", Some("2024-02-28T23:00:00Z")),
        ("@yearly", "1971-06-01T00:00:00Z", Some("1970-12-31T23:00:00Z")),
        ("@yearly", "1969-06-01T00:00:00Z", None),
        ("every 52w", "2026-11-20T12:00:00Z", Some("2026-10-22T00:00:00Z")),
    ];
    let berlin = zone("Europe/Berlin").expect("a zone");
    for (line, instant, expected) in cases {
        let schedule = Schedule::parse(line, &berlin).expect(line);
        let last = schedule.last_until(instant.parse().expect(instant));
        assert_eq!(last.map(|at| at.to_string()).as_deref(), expected, "{line}");
    }
}
