//! A page for browsers, whole in one file: its own style, its own few lines of script, pictures drawn in place.
//!
//! It asks the network for nothing and says so to the browser. Light and dark as the reader has it, printable, readable
//! on a phone and without a script; what a colour says, a word says too.

use jiff::tz::TimeZone;

use super::{AlertLine, Content, Figure, Mood, Page, Section, Trouble, is_followed, more};
use crate::chart::{self, Spec, Theme};
use crate::render::{moment, push_escaped};
use crate::table::Table;

mod language;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// How wide the charts of a phone are laid out.
const PHONE: u32 = 380;

/// How many rows behind a chart are written out.
const MOST_NUMBERS: usize = 2_000;

/// What the page may do: its own style and script, and nothing from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The whole page.
#[must_use]
pub fn html(page: &Page) -> String {
    let mut out = Out(String::with_capacity(16_384));
    out.raw("<!doctype html>\n<html lang=\"").raw(language::of(page)).raw("\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"rowcall\">\n");
    out.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"").raw(POLICY).raw("\">\n");
    // Without an icon of its own a browser asks the server for one.
    out.raw("<link rel=\"icon\" href=\"data:,\">\n<title>").text(&page.title).raw("</title>\n<style>\n");
    out.raw(STYLE).raw("</style>\n</head>\n<body>\n");
    header(&mut out, page);
    out.raw("<main>\n");
    sections(&mut out, page);
    out.raw("</main>\n<footer>rowcall report ").text(&page.name).raw("</footer>\n");
    out.raw("<script>\n").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    out.0
}

/// The text of the page so far.
struct Out(String);

impl Out {
    /// Markup of ours.
    fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, for an element or an attribute.
    fn text(&mut self, text: &str) -> &mut Self {
        push_escaped(&mut self.0, text);
        self
    }
}

fn header(out: &mut Out, page: &Page) {
    out.raw("<header>\n<h1>").text(&page.title).raw("</h1>\n");
    for line in page.description.iter().flat_map(|description| description.lines()) {
        out.raw("<p class=\"lead\">").text(line).raw("</p>\n");
    }
    out.raw("<p class=\"meta\"><span><time datetime=\"").text(&page.at.to_string()).raw("\">");
    out.text(&page.moment()).raw("</time></span>");
    for (name, value) in &page.facts {
        out.raw("<span>").text(name).raw(" = ").text(value).raw("</span>");
    }
    if let Some(link) = page.link.as_deref().filter(|link| is_followed(link)) {
        out.raw("<span><a href=\"").text(link).raw("\">").text(link).raw("</a></span>");
    }
    out.raw("</p>\n</header>\n");
}

/// Values that follow each other stand side by side.
fn sections(out: &mut Out, page: &Page) {
    let mut side_by_side = false;
    for (index, part) in page.sections.iter().enumerate() {
        let is_value = matches!(part.content, Content::Value(..));
        if is_value != side_by_side {
            out.raw(if is_value { "<div class=\"values\">\n" } else { "</div>\n" });
            side_by_side = is_value;
        }
        section(out, page, part, index + 1);
    }
    if side_by_side {
        out.raw("</div>\n");
    }
}

fn section(out: &mut Out, page: &Page, section: &Section, number: usize) {
    let is_value = matches!(section.content, Content::Value(..));
    out.raw(if is_value { "<section class=\"value\"" } else { "<section" });
    if let Some(title) = &section.title {
        out.raw(&format!(" aria-labelledby=\"h{number}\">\n<h2 id=\"h{number}\">")).text(title).raw("</h2>\n");
    } else {
        out.raw(">\n");
    }
    match &section.content {
        Content::Table(table) => rows(out, page, section, table, number),
        Content::Chart(spec, table) => chart(out, page, section, (spec, table), number),
        Content::Value(figure, _) => value(out, figure),
        Content::Text(prose) => prose.push_html(&mut out.0, if section.title.is_some() { 2 } else { 1 }),
        Content::Alerts(alerts) => standings(out, alerts, &page.zone),
        Content::Trouble(trouble) => problem(out, trouble),
    }
    out.raw("</section>\n");
}

fn value(out: &mut Out, figure: &Figure) {
    out.raw("<p class=\"big\">").text(&figure.value).raw("</p>\n");
    let Some(change) = &figure.change else { return };
    let mood = match change.mood {
        Mood::Good => "change good",
        Mood::Bad => "change bad",
        Mood::Neutral => "change",
    };
    out.raw("<p class=\"").raw(mood).raw("\"><b><span aria-hidden=\"true\">").raw(change.course.mark()).raw("</span> ");
    out.text(&change.amount).raw("</b> against ").text(&change.against).raw("</p>\n");
}

/// A picture drawn in place, and the rows behind it for whoever wants numbers.
fn chart(out: &mut Out, page: &Page, section: &Section, (spec, table): (&Spec, &Table), number: usize) {
    // It was drawn once already: what cannot be drawn is no chart.
    let drawn = chart::svg(table, spec, Theme::Auto, &page.zone).unwrap_or_default();
    let narrow = chart::svg_within(table, spec, Theme::Auto, &page.zone, PHONE).ok().flatten();
    let name = section.alternative(spec);
    out.raw("<figure>\n");
    match narrow {
        Some(narrow) => {
            picture(out, &drawn, "wide", &name);
            picture(out, &narrow, "narrow", &name);
        }
        None => picture(out, &drawn, "any", &name),
    }
    out.raw("</figure>\n<details>\n<summary>Numbers</summary>\n");
    let shown = table.first(MOST_NUMBERS);
    rows(out, page, section, &shown, number);
    out.raw("</details>\n");
}

