//! Charts of characters: dots of Braille for lines, blocks for bars, shades for heatmaps.
//!
//! Every line fits the width that is given, with East Asian characters counted as two columns. Colours are an addition:
//! without them names stand at the ends of lines, and shades tell stacked bars apart.

use std::fmt::Write;

use jiff::tz::TimeZone;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::error::ChartError;
use super::figure::Figure;
use super::measure::plain;
use super::number::Unit;
use super::spec::{Kind, Spec, Threshold};
use super::{boxes, heatmap, pie};
use crate::table::Table;

mod bars;
mod grid;
mod lines;
mod shades;

/// What a chart of characters is printed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The columns of a line.
    pub columns: usize,
    /// Whether escape sequences may colour it.
    pub coloured: bool,
}

/// Below this no chart is readable; narrower screens wrap.
const NARROWEST: usize = 32;

/// The chart of a table as lines of text; size and theme say nothing here.
///
/// # Errors
/// As [`super::svg`].
pub fn terminal(table: &Table, spec: &Spec, zone: &TimeZone, screen: Screen) -> Result<String, ChartError> {
    let mut page = Page::new(spec, screen);
    let notes = match spec.kind {
        Kind::Line | Kind::Area | Kind::Scatter => {
            let figure = Figure::read(table, spec, zone)?;
            lines::print(&mut page, &figure, spec);
            figure.notes
        }
        Kind::Bar => {
            let figure = Figure::read(table, spec, zone)?;
            bars::print(&mut page, &figure, spec);
            figure.notes
        }
        Kind::Pie | Kind::Donut => {
            let figure = Figure::read(table, spec, zone)?;
            bars::shares(&mut page, &pie::slices(&figure, spec)?);
            figure.notes
        }
        Kind::Heatmap => {
            let figure = heatmap::read(table, spec, zone)?;
            shades::print(&mut page, &figure);
            figure.notes
        }
        Kind::Box => {
            let samples = boxes::Samples::read(table, spec)?;
            bars::boxes(&mut page, &samples, &spec.thresholds);
            samples.notes
        }
    };
    for note in notes {
        let note = cut(&format!("({note})"), page.columns);
        page.line(&note);
    }
    Ok(page.text)
}

/// Lines that are printed.
struct Page {
    text: String,
    columns: usize,
    coloured: bool,
    unit: Unit,
}

/// A colour of the terminal's own palette, which its owner can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    Series(usize),
    Limit,
    Muted,
}

impl Ink {
    fn code(self) -> &'static str {
        const SERIES: [&str; 6] = ["34", "33", "32", "35", "36", "94"];
        match self {
            Self::Series(index) => SERIES[index % SERIES.len()],
            Self::Limit => "31",
            Self::Muted => "2",
        }
    }
}

impl Page {
    fn new(spec: &Spec, screen: Screen) -> Self {
        let unit = Unit::new(spec.unit.as_deref().map(plain).as_deref());
        let mut page =
            Self { text: String::new(), columns: screen.columns.max(NARROWEST), coloured: screen.coloured, unit };
        if let Some(title) = spec.title.as_deref().filter(|title| !title.trim().is_empty()) {
            let title = cut(&plain(title), page.columns);
            page.line(&title);
            page.line("");
        }
        page
    }

    /// One line; spaces at its end say nothing.
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Text in a colour, where there are colours.
    fn ink(&self, ink: Ink, text: &str) -> String {
        match self.coloured && !text.trim().is_empty() {
            true => format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()),
            false => text.to_owned(),
        }
    }

    /// What the numbers are, above them.
    fn caption(&mut self, names: &[&str]) {
        let unit = self.unit.caption.clone();
        let words: Vec<&str> = match names {
            [name] => [Some(*name), unit.as_deref()].into_iter().flatten().collect(),
            _ => unit.as_deref().into_iter().collect(),
        };
        if !words.is_empty() {
            let caption = cut(&words.join(", "), self.columns);
            let caption = self.ink(Ink::Muted, &caption);
            self.line(&caption);
        }
    }

    fn nothing(&mut self) {
        self.line("(no data)");
    }

    /// Names behind their signs, in as many lines as they take.
    fn legend(&mut self, names: &[&str], sign: impl Fn(usize) -> char) {
        let (mut line, mut used) = (String::new(), 0);
        for (index, name) in names.iter().enumerate() {
            let name = cut(name, self.columns.min(24));
            let wide = name.width() + 4;
            if used > 0 && used + wide > self.columns {
                self.line(&line);
                (line, used) = (String::new(), 0);
            }
            let sign = self.ink(Ink::Series(index), &sign(index).to_string());
            write!(line, "{sign} {name}  ").expect("memory takes everything");
            used += wide;
        }
        self.line(&line);
    }

    /// What is written beside a threshold.
    fn limit(&self, limit: &Threshold) -> String {
        let number = self.unit.short(limit.value);
        limit.label.as_ref().map_or_else(|| number.clone(), |label| format!("{} {number}", plain(label)))
    }
}

/// The text, or as much of it as fits with a `…` behind it.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |cluster: &&str| {
        let wide = cluster.width();
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    let kept: String = text.graphemes(true).take_while(fits).collect();
    if columns == 0 { String::new() } else { format!("{}…", kept.trim_end()) }
}

/// The text in exactly so many columns.
fn left(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let space = columns - text.width();
    format!("{text}{:space$}", "")
}

/// As [`left()`], with the space before it.
fn right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let space = columns - text.width();
    format!("{:space$}{text}", "")
}

/// The columns of the widest.
fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{cut, left, right};

    #[test]
    fn two_columns_are_two_columns() {
        assert_eq!(cut("서울특별시", 10), "서울특별시");
        assert_eq!(cut("서울특별시", 8), "서울특…");
        assert_eq!(cut("서울", 1), "…");
        assert_eq!(cut("서울", 0), "");
        assert_eq!(left("日本", 6), "日本  ");
        assert_eq!(right("日本語", 5), "日本…");
    }
}
