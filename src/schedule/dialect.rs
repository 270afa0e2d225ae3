//! A schedule in the words of another engine: lines of a crontab, of a Kubernetes `CronJob`, of a systemd timer.
//!
//! What leaves is due at the same instants wherever no clock is changed, or it does not leave. Around a change of the
//! clock each engine has its own rule, which nothing here can mend.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::field::{Field, Unit};
use super::line::Line;
use super::{Beat, Schedule};

/// More lines than this are no longer something to review.
const MOST_LINES: usize = 12;
const DAY: u32 = 86_400;
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// How an engine writes a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// crontab(5), as cronie and Debian's cron read it.
    Crontab,
    /// The `schedule` of a `CronJob`: five fields in which `*/2` counts as a list of days and Sunday is 0 only.
    Kubernetes,
    /// `OnCalendar=` of a timer, without the zone at its end.
    Systemd,
}

/// A schedule in the words of another engine: due whenever one of its lines is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// The lines, at least one.
    pub lines: Vec<String>,
    /// Whether they are to be read in UTC, rather than in the zone of the job.
    pub utc: bool,
}

impl Schedule {
    /// The same schedule for another engine.
    ///
    /// # Errors
    /// Says why the engine has no words for it.
    pub fn written_for(&self, dialect: Dialect) -> Result<Lines, String> {
        match &self.beat {
            Beat::Wall(_) => {
                let line = Line::read(&self.text, 0).expect("the text of a schedule was read before");
                Ok(Lines { lines: of_line(&line, dialect)?, utc: false })
            }
            Beat::Every(every) => Ok(Lines { lines: of_beat(every.seconds(), dialect)?, utc: true }),
        }
    }
}

fn of_line(line: &Line, dialect: Dialect) -> Result<Vec<String>, String> {
    match dialect {
        Dialect::Crontab => {
            let fields = [&line.minute, &line.hour, &line.day, &line.month, &line.weekday].map(crontab_field);
            Ok(vec![fields.join(" ")])
        }
        Dialect::Kubernetes => kubernetes(line).map(|line| vec![line]),
        Dialect::Systemd => Ok(systemd(line)),
    }
}

/// A field as its writer wrote it where every crontab reads that, else its numbers. A field begins with `*` or not: that is
/// part of what the line means.
fn crontab_field(field: &Field) -> String {
    // Names, and 7 for Sunday, are not read everywhere.
    let plain = |c: char| c.is_ascii_digit() && c != '7' || matches!(c, '*' | '/' | ',' | '-');
    match field.star || field.text.chars().all(plain) {
        true => field.text.clone(),
        false => Style::CRON.list(&field.numbers().collect()),
    }
}

fn kubernetes(line: &Line) -> Result<String, String> {
    let of = |field: &Field, unit| Style::CRON.field(&field.numbers().collect(), unit);
    let (mut day, mut weekday) = (of(&line.day, Unit::Day), of(&line.weekday, Unit::Weekday));
    if line.either_day() && (day == "*" || weekday == "*") {
        // One of the two names every day.
        (day, weekday) = ("*".to_owned(), "*".to_owned());
    }
    if !line.either_day() && day != "*" && weekday != "*" {
        let (day, weekday) = (&line.day.text, &line.weekday.text);
        return Err(format!("`{day}` and `{weekday}` must both name the day, and Kubernetes would take either"));
    }
    let [minute, hour, month] = [(&line.minute, Unit::Minute), (&line.hour, Unit::Hour), (&line.month, Unit::Month)]
        .map(|(f, unit)| of(f, unit));
    Ok(format!("{minute} {hour} {day} {month} {weekday}"))
}

fn systemd(line: &Line) -> Vec<String> {
    let of = |field: &Field, unit| Style::SYSTEMD.field(&field.numbers().collect(), unit);
    let [minute, hour, day, month] =
        [(&line.minute, Unit::Minute), (&line.hour, Unit::Hour), (&line.day, Unit::Day), (&line.month, Unit::Month)]
            .map(|(field, unit)| of(field, unit));
    let weekday = match line.weekday.numbers().count() {
        7 => String::new(),
        _ => line.weekday.numbers().map(|day| WEEKDAYS[day as usize]).collect::<Vec<_>>().join(",") + " ",
    };
    let event = |weekday: &str, day: &str| format!("{weekday}*-{month}-{day} {hour}:{minute}:00");
    match line.either_day() {
        false => vec![event(&weekday, &day)],
        true if day == "*" || weekday.is_empty() => vec![event("", "*")],
        true => vec![event("", &day), event(&weekday, "*")],
    }
}

