//! The hours of the week in which an alert is not told.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// One window: on some days, between two times of the wall clock.
///
/// A window that ends at or before its beginning ends on the next day; the days are those it begins on. Where a change
/// of the clock skips its beginning or its end, that lies as much later as the gap is long; where one comes twice, the
/// first pass counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
}

/// A window that cannot be read: what is wrong, and with which part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct MuteError {
    /// Which part.
    pub part: MutePart,
    /// What is wrong with it.
    pub problem: String,
}

/// A part of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutePart {
    /// The days it begins on.
    Days,
    /// The time it begins at.
    From,
    /// The time it ends at.
    To,
}

const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Mute {
    /// Reads a window: `days` such as `sat,sun` or `mon-fri`, every day when absent; `from` and `to` such as `22:00`,
    /// midnight when absent. `to` may be `24:00`.
    ///
    /// # Errors
    /// Names the part that cannot be read. A window as long as the whole week is an error too.
    pub fn parse(days: Option<&str>, from: Option<&str>, to: Option<&str>) -> Result<Self, MuteError> {
        let days = days.map_or_else(|| Ok(WEEK.map(|(_, day)| day).to_vec()), read_days)?;
        let from = from.map_or(Ok(Time::midnight()), |text| read_time(text, MutePart::From))?;
        let to = match to {
            None | Some("24:00") => Time::midnight(),
            Some(text) => read_time(text, MutePart::To)?,
        };
        if from == to && days.len() == WEEK.len() {
            let problem = "would never let the alert speak".to_owned();
            return Err(MuteError { part: MutePart::Days, problem });
        }
        Ok(Self { days, from, to })
    }

    /// When the window that `instant` lies in ends; none when it lies in none.
    fn end(&self, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(instant).date();
        let candidates = [today.yesterday().ok(), Some(today)];
        let ends =
            candidates.into_iter().flatten().filter(|day| self.days.contains(&day.weekday())).filter_map(|day| {
                let last = if self.to <= self.from { day.tomorrow().ok()? } else { day };
                let (begin, end) = (moment(day, self.from, zone)?, moment(last, self.to, zone)?);
                (begin <= instant && instant < end).then_some(end)
            });
        ends.max()
    }
}

/// When the windows that `instant` lies in let the alert speak again, adjoining windows taken together; none when it
/// lies in none.
#[must_use]
pub fn muted_until(mutes: &[Mute], instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let longest = |at: Timestamp| mutes.iter().filter_map(|mute| mute.end(at, zone)).max();
    let horizon = instant.checked_add(24.hours() * 14).unwrap_or(Timestamp::MAX);
    let mut until = longest(instant)?;
    // Windows that cover the whole week between them have no end.
    while let Some(later) = longest(until).filter(|_| until < horizon) {
        until = later;
    }
    Some(until)
}

fn moment(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(time)).ok()
}

fn read_time(text: &str, part: MutePart) -> Result<Time, MuteError> {
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = text.split_once(':').filter(|(hour, minute)| digits(hour) && digits(minute));
    let read = read.and_then(|(hour, minute)| Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok());
    read.ok_or_else(|| MuteError { part, problem: format!("cannot be `{text}`: it is a time such as 22:00") })
}

