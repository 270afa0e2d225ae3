//! What a valid line means and its writer may not have meant.

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ScheduleWarning;
use super::every::Every;
use super::field::{Field, Unit};
use super::line::Line;

const DAY: u32 = 86_400;

/// Warns of days that begin at midnight elsewhere.
pub(super) fn of_every(every: Every, span: Range<usize>, zone: &TimeZone) -> Vec<ScheduleWarning> {
    let local =
        zone.to_offset(Timestamp::UNIX_EPOCH).is_zero() && zone.following(Timestamp::UNIX_EPOCH).next().is_none();
    if local || !every.seconds().is_multiple_of(DAY) {
        return Vec::new();
    }
    vec![ScheduleWarning {
        span,
        meaning: "counts its days from midnight in UTC, whatever the zone".to_owned(),
        hint: "`@daily` and `@weekly` are due at midnight in the zone".to_owned(),
    }]
}

/// Warns of the two day fields, of steps that do not fit and of a lone `*` before an hour.
pub(super) fn of_line(line: &Line) -> Vec<ScheduleWarning> {
    let lone = |field: &Field| field.text == "*";
    let steps = [(&line.minute, Unit::Minute), (&line.hour, Unit::Hour)]
        .into_iter()
        .filter(|(_, unit)| *unit == Unit::Hour || lone(&line.hour))
        .filter_map(|(field, unit)| uneven(field, unit));
    days(line).into_iter().chain(steps).chain(each_minute(line)).collect()
}

fn days(line: &Line) -> Option<ScheduleWarning> {
    let (day, weekday) = (&line.day, &line.weekday);
    let span = day.span.start..weekday.span.end;
    if line.either_day() {
        let meaning =
            format!("due on each day that `{}` or `{}` names: both day fields choose", day.text, weekday.text);
        return Some(ScheduleWarning {
            span,
            meaning,
            hint: "leave one of them `*` if the other shall decide".to_owned(),
        });
    }
    let (star, other) = if day.star { (day, weekday) } else { (weekday, day) };
    if star.text == "*" || other.text == "*" {
        return None;
    }
    let meaning =
        format!("due on days that `{}` and `{}` both name: `{}` begins with `*`", day.text, weekday.text, star.text);
    Some(ScheduleWarning { span, meaning, hint: "leave one of them `*` if the other shall decide".to_owned() })
}

fn uneven(field: &Field, unit: Unit) -> Option<ScheduleWarning> {
    let step: u32 = field.text.strip_prefix("*/")?.parse().ok()?;
    let (whole, larger, short) = if unit == Unit::Hour { (24, "day", 'h') } else { (60, "hour", 'm') };
    let last = whole - field.numbers().last()?;
    (last != step).then(|| ScheduleWarning {
        span: field.span.clone(),
        meaning: format!("`{}` starts anew each {larger}: the last step has {last} {}s", field.text, unit.as_str()),
        hint: format!("`every {step}{short}` keeps the distance"),
    })
}

fn each_minute(line: &Line) -> Option<ScheduleWarning> {
    let one_hour = !line.hour.star && line.hour.numbers().count() == 1;
    (line.minute.text == "*" && one_hour).then(|| ScheduleWarning {
        span: line.minute.span.clone(),
        meaning: format!("due 60 times, at each minute of hour `{}`", line.hour.text),
        hint: "write `0` for once".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use crate::schedule::{Schedule, zone};

    fn warnings(line: &str, zone: &TimeZone) -> Vec<(String, String)> {
        let schedule = Schedule::parse(line, zone).expect(line);
        schedule.warnings().iter().map(|w| (line[w.span.clone()].to_owned(), w.meaning.clone())).collect()
    }

    #[test]
    fn plain_lines_are_left_alone() {
        for line in [
            "0 12 * * *",
            "*/15 * * * 1-5",
            "0 0 1 * *",
            "* 9-17 * * *",
            "*/45 9 * * *",
            "@weekly",
            "every 90m",
            "every 1d",
        ] {
            assert_eq!(warnings(line, &TimeZone::UTC), [], "{line}");
        }
    }

    #[test]
    fn surprises_are_told() {
        let seoul = zone("Asia/Seoul").expect("a zone");
        let cases = [
            (" 0 12 1-7 * 1", "1-7 * 1", "due on each day that `1-7` or `1` names: both day fields choose"),
            ("0 12 */2 * 1", "*/2 * 1", "due on days that `*/2` and `1` both name: `*/2` begins with `*`"),
            ("*/45 * * * *", "*/45", "`*/45` starts anew each hour: the last step has 15 minutes"),
            ("*/90 * * * *", "*/90", "`*/90` starts anew each hour: the last step has 60 minutes"),
            ("0 */5 * * *", "*/5", "`*/5` starts anew each day: the last step has 4 hours"),
            ("* 3 * * *", "*", "due 60 times, at each minute of hour `3`"),
            ("every 2d", "every 2d", "counts its days from midnight in UTC, whatever the zone"),
        ];
        for (line, span, meaning) in cases {
            assert_eq!(warnings(line, &seoul), [(span.to_owned(), meaning.to_owned())], "{line}");
        }
    }
}