/// An even beat as times of the day in UTC.
fn of_beat(seconds: u32, dialect: Dialect) -> Result<Vec<String>, String> {
    let cron = match dialect {
        Dialect::Crontab | Dialect::Kubernetes => true,
        Dialect::Systemd => false,
    };
    match seconds {
        // The first day was a Thursday.
        _ if seconds == 7 * DAY => {
            return Ok(vec![if cron { "0 0 * * 4".to_owned() } else { "Thu *-*-* 00:00:00".to_owned() }]);
        }
        _ if seconds > DAY => return Err("its days are counted from 1970, and a calendar knows no such count".into()),
        _ if !DAY.is_multiple_of(seconds) => {
            return Err("its length is no part of a day, and a calendar begins anew each midnight".into());
        }
        _ if cron && !seconds.is_multiple_of(60) => return Err("cron knows no seconds".into()),
        _ => {}
    }
    let blocks = blocks(seconds);
    if blocks.len() > MOST_LINES {
        return Err(format!("it would take {} lines", blocks.len()));
    }
    let line = |(second, minute, hour): &(Numbers, Numbers, Numbers)| match cron {
        true => {
            let [minute, hour] =
                [(minute, Unit::Minute), (hour, Unit::Hour)].map(|(n, unit)| Style::CRON.field(n, unit));
            format!("{minute} {hour} * * *")
        }
        false => {
            let [second, minute, hour] = [(second, Unit::Minute), (minute, Unit::Minute), (hour, Unit::Hour)]
                .map(|(numbers, unit)| Style::SYSTEMD.field(numbers, unit));
            format!("*-*-* {hour}:{minute}:{second}")
        }
    };
    Ok(blocks.iter().map(line).collect())
}

type Numbers = BTreeSet<u32>;

/// The times of a day as few blocks of seconds, minutes and hours that go with each other.
fn blocks(seconds: u32) -> Vec<(Numbers, Numbers, Numbers)> {
    let mut hours: BTreeMap<(u32, u32), Numbers> = BTreeMap::new();
    for time in (0..DAY).step_by(seconds as usize) {
        hours.entry((time % 60, time / 60 % 60)).or_default().insert(time / 3600);
    }
    let mut minutes: BTreeMap<(u32, Numbers), Numbers> = BTreeMap::new();
    for ((second, minute), hours) in hours {
        minutes.entry((second, hours)).or_default().insert(minute);
    }
    let mut seconds: BTreeMap<(Numbers, Numbers), Numbers> = BTreeMap::new();
    for ((second, hours), minutes) in minutes {
        seconds.entry((minutes, hours)).or_default().insert(second);
    }
    seconds.into_iter().map(|((minutes, hours), seconds)| (seconds, minutes, hours)).collect()
}

/// How numbers are written.
struct Style {
    range: &'static str,
    /// What begins a step through all numbers of a field; none where the first number does.
    step: Option<&'static str>,
    width: usize,
}

impl Style {
    const CRON: Self = Self { range: "-", step: Some("*"), width: 1 };
    const SYSTEMD: Self = Self { range: "..", step: None, width: 2 };

    /// All numbers of a unit, an even step through them, or a list.
    fn field(&self, numbers: &Numbers, unit: Unit) -> String {
        let all = match unit {
            Unit::Weekday => 0..=6,
            Unit::Minute | Unit::Hour | Unit::Day | Unit::Month => unit.range(),
        };
        if numbers.len() == all.clone().count() {
            return "*".to_owned();
        }
        match step(numbers, &all) {
            Some(step) => {
                let first = self.step.map_or_else(|| self.number(*all.start()), str::to_owned);
                format!("{first}/{step}")
            }
            None => self.list(numbers),
        }
    }

    /// A list of numbers and of ranges of three and more.
    fn list(&self, numbers: &Numbers) -> String {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for &number in numbers {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => runs.push((number, number)),
            }
        }
        let run = |(first, last): (u32, u32)| match last - first {
            0 => self.number(first),
            1 => format!("{},{}", self.number(first), self.number(last)),
            _ => format!("{}{}{}", self.number(first), self.range, self.number(last)),
        };
        runs.into_iter().map(run).collect::<Vec<_>>().join(",")
    }

    fn number(&self, number: u32) -> String {
        format!("{number:0width$}", width = self.width)
    }
}

