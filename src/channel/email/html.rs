//! The HTML part of a mail: one table that any mail reader shows, in light and in dark.
//!
//! No script, no style sheet, nothing from elsewhere: a mail that loads nothing tells nobody that it was read. Pictures are
//! parts of the mail itself.

use crate::channel::text;
use crate::message::{Content, Excerpt, Message, Picture, Section, Severity, Tone, ascii, one_line};

/// The largest page, in bytes: beyond 102,400 some readers show only the beginning.
const LARGEST: usize = 90_000;

/// The most columns of the table, and the most characters of one of their names.
const COLUMNS: usize = 40;
const NAME: usize = 60;

/// The most characters of one text; the rest is cut with `…`.
const LONGEST: usize = 500;

/// The most characters of a text of several lines.
const PARAGRAPH: usize = 4000;

/// The most remarks.
const REMARKS: usize = 20;

/// The widest picture, in pixels: as wide as the page.
const WIDEST: u32 = 584;

const FONT: &str = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:14px;line-height:1.5";
const MONO: &str = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px";
const CELL: &str = "padding:4px 12px 4px 0;border-bottom:1px solid #88888855;vertical-align:top";

const QUIET: &str = "color:#888888";

/// What the end of a table takes at most, with what is said of rows and columns that are not there.
const END: usize = 200;

/// The page of a message with at most `most` rows in each table. Below it stand `remarks` of the mail.
pub(super) fn page(message: &Message, most: usize, remarks: &[String]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\n\
         <body style=\"margin:0;padding:16px;{FONT}\">\n\
         <div style=\"max-width:600px;border-left:4px solid {colour};padding-left:16px\">\n\
         <p style=\"margin:0 0 8px;font-size:16px\">{head}</p>\n",
        title = escaped(&message.headline()),
        colour = colour(message.tone()),
        head = head(message),
    );
    if let Some(text) = message.words().text {
        page.push_str(&paragraph(text));
    }
    page.push_str(&facts(message));
    let foot = foot(message, remarks);
    let room = LARGEST.saturating_sub(foot.len());
    if let Some(excerpt) = message.excerpt.as_ref().filter(|excerpt| !excerpt.columns.is_empty()) {
        // What follows may need as much.
        let share = room.saturating_sub(page.len()) / if message.sections.is_empty() { 1 } else { 2 };
        page.push_str(&rows(excerpt, most, share));
    }
    page.push_str(&parts(message, most, room.saturating_sub(page.len())));
    page + &foot
}

/// The sections in `room` bytes: where it is too little, the longest give way until all of them are there.
fn parts(message: &Message, most: usize, room: usize) -> String {
    let whole: Vec<String> = message.sections.iter().map(|section| part(message, section, most, usize::MAX)).collect();
    let share = share(whole.iter().map(String::len).collect(), room);
    let fitting = |(section, whole): (&Section, String)| match whole.len() <= share {
        true => whole,
        false => part(message, section, most, share),
    };
    message.sections.iter().zip(whole).map(fitting).collect()
}

/// The most that each may have, so that all of `sizes` together have no more than `room`.
fn share(mut sizes: Vec<usize>, mut room: usize) -> usize {
    sizes.sort_unstable();
    for (index, size) in sizes.iter().enumerate() {
        let share = room / (sizes.len() - index);
        if *size > share {
            return share;
        }
        room -= size;
    }
    usize::MAX
}

/// `FIRING low_stock` and the summary below it; the words of a sign in its colour.
fn head(message: &Message) -> String {
    let (headword, colour) = (message.kind.headword(), colour(message.tone()));
    let sign = format!("<b style=\"color:{colour}\">{headword}</b> ");
    let sign = if headword.is_empty() { String::new() } else { sign };
    let name = escaped(&message.name());
    let summary = message.words().summary.map(|summary| format!("<br>{}", escaped(&one_line(summary))));
    format!("{sign}<b>{name}</b>{}", summary.unwrap_or_default())
}

fn paragraph(text: &str) -> String {
    let end = text.char_indices().nth(PARAGRAPH).map_or(text.len(), |(end, _)| end);
    let cut = (end < text.len()).then(|| "…".to_owned());
    let lines: Vec<String> = text[..end].lines().map(escaped).chain(cut).collect();
    format!("<p style=\"margin:0 0 8px\">{}</p>\n", lines.join("<br>"))
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Relief => "#2e9d5b",
        Tone::Doubt => "#8a7fb0",
        Tone::Alarm(Severity::Critical) => "#d64545",
        Tone::Alarm(Severity::Warning) => "#c98212",
        Tone::Alarm(Severity::Info) | Tone::Calm => "#3b82c4",
    }
}

fn facts(message: &Message) -> String {
    let mut table = String::new();
    for (label, value) in message.words().facts.iter().take(20) {
        table.push_str(&format!(
            "<tr><td style=\"padding:0 16px 0 0;{QUIET}\">{}</td><td>{}</td></tr>\n",
            escaped(label),
            escaped(value),
        ));
    }
    match table.is_empty() {
        true => table,
        false => format!("<table role=\"presentation\" cellspacing=\"0\" style=\"{FONT}\">\n{table}</table>\n"),
    }
}

