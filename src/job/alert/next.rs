//! When a channel will next be told of an alert, if nothing changes.

use jiff::{SignedDuration, Timestamp};

use super::hold::Holds;
use crate::catalogue::Alert;
use crate::incident::{Instance, Reason, State, Told, reason};
use crate::name::Name;
use crate::store::Memory;

/// When a channel will be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// By the run of this slot.
    Slot(Timestamp),
    /// By the first run by hand, at or after the instant if there is one.
    ByHand(Option<Timestamp>),
    /// When nothing of this alert is open any more.
    AfterIncident(Name),
    /// When what fires is over.
    Change,
    /// When something fires.
    Firing,
}

impl Next {
    /// The instant, when it is known.
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Slot(slot) => Some(*slot),
            Self::ByHand(from) => *from,
            Self::AfterIncident(_) | Self::Change | Self::Firing => None,
        }
    }
}

/// How often a wait may lead into another one: `repeat` into a silence, that into a muted hour, and so on.
const MOST_WAITS: usize = 8;

/// When `channel` will next be told of any instance, from `now` on.
#[must_use]
pub fn next(alert: &Alert, memory: &Memory, channel: &Name, now: Timestamp) -> Next {
    let told = |key: &str| {
        let mine = memory.told.iter().find(|(name, told_of, _)| name == channel && told_of == key);
        mine.map(|(_, _, told)| *told)
    };
    let (mut earliest, mut other) = (None, Next::Firing);
    for known in &memory.instances {
        match of_instance(alert, memory, &known.key, known.instance, told(&known.key), now) {
            Ok(at) => earliest = Some(earliest.map_or(at, |earliest: Timestamp| earliest.min(at))),
            Err(Next::Firing) => {}
            Err(why) => other = why,
        }
    }
    match earliest {
        None => other,
        Some(at) if alert.timing.schedule.is_some() => Next::Slot(at),
        Some(at) => Next::ByHand((at > now).then_some(at)),
    }
}

/// Which run will tell the channel of an instance: every wait leads to the first run at or after its end, where there
/// may be another one.
fn of_instance(
    alert: &Alert,
    memory: &Memory,
    key: &str,
    mut instance: Instance,
    told: Option<Told>,
    now: Timestamp,
) -> Result<Timestamp, Next> {
    let after = |instant: Timestamp| match &alert.timing.schedule {
        Some(schedule) => schedule.next_after(instant).ok_or(Next::Change),
        None => Ok(instant),
    };
    // A slot at the very end of a wait counts.
    let from =
        |end: Timestamp| after(end.checked_sub(SignedDuration::from_micros(1)).unwrap_or(end)).map(|at| at.max(end));
    let mut at = after(now)?;
    for _ in 0..MOST_WAITS {
        let hold = Holds::new(alert, memory, at).of_key(key);
        match reason(&instance, told.as_ref(), &alert.policy, &hold, at) {
            Reason::Began | Reason::BeganAgain | Reason::RepeatDue | Reason::Over => return Ok(at),
            Reason::Pending { until } => {
                at = from(until.max(at))?;
                instance = Instance { state: State::Firing, since: at, began: Some(at) };
            }
            Reason::Recovering { until } => {
                at = from(until.max(at))?;
                instance = Instance { state: State::Ok, since: at, began: None };
            }
            Reason::RepeatNotDue { until } | Reason::Silenced { until } | Reason::Muted { until } => at = from(until)?,
            Reason::Inhibited { by } => return Err(Next::AfterIncident(by)),
            Reason::RepeatNever => return Err(Next::Change),
            Reason::Quiet | Reason::ResolvedOff | Reason::Unjudged => return Err(Next::Firing),
        }
    }
    Ok(at)
}
