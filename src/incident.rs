//! The life of an incident, decided without clock or memory of its own.
//!
//! [`step`] moves one instance of an alert on by one verdict; [`reason`] and [`health_reason`] say, for one channel and
//! from what that channel was last told, why to speak or why not. Each reason is a named value: it is sent, stored and
//! explained by the same name. A [`Hold`] keeps back what would be said, never what is judged, and loses nothing: what
//! still fires when it ends is told then, and so is the end of what was told. Knows `name`, and `predicate` for the
//! verdict.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::name::Name;
use crate::predicate::Verdict;

pub use mute::{Mute, MuteError, MutePart, muted_until};
pub use why::{Posting, Why, Words};

mod mute;
mod why;

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
    /// When it was first told that it fires: what the thread of that message is named after.
    pub thread: Timestamp,
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

/// What keeps back the news of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// Nothing.
    #[default]
    Free,
    /// Nothing was learned of it by this run: that it fires is not told again, that it is over is.
    Unjudged,
    /// Someone silenced it.
    Silenced {
        /// When the silence ends.
        until: Timestamp,
    },
    /// A window of the catalogue's `mute`.
    Muted {
        /// When the window ends.
        until: Timestamp,
    },
    /// An incident is open of an alert that `unless` names.
    Inhibited {
        /// That alert.
        by: Name,
    },
}

/// Why a channel is told of an instance now, or why it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Speak: an incident began that this channel has not heard of.
    Began,
    /// Speak twice: the incident this channel heard of is over, and another began, both while news was held back.
    BeganAgain,
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
    /// Silent: there would be something to tell that it fires, but this run learned nothing of it.
    Unjudged,
    /// Silent: there would be something to tell, but someone silenced it.
    Silenced {
        /// When the silence ends.
        until: Timestamp,
    },
    /// Silent: there would be something to tell, but not at this hour.
    Muted {
        /// When the window ends.
        until: Timestamp,
    },
    /// Silent: there would be something to tell, but an incident of another alert is open that explains it.
    Inhibited {
        /// That alert.
        by: Name,
    },
}

impl Reason {
    /// Whether the channel is told something.
    #[must_use]
    pub fn speaks(&self) -> bool {
        matches!(self, Self::Began | Self::BeganAgain | Self::RepeatDue | Self::Over)
    }

    /// Whether there is something to tell that waits for the end of a hold.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Unjudged | Self::Silenced { .. } | Self::Muted { .. } | Self::Inhibited { .. })
    }
}

/// Asked once per channel after [`step`]: why to speak of `instance` to a channel that was last told `told`, or why not
/// to. A hold keeps back only what would be said: a reason to be silent stays what it is.
#[must_use]
pub fn reason(instance: &Instance, told: Option<&Told>, policy: &Policy, hold: &Hold, now: Timestamp) -> Reason {
    let due = due(instance, told, policy, now);
    match hold {
        _ if !due.speaks() => due,
        Hold::Free => due,
        Hold::Unjudged if due == Reason::Over => due,
        Hold::Unjudged => Reason::Unjudged,
        Hold::Silenced { until } => Reason::Silenced { until: *until },
        Hold::Muted { until } => Reason::Muted { until: *until },
        Hold::Inhibited { by } => Reason::Inhibited { by: by.clone() },
    }
}

