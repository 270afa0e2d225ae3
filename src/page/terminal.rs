//! A page as text for a terminal, and for whoever reads text: crontab's mail, chat without blocks.

use jiff::tz::TimeZone;

use super::{AlertLine, Content, Page, Section, Trouble, more};
use crate::chart::{self, Screen};
use crate::render::{Format, Options, listing, moment, visible, whole};
use crate::table::Table;

/// The whole page; tables are clipped to `width` columns where one is given, charts drawn on `screen` where there is one, and
/// told in rows elsewhere.
#[must_use]
pub fn terminal(page: &Page, width: Option<usize>, screen: Option<Screen>) -> String {
    let mut text = format!("{}\n", visible(&page.title));
    for line in page.description.iter().flat_map(|description| description.lines()) {
        text.push_str(&format!("{}\n", visible(line)));
    }
    let facts = page.facts.iter().map(|(name, value)| format!(", {name} = {}", visible(value)));
    text.push_str(&format!("{}{}\n", page.moment(), facts.collect::<String>()));
    for part in &page.sections {
        text.push('\n');
        text.push_str(&section(part, &page.zone, width, screen));
    }
    if let Some(link) = &page.link {
        text.push_str(&format!("\nlink: {}\n", visible(link)));
    }
    text
}

/// One section, ends with a newline.
fn section(section: &Section, zone: &TimeZone, width: Option<usize>, screen: Option<Screen>) -> String {
    let mut text = section.title.as_ref().map_or_else(String::new, |title| format!("## {}\n", visible(title)));
    match &section.content {
        Content::Table(table) => text.push_str(&rows(&section.written(table), width)),
        Content::Chart(spec, table) => {
            let drawn = screen.and_then(|screen| chart::terminal(table, spec, zone, screen).ok());
            text.push_str(&drawn.unwrap_or_else(|| rows(table, width)));
        }
        Content::Value(figure, _) => {
            text.push_str(&figure.value);
            if let Some(change) = &figure.change {
                text.push_str(&format!("   {}", change.text()));
            }
            text.push('\n');
        }
        Content::Text(prose) => prose.plain().lines().for_each(|line| {
            text.push_str(&visible(line));
            text.push('\n');
        }),
        Content::Alerts(alerts) => text.push_str(&standings(alerts, zone)),
        Content::Trouble(trouble) => text.push_str(&problem(trouble)),
    }
    text
}

fn rows(table: &Table, width: Option<usize>) -> String {
    let options = Options { width, ..Options::default() };
    let out = whole(Format::Table, &options, table).expect("memory takes everything");
    let mut text = String::from_utf8(out).expect("a table is text");
    text.extend(more(table).map(|more| more + "\n"));
    text
}

fn standings(alerts: &[AlertLine], zone: &TimeZone) -> String {
    let row = |alert: &AlertLine| {
        let since = alert.since.map_or_else(String::new, |since| moment(since, zone));
        vec![alert.alert.clone(), alert.word().to_owned(), since, alert.severity.to_owned()]
    };
    let rows: Vec<Vec<String>> = alerts.iter().map(row).collect();
    listing(&["alert", "state", "since", "severity"], &rows)
}

fn problem(trouble: &Trouble) -> String {
    let mut text = String::from("this part failed: ");
    for (index, line) in trouble.problem.lines().enumerate() {
        text.push_str(if index > 0 { "\n  " } else { "" });
        text.push_str(&visible(line));
    }
    text.push('\n');
    text.extend(trouble.hint.iter().map(|hint| format!("  next: {}\n", visible(hint))));
    text
}
