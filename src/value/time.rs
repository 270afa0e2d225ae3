//! Dates and times of databases: wider than any calendar library, with infinities and years before Christ.
//!
//! Days and microseconds count from 1970-01-01. Printing is PostgreSQL's ISO style. Two values are equal when they
//! name the same moment; how many digits of a fraction the database prints does not matter for that.

use std::cmp::Ordering;
use std::fmt;

/// Microseconds in a day.
pub const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;
const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;

/// A calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Date {
    /// Before every other date.
    NegativeInfinity,
    /// Days since 1970-01-01, Gregorian throughout.
    Days(i32),
    /// After every other date.
    Infinity,
}

/// A time of day, or in MySQL a signed length of up to 838 hours.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Microseconds since midnight.
    pub micros: i64,
    /// Seconds east of UTC, for `time with time zone`.
    pub offset: Option<i32>,
    /// How many digits of the fraction are printed, 0 to 6.
    pub scale: u8,
}

/// A date and time.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp {
    /// Microseconds since 1970-01-01 00:00 (UTC when there is an offset, else on the wall clock); `i64::MIN` and
    /// `i64::MAX` are the infinities.
    pub micros: i64,
    /// Seconds east of UTC to print it at; present for `timestamp with time zone`.
    pub offset: Option<i32>,
    /// How many digits of the fraction are printed, 0 to 6.
    pub scale: u8,
}

/// A length of time, its three parts kept apart as PostgreSQL keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Whole months.
    pub months: i32,
    /// Whole days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl Date {
    /// The date of a year (0 is 1 BC), month and day; none when the calendar has no such day.
    #[must_use]
    pub fn from_civil(year: i32, month: u32, day: u32) -> Option<Self> {
        let days = days_from_civil(year.into(), month, day);
        let same = (1..=12).contains(&month) && civil_from_days(days) == (year.into(), month, day);
        same.then(|| i32::try_from(days).ok().map(Self::Days)).flatten()
    }
}

impl Time {
    /// A time of day whose fraction is printed without trailing zeros.
    #[must_use]
    pub fn new(micros: i64, offset: Option<i32>) -> Self {
        Self { micros, offset, scale: shortest_scale(micros) }
    }

    /// What two times are compared by: the moment on a day in UTC.
    fn instant(self) -> i64 {
        self.micros - i64::from(self.offset.unwrap_or(0)) * SECOND
    }
}

impl Timestamp {
    /// Later than every other timestamp.
    pub const INFINITY: i64 = i64::MAX;
    /// Earlier than every other timestamp.
    pub const NEGATIVE_INFINITY: i64 = i64::MIN;

    /// A timestamp whose fraction is printed without trailing zeros.
    #[must_use]
    pub fn new(micros: i64, offset: Option<i32>) -> Self {
        Self { micros, offset, scale: shortest_scale(micros) }
    }

    /// RFC 3339 with a `T`, and with `Z` or an offset when there is one; the infinities keep PostgreSQL's words. There an
    /// offset has no seconds, as zones had long ago: the same instant is then written at the whole minute.
    #[must_use]
    pub fn to_rfc3339(mut self) -> String {
        self.offset = self.offset.map(|offset| offset - offset % 60);
        let mut text = self.to_string();
        if !matches!(self.micros, Self::INFINITY | Self::NEGATIVE_INFINITY) {
            if let Some(space) = text.find(' ') {
                text.replace_range(space..=space, "T");
            }
            if let Some(offset) = self.offset {
                let printed = Offset(offset).to_string();
                let end = text.rfind(&printed).expect("an offset is printed");
                text.replace_range(end..end + printed.len(), &Rfc3339Offset(offset).to_string());
            }
        }
        text
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant().cmp(&other.instant())
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros && self.offset.is_some() == other.offset.is_some()
    }
}

impl Eq for Timestamp {}

/// How many digits a fraction needs when trailing zeros are dropped.
fn shortest_scale(micros: i64) -> u8 {
    let mut fraction = micros.rem_euclid(SECOND);
    if fraction == 0 {
        return 0;
    }
    let mut scale = 6;
    while fraction % 10 == 0 {
        fraction /= 10;
        scale -= 1;
    }
    scale
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; year 0 is 1 BC.
#[must_use]
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year (0 is 1 BC), month and day of a count of days since 1970-01-01.
#[must_use]
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |n: i64| u32::try_from(n).expect("a month or a day");
    (year, small(month), small(day))
}

/// `YYYY-MM-DD`, and whether ` BC` belongs at the very end.
fn write_days(f: &mut fmt::Formatter<'_>, days: i64) -> Result<bool, fmt::Error> {
    let (year, month, day) = civil_from_days(days);
    let before_christ = year <= 0;
    let shown = if before_christ { 1 - year } else { year };
    write!(f, "{shown:04}-{month:02}-{day:02}")?;
    Ok(before_christ)
}

fn write_clock(f: &mut fmt::Formatter<'_>, micros: i64, scale: u8) -> fmt::Result {
    if micros < 0 {
        f.write_str("-")?;
    }
    let micros = micros.unsigned_abs();
    let [hour, minute, second] = [HOUR, MINUTE, SECOND].map(|unit| micros / unit.unsigned_abs());
    write!(f, "{hour:02}:{:02}:{:02}", minute % 60, second % 60)?;
    if scale == 0 {
        return Ok(());
    }
    let digits = format!("{:06}", micros % SECOND.unsigned_abs());
    write!(f, ".{}", &digits[..usize::from(scale.min(6))])
}

