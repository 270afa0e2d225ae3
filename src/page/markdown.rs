//! A page in Markdown, for an issue, a wiki or a pull request.

use super::{AlertLine, Content, Page, Section, Trouble, more};
use crate::render::{Format, Options, moment, push_markdown, whole};
use crate::table::Table;

/// The whole page.
#[must_use]
pub fn markdown(page: &Page) -> String {
    let mut text = String::from("# ");
    push_markdown(&mut text, &page.title);
    text.push('\n');
    for line in page.description.iter().flat_map(|description| description.lines()) {
        text.push('\n');
        push_markdown(&mut text, line);
        text.push('\n');
    }
    text.push_str(&format!("\n{}", page.moment()));
    for (name, value) in &page.facts {
        text.push_str(", ");
        push_markdown(&mut text, &format!("{name} = {value}"));
    }
    text.push('\n');
    for part in &page.sections {
        text.push('\n');
        section(&mut text, page, part);
    }
    if let Some(link) = &page.link {
        text.push_str(&format!("\n<{link}>\n"));
    }
    text
}

fn section(text: &mut String, page: &Page, section: &Section) {
    if let Some(title) = &section.title {
        text.push_str("## ");
        push_markdown(text, title);
        text.push_str("\n\n");
    }
    match &section.content {
        Content::Table(table) => rows(text, &section.written(table)),
        Content::Chart(_, table) => rows(text, table),
        Content::Value(figure, _) => {
            text.push_str("**");
            push_markdown(text, &figure.value);
            text.push_str("**");
            if let Some(change) = &figure.change {
                text.push(' ');
                push_markdown(text, &change.text());
            }
            text.push('\n');
        }
        Content::Text(prose) => {
            text.push_str(prose.source().trim());
            text.push('\n');
        }
        Content::Alerts(alerts) => standings(text, page, alerts),
        Content::Trouble(trouble) => problem(text, trouble),
    }
}

fn rows(text: &mut String, table: &Table) {
    let out = whole(Format::Markdown, &Options::default(), table).expect("memory takes everything");
    text.push_str(&String::from_utf8(out).expect("a table is text"));
    text.extend(more(table).map(|more| format!("\n{more}\n")));
}

fn standings(text: &mut String, page: &Page, alerts: &[AlertLine]) {
    text.push_str("| alert | state | since | severity |\n| --- | --- | --- | --- |\n");
    for alert in alerts {
        text.push_str("| ");
        push_markdown(text, &alert.alert);
        let since = alert.since.map_or_else(String::new, |since| moment(since, &page.zone));
        text.push_str(&format!(" | {} | {since} | {} |\n", alert.word(), alert.severity));
    }
}

fn problem(text: &mut String, trouble: &Trouble) {
    text.push_str("**This part failed.** ");
    for (index, line) in trouble.problem.lines().chain(trouble.hint.iter().flat_map(|hint| hint.lines())).enumerate() {
        text.push_str(if index > 0 { "  \n" } else { "" });
        push_markdown(text, line);
    }
    text.push('\n');
}
