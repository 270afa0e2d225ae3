//! `Moment`: a day or an instant said in words, such as `today - 7d`.
//!
//! The words are read when the catalogue is; what they mean is known only with a time and a zone.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

use crate::name::nearest;

/// A base and the steps from it.
#[derive(Clone, Debug)]
pub(in crate::catalogue) struct Moment {
    base: Base,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Now,
    Today,
    Week,
    Month,
    Quarter,
    Year,
}

const BASES: [(&str, Base); 6] = [
    ("now", Base::Now),
    ("today", Base::Today),
    ("week_start", Base::Week),
    ("month_start", Base::Month),
    ("quarter_start", Base::Quarter),
    ("year_start", Base::Year),
];

/// A step forward or back.
#[derive(Clone, Copy, Debug)]
struct Step {
    span: Span,
    /// Days and longer go by the calendar: they keep the time of day over a change of the clock.
    is_calendar: bool,
}

const UNITS: &str = "a unit is `m`, `h`, `d`, `w`, `mo` or `y`";

impl Moment {
    /// Reads the words. None when the text does not begin with a letter: it is a date or a time then.
    ///
    /// # Errors
    /// What cannot be read, as the rest of a sentence that begins with the text.
    pub(super) fn parse(text: &str) -> Option<Result<Self, String>> {
        let text = text.trim();
        text.starts_with(|c: char| c.is_alphabetic()).then(|| Self::read(text))
    }

    fn read(text: &str) -> Result<Self, String> {
        let (word, mut rest) = split(text, |c| c.is_alphabetic() || c == '_');
        let Some((_, base)) = BASES.into_iter().find(|(known, _)| *known == word) else {
            let near = nearest(word, BASES.iter().map(|(known, _)| *known));
            return Err(match near {
                Some(near) => format!("begins with no word that is known; did you mean `{near}`?"),
                None => "is neither written in digits nor does it begin with `today`, `now` or `month_start`".into(),
            });
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let step;
            (step, rest) = Step::read(rest)?;
            steps.push(step);
        }
        Ok(Self { base, steps })
    }

    /// What the words mean at `now` in `zone`: the first instant of a day, unless a clock was counted with.
    ///
    /// # Errors
    /// The steps lead out of the calendar.
    pub(super) fn at(&self, now: Timestamp, zone: &TimeZone) -> Result<Zoned, jiff::Error> {
        let now = now.to_zoned(zone.clone());
        let mut steps = self.steps.iter().peekable();
        let mut at = match self.base.day(now.date())? {
            None => now,
            Some(mut day) => {
                // On days alone, so that a midnight that a clock change skips is not carried to another day.
                while let Some(step) = steps.next_if(|step| step.is_calendar) {
                    day = day.checked_add(step.span)?;
                }
                day.to_zoned(zone.clone())?
            }
        };
        for step in steps {
            at = at.checked_add(step.span)?;
        }
        Ok(at)
    }
}

impl Base {
    fn day(self, today: Date) -> Result<Option<Date>, jiff::Error> {
        let month = |month: i8| date(today.year(), month, 1);
        Ok(match self {
            Self::Now => None,
            Self::Today => Some(today),
            Self::Week => Some(today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days())?),
            Self::Month => Some(month(today.month())),
            Self::Quarter => Some(month((today.month() - 1) / 3 * 3 + 1)),
            Self::Year => Some(month(1)),
        })
    }
}

impl Step {
    /// Reads `- 7d` at the head of a text; gives what follows it.
    fn read(text: &str) -> Result<(Self, &str), String> {
        let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(rest), _) => (1, rest),
            (_, Some(rest)) => (-1, rest),
            (None, None) => return Err(format!("has `{text}` where `+` or `-` is wanted")),
        };
        let (digits, rest) = split(rest.trim_start(), |c| c.is_ascii_digit());
        let (unit, rest) = split(rest, char::is_alphabetic);
        let count = digits.parse::<i64>().map(|count| sign * count);
        let count = count.map_err(|_| format!("wants a number and a unit after `+` or `-`; {UNITS}"))?;
        let (span, is_calendar) = match unit {
            "m" | "min" | "minute" | "minutes" => (Span::new().try_minutes(count), false),
            "h" | "hour" | "hours" => (Span::new().try_hours(count), false),
            "d" | "day" | "days" => (Span::new().try_days(count), true),
            "w" | "week" | "weeks" => (Span::new().try_weeks(count), true),
            "mo" | "month" | "months" => (Span::new().try_months(count), true),
            "y" | "year" | "years" => (Span::new().try_years(count), true),
            "" => return Err(format!("counts {count} of nothing; {UNITS}")),
            other => return Err(format!("counts in `{other}`; {UNITS}")),
        };
        let span = span.map_err(|_| "leads out of the calendar".to_owned())?;
        Ok((Self { span, is_calendar }, rest))
    }
}