/// One drawing of a chart, for the screens of its class.
fn picture(out: &mut Out, svg: &str, class: &str, name: &str) {
    let (before, after) = svg.split_once("aria-label=\"").unwrap_or((svg, "\""));
    let after = after.split_once('"').map_or("", |(_, after)| after);
    let before = before.strip_prefix("<svg").unwrap_or(before);
    out.raw(&format!("<svg class=\"{class}\""))
        .raw(before)
        .raw("aria-label=\"")
        .text(name)
        .raw("\"")
        .raw(after)
        .raw("\n");
}

/// A table that scrolls by itself, and what is to be said and done below it.
fn rows(out: &mut Out, page: &Page, section: &Section, table: &Table, number: usize) {
    if table.is_empty() {
        out.raw("<p class=\"note\">no rows</p>\n");
        return;
    }
    let label = section.title.as_deref().unwrap_or("Rows");
    out.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"").text(label);
    out.raw(&format!("\">\n<table class=\"rows\" id=\"t{number}\">\n"));
    cells(out, table, &section.sparklines);
    out.raw("</table>\n</div>\n<p class=\"tools\">");
    if let Some(more) = more(table) {
        out.raw("<span class=\"note\">").raw(&more).raw("</span>");
    }
    out.raw(&format!("<button type=\"button\" hidden data-table=\"t{number}\" data-file=\""));
    out.text(&page.file_name(number, section, "csv")).raw("\">Save as CSV</button></p>\n");
}

fn cells(out: &mut Out, table: &Table, sparklines: &[usize]) {
    let numbers = numeric(table);
    out.raw("<thead>\n<tr>");
    for (column, is_number) in table.columns().iter().zip(&numbers) {
        out.raw(if *is_number { "<th scope=\"col\" class=\"number\">" } else { "<th scope=\"col\">" });
        out.text(&column.name).raw("</th>");
    }
    out.raw("</tr>\n</thead>\n<tbody>\n");
    let mut cell = String::new();
    for row in table.rows() {
        out.raw("<tr>");
        for (index, (value, is_number)) in row.values().zip(&numbers).enumerate() {
            cell.clear();
            value.push_to(&mut cell);
            if let Some(numbers) = sparklines.contains(&index).then(|| chart::run(&value)).flatten() {
                out.raw("<td data-value=\"").text(&cell).raw("\">");
                out.raw(&chart::sparkline_svg(&numbers, Theme::Auto)).raw("</td>");
                continue;
            }
            out.raw(match (value.is_null(), is_number) {
                (true, false) => "<td class=\"null\">",
                (true, true) => "<td class=\"number null\">",
                (false, true) => "<td class=\"number\">",
                (false, false) => "<td>",
            });
            out.text(if value.is_null() { "NULL" } else { &cell }).raw("</td>");
        }
        out.raw("</tr>\n");
    }
    out.raw("</tbody>\n");
}

/// Whether each column holds numbers and nothing else.
fn numeric(table: &Table) -> Vec<bool> {
    let mut seen = vec![(false, true); table.columns().len()];
    for row in table.rows() {
        for (value, (any, all)) in row.values().zip(&mut seen).filter(|(value, _)| !value.is_null()) {
            *any = true;
            *all &= value.is_number();
        }
    }
    seen.into_iter().map(|(any, all)| any && all).collect()
}

fn standings(out: &mut Out, alerts: &[AlertLine], zone: &TimeZone) {
    out.raw("<div class=\"scroll\">\n<table class=\"alerts\">\n<thead>\n<tr><th scope=\"col\">Alert</th><th scope=\"col\">State</th>");
    out.raw("<th scope=\"col\">Since</th><th scope=\"col\">Severity</th></tr>\n</thead>\n<tbody>\n");
    for alert in alerts {
        out.raw("<tr><td>").text(&alert.alert);
        if let Some(description) = &alert.description {
            out.raw("<br><span class=\"note\">").text(description).raw("</span>");
        }
        let word = alert.word();
        out.raw("</td><td><span class=\"state ").raw(&word.replace(' ', "-")).raw("\"><span aria-hidden=\"true\">");
        out.raw(alert.mark()).raw("</span> ").raw(word).raw("</span>");
        if alert.firing > 1 {
            out.raw(&format!("<br><span class=\"note\">{} instances</span>", alert.firing));
        }
        let since = alert.since.map_or_else(String::new, |since| moment(since, zone));
        out.raw("</td><td>").text(&since).raw("</td><td>").raw(alert.severity).raw("</td></tr>\n");
    }
    out.raw("</tbody>\n</table>\n</div>\n");
}

fn problem(out: &mut Out, trouble: &Trouble) {
    out.raw("<div class=\"trouble\">\n<p class=\"words\"><strong>This part failed.</strong> ").text(&trouble.problem);
    out.raw("</p>\n");
    if let Some(hint) = &trouble.hint {
        out.raw("<p class=\"words\">").text(hint).raw("</p>\n");
    }
    out.raw("</div>\n");
}
