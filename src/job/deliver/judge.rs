//! What the answers of a channel mean: for each message, and for the channel.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::channel::{DeliveryError, Retry};
use crate::message::Receipt;
use crate::store::{Condition, Settlement, Trouble, Waiting};

/// What a channel answered.
pub(super) type Answer = Result<Receipt, DeliveryError>;

/// The first wait before trying again; it doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait before trying a message again.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);
/// How many rounds may fail in a row before the channel is left alone for a while.
const STRIKES: u32 = 3;
/// The longest time a channel is left alone for passing circumstances: what is decided meanwhile waits as long.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a channel that is itself at fault is left alone; it doubles with each probe.
const FIRST_PROBE: Duration = Duration::from_secs(5 * 60);
/// The longest time a channel that is itself at fault is left alone.
const LONGEST_PROBE: Duration = Duration::from_secs(30 * 60);

/// What an answer means for the message.
pub(super) fn settle(answer: &Answer, waiting: &Waiting, now: Timestamp, chance: f64) -> Settlement {
    let DeliveryError { retry, problem } = match answer {
        Ok(receipt) => return Settlement::Delivered { at: now, receipt: receipt.clone() },
        Err(error) => error.clone(),
    };
    let unsure = retry == Retry::Repeat;
    let floor = match retry {
        Retry::Never => return Settlement::Dead { at: now, problem, unsure },
        Retry::Broken | Retry::Repeat => Duration::ZERO,
        Retry::After(floor) => floor.unwrap_or_default(),
    };
    let wait = floor + backoff(FIRST_WAIT, waiting.attempts, LONGEST_WAIT, chance);
    match later(now, wait) {
        at if at < waiting.expires => Settlement::Again { at, problem, unsure },
        _ => Settlement::Dead { at: now, problem, unsure },
    }
}

/// What the answers of one round mean for the channel, whose trouble was `before`; none for nothing new.
pub(super) fn learn(answers: &[&Answer], before: Option<&Trouble>, now: Timestamp, chance: f64) -> Option<Condition> {
    let strikes = before.map_or(0, |trouble| trouble.strikes) + 1;
    let trouble = |wait: Duration, broken: bool, problem: &str| {
        let since = before.map_or(now, |trouble| trouble.since);
        let until = later(now, wait);
        Some(Condition::Troubled(Trouble { since, until, strikes, broken, problem: problem.to_owned() }))
    };
    // Whoever names a time means everybody who writes to it.
    let floor = answers.iter().filter_map(|answer| match answer {
        Err(DeliveryError { retry: Retry::After(Some(floor)), problem }) => Some((floor, problem)),
        Err(_) | Ok(_) => None,
    });
    if let Some((floor, problem)) = floor.max_by_key(|(floor, _)| **floor) {
        return trouble(*floor, false, problem);
    }
    // A message refused for what it is was read by a channel that works.
    let failed = |retry: Retry| matches!(retry, Retry::After(_) | Retry::Repeat | Retry::Broken);
    if answers.iter().any(|answer| !answer.as_ref().is_err_and(|error| failed(error.retry))) {
        return before.map(|_| Condition::Works);
    }
    let first = answers.iter().find_map(|answer| answer.as_ref().err())?;
    match first.retry {
        Retry::Broken => {
            let wait = doubled(FIRST_PROBE, strikes - 1, LONGEST_PROBE);
            trouble(wait, true, &first.problem)
        }
        Retry::After(_) | Retry::Repeat if strikes < STRIKES => trouble(Duration::ZERO, false, &first.problem),
        Retry::After(_) | Retry::Repeat | Retry::Never => {
            trouble(backoff(FIRST_WAIT, strikes - STRIKES, LONGEST_PAUSE, chance), false, &first.problem)
        }
    }
}