/// The head of a text that `is_part`, and what follows it without the blanks between.
fn split(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    let (head, rest) = text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()));
    (head, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use jiff::{Timestamp, tz::TimeZone};

    fn at(text: &str, now: &str, zone: &str) -> String {
        let now: Timestamp = now.parse().expect(now);
        let moment = Moment::parse(text).expect("words").expect(text);
        let at = moment.at(now, &TimeZone::get(zone).expect(zone)).expect(text);
        at.strftime("%Y-%m-%d %H:%M%:z").to_string()
    }

    #[test]
    fn words_are_days_and_instants_of_a_zone() {
        // 08:30 on Saturday in Seoul, still Friday in UTC.
        let now = "2026-11-20T23:30:00Z";
        let cases = [
            ("now", "2026-11-21 08:30+09:00"),
            ("now - 1h", "2026-11-21 07:30+09:00"),
            ("now+90min", "2026-11-21 10:00+09:00"),
            ("today", "2026-11-21 00:00+09:00"),
            ("today - 7d", "2026-11-14 00:00+09:00"),
            ("today-1day", "2026-11-20 00:00+09:00"),
            ("today - 1w + 2 h", "2026-11-14 02:00+09:00"),
            ("week_start", "2026-11-16 00:00+09:00"),
            ("month_start - 1mo", "2026-10-01 00:00+09:00"),
            ("month_start + 1mo - 1d", "2026-11-30 00:00+09:00"),
            ("quarter_start", "2026-10-01 00:00+09:00"),
            ("year_start - 1y", "2025-01-01 00:00+09:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(at(text, now, "Asia/Seoul"), expected, "{text}");
        }
        assert_eq!(at("today", now, "UTC"), "2026-11-20 00:00+00:00");
        assert_eq!(at("today - 1mo", "2026-03-31T12:00:00Z", "UTC"), "2026-02-28 00:00+00:00");
    }

    #[test]
    fn a_day_begins_at_its_first_instant_and_hours_are_real() {
        // Midnight does not exist on 2018-11-04 in Sao Paulo.
        let skipped = "2018-11-04T15:00:00Z";
        assert_eq!(at("today", skipped, "America/Sao_Paulo"), "2018-11-04 01:00-02:00");
        assert_eq!(at("today - 1d", skipped, "America/Sao_Paulo"), "2018-11-03 00:00-03:00");
        // The clock of Berlin goes from 02:00 to 03:00 on 2026-03-29.
        let spring = "2026-03-29T10:00:00Z";
        assert_eq!(at("now - 12h", spring, "Europe/Berlin"), "2026-03-28 23:00+01:00");
        assert_eq!(at("now - 1d", spring, "Europe/Berlin"), "2026-03-28 12:00+01:00");
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let problem = |text| Moment::parse(text).expect("words").expect_err(text);
        assert_eq!(problem("toady - 7d"), "begins with no word that is known; did you mean `today`?");
        assert_eq!(problem("today 7d"), "has `7d` where `+` or `-` is wanted");
        assert_eq!(
            problem("today - d"),
            "wants a number and a unit after `+` or `-`; a unit is `m`, `h`, `d`, `w`, `mo` or `y`"
        );
        assert_eq!(problem("today - 7"), "counts -7 of nothing; a unit is `m`, `h`, `d`, `w`, `mo` or `y`");
        assert_eq!(problem("now - 7s"), "counts in `s`; a unit is `m`, `h`, `d`, `w`, `mo` or `y`");
        assert_eq!(problem("today - 99999999d"), "leads out of the calendar");
        assert!(Moment::parse("2026-11-20").is_none());
        let far = Moment::parse("today - 9000y").expect("words").expect("reads");
        assert!(far.at("0001-01-01T00:00:00Z".parse().expect("a time"), &TimeZone::UTC).is_ok());
        let farther = Moment::parse("today - 13000y").expect("words").expect("reads");
        assert!(farther.at("2026-01-01T00:00:00Z".parse().expect("a time"), &TimeZone::UTC).is_err());
    }
}
