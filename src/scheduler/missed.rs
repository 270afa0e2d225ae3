//! Which slots that nobody ran are still to be run: decided from the last slot that was run and the time.

use jiff::{SignedDuration, Timestamp};

use crate::catalogue::Missed;
use crate::job::Job;
use crate::schedule::Schedule;
use crate::store::{Store, StoreError};

/// The slots of a job that were due and not run, as its catalogue entry wants them. A slot within `fresh` of `now` is due
/// rather than missed, and a job that no schedule has run yet begins with it.
pub(super) async fn of(
    job: Job<'_>,
    store: &dyn Store,
    fresh: SignedDuration,
    now: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let timing = job.timing();
    let Some(schedule) = &timing.schedule else { return Ok(Vec::new()) };
    let first = now.checked_sub(fresh).unwrap_or(now);
    let last = store.last_slot(&job.id().to_string()).await?.unwrap_or(first);
    let window = match timing.missed {
        Missed::Skip => fresh,
        Missed::Latest | Missed::All => SignedDuration::try_from(timing.missed_window).unwrap_or(SignedDuration::MAX),
    };
    Ok(slots(schedule, last, now, timing.missed, window))
}

/// The slots later than `last`, not older than `window` and not later than `now` that `policy` wants, oldest first.
fn slots(
    schedule: &Schedule,
    last: Timestamp,
    now: Timestamp,
    policy: Missed,
    window: SignedDuration,
) -> Vec<Timestamp> {
    let after = now.checked_sub(window).map_or(last, |oldest| last.max(oldest));
    let due = schedule.due_between(after, now);
    match policy {
        Missed::Latest | Missed::Skip => due.last().into_iter().collect(),
        Missed::All => due.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::slots;
    use crate::catalogue::Missed;
    use crate::schedule::Schedule;
    use jiff::tz::TimeZone;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_policy_chooses_among_missed_slots_within_the_window() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).expect("in range");
        let schedule = Schedule::parse("*/10 * * * *", &TimeZone::UTC).expect("a line");
        let minutes = SignedDuration::from_mins;
        let cases = [
            (0, 35, Missed::Latest, minutes(1440), vec![30]),
            (0, 35, Missed::Skip, minutes(1), vec![]),
            (0, 30, Missed::Skip, minutes(1), vec![30]),
            (0, 35, Missed::All, minutes(1440), vec![10, 20, 30]),
            (0, 35, Missed::All, minutes(20), vec![20, 30]),
            (0, 30, Missed::Latest, minutes(1440), vec![30]),
            (30, 35, Missed::Latest, minutes(1440), vec![]),
            (0, 35, Missed::Latest, minutes(4), vec![]),
        ];
        for (last, now, policy, window, expected) in cases {
            let expected: Vec<Timestamp> = expected.into_iter().map(at).collect();
            assert_eq!(slots(&schedule, at(last), at(now), policy, window), expected, "{policy:?} {last}..{now}");
        }
    }
}
