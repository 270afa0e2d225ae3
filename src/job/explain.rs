//! Why a job told what it told, and when it will next: from what is kept, without its source.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Job;
use super::alert::next::{Next, next};
use crate::catalogue::Alert;
use crate::incident::{Health, HealthReason, News, Reason, Sighting, Why};
use crate::name::Name;
use crate::render::moment;
use crate::store::{Decision, Fate, Letter, Memory, Past, Pause, Skip};

mod report;

pub use report::explain_report;

/// Everything that is known of an alert or a report, in sentences.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What the last run found, and when the next is due.
    pub sentences: Vec<String>,
    /// The instant of the next run, when a schedule asks for one.
    pub due: Option<Timestamp>,
    /// For each channel of it.
    pub channels: Vec<Told>,
}

/// What there is to say of one channel.
#[derive(Clone, Debug)]
pub struct Told {
    /// The channel.
    pub channel: Name,
    /// Why it was told something or nothing by the last run, what it knows, and when it will next be told.
    pub sentences: Vec<String>,
    /// When it will next be told, if nothing changes and that can be known.
    pub next: Option<Timestamp>,
}

/// Explains an alert. `last` is its last run, `letters` what the outbox knows of it, `now` the time.
#[must_use]
pub fn explain(alert: &Alert, memory: &Memory, last: Option<&Past>, letters: &[Letter], now: Timestamp) -> Explanation {
    let (due, zone) = (alert.timing.next_after(now), &alert.timing.zone);
    let speaker = Speaker { alert };
    let mut sentences = vec![speaker.last(last)];
    sentences.push(match due {
        Some(due) => format!("It is due again at {}.", speaker.at(due)),
        None => "It has no schedule: it is judged by `rowcall check --notify`.".into(),
    });
    let mut channels: Vec<&Name> = alert.notify.iter().collect();
    channels.extend(alert.caretakers().iter().filter(|channel| !alert.notify.contains(channel)));
    let told = |channel: &Name| {
        let mine = last.into_iter().flat_map(|last| &last.decisions).filter(|(it, _)| it.channel == *channel);
        let mut sentences: Vec<String> =
            mine.filter(|(it, _)| it.key.is_none()).map(|(it, _)| speaker.decision(it)).collect();
        if sentences.is_empty() && last.is_some() {
            sentences.push("The last run had nothing to decide for it.".into());
        }
        sentences.extend(speaker.knows(memory, channel));
        sentences.extend(letters.iter().filter(|letter| letter.channel == *channel).map(|it| told_by(it, zone)));
        let mut instant = None;
        if alert.notify.contains(channel) {
            let next = next(alert, memory, channel, now);
            instant = next.instant();
            sentences.push(speaker.next(&next));
        }
        Told { channel: channel.clone(), sentences, next: instant }
    };
    Explanation { sentences, due, channels: channels.into_iter().map(told).collect() }
}

/// What there is to say of the schedule of a job: that it does not count, that it is paused, and the slot it had no run for
/// since `last`, its last run.
#[must_use]
pub fn of_schedule(job: Job<'_>, pause: Option<&Pause>, skip: Option<&Skip>, last: Option<Timestamp>) -> Vec<String> {
    let timing = job.timing();
    let at = |at| moment(at, &timing.zone);
    let mut sentences = Vec::new();
    if !timing.enabled {
        sentences.push("Its schedule does not count: `enabled` is false.".to_owned());
    }
    if let Some(skip) = skip.filter(|skip| last.is_none_or(|last| skip.slot > last)) {
        let many = if skip.count > 1 { format!(" and {} before it", skip.count - 1) } else { String::new() };
        sentences.push(format!("Its slot at {}{many} had no run: {}.", at(skip.slot), skip.reason));
    }
    if let Some(pause) = pause {
        let until = pause.until.map_or_else(|| "`rowcall resume`".to_owned(), at);
        let reason = pause.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        sentences.push(format!("It is paused until {until}, since {}, by {}{reason}.", at(pause.since), pause.who));
    }
    sentences
}

/// Says things of one alert, in its zone.
struct Speaker<'a> {
    alert: &'a Alert,
}