/// `+09`, `+05:30` or `-00:01:15`, as PostgreSQL prints an offset.
struct Offset(i32);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.unsigned_abs();
        write!(f, "{}{:02}", if self.0 < 0 { '-' } else { '+' }, seconds / 3600)?;
        if !seconds.is_multiple_of(3600) {
            write!(f, ":{:02}", seconds / 60 % 60)?;
        }
        if !seconds.is_multiple_of(60) {
            write!(f, ":{:02}", seconds % 60)?;
        }
        Ok(())
    }
}

/// `Z` or `+09:00`.
struct Rfc3339Offset(i32);

impl fmt::Display for Rfc3339Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.unsigned_abs();
        match seconds {
            0 => f.write_str("Z"),
            _ => write!(f, "{}{:02}:{:02}", if self.0 < 0 { '-' } else { '+' }, seconds / 3600, seconds / 60 % 60),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NegativeInfinity => f.write_str("-infinity"),
            Self::Infinity => f.write_str("infinity"),
            Self::Days(days) => match write_days(f, (*days).into())? {
                true => f.write_str(" BC"),
                false => Ok(()),
            },
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_clock(f, self.micros, self.scale)?;
        self.offset.map_or(Ok(()), |offset| write!(f, "{}", Offset(offset)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.micros {
            Self::INFINITY => return f.write_str("infinity"),
            Self::NEGATIVE_INFINITY => return f.write_str("-infinity"),
            _ => {}
        }
        let local = self.micros + i64::from(self.offset.unwrap_or(0)) * SECOND;
        let before_christ = write_days(f, local.div_euclid(DAY))?;
        f.write_str(" ")?;
        write_clock(f, local.rem_euclid(DAY), self.scale)?;
        if let Some(offset) = self.offset {
            write!(f, "{}", Offset(offset))?;
        }
        if before_christ { f.write_str(" BC") } else { Ok(()) }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut empty = true;
        let mut negative = false;
        let units = [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")];
        for (count, unit) in units.into_iter().filter(|(count, _)| *count != 0) {
            let space = if empty { "" } else { " " };
            let sign = if negative && count > 0 { "+" } else { "" };
            write!(f, "{space}{sign}{count} {unit}{}", if count == 1 { "" } else { "s" })?;
            negative = count < 0;
            empty = false;
        }
        if self.micros == 0 && !empty {
            return Ok(());
        }
        if !empty {
            f.write_str(if negative && self.micros > 0 { " +" } else { " " })?;
        }
        write_clock(f, self.micros, shortest_scale(i64::try_from(self.micros.unsigned_abs()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, Date, Interval, Time, Timestamp, civil_from_days, days_from_civil};

    #[test]
    fn civil_dates_and_days_agree_over_two_eras() {
        let mut expected = days_from_civil(-401, 1, 1);
        for year in -401..=400 {
            for month in 1..=12 {
                for day in 1..=28 {
                    let days = days_from_civil(year, month, day);
                    assert!(days >= expected, "{year}-{month}-{day}");
                    expected = days;
                    assert_eq!(civil_from_days(days), (year, month, day));
                }
            }
        }
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        assert_eq!(Date::from_civil(2023, 2, 29), None);
    }

    #[test]
    fn dates_and_timestamps_print_as_postgres_prints_them() {
        let date = |y, m, d| Date::from_civil(y, m, d).expect("a date").to_string();
        assert_eq!(date(2026, 11, 20), "2026-11-20");
        assert_eq!(date(-43, 3, 15), "0044-03-15 BC");
        assert_eq!(date(12_345, 1, 1), "12345-01-01");
        assert_eq!(Date::Infinity.to_string(), "infinity");
        let noon = 20_777 * DAY + DAY / 2;
        assert_eq!(Timestamp::new(noon, None).to_string(), "2026-11-20 12:00:00");
        assert_eq!(Timestamp::new(noon + 1_500, Some(19_800)).to_string(), "2026-11-20 17:30:00.0015+05:30");
        assert_eq!(Timestamp::new(Timestamp::NEGATIVE_INFINITY, None).to_string(), "-infinity");
        assert_eq!(Timestamp { micros: noon, offset: None, scale: 6 }.to_string(), "2026-11-20 12:00:00.000000");
    }

    #[test]
    fn timestamps_in_json_are_rfc_3339() {
        let noon = 20_777 * DAY + DAY / 2;
        assert_eq!(Timestamp::new(noon, Some(0)).to_rfc3339(), "2026-11-20T12:00:00Z");
        assert_eq!(Timestamp::new(noon, Some(32_400)).to_rfc3339(), "2026-11-20T21:00:00+09:00");
        assert_eq!(Timestamp::new(noon, None).to_rfc3339(), "2026-11-20T12:00:00");
        assert_eq!(Timestamp::new(noon, Some(30_472)).to_rfc3339(), "2026-11-20T20:27:00+08:27");
        assert_eq!(Timestamp::new(noon, Some(-30)).to_rfc3339(), "2026-11-20T12:00:00Z");
    }

    #[test]
    fn times_and_intervals_print_as_postgres_prints_them() {
        assert_eq!(Time::new(-838 * 3_600_000_000, None).to_string(), "-838:00:00");
        assert_eq!(Time::new(DAY / 2, Some(-18_000)).to_string(), "12:00:00-05");
        let interval = |months, days, micros| Interval { months, days, micros }.to_string();
        assert_eq!(interval(0, 0, 0), "00:00:00");
        assert_eq!(interval(14, 3, 14_706_789_000), "1 year 2 mons 3 days 04:05:06.789");
        assert_eq!(interval(-1, 1, 1_000_000), "-1 mons +1 day 00:00:01");
        assert_eq!(interval(0, -1, 1_000_000), "-1 days +00:00:01");
    }
}
