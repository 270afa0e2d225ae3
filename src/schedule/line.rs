//! Five fields of a crontab line, or the nickname of five fields.

use super::ScheduleError;
use super::field::{Field, Unit, Word};
use crate::name::nearest;

/// Nicknames and the fields they stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

const FORMS: &str = "write five fields such as `*/10 * * * *`, a nickname such as `@hourly`, or `every 5m`";

/// The days of each month in a leap year.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A crontab line that is due at some time.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day: Field,
    pub(super) month: Field,
    pub(super) weekday: Field,
}

impl Line {
    /// Reads trimmed text that begins at byte `start` of the line.
    pub(super) fn read(text: &str, start: usize) -> Result<Self, ScheduleError> {
        let line = Word { text, start };
        if text.is_empty() {
            return Err(ScheduleError::new(0..start, "the schedule is empty").hint(FORMS));
        }
        if text.starts_with('@') {
            let fields = fields_of(line)?;
            return Self::read(fields, 0);
        }
        let words: Vec<_> = line.split(|c| matches!(c, ' ' | '\t')).filter(|word| !word.text.is_empty()).collect();
        let [minute, hour, day, month, weekday] = words[..] else { return Err(miscounted(line, &words)) };
        let line = Self {
            minute: Field::read(minute, Unit::Minute)?,
            hour: Field::read(hour, Unit::Hour)?,
            day: Field::read(day, Unit::Day)?,
            month: Field::read(month, Unit::Month)?,
            weekday: Field::read(weekday, Unit::Weekday)?,
        };
        if line.is_due_at_all() { Ok(line) } else { Err(line.never()) }
    }

    /// Whether a day is chosen by either day field; else both must agree. A field that begins with `*` leaves the
    /// choice to the other one, and `*/2` begins with `*`.
    pub(super) fn either_day(&self) -> bool {
        !self.day.star && !self.weekday.star
    }

    /// Whether minute and hour are both fixed, so that the line keeps its times through a change of the clock.
    pub(super) fn is_fixed(&self) -> bool {
        !self.minute.star && !self.hour.star
    }

    fn is_due_at_all(&self) -> bool {
        let longest = self.month.numbers().map(|month| DAYS[month as usize - 1]).max();
        self.either_day() || self.day.numbers().next() <= longest
    }

    fn never(&self) -> ScheduleError {
        let problem = format!("never due: month `{}` has no day `{}`", self.month.text, self.day.text);
        let error = ScheduleError::new(self.day.span.start..self.month.span.end, problem);
        match self.month.numbers().map(|month| DAYS[month as usize - 1]).max() {
            Some(29) => error.hint("February ends on the 28th, or on the 29th"),
            Some(last) => error.hint(format!("it ends on the {last}th")),
            None => error,
        }
    }
}

fn fields_of(line: Word<'_>) -> Result<&'static str, ScheduleError> {
    if let Some((_, fields)) = NICKNAMES.iter().find(|(nickname, _)| *nickname == line.text) {
        return Ok(fields);
    }
    let error = ScheduleError::new(line.span(), format!("`{}` is not a nickname of a schedule", line.text));
    Err(match (line.text, line.text.strip_prefix("@every")) {
        ("@reboot", _) => error.hint("a schedule is a time, and a restart is none; `every 5m` is due soon after one"),
        (_, Some(length)) => error.hint(format!("write `every{length}`")),
        (text, None) => match nearest(text, NICKNAMES.iter().map(|(nickname, _)| *nickname)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("there are `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly`"),
        },
    })
}

fn miscounted(line: Word<'_>, words: &[Word<'_>]) -> ScheduleError {
    let first = words.first().map_or("", |word| word.text);
    if first.starts_with(|c: char| c.is_ascii_alphabetic()) && first.contains('=') {
        return ScheduleError::new(line.span(), format!("`{first}` is not part of the line"))
            .hint("the zone of a job is its `timezone`");
    }
    let error = ScheduleError::new(
        line.span(),
        match words.len() {
            1 => "a crontab line has five fields, this one has one".to_owned(),
            count => format!("a crontab line has five fields, this one has {count}"),
        },
    );
    if humantime::parse_duration(line.text).is_ok() {
        return error.hint(format!("write `every {}`", line.text));
    }
    let (Some(second), Some(sixth)) = (words.get(1), words.get(5)) else { return error.hint(FORMS) };
    let five = &line.text[second.start - line.start..];
    match words.len() {
        6 if Line::read(five, 0).is_ok() => {
            error.hint(format!("seconds are not part of crontab: write `{five}`, or `every 30s`"))
        }
        _ => {
            error.hint(format!("seconds, years and commands are not part of the line: end it before `{}`", sixth.text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn lines_are_read() {
        let cases = ["0 0 29 2 *", "0\t0  31 1,4 *", "0 0 30 2 5", "0 0 31 4,6,8 */2", "@yearly", "0 0 13 * FRI"];
        for text in cases {
            assert!(Line::read(text, 0).is_ok(), "{text}");
        }
        assert!(Line::read("0 0 30 2 5", 0).expect("a line").either_day());
        assert!(!Line::read("0 0 */2 * 5", 0).expect("a line").either_day());
        assert!(Line::read("@daily", 0).expect("a line").is_fixed());
        assert!(!Line::read("@hourly", 0).expect("a line").is_fixed());
    }

    #[test]
    fn what_is_no_line_is_explained() {
        let cases = [
            ("", "the schedule is empty", "write five fields"),
            ("*", "a crontab line has five fields, this one has one", "write five fields"),
            ("5m", "a crontab line has five fields, this one has one", "write `every 5m`"),
            ("0 9 * *", "a crontab line has five fields, this one has 4", "write five fields"),
            (
                "0 */5 * * * *",
                "a crontab line has five fields, this one has 6",
                "seconds are not part of crontab: write `*/5 * * * *`",
            ),
            ("0 5 * * 1 /bin/true -x", "a crontab line has five fields, this one has 7", "end it before `/bin/true`"),
            ("TZ=Asia/Seoul 0 9 * * *", "`TZ=Asia/Seoul` is not part of the line", "`timezone`"),
            ("0 0 30 2 *", "never due: month `2` has no day `30`", "the 29th"),
            ("0 0 31 apr,jun */2", "never due: month `apr,jun` has no day `31`", "the 30th"),
            ("@reboot", "`@reboot` is not a nickname of a schedule", "`every 5m`"),
            ("@every 5m", "`@every 5m` is not a nickname of a schedule", "write `every 5m`"),
            ("@Dayly", "`@Dayly` is not a nickname of a schedule", "did you mean `@daily`?"),
            ("@noon", "`@noon` is not a nickname of a schedule", "there are `@hourly`"),
        ];
        for (text, problem, hint) in cases {
            let error = Line::read(text, 0).expect_err(text);
            assert_eq!(error.problem, problem);
            assert!(error.hint.as_deref().is_some_and(|said| said.contains(hint)), "{error:?}");
        }
    }

    #[test]
    fn an_error_points_at_the_word_in_the_line() {
        let line = "0 9  61 * *";
        let error = Line::read(line, 3).expect_err(line);
        assert_eq!(&line[error.span.start - 3..error.span.end - 3], "61");
    }
}