impl Speaker<'_> {
    fn at(&self, at: Timestamp) -> String {
        moment(at, &self.alert.timing.zone)
    }

    fn last(&self, last: Option<&Past>) -> String {
        let Some(last) = last else { return "It has not been judged yet.".into() };
        let at = self.at(last.slot.unwrap_or(last.started));
        match last.health {
            Health::Healthy => format!("It was last judged at {at}: {}: {}.", last.state.as_str(), last.note),
            Health::NoData => format!("At {at} there was nothing to judge: {}.", last.note),
            Health::Error => format!("At {at} it could not be judged: {}.", last.note),
        }
    }

    fn decision(&self, decision: &Decision) -> String {
        let why = match &decision.why {
            Why::Incident(reason) => self.incident(reason),
            Why::Health(reason) => self.health(reason),
            Why::Source(Sighting::Down) => "The last run told that the source is down.".into(),
            Why::Source(Sighting::Up) => "The last run told that the source answers again.".into(),
            Why::Report(posting) => report::posted(*posting).into(),
        };
        if self.alert.key.is_empty() || !matches!(decision.why, Why::Incident(_)) {
            return why;
        }
        let plural = if decision.count == 1 { "" } else { "s" };
        format!("{} instance{plural}: {why}", decision.count)
    }

    fn incident(&self, reason: &Reason) -> String {
        match reason {
            Reason::Began => "The last run told that an incident began.".into(),
            Reason::BeganAgain => "The last run told that an incident is over and another began.".into(),
            Reason::RepeatDue => "The last run told again that it fires: `repeat` had passed.".into(),
            Reason::Over => "The last run told that the incident is over.".into(),
            Reason::Quiet => "The last run had nothing to tell: nothing fires, and nothing is owed.".into(),
            Reason::Pending { until } => {
                format!("The last run told nothing: the rule holds, but `for` passes only at {}.", self.at(*until))
            }
            Reason::RepeatNotDue { until } => {
                format!("The last run told nothing: it fires, as was told; `repeat` passes at {}.", self.at(*until))
            }
            Reason::RepeatNever => {
                "The last run told nothing: it fires, as was told, and `repeat` is \"never\".".into()
            }
            Reason::Recovering { until } => {
                let until = self.at(*until);
                format!(
                    "The last run told nothing: the rule does not hold, but `keep_firing_for` passes only at {until}."
                )
            }
            Reason::ResolvedOff => "The last run told nothing: it is over, and `resolved` is false.".into(),
            Reason::Unjudged => {
                "The last run told nothing: it fires as far as is known, but nothing new was learned.".into()
            }
            Reason::Silenced { until } => {
                format!("The last run held back what it had to tell: silenced until {}.", self.at(*until))
            }
            Reason::Muted { until } => {
                format!("The last run held back what it had to tell: muted until {}.", self.at(*until))
            }
            Reason::Inhibited { by } => {
                format!("The last run held back what it had to tell: an incident of `{by}` is open.")
            }
        }
    }

    fn health(&self, reason: &HealthReason) -> String {
        match reason {
            HealthReason::Broke => "The last run told that the alert cannot be judged.".into(),
            HealthReason::Mended => "The last run told that the alert can be judged again.".into(),
            HealthReason::StillBroken => "It cannot be judged, as was told.".into(),
            HealthReason::SourceDown => {
                format!("It cannot be judged: source `{}` is down, which is told of the source.", self.alert.ask.source)
            }
            HealthReason::Silenced { until } => {
                format!("News of the alert's own health is held back: silenced until {}.", self.at(*until))
            }
            HealthReason::Muted { until } => {
                format!("News of the alert's own health is held back: muted until {}.", self.at(*until))
            }
            HealthReason::Fine => "The alert is judged, and nothing is owed.".into(),
        }
    }

    /// What the channel was last told of incidents.
    fn knows(&self, memory: &Memory, channel: &Name) -> Option<String> {
        let mine = || memory.told.iter().filter(|(name, _, _)| name == channel).map(|(_, _, told)| told);
        let newest = mine().max_by_key(|told| told.at)?;
        let firing = mine().filter(|told| told.news == News::Firing).count();
        let at = self.at(newest.at);
        Some(match (newest.news, self.alert.key.is_empty()) {
            (News::Firing, true) => format!("It was last told at {at} that it fires."),
            (News::Resolved, true) => format!("It was last told at {at} that it is over."),
            (News::Firing | News::Resolved, false) => {
                format!("It was last told something at {at}, and knows {firing} to fire.")
            }
        })
    }

    fn next(&self, next: &Next) -> String {
        match next {
            Next::Slot(slot) => format!("If nothing changes, it is told at {}.", self.at(*slot)),
            Next::ByHand(None) => "If nothing changes, it is told by the next `rowcall check --notify`.".into(),
            Next::ByHand(Some(from)) => {
                format!("If nothing changes, it is told by `rowcall check --notify` from {} on.", self.at(*from))
            }
            Next::AfterIncident(by) => format!("It is told by the first run after the incident of `{by}` is over."),
            Next::Change => "It is told when that changes.".into(),
            Next::Firing => "It is told when the rule holds.".into(),
        }
    }
}

/// What became of a message.
fn told_by(letter: &Letter, zone: &TimeZone) -> String {
    let at = |at| moment(at, zone);
    let what = match letter.message.kind.headword() {
        "" => format!("The message of {}", at(letter.created)),
        headword => format!("The message `{headword}` of {}", at(letter.created)),
    };
    match &letter.fate {
        Fate::Delivered { at: when } => format!("{what} was delivered at {}.", at(*when)),
        Fate::Dead { at: when, problem } => format!("{what} was given up at {}: {problem}.", at(*when)),
        Fate::Dropped { at: when, by } => format!("{what} was dropped at {} by {by}.", at(*when)),
        Fate::Waiting { next_attempt, problem: None } => {
            format!("{what} waits to be sent, from {} on.", at(*next_attempt))
        }
        Fate::Waiting { next_attempt, problem: Some(problem) } => {
            let tried = if letter.attempts == 1 { "once".into() } else { format!("{} times", letter.attempts) };
            format!("{what} waits, tried {tried}: {problem}; again at {}.", at(*next_attempt))
        }
    }
}