/// A section in at most `room` bytes: as many rows as there is room for, and of what cannot be shortened the heading.
fn part(message: &Message, section: &Section, most: usize, room: usize) -> String {
    let heading = section.heading.as_deref().map(one_line).filter(|heading| !heading.is_empty());
    let mut part = heading
        .map(|heading| format!("<h2 style=\"margin:20px 0 4px;font-size:16px\">{}</h2>\n", escaped(&heading)))
        .unwrap_or_default();
    let note = section.note.iter().map(|note| format!("<p style=\"margin:4px 0 0;{QUIET}\">{}</p>\n", escaped(note)));
    let note: String = note.collect();
    let left = room.saturating_sub(part.len() + note.len());
    let shown = match &section.content {
        Content::Text(text) => paragraph(text),
        Content::Value { value, change } => figure(value, change.as_deref()),
        Content::Table(excerpt) => rows(excerpt, most, left),
        Content::Picture(picture) => image(picture, message),
        Content::Problem(problem) => {
            format!("<p style=\"margin:0 0 8px;color:#d64545\">cannot be shown: {}</p>\n", escaped(&one_line(problem)))
        }
    };
    part.push_str(if shown.len() > left { TOO_LONG } else { &shown });
    part + &note
}

fn figure(value: &str, change: Option<&str>) -> String {
    let change = change.map(|change| format!(" <span style=\"{QUIET}\">{}</span>", escaped(&one_line(change))));
    let value = escaped(&one_line(value));
    let big = "font-size:28px;line-height:1.2";
    format!("<p style=\"margin:0 0 8px\"><b style=\"{big}\">{value}</b>{}</p>\n", change.unwrap_or_default())
}

/// Under which name the page refers to a part of its mail. In all the world no other part has it: some readers keep the
/// pictures of one mail for the next.
pub(super) fn content_id(picture: &Picture, message: &Message) -> String {
    format!("{}.{}@rowcall", ascii(&picture.id), ascii(&message.id))
}

/// A picture that is a part of the mail.
fn image(picture: &Picture, message: &Message) -> String {
    let (width, height) = (picture.width.clamp(1, WIDEST), picture.height);
    // A picture that is too wide shrinks in both directions.
    let height = u64::from(height) * u64::from(width) / u64::from(picture.width.max(1));
    format!(
        "<p style=\"margin:8px 0 0\"><img src=\"cid:{id}\" alt=\"{alt}\" width=\"{width}\" height=\"{height}\" \
         style=\"max-width:100%;height:auto;border:0\"></p>\n",
        id = content_id(picture, message),
        alt = escaped(&one_line(&picture.alt)),
    )
}

/// What stands in the place of what there is no room for.
const TOO_LONG: &str = "<p>… too long for this mail</p>\n";

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
            None => format!("<td style=\"{CELL};{};{QUIET}\">{}</td>", align(index), text::NULL),
        });
        let line = format!("<tr>{}</tr>\n", cells.collect::<String>());
        if table.len() + line.len() + END > room {
            break;
        }
        table.push_str(&line);
        count += 1;
    }
    table.push_str("</table>\n");
    let rows = text::more_rows(text::hidden(excerpt, count));
    let columns = excerpt.columns.len().saturating_sub(COLUMNS);
    for line in rows.into_iter().chain((columns > 0).then(|| format!("…{columns} more columns"))) {
        table.push_str(&format!("<p style=\"margin:4px 0 0;{QUIET}\">{line}</p>\n"));
    }
    table
}

fn foot(message: &Message, remarks: &[String]) -> String {
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
    for remark in message.remarks.iter().chain(remarks).take(REMARKS) {
        foot.push_str(&format!("<p style=\"margin:12px 0 0;{QUIET}\">{}</p>\n", escaped(remark)));
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
    use crate::channel::sample::{hostile, low_stock, weekly};
    use crate::message::{Excerpt, Message};

    #[test]
    fn a_page_holds_everything() {
        let shown =
            page(&Message { link: Some("https://wiki.example.com/?a=1&b=\"2\"".into()), ..low_stock() }, 50, &[]);
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
    fn a_report_has_its_sections_and_refers_to_its_pictures() {
        let shown = page(&weekly(), 1, &["not attached".into()]);
        for part in [
            "<p style=\"margin:0 0 8px;font-size:16px\"><b>Weekly KPIs</b><br>week 47 of 2026</p>",
            ">Orders</h2>",
            "line-height:1.2\">1,234</b> <span style=\"color:#888888\">+12 % against last week</span>",
            "text-align:right\">10.5</td>",
            "…7 more rows</p>",
            "the rest is in weekly.xlsx</p>",
            "<img src=\"cid:per-day.weekly-1-mail@rowcall\" alt=\"Orders per day\" width=\"584\" height=\"233\"",
            "cannot be shown: the source `crm` did not answer</p>",
            "this is a trial</p>",
            "not attached</p>",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn a_page_stays_small_and_says_what_it_leaves_out() {
        let row = |n: usize| vec![Some(n.to_string()), Some("<&\">".repeat(200))];
        let columns = vec!["n".into(), "t".into()];
        let excerpt = Some(Excerpt { columns, rows: (0..200).map(row).collect(), more: 0 });
        let shown = page(&Message { excerpt, ..low_stock() }, 150, &[]);
        assert!(shown.len() < 100_000, "{}", shown.len());
        assert!(shown.contains(" more rows</p>"));
    }

    #[test]
    fn a_link_that_runs_something_is_only_text() {
        let shown = page(&Message { link: Some("javascript:alert(1)".into()), ..low_stock() }, 50, &[]);
        assert!(!shown.contains("href") && shown.contains("javascript:alert(1)"));
    }

    proptest! {
        #[test]
        fn no_row_can_write_a_tag(message in hostile()) {
            let shown = page(&message, 50, &[]);
            assert!(shown.len() < 102_400);
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            for tag in ["<script", "<img src=x", "<a href=\"x", "<!channel"] {
                assert!(!shown.contains(tag), "{tag}");
            }
            assert_eq!(shown.matches('<').count(), shown.matches('>').count());
            assert_eq!(shown.matches("<img").count(), message.pictures().count());
        }
    }
}