/// Exponential, with full jitter so that what failed together does not try again together; never nothing.
fn backoff(first: Duration, attempts: u32, longest: Duration, chance: f64) -> Duration {
    doubled(first, attempts, longest).mul_f64(chance.clamp(0.0, 1.0)).max(Duration::from_millis(100))
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times)).min(longest)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{Answer, FIRST_WAIT, LONGEST_WAIT, backoff, later, learn, settle};
    use crate::channel::{DeliveryError, Retry};
    use crate::job::deliver::sample::{second, waiting};
    use crate::message::Receipt;
    use crate::store::{Condition, Settlement, Trouble, Waiting};

    fn failed(retry: Retry) -> Answer {
        Err(DeliveryError { retry, problem: format!("{retry:?}") })
    }

    fn after(seconds: u64) -> Answer {
        failed(Retry::After(Some(Duration::from_secs(seconds))))
    }

    #[test]
    fn an_answer_settles_its_message() {
        let ok: Answer = Ok(Receipt { reference: Some("1.2".into()), ..Receipt::default() });
        // The answer, how often it was tried before, and what becomes of it at 0 s with all the jitter there is.
        let cases = [
            (&ok, 0, "delivered"),
            (&failed(Retry::Never), 0, "dead"),
            (&failed(Retry::After(None)), 0, "again at 2"),
            (&failed(Retry::After(None)), 3, "again at 16"),
            (&after(30), 0, "again at 32"),
            (&failed(Retry::Broken), 1, "again at 4"),
            (&failed(Retry::Repeat), 1, "again at 4 as a repeat"),
            (&failed(Retry::Repeat), 20, "again at 600 as a repeat"),
            (&failed(Retry::After(None)), 30, "again at 600"),
            (&after(3600), 0, "dead"),
        ];
        for (answer, attempts, expected) in cases {
            let message = Waiting { attempts, expires: second(3600), ..waiting(1, "a") };
            let words = match settle(answer, &message, second(0), 1.0) {
                Settlement::Delivered { .. } => "delivered".to_owned(),
                Settlement::Again { at, unsure, .. } => {
                    let repeat = if unsure { " as a repeat" } else { "" };
                    format!("again at {}{repeat}", at.duration_since(second(0)).as_secs())
                }
                Settlement::Dead { .. } => "dead".to_owned(),
                Settlement::Untried => "untried".to_owned(),
            };
            assert_eq!(words, expected, "{answer:?} after {attempts}");
        }
    }

    #[test]
    fn the_answers_of_a_round_say_how_the_channel_is() {
        let ok: Answer = Ok(Receipt::default());
        let (never, passing, broken) = (failed(Retry::Never), failed(Retry::After(None)), failed(Retry::Broken));
        let trouble = |strikes| {
            Some(Trouble { since: second(-60), until: second(0), strikes, broken: false, problem: "busy".into() })
        };
        let repeat = failed(Retry::Repeat);
        let cases: [(&[&Answer], Option<Trouble>, &str); 18] = [
            (&[], None, "nothing new"),
            (&[&ok], None, "nothing new"),
            (&[&ok], trouble(1), "works"),
            (&[&never], None, "nothing new"),
            (&[&never], trouble(5), "works"),
            (&[&ok, &passing], None, "nothing new"),
            (&[&broken, &ok], trouble(1), "works"),
            (&[&passing], None, "1 strikes, next at 0"),
            (&[&passing, &passing], trouble(1), "2 strikes, next at 0"),
            (&[&passing], trouble(2), "3 strikes, next at 2"),
            (&[&repeat], None, "1 strikes, next at 0"),
            (&[&repeat], trouble(2), "3 strikes, next at 2"),
            (&[&passing], trouble(40), "41 strikes, next at 30"),
            (&[&ok, &after(40)], None, "1 strikes, next at 40"),
            (&[&after(40), &after(50)], trouble(1), "2 strikes, next at 50"),
            (&[&broken], None, "1 strikes, next at 300, broken"),
            (&[&broken, &passing], trouble(1), "2 strikes, next at 600, broken"),
            (&[&broken], trouble(9), "10 strikes, next at 1800, broken"),
        ];
        for (answers, before, expected) in cases {
            let words = match learn(answers, before.as_ref(), second(0), 1.0) {
                None => "nothing new".to_owned(),
                Some(Condition::Works) => "works".to_owned(),
                Some(Condition::Troubled(trouble)) => {
                    assert_eq!(trouble.since, before.as_ref().map_or(second(0), |before| before.since));
                    let until = trouble.until.duration_since(second(0)).as_secs();
                    let broken = if trouble.broken { ", broken" } else { "" };
                    format!("{} strikes, next at {until}{broken}", trouble.strikes)
                }
            };
            assert_eq!(words, expected, "{answers:?} after {before:?}");
        }
    }

    #[test]
    fn waits_grow_to_a_ceiling_and_are_never_nothing() {
        let seconds = Duration::from_secs;
        let wait = |attempts, chance| backoff(FIRST_WAIT, attempts, LONGEST_WAIT, chance);
        assert_eq!(wait(0, 1.0), seconds(2));
        assert_eq!(wait(3, 1.0), seconds(16));
        assert_eq!(wait(3, 0.5), seconds(8));
        assert_eq!(wait(30, 1.0), LONGEST_WAIT);
        assert_eq!(wait(5, 0.0), Duration::from_millis(100));
        assert!(later(Timestamp::MAX, LONGEST_WAIT) == Timestamp::MAX);
    }
}