/// The even step that gives the numbers, from the first of `all` to the last; at least three of them.
fn step(numbers: &Numbers, all: &RangeInclusive<u32>) -> Option<u32> {
    let step = numbers.iter().nth(1)?.checked_sub(*all.start()).filter(|step| *step > 1)?;
    (numbers.len() > 2 && all.clone().step_by(step as usize).eq(numbers.iter().copied())).then_some(step)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Dialect, Lines};
    use crate::schedule::Schedule;

    fn written(line: &str, dialect: Dialect) -> Result<Lines, String> {
        Schedule::parse(line, &TimeZone::UTC).expect(line).written_for(dialect)
    }

    #[test]
    fn each_engine_gets_its_own_words() {
        let cases: [(&str, &str, &str, &[&str]); 14] = [
            ("*/10 * * * *", "*/10 * * * *", "*/10 * * * *", &["*-*-* *:00/10:00"]),
            ("@daily", "0 0 * * *", "0 0 * * *", &["*-*-* 00:00:00"]),
            ("30 7 * * 1", "30 7 * * 1", "30 7 * * 1", &["Mon *-*-* 07:30:00"]),
            ("0 9 * * mon-fri", "0 9 * * 1-5", "0 9 * * 1-5", &["Mon,Tue,Wed,Thu,Fri *-*-* 09:00:00"]),
            ("0 9 * * fri-sun", "0 9 * * 0,5,6", "0 9 * * 0,5,6", &["Sun,Fri,Sat *-*-* 09:00:00"]),
            ("0 9 * * 7", "0 9 * * 0", "0 9 * * 0", &["Sun *-*-* 09:00:00"]),
            ("5 4 1 jan *", "5 4 1 1 *", "5 4 1 1 *", &["*-01-01 04:05:00"]),
            ("0 12 1-7 * 1", "0 12 1-7 * 1", "0 12 1-7 * 1", &["*-*-01..07 12:00:00", "Mon *-*-* 12:00:00"]),
            ("0 12 1-31 * 1", "0 12 1-31 * 1", "0 12 * * *", &["*-*-* 12:00:00"]),
            ("0 12 * * 0-6", "0 12 * * 0-6", "0 12 * * *", &["*-*-* 12:00:00"]),
            ("0 12 */2 * *", "0 12 */2 * *", "0 12 */2 * *", &["*-*-01/2 12:00:00"]),
            ("1,2,3,10 1-3,5 * * *", "1,2,3,10 1-3,5 * * *", "1-3,10 1-3,5 * * *", &["*-*-* 01..03,05:01..03,10:00"]),
            ("*/45 9 * * *", "*/45 9 * * *", "0,45 9 * * *", &["*-*-* 09:00,45:00"]),
            ("17 3 * * *", "17 3 * * *", "17 3 * * *", &["*-*-* 03:17:00"]),
        ];
        for (line, crontab, kubernetes, systemd) in cases {
            let lines = |dialect| written(line, dialect).expect(line);
            assert_eq!(lines(Dialect::Crontab), Lines { lines: vec![crontab.into()], utc: false }, "{line}");
            assert_eq!(lines(Dialect::Kubernetes), Lines { lines: vec![kubernetes.into()], utc: false }, "{line}");
            assert_eq!(lines(Dialect::Systemd).lines, systemd, "{line}");
        }
    }

    #[test]
    fn a_beat_becomes_times_of_the_day_in_utc() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("every 5m", &["*/5 * * * *"], &["*-*-* *:00/5:00"]),
            ("every 1h", &["0 * * * *"], &["*-*-* *:00:00"]),
            ("every 6h", &["0 */6 * * *"], &["*-*-* 00/6:00:00"]),
            (
                "every 90m",
                &["0 */3 * * *", "30 1,4,7,10,13,16,19,22 * * *"],
                &["*-*-* 00/3:00:00", "*-*-* 01,04,07,10,13,16,19,22:30:00"],
            ),
            ("every 1d", &["0 0 * * *"], &["*-*-* 00:00:00"]),
            ("every 1w", &["0 0 * * 4"], &["Thu *-*-* 00:00:00"]),
            ("every 1m", &["* * * * *"], &["*-*-* *:*:00"]),
            ("every 12h", &["0 0,12 * * *"], &["*-*-* 00,12:00:00"]),
        ];
        for (line, cron, systemd) in cases {
            for (dialect, expected) in
                [(Dialect::Crontab, cron), (Dialect::Kubernetes, cron), (Dialect::Systemd, systemd)]
            {
                let lines = written(line, dialect).expect(line);
                assert_eq!(
                    (lines.lines.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), lines.utc),
                    (expected, true)
                );
            }
        }
        let seconds = written("every 15s", Dialect::Systemd).expect("words");
        assert_eq!(seconds.lines, ["*-*-* *:*:00/15"]);
    }

    #[test]
    fn what_an_engine_cannot_say_is_refused() {
        let cases = [
            ("every 2d", Dialect::Systemd, "its days are counted from 1970, and a calendar knows no such count"),
            ("every 7m", Dialect::Crontab, "its length is no part of a day, and a calendar begins anew each midnight"),
            ("every 30s", Dialect::Crontab, "cron knows no seconds"),
            ("every 27s", Dialect::Systemd, "it would take 27 lines"),
            (
                "0 12 */2 * 1",
                Dialect::Kubernetes,
                "`*/2` and `1` must both name the day, and Kubernetes would take either",
            ),
        ];
        for (line, dialect, problem) in cases {
            assert_eq!(written(line, dialect), Err(problem.to_owned()), "{line}");
        }
    }
}
