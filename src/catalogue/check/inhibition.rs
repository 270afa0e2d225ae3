//! `unless`: which alerts hold back which.

use std::collections::BTreeMap;

use super::unknown;
use crate::catalogue::Alert;
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::name::Name;

/// Every `unless` as it was written; whom it names is known when all alerts were read.
#[derive(Default)]
pub(super) struct Inhibitions(Vec<(Name, Vec<Text>)>);

impl Inhibitions {
    /// Takes the `unless` of one alert.
    pub(super) fn read(&mut self, name: &Name, section: &Section<'_, '_>) {
        self.0.push((name.clone(), section.texts("unless").unwrap_or_default()));
    }

    /// Gives each alert the alerts it names. A name that nobody has is a mistake, and so are alerts that hold back each
    /// other: none of them would ever speak.
    pub(super) fn settle(self, top: &Section<'_, '_>, alerts: &mut BTreeMap<Name, Option<Box<Alert>>>) {
        let mut edges: BTreeMap<Name, Vec<(Name, &Text)>> = BTreeMap::new();
        for (alert, texts) in &self.0 {
            for text in texts {
                match alerts.keys().find(|name| name.as_str() == text.value) {
                    Some(other) => edges.entry(alert.clone()).or_default().push((other.clone(), text)),
                    None => top.report(unknown(text.span.clone(), "alert", &text.value, alerts.keys())),
                }
            }
        }
        for (alert, others) in &edges {
            for (other, text) in others.iter().filter(|(other, _)| reaches(&edges, other, alert)) {
                let title = match other == alert {
                    true => format!("`{alert}` holds back itself"),
                    false => format!("`{alert}` and `{other}` hold back each other"),
                };
                top.report(Problem::new(text.span.clone(), title).hint("leave one of the two out of `unless`"));
            }
        }
        for (name, alert) in alerts {
            if let Some(alert) = alert {
                let others = edges.get(name).into_iter().flatten();
                alert.unless = others.map(|(other, _)| other.clone()).collect();
            }
        }
    }
}

/// Whether a way of `unless` leads from one alert to another, or they are the same.
fn reaches(edges: &BTreeMap<Name, Vec<(Name, &Text)>>, from: &Name, to: &Name) -> bool {
    let (mut seen, mut ahead) = (vec![from], vec![from]);
    while let Some(name) = ahead.pop() {
        if name == to {
            return true;
        }
        for (next, _) in edges.get(name).into_iter().flatten() {
            if !seen.contains(&next) {
                seen.push(next);
                ahead.push(next);
            }
        }
    }
    false
}
