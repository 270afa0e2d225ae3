//! The HTML part of a mail: one table that any mail reader shows, in light and in dark.
//!
//! No script, no picture, no style sheet, nothing from elsewhere: a mail that loads nothing tells nobody that it was read.

use crate::channel::text;
use crate::message::{Excerpt, Kind, Message, Severity, one_line};

/// The largest page, in bytes: beyond 102,400 some readers show only the beginning.
const LARGEST: usize = 90_000;

/// The most columns of the table, and the most characters of one of their names.
const COLUMNS: usize = 40;
const NAME: usize = 60;

/// The most characters of one text; the rest is cut with `…`.
const LONGEST: usize = 500;

const FONT: &str = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:14px;line-height:1.5";
const MONO: &str = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px";
const CELL: &str = "padding:4px 12px 4px 0;border-bottom:1px solid #88888855;vertical-align:top";

/// The page of a message with at most `most` rows.
pub(super) fn page(message: &Message, most: usize) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\n\
         <body style=\"margin:0;padding:16px;{FONT}\">\n\
         <div style=\"max-width:600px;border-left:4px solid {colour};padding-left:16px\">\n\
         <p style=\"margin:0 0 8px;font-size:16px\"><b style=\"color:{colour}\">{head}</b> <b>{alert}</b><br>{summary}</p>\n",
        title = escaped(&message.headline()),
        colour = colour(message),
        head = message.kind.headword(),
        alert = escaped(&message.alert),
        summary = escaped(&one_line(&message.summary)),
    );
    if let Some(description) = &message.description {
        let lines: Vec<String> = description.lines().map(escaped).collect();
        page.push_str(&format!("<p style=\"margin:0 0 8px\">{}</p>\n", lines.join("<br>")));
    }
    page.push_str(&facts(message));
    let foot = foot(message);
    if let Some(excerpt) = message.excerpt.as_ref().filter(|excerpt| !excerpt.columns.is_empty()) {
        let room = LARGEST.saturating_sub(page.len() + foot.len());
        page.push_str(&rows(excerpt, most, room));
    }
    page + &foot
}

fn colour(message: &Message) -> &'static str {
    match (message.kind, message.severity) {
        (Kind::Resolved | Kind::Well | Kind::SourceUp, _) => "#2e9d5b",
        (Kind::Unwell | Kind::SourceDown, _) => "#8a7fb0",
        (Kind::Firing | Kind::Repeat, Severity::Critical) => "#d64545",
        (Kind::Firing | Kind::Repeat, Severity::Warning) => "#c98212",
        (Kind::Firing | Kind::Repeat, Severity::Info) => "#3b82c4",
    }
}

fn facts(message: &Message) -> String {
    let mut table = String::new();
    for (label, value) in message.facts.iter().take(20) {
        table.push_str(&format!(
            "<tr><td style=\"padding:0 16px 0 0;color:#888888\">{}</td><td>{}</td></tr>\n",
            escaped(label),
            escaped(value),
        ));
    }
    match table.is_empty() {
        true => table,
        false => format!("<table role=\"presentation\" cellspacing=\"0\" style=\"{FONT}\">\n{table}</table>\n"),
    }
}

/// The rows that fit `most` and `room` bytes, and how many do not.
fn rows(excerpt: &Excerpt, most: usize, room: usize) -> String {
    let shown = &excerpt.rows[..excerpt.rows.len().min(most)];
    let right: Vec<bool> = (0..excerpt.columns.len().min(COLUMNS))
        .map(|index| {
            let cells: Vec<_> = shown.iter().map(|row| row.get(index).and_then(Option::as_deref)).collect();
            text::is_numeric(&cells)
        })
        .collect();
    let align = |index: usize| if right[index] { "text-align:right" } else { "text-align:left" };
    let mut table =
        format!("<table cellspacing=\"0\" style=\"margin-top:12px;border-collapse:collapse;{MONO}\">\n<tr>");
    for (index, column) in excerpt.columns.iter().take(COLUMNS).enumerate() {
        let name: String = column.chars().take(NAME).collect();
        table.push_str(&format!("<th style=\"{CELL};{}\">{}</th>", align(index), escaped(&name)));
    }
    table.push_str("</tr>\n");
    let mut count = 0;
    for row in shown {
        let cells = (0..right.len()).map(|index| match row.get(index).and_then(Option::as_deref) {
            Some(cell) => format!("<td style=\"{CELL};{}\">{}</td>", align(index), escaped(cell)),
            None => format!("<td style=\"{CELL};{};color:#888888\">{}</td>", align(index), text::NULL),
        });
        let line = format!("<tr>{}</tr>\n", cells.collect::<String>());
        if table.len() + line.len() > room {
            break;
        }
        table.push_str(&line);
        count += 1;
    }
    table.push_str("</table>\n");
    let rows = text::more_rows(text::hidden(excerpt, count));
    let columns = excerpt.columns.len().saturating_sub(COLUMNS);
    for line in rows.into_iter().chain((columns > 0).then(|| format!("…{columns} more columns"))) {
        table.push_str(&format!("<p style=\"margin:4px 0 0;color:#888888\">{line}</p>\n"));
    }
    table
}

