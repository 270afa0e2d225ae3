//! The life of an incident, decided without clock or memory of its own.
//!
//! [`step`] moves one instance of an alert on by one verdict; [`reason`] and [`health_reason`] say, for one channel and
//! from what that channel was last told, why to speak or why not. Each reason is a named value: it is sent, stored and
//! explained by the same name. Knows `predicate` for the verdict.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::predicate::Verdict;

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The rule does not hold.
    Ok,
    /// The rule holds, not yet for as long as `for` asks.
    Pending,
    /// An incident is open, but the rule no longer holds; not yet for as long as `keep_firing_for` asks.
    Recovering,
    /// An incident is open and the rule holds.
    Firing,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Pending, Self::Recovering, Self::Firing];

    /// The word of the store and of the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Recovering => "recovering",
            Self::Firing => "firing",
        }
    }

    /// Reads [`State::as_str`].
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Whether an alert can be judged at all: an axis of its own beside the states of its instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It was judged.
    #[default]
    Healthy,
    /// Its query answered, but there was nothing to judge.
    NoData,
    /// Its query failed, took too long, or gave what the rule cannot be asked about.
    Error,
}

impl Health {
    /// Every health.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::NoData, Self::Error];

    /// The word of the store and of the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::NoData => "no_data",
            Self::Error => "error",
        }
    }

    /// Reads [`Health::as_str`].
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.as_str() == word)
    }
}

/// What is remembered of one instance between evaluations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// When the open incident began; none while the instance is `ok` or `pending`.
    pub began: Option<Timestamp>,
}

/// How often an open incident is told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// At the first evaluation at or after this long since the channel was last told.
    Every(Duration),
    /// Once is enough.
    Never,
}

/// What the catalogue says of an alert's incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `for`: how long the rule must hold before an incident opens.
    pub hold: Duration,
    /// `keep_firing_for`: how long the rule must not hold before it closes.
    pub keep_firing: Duration,
    /// `repeat`.
    pub repeat: Repeat,
    /// `resolved`: whether the end of an incident is told.
    pub tell_resolved: bool,
}

/// Moves an instance on by one verdict. An unknown verdict changes nothing.
#[must_use]
pub fn step(previous: Option<Instance>, verdict: Verdict, policy: &Policy, now: Timestamp) -> Instance {
    let was = previous.unwrap_or(Instance { state: State::Ok, since: now, began: None });
    let enter = |state, began| Instance { state, since: now, began };
    match (verdict, was.state) {
        (Verdict::Unknown, _) | (Verdict::Firing, State::Firing) | (Verdict::Ok, State::Ok) => was,
        (Verdict::Firing, State::Ok) if policy.hold.is_zero() => enter(State::Firing, Some(now)),
        (Verdict::Firing, State::Ok) => enter(State::Pending, None),
        (Verdict::Firing, State::Pending) if passed(was.since, policy.hold, now) => enter(State::Firing, Some(now)),
        (Verdict::Firing, State::Pending) => was,
        (Verdict::Firing, State::Recovering) => enter(State::Firing, was.began),
        (Verdict::Ok, State::Pending) => enter(State::Ok, None),
        (Verdict::Ok, State::Firing) if policy.keep_firing.is_zero() => enter(State::Ok, None),
        (Verdict::Ok, State::Firing) => enter(State::Recovering, was.began),
        (Verdict::Ok, State::Recovering) if passed(was.since, policy.keep_firing, now) => enter(State::Ok, None),
        (Verdict::Ok, State::Recovering) => was,
    }
}

/// What a channel was last told of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// That it fires, or that it no longer does.
    pub news: News,
    /// When the incident began that this was about.
    pub began: Timestamp,
    /// When this was decided.
    pub at: Timestamp,
}

/// The two things that can be told of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It fires.
    Firing,
    /// It no longer does.
    Resolved,
}

impl News {
    /// The word of the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }

    /// Reads [`News::as_str`].
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Firing, Self::Resolved].into_iter().find(|news| news.as_str() == word)
    }
}

/// Why a channel is told of an instance now, or why it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Speak: an incident began that this channel has not heard of.
    Began,
    /// Speak: it still fires and `repeat` has passed.
    RepeatDue,
    /// Speak: the incident this channel heard of is over.
    Over,
    /// Silent: nothing fires, nothing is owed.
    Quiet,
    /// Silent: the rule holds, `for` has not passed.
    Pending {
        /// When it will have.
        until: Timestamp,
    },
    /// Silent: told already, `repeat` has not passed.
    RepeatNotDue {
        /// When it will have.
        until: Timestamp,
    },
    /// Silent: told already, and `repeat` is `"never"`.
    RepeatNever,
    /// Silent: it no longer fires, `keep_firing_for` has not passed.
    Recovering {
        /// When it will have.
        until: Timestamp,
    },
    /// Silent: over, and `resolved` is `false`.
    ResolvedOff,
}

/// Asked once per channel after [`step`]: why to speak of `instance` to a channel that was last told `told`.
#[must_use]
pub fn reason(instance: &Instance, told: Option<&Told>, policy: &Policy, now: Timestamp) -> Reason {
    let owed = told.filter(|told| told.news == News::Firing);
    match instance.state {
        State::Ok | State::Pending if owed.is_some() => {
            if policy.tell_resolved {
                Reason::Over
            } else {
                Reason::ResolvedOff
            }
        }
        State::Ok => Reason::Quiet,
        State::Pending => Reason::Pending { until: later(instance.since, policy.hold) },
        State::Recovering => Reason::Recovering { until: later(instance.since, policy.keep_firing) },
        State::Firing => match (owed, policy.repeat) {
            (None, _) => Reason::Began,
            (Some(told), _) if Some(told.began) != instance.began => Reason::Began,
            (Some(_), Repeat::Never) => Reason::RepeatNever,
            (Some(told), Repeat::Every(length)) if passed(told.at, length, now) => Reason::RepeatDue,
            (Some(told), Repeat::Every(length)) => Reason::RepeatNotDue { until: later(told.at, length) },
        },
    }
}

/// Why a channel is told of an alert's health now, or why it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthReason {
    /// Speak: the alert cannot be judged, and this channel has not heard so.
    Broke,
    /// Speak: it can be judged again, and this channel had heard that it could not.
    Mended,
    /// Silent: it cannot be judged, as this channel knows.
    StillBroken,
    /// Silent: its source cannot be reached, which is told of the source and not of each of its alerts.
    SourceDown,
    /// Silent: it is judged, and nothing is owed.
    Fine,
}

/// What a run saw of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// It cannot be reached, or lets nobody in.
    Down,
    /// It answered, be it by refusing the statement.
    Up,
}

