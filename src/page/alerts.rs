//! How alerts stand, as a report tells it: a line for each.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::incident::{Health, State};
use crate::render::moment;
use crate::table::Table;
use crate::value::Value;

/// How an alert stood when it was last judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertLine {
    /// Its name.
    pub alert: String,
    /// What the catalogue says of it.
    pub description: Option<String>,
    /// How loud it is: `warning`.
    pub severity: &'static str,
    /// Its health and the gravest state of its instances; none when it was never judged.
    pub judged: Option<(Health, State)>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How many of its instances fire.
    pub firing: usize,
}

impl AlertLine {
    /// The one word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.judged {
            None => "not judged",
            Some((Health::Error, _)) => "error",
            Some((Health::NoData, _)) => "no data",
            Some((Health::Healthy, state)) => state.as_str(),
        }
    }

    /// Whether there is nothing to tell of it.
    #[must_use]
    pub fn is_well(&self) -> bool {
        matches!(self.judged, None | Some((Health::Healthy, State::Ok)))
    }

    /// A mark that is read without colour.
    pub(super) fn mark(&self) -> &'static str {
        match self.judged {
            None => "–",
            Some((Health::Error | Health::NoData, _)) => "?",
            Some((Health::Healthy, State::Firing)) => "!",
            Some((Health::Healthy, State::Pending | State::Recovering)) => "~",
            Some((Health::Healthy, State::Ok)) => "✓",
        }
    }
}

/// The same as rows.
pub(super) fn table(alerts: &[AlertLine], zone: &TimeZone) -> Table {
    let row = |alert: &AlertLine| {
        let text = |text: &str| Value::Text(text.to_owned().into());
        let since = alert.since.map_or(Value::Null, |since| text(&moment(since, zone)));
        let firing = Value::Int(i64::try_from(alert.firing).unwrap_or(i64::MAX));
        vec![text(&alert.alert), text(alert.word()), since, text(alert.severity), firing]
    };
    let rows: Vec<Vec<Value<'_>>> = alerts.iter().map(row).collect();
    Table::of(&["alert", "state", "since", "severity", "firing"], &rows)
}