fn foot(message: &Message) -> String {
    let mut foot = String::new();
    if let Some(link) = &message.link {
        let shown = escaped(link);
        let followed = ["https://", "http://", "mailto:"].into_iter().any(|scheme| link.starts_with(scheme));
        let link = if followed { format!("<a href=\"{shown}\">{shown}</a>") } else { shown };
        foot.push_str(&format!("<p style=\"margin:12px 0 0\">{link}</p>\n"));
    }
    if let Some(command) = &message.command {
        foot.push_str(&format!("<p style=\"margin:12px 0 0;{MONO}\">{}</p>\n", escaped(command)));
    }
    foot + "</div>\n</body></html>\n"
}

/// `text` for the text and the attributes of a page, at most [`LONGEST`] characters of it.
fn escaped(text: &str) -> String {
    let shown = text::escaped(text);
    let mut safe = String::with_capacity(shown.len());
    for (index, c) in shown.chars().enumerate() {
        match c {
            _ if index == LONGEST => {
                safe.push('…');
                break;
            }
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::page;
    use crate::channel::sample::{hostile, low_stock};
    use crate::message::{Excerpt, Message};

    #[test]
    fn a_page_holds_everything() {
        let shown = page(&Message { link: Some("https://wiki.example.com/?a=1&b=\"2\"".into()), ..low_stock() }, 50);
        for part in [
            "<title>FIRING low_stock: 1 of 3 rows: on_hand &lt; 5</title>",
            "Stock that runs out this week",
            "since</td><td>2026-11-20 12:00:00 UTC",
            "text-align:left\">A-1</td>",
            "text-align:right\">3</td>",
            "<a href=\"https://wiki.example.com/?a=1&amp;b=&quot;2&quot;\">",
            "rowcall query low_stock</p>",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn a_page_stays_small_and_says_what_it_leaves_out() {
        let row = |n: usize| vec![Some(n.to_string()), Some("<&\">".repeat(200))];
        let columns = vec!["n".into(), "t".into()];
        let excerpt = Some(Excerpt { columns, rows: (0..200).map(row).collect(), more: 0 });
        let shown = page(&Message { excerpt, ..low_stock() }, 150);
        assert!(shown.len() < 100_000, "{}", shown.len());
        assert!(shown.contains(" more rows</p>"));
    }

    #[test]
    fn a_link_that_runs_something_is_only_text() {
        let shown = page(&Message { link: Some("javascript:alert(1)".into()), ..low_stock() }, 50);
        assert!(!shown.contains("href") && shown.contains("javascript:alert(1)"));
    }

    proptest! {
        #[test]
        fn no_row_can_write_a_tag(message in hostile()) {
            let shown = page(&message, 50);
            assert!(shown.len() < 102_400);
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            for tag in ["<script", "<img", "<a href=\"x", "<!channel"] {
                assert!(!shown.contains(tag), "{tag}");
            }
            let tags = |name: &str| shown.matches(name).count();
            let excerpt = message.excerpt.as_ref().map_or(0, |excerpt| excerpt.rows.len());
            assert!(tags("<tr") <= message.facts.len() + 1 + excerpt);
            assert_eq!(tags("<"), shown.matches('>').count());
        }
    }
}
