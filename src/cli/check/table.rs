//! For people at a terminal: one line for each alert, then the rows that were asked for.

use super::account::Account;
use crate::channel::{excerpt_lines, preview};
use crate::render::listing;

pub(super) fn report(account: &Account<'_>) -> String {
    let row = |line: &super::account::Line<'_>| {
        let severity = line.alert.severity.to_string();
        vec![line.alert.name.to_string(), line.state().to_owned(), severity, line.why().to_owned()]
    };
    let rows: Vec<Vec<String>> = account.lines.iter().map(row).collect();
    let mut text = if rows.is_empty() { String::new() } else { listing(&["alert", "state", "severity", "why"], &rows) };
    for line in &account.lines {
        if let Some(sample) = &line.checked.sample {
            text.push_str(&format!("\n{}\n", line.alert.name));
            text.extend(excerpt_lines(sample, usize::MAX).iter().map(|row| format!("  {row}\n")));
        }
    }
    if account.dry_run {
        text.push_str(&unsent(account));
    }
    text
}

/// What a run that is not dry would send, and where.
fn unsent(account: &Account<'_>) -> String {
    let mut text = match account.messages.len() {
        0 => "\nno message would be sent\n".to_owned(),
        1 => "\n1 message would be sent:\n".to_owned(),
        many => format!("\n{many} messages would be sent:\n"),
    };
    for outgoing in &account.messages {
        text.push_str(&format!("\nto channel `{}`:\n", outgoing.channel));
        let channel = account.catalogue.channels.get(&outgoing.channel);
        text.push_str(&preview(&outgoing.message, channel.is_some_and(|channel| channel.settings.carries_files())));
    }
    text
}
