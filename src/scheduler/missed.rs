//! Which slots that nobody ran are still to be run: decided from the last slot that is settled and the time.

use jiff::{SignedDuration, Timestamp};

use crate::catalogue::{Missed, Timing};
use crate::schedule::Schedule;

/// A slot is late rather than missed for this long: the beat of a crontab, and what a restart takes.
pub(super) const FRESH: SignedDuration = SignedDuration::from_mins(1);
/// Of more missed slots than this nobody wants to know how many.
const MOST_COUNTED: usize = 100;

/// What is to become of the slots of a job that are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    /// To be run, oldest first.
    pub(super) run: Vec<Timestamp>,
    /// The latest of those that are not run, and how many they are; at most a hundred are counted.
    pub(super) missed: Option<(Timestamp, u64)>,
}

/// Shares out the slots later than `last` and not later than `now`. At most one is late rather than missed: the latest, if
/// it is not older than a minute. What `missed` says is of the others.
pub(super) fn share(timing: &Timing, last: Timestamp, now: Timestamp) -> Slots {
    let Some(schedule) = timing.active() else { return Slots::default() };
    let window = match timing.missed {
        Missed::Skip => FRESH,
        Missed::Latest | Missed::All => {
            SignedDuration::try_from(timing.missed_window).unwrap_or(SignedDuration::MAX).max(FRESH)
        }
    };
    let after = now.checked_sub(window).map_or(last, |oldest| last.max(oldest));
    let run: Vec<Timestamp> = match timing.missed {
        Missed::Latest | Missed::Skip => latest(schedule, after, now).into_iter().collect(),
        Missed::All => schedule.due_between(after, now).collect(),
    };
    let until = run.first().map_or(now, |first| first.checked_sub(SignedDuration::from_micros(1)).unwrap_or(*first));
    let missed = latest(schedule, last, until);
    let count = |slot: Timestamp| schedule.due_between(last, slot).take(MOST_COUNTED).count() as u64;
    Slots { missed: missed.map(|slot| (slot, count(slot))), run }
}

/// The latest slot later than `after` and not later than `now`, found from its end: a week of seconds is not walked.
pub(super) fn latest(schedule: &Schedule, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let mut span = SignedDuration::from_secs(90);
    loop {
        let from = now.checked_sub(span).map_or(after, |from| from.max(after));
        let found = schedule.due_between(from, now).last();
        if found.is_some() || from <= after {
            return found;
        }
        span = span.saturating_mul(8);
    }
}

#[cfg(test)]
mod tests {
    use super::{latest, share};
    use crate::catalogue::{Missed, Overlap, Timing};
    use crate::schedule::Schedule;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use std::time::Duration;

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(n * 60).expect("in range")
    }

    fn timing(line: &str, missed: Missed, minutes: u64) -> Timing {
        Timing {
            schedule: Some(Schedule::parse(line, &TimeZone::UTC).expect("a line")),
            zone: TimeZone::UTC,
            enabled: true,
            missed,
            missed_window: Duration::from_secs(minutes * 60),
            overlap: Overlap::Skip,
            splay: Duration::ZERO,
            retries: 0,
            deadline: None,
        }
    }

    #[test]
    fn a_policy_chooses_among_missed_slots_within_the_window() {
        let cases = [
            (0, 35, Missed::Latest, 1440, vec![30], Some((20, 2))),
            (0, 35, Missed::Skip, 1440, vec![], Some((30, 3))),
            (0, 30, Missed::Skip, 1440, vec![30], Some((20, 2))),
            (0, 35, Missed::All, 1440, vec![10, 20, 30], None),
            (0, 35, Missed::All, 20, vec![20, 30], Some((10, 1))),
            (0, 30, Missed::Latest, 1440, vec![30], Some((20, 2))),
            (20, 30, Missed::Latest, 1440, vec![30], None),
            (30, 35, Missed::Latest, 1440, vec![], None),
            (0, 35, Missed::Latest, 4, vec![], Some((30, 3))),
            (0, 30, Missed::Latest, 0, vec![30], Some((20, 2))),
        ];
        for (last, now, policy, window, run, missed) in cases {
            let slots = share(&timing("*/10 * * * *", policy, window), minute(last), minute(now));
            let run: Vec<Timestamp> = run.into_iter().map(minute).collect();
            assert_eq!(slots.run, run, "{policy:?} {last}..{now}");
            assert_eq!(slots.missed, missed.map(|(slot, count)| (minute(slot), count)), "{policy:?} {last}..{now}");
        }
    }

    #[test]
    fn what_does_not_count_is_never_due() {
        let off = Timing { enabled: false, ..timing("* * * * *", Missed::All, 1440) };
        assert_eq!(share(&off, minute(0), minute(9)), super::Slots::default());
    }

    #[test]
    fn the_latest_slot_is_found_however_far_it_is() {
        for line in ["every 1s", "* * * * *", "0 3 * * *", "0 0 1 1 *"] {
            let schedule = Schedule::parse(line, &TimeZone::UTC).expect("a line");
            for hours in [1, 30, 24 * 40] {
                let (after, now) = (minute(0), minute(hours * 60 + 1));
                let walked = schedule.due_between(after, now).last();
                assert_eq!(latest(&schedule, after, now), walked, "{line}, {hours} hours");
            }
        }
    }
}