/// `sat,sun`, `mon-fri`, `fri-mon`.
fn read_days(text: &str) -> Result<Vec<Weekday>, MuteError> {
    let place = |word: &str| {
        let word = word.trim().to_lowercase();
        WEEK.iter().position(|(day, _)| *day == word).ok_or_else(|| MuteError {
            part: MutePart::Days,
            problem: format!("has no day called `{word}`: write days as mon, tue, wed, thu, fri, sat, sun"),
        })
    };
    let mut days = Vec::new();
    for item in text.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (place(first)?, place(last)?);
        let length = (last + WEEK.len() - first) % WEEK.len();
        days.extend((0..=length).map(|step| WEEK[(first + step) % WEEK.len()].1));
    }
    days.sort_unstable_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::{Mute, MutePart, muted_until};
    use jiff::tz::TimeZone;
    use jiff::{Timestamp, civil};

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("known")
    }

    fn until(mutes: &[Mute], at: &str, zone: &TimeZone) -> Option<String> {
        let at: civil::DateTime = at.parse().expect("a time");
        let until = muted_until(mutes, zone.to_timestamp(at).expect("in range"), zone);
        until.map(|until| zone.to_datetime(until).strftime("%a %m-%d %H:%M").to_string())
    }

    fn mute(days: Option<&str>, from: Option<&str>, to: Option<&str>) -> Mute {
        Mute::parse(days, from, to).expect("reads")
    }

    #[test]
    fn windows_of_the_week() {
        let weekend = mute(Some("sat,sun"), None, None);
        let night = mute(None, Some("22:00"), Some("07:00"));
        let friday_night = mute(Some("FRI"), Some("22:00"), Some("07:00"));
        let office = mute(Some("mon-fri"), Some("09:00"), Some("18:00"));
        let over_the_week = mute(Some("sun-mon"), None, Some("24:00"));
        // 2026-11-20 is a Friday.
        let cases = [
            (vec![&weekend], "2026-11-20T23:59:59", None),
            (vec![&weekend], "2026-11-21T00:00", Some("Mon 11-23 00:00")),
            (vec![&weekend], "2026-11-22T23:59", Some("Mon 11-23 00:00")),
            (vec![&night], "2026-11-20T21:59", None),
            (vec![&night], "2026-11-20T22:00", Some("Sat 11-21 07:00")),
            (vec![&night], "2026-11-21T06:59", Some("Sat 11-21 07:00")),
            (vec![&night], "2026-11-21T07:00", None),
            (vec![&night, &weekend], "2026-11-20T22:30", Some("Mon 11-23 07:00")),
            (vec![&friday_night], "2026-11-21T06:00", Some("Sat 11-21 07:00")),
            (vec![&friday_night], "2026-11-22T06:00", None),
            (vec![&office], "2026-11-20T12:00", Some("Fri 11-20 18:00")),
            (vec![&office], "2026-11-21T12:00", None),
            (vec![&over_the_week], "2026-11-22T12:00", Some("Tue 11-24 00:00")),
            (vec![], "2026-11-22T12:00", None),
        ];
        for (mutes, at, expected) in cases {
            let mutes: Vec<Mute> = mutes.into_iter().cloned().collect();
            assert_eq!(until(&mutes, at, &zone("Asia/Seoul")).as_deref(), expected, "{at}");
        }
    }

    #[test]
    fn a_change_of_the_clock_moves_what_it_skips_and_counts_the_first_pass() {
        let berlin = zone("Europe/Berlin");
        let early = [mute(None, Some("01:00"), Some("02:30"))];
        assert_eq!(until(&early, "2026-03-29T01:30", &berlin).as_deref(), Some("Sun 03-29 03:30"), "02:30 is skipped");
        let night = [mute(None, Some("22:00"), Some("07:00"))];
        let begin: Timestamp = "2026-10-24T22:00:00+02:00".parse().expect("a time");
        let end = muted_until(&night, begin, &berlin).expect("muted");
        assert_eq!(end.duration_since(begin).as_hours(), 10, "the night of the change is an hour longer");
        let first: Timestamp = "2026-10-25T02:29:00+02:00".parse().expect("a time");
        let second: Timestamp = "2026-10-25T02:10:00+01:00".parse().expect("a time");
        assert!(muted_until(&early, first, &berlin).is_some());
        assert!(muted_until(&early, second, &berlin).is_none(), "it ended at the first 02:30");
    }

    #[test]
    fn windows_that_cover_the_week_still_give_an_instant() {
        let halves = [mute(None, Some("00:00"), Some("12:00")), mute(None, Some("12:00"), Some("00:00"))];
        assert_eq!(until(&halves, "2026-11-20T06:00", &TimeZone::UTC).as_deref(), Some("Fri 12-04 12:00"));
    }

    #[test]
    fn what_is_no_window_is_named() {
        let wrong = |days, from, to| Mute::parse(days, from, to).expect_err("wrong").part;
        assert_eq!(wrong(Some("sat,sunn"), None, None), MutePart::Days);
        assert_eq!(wrong(Some(""), None, None), MutePart::Days);
        assert_eq!(wrong(None, Some("25:00"), None), MutePart::From);
        assert_eq!(wrong(None, Some("+1:00"), None), MutePart::From);
        assert_eq!(wrong(None, Some("22:00"), Some("7:00")), MutePart::To);
        assert_eq!(wrong(None, Some("24:00"), None), MutePart::From);
        assert_eq!(wrong(None, None, None), MutePart::Days, "nothing would ever be told");
    }
}