impl Sighting {
    /// The word of the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}

/// Asked once per channel: why to speak of an alert's health to a channel that was last told `told`. `seen` is what the
/// run saw of the source.
#[must_use]
pub fn health_reason(health: Health, told: Option<Health>, seen: Option<Sighting>) -> HealthReason {
    let knows_trouble = matches!(told, Some(Health::NoData | Health::Error));
    match (health, knows_trouble) {
        (Health::Healthy, true) => HealthReason::Mended,
        (Health::Healthy, false) => HealthReason::Fine,
        (Health::NoData | Health::Error, true) => HealthReason::StillBroken,
        (Health::NoData | Health::Error, false) if seen == Some(Sighting::Down) => HealthReason::SourceDown,
        (Health::NoData | Health::Error, false) => HealthReason::Broke,
    }
}

fn passed(since: Timestamp, length: Duration, now: Timestamp) -> bool {
    now >= later(since, length)
}

/// `instant + length`, at the end of time when that is later.
fn later(instant: Timestamp, length: Duration) -> Timestamp {
    SignedDuration::try_from(length).ok().and_then(|length| instant.checked_add(length).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::{
        Health, HealthReason, Instance, News, Policy, Reason, Repeat, Sighting, State, Told, health_reason, reason,
        step,
    };
    use crate::predicate::Verdict;
    use jiff::Timestamp;
    use proptest::prelude::{Strategy, any, proptest};
    use std::time::Duration;

    const MINUTE: Duration = Duration::from_secs(60);

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(n * 60).expect("in range")
    }

    fn policy() -> Policy {
        Policy {
            hold: Duration::ZERO,
            keep_firing: Duration::ZERO,
            repeat: Repeat::Every(60 * MINUTE),
            tell_resolved: true,
        }
    }

    fn instance(state: State, since: i64, began: Option<i64>) -> Instance {
        Instance { state, since: minute(since), began: began.map(minute) }
    }

    #[test]
    fn an_instance_steps_by_verdict() {
        let slow = Policy { hold: 5 * MINUTE, keep_firing: 5 * MINUTE, ..policy() };
        let (ok, pending) = (instance(State::Ok, 0, None), instance(State::Pending, 6, None));
        let (firing, recovering) = (instance(State::Firing, 6, Some(6)), instance(State::Recovering, 6, Some(1)));
        let now = instance(State::Ok, 10, None);
        let cases = [
            (None, Verdict::Ok, policy(), now),
            (None, Verdict::Unknown, policy(), now),
            (None, Verdict::Firing, policy(), instance(State::Firing, 10, Some(10))),
            (None, Verdict::Firing, slow, instance(State::Pending, 10, None)),
            (Some(ok), Verdict::Ok, policy(), ok),
            (Some(pending), Verdict::Firing, slow, pending),
            (
                Some(pending),
                Verdict::Firing,
                Policy { hold: 4 * MINUTE, ..slow },
                instance(State::Firing, 10, Some(10)),
            ),
            (Some(pending), Verdict::Unknown, slow, pending),
            (Some(pending), Verdict::Ok, slow, now),
            (Some(firing), Verdict::Firing, policy(), firing),
            (Some(firing), Verdict::Unknown, policy(), firing),
            (Some(firing), Verdict::Ok, policy(), now),
            (Some(firing), Verdict::Ok, slow, instance(State::Recovering, 10, Some(6))),
            (Some(recovering), Verdict::Firing, slow, instance(State::Firing, 10, Some(1))),
            (Some(recovering), Verdict::Ok, slow, recovering),
            (Some(recovering), Verdict::Ok, Policy { keep_firing: 4 * MINUTE, ..slow }, now),
        ];
        for (index, (previous, verdict, policy, expected)) in cases.into_iter().enumerate() {
            assert_eq!(step(previous, verdict, &policy, minute(10)), expected, "case {index}");
        }
    }

    #[test]
    fn a_channel_is_told_for_a_named_reason() {
        let told = |news, began, at| Some(Told { news, began: minute(began), at: minute(at) });
        let (ok, firing) = (instance(State::Ok, 5, None), instance(State::Firing, 5, Some(5)));
        let cases = [
            (ok, None, policy(), Reason::Quiet),
            (ok, told(News::Resolved, 1, 2), policy(), Reason::Quiet),
            (ok, told(News::Firing, 1, 2), policy(), Reason::Over),
            (ok, told(News::Firing, 1, 2), Policy { tell_resolved: false, ..policy() }, Reason::ResolvedOff),
            (instance(State::Pending, 99, None), told(News::Firing, 1, 2), policy(), Reason::Over),
            (
                instance(State::Pending, 99, None),
                None,
                Policy { hold: 5 * MINUTE, ..policy() },
                Reason::Pending { until: minute(104) },
            ),
            (firing, None, policy(), Reason::Began),
            (firing, told(News::Resolved, 1, 2), policy(), Reason::Began),
            (firing, told(News::Firing, 1, 99), policy(), Reason::Began),
            (firing, told(News::Firing, 5, 40), policy(), Reason::RepeatDue),
            (firing, told(News::Firing, 5, 41), policy(), Reason::RepeatNotDue { until: minute(101) }),
            (firing, told(News::Firing, 5, 1), Policy { repeat: Repeat::Never, ..policy() }, Reason::RepeatNever),
            (
                instance(State::Recovering, 99, Some(5)),
                told(News::Firing, 5, 1),
                Policy { keep_firing: MINUTE, ..policy() },
                Reason::Recovering { until: minute(100) },
            ),
        ];
        for (index, (instance, told, policy, expected)) in cases.into_iter().enumerate() {
            assert_eq!(reason(&instance, told.as_ref(), &policy, minute(100)), expected, "case {index}");
        }
    }

    #[test]
    fn trouble_and_its_end_are_told_once() {
        let cases = [
            (Health::Healthy, None, Some(Sighting::Up), HealthReason::Fine),
            (Health::Healthy, Some(Health::Healthy), Some(Sighting::Up), HealthReason::Fine),
            (Health::Healthy, Some(Health::Error), Some(Sighting::Up), HealthReason::Mended),
            (Health::Error, None, Some(Sighting::Up), HealthReason::Broke),
            (Health::Error, None, None, HealthReason::Broke),
            (Health::Error, None, Some(Sighting::Down), HealthReason::SourceDown),
            (Health::Error, Some(Health::Error), Some(Sighting::Down), HealthReason::StillBroken),
            (Health::NoData, Some(Health::Healthy), Some(Sighting::Up), HealthReason::Broke),
            (Health::Error, Some(Health::NoData), Some(Sighting::Up), HealthReason::StillBroken),
        ];
        for (health, told, seen, expected) in cases {
            assert_eq!(health_reason(health, told, seen), expected);
        }
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        any::<u8>().prop_map(|n| match n % 3 {
            0 => Verdict::Firing,
            1 => Verdict::Ok,
            _ => Verdict::Unknown,
        })
    }

    proptest! {
        /// Whatever the verdicts: a recovery is told only after a firing of the same incident, a firing is never told
        /// twice within `repeat`, and an incident that is over never stays untold.
        #[test]
        fn what_a_channel_hears_makes_sense(
            verdicts in proptest::collection::vec(verdict(), 1..200),
            hold in 0_u32..4, keep in 0_u32..4, repeat in 1_u32..6,
        ) {
            let policy = Policy {
                hold: hold * MINUTE, keep_firing: keep * MINUTE,
                repeat: Repeat::Every(repeat * MINUTE), tell_resolved: true,
            };
            let (mut previous, mut told): (Option<Instance>, Option<Told>) = (None, None);
            for (now, verdict) in (0..).map(minute).zip(verdicts) {
                let instance = step(previous, verdict, &policy, now);
                match reason(&instance, told.as_ref(), &policy, now) {
                    Reason::Began => {
                        assert!(told.is_none_or(|told| told.news == News::Resolved));
                        told = Some(Told { news: News::Firing, began: instance.began.expect("began"), at: now });
                    }
                    Reason::RepeatDue => {
                        let last = told.expect("told before");
                        assert!(now.duration_since(last.at).unsigned_abs() >= repeat * MINUTE);
                        told = Some(Told { at: now, ..last });
                    }
                    Reason::Over => {
                        let last = told.expect("told before");
                        assert_eq!(last.news, News::Firing);
                        told = Some(Told { news: News::Resolved, at: now, ..last });
                    }
                    Reason::Quiet | Reason::Pending { .. } => {
                        assert!(told.is_none_or(|told| told.news == News::Resolved));
                    }
                    Reason::RepeatNotDue { .. } | Reason::Recovering { .. } => assert!(told.is_some()),
                    Reason::RepeatNever | Reason::ResolvedOff => panic!("not in this policy"),
                }
                previous = Some(instance);
            }
        }
    }
}