/// The reason where nothing is held back.
fn due(instance: &Instance, told: Option<&Told>, policy: &Policy, now: Timestamp) -> Reason {
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
            (Some(told), _) if Some(told.began) != instance.began && policy.tell_resolved => Reason::BeganAgain,
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
    /// Silent: there would be something to tell, but someone silenced the alert.
    Silenced {
        /// When the silence ends.
        until: Timestamp,
    },
    /// Silent: there would be something to tell, but not at this hour.
    Muted {
        /// When the window ends.
        until: Timestamp,
    },
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
/// run saw of the source. An open incident of another alert explains no trouble with this one: it holds nothing back.
#[must_use]
pub fn health_reason(health: Health, told: Option<Health>, seen: Option<Sighting>, hold: &Hold) -> HealthReason {
    match (health_due(health, told, seen), hold) {
        (HealthReason::Broke | HealthReason::Mended, Hold::Silenced { until }) => {
            HealthReason::Silenced { until: *until }
        }
        (HealthReason::Broke | HealthReason::Mended, Hold::Muted { until }) => HealthReason::Muted { until: *until },
        (due, _) => due,
    }
}

/// The reason where nothing is held back.
fn health_due(health: Health, told: Option<Health>, seen: Option<Sighting>) -> HealthReason {
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
        Health, HealthReason, Hold, Instance, News, Policy, Reason, Repeat, Sighting, State, Told, health_reason,
        reason, step,
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
        let told = |news, began, at| Some(Told { news, began: minute(began), at: minute(at), thread: minute(began) });
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
            (firing, told(News::Firing, 1, 99), policy(), Reason::BeganAgain),
            (firing, told(News::Firing, 1, 99), Policy { tell_resolved: false, ..policy() }, Reason::Began),
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
            assert_eq!(reason(&instance, told.as_ref(), &policy, &Hold::Free, minute(100)), expected, "case {index}");
        }
    }

    #[test]
    fn a_hold_keeps_back_what_would_be_said_and_nothing_else() {
        let until = minute(130);
        let by = crate::name::Name::new("network").expect("a name");
        let (ok, firing) = (instance(State::Ok, 5, None), instance(State::Firing, 5, Some(5)));
        let told = Told { news: News::Firing, began: minute(5), at: minute(99), thread: minute(5) };
        let (never, due) = (None, Some(Told { at: minute(5), ..told }));
        let silenced = (Hold::Silenced { until }, Reason::Silenced { until });
        let muted = (Hold::Muted { until }, Reason::Muted { until });
        let inhibited = (Hold::Inhibited { by: by.clone() }, Reason::Inhibited { by });
        let unjudged = (Hold::Unjudged, Reason::Unjudged);
        for (hold, held) in [&silenced, &muted, &inhibited, &unjudged] {
            let why = |instance, told: Option<Told>| reason(&instance, told.as_ref(), &policy(), hold, minute(100));
            assert_eq!(why(firing, never), *held);
            assert_eq!(why(firing, due), *held);
            assert_eq!(why(firing, Some(Told { began: minute(1), ..told })), *held);
            assert_eq!(why(firing, Some(told)), Reason::RepeatNotDue { until: minute(159) }, "not held: not due");
            assert_eq!(why(ok, never), Reason::Quiet);
            let over = if *hold == Hold::Unjudged { &Reason::Over } else { held };
            assert_eq!(why(ok, Some(told)), *over);
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
            assert_eq!(health_reason(health, told, seen, &Hold::Free), expected);
        }
        let (until, knows) = (minute(9), Some(Health::Error));
        let silenced = |health, told| health_reason(health, told, None, &Hold::Silenced { until });
        assert_eq!(silenced(Health::Error, None), HealthReason::Silenced { until });
        assert_eq!(silenced(Health::Healthy, knows), HealthReason::Silenced { until });
        assert_eq!(silenced(Health::Error, knows), HealthReason::StillBroken);
        assert_eq!(health_reason(Health::Error, None, None, &Hold::Muted { until }), HealthReason::Muted { until });
        let by = crate::name::Name::new("network").expect("a name");
        assert_eq!(health_reason(Health::Error, None, None, &Hold::Inhibited { by }), HealthReason::Broke);
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        any::<u8>().prop_map(|n| match n % 3 {
            0 => Verdict::Firing,
            1 => Verdict::Ok,
            _ => Verdict::Unknown,
        })
    }

    fn hold() -> impl Strategy<Value = Hold> {
        any::<u8>().prop_map(|n| match n % 8 {
            0 => Hold::Silenced { until: minute(1) },
            1 => Hold::Muted { until: minute(1) },
            2 => Hold::Inhibited { by: crate::name::Name::new("other").expect("a name") },
            _ => Hold::Free,
        })
    }

    /// A channel that believes what it is told, and fails when that makes no sense.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Listener {
        told: Option<Told>,
        spoken: Vec<(News, Timestamp)>,
    }

    impl Listener {
        fn hear(&mut self, why: &Reason, instance: &Instance, policy: &Policy, now: Timestamp) {
            let knows = self.told.filter(|told| told.news == News::Firing);
            match why {
                Reason::Began => {
                    assert!(knows.is_none(), "what it knows to fire does not begin");
                    self.tell(News::Firing, instance.began.expect("began"), now);
                }
                Reason::BeganAgain => {
                    let last = knows.expect("no recovery without a firing told");
                    assert_ne!(Some(last.began), instance.began);
                    self.tell(News::Resolved, last.began, now);
                    self.tell(News::Firing, instance.began.expect("began"), now);
                }
                Reason::RepeatDue => {
                    let last = knows.expect("told before");
                    let Repeat::Every(length) = policy.repeat else { panic!("it repeats") };
                    assert!(now.duration_since(last.at).unsigned_abs() >= length, "twice within `repeat`");
                    self.tell(News::Firing, last.began, now);
                }
                Reason::Over => {
                    let last = knows.expect("no recovery without a firing told");
                    self.tell(News::Resolved, last.began, now);
                }
                Reason::Quiet | Reason::Pending { .. } => assert!(knows.is_none(), "it waits for the end"),
                Reason::RepeatNotDue { .. } => assert!(knows.is_some(), "it was told before"),
                Reason::Recovering { .. } => {}
                Reason::Unjudged | Reason::Silenced { .. } | Reason::Muted { .. } | Reason::Inhibited { .. } => {}
                Reason::RepeatNever | Reason::ResolvedOff => panic!("not in this policy"),
            }
        }

        fn tell(&mut self, news: News, began: Timestamp, at: Timestamp) {
            self.told = Some(Told { news, began, at, thread: began });
            self.spoken.push((news, began));
        }
    }

    proptest! {
        /// Whatever the verdicts and the holds: a recovery is told only after a firing of the same incident, a firing
        /// is never told twice within `repeat`, and an incident that was told never stays open once nothing holds back.
        #[test]
        fn what_a_channel_hears_makes_sense(
            minutes in proptest::collection::vec((verdict(), hold()), 1..200),
            hold in 0_u32..4, keep in 0_u32..4, repeat in 1_u32..6,
        ) {
            let policy = Policy {
                hold: hold * MINUTE, keep_firing: keep * MINUTE,
                repeat: Repeat::Every(repeat * MINUTE), tell_resolved: true,
            };
            let (mut previous, mut listener): (Option<Instance>, Listener) = (None, Listener::default());
            // At the end nothing holds back, and the rule does not hold for as long as anything may wait.
            let calm = std::iter::repeat_n((Verdict::Ok, Hold::Free), 6);
            for (now, (verdict, hold)) in (0..).map(minute).zip(minutes.into_iter().chain(calm)) {
                let hold = if hold == Hold::Free && verdict == Verdict::Unknown { Hold::Unjudged } else { hold };
                let instance = step(previous, verdict, &policy, now);
                let why = reason(&instance, listener.told.as_ref(), &policy, &hold, now);
                assert!(hold == Hold::Free || hold == Hold::Unjudged || !why.speaks(), "{hold:?} holds back {why:?}");
                listener.hear(&why, &instance, &policy, now);
                previous = Some(instance);
            }
            assert!(listener.told.is_none_or(|told| told.news == News::Resolved), "a recovery is owed");
            let begun = listener.spoken.iter().filter(|(news, _)| *news == News::Resolved);
            for resolved in begun {
                assert!(listener.spoken.contains(&(News::Firing, resolved.1)));
            }
        }
    }
}
