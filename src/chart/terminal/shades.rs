//! Heatmaps of shades, in colours where there are some.

use unicode_width::UnicodeWidthStr;

use super::{Page, cut, left, right, widest};
use crate::chart::figure::Figure;
use crate::chart::heatmap::Shades;
use crate::chart::palette::Rgb;
use crate::chart::slots::Slots;

/// From nothing to most.
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];

pub(super) fn print(page: &mut Page, figure: &Figure) {
    let slots = Slots::of(&figure.along);
    let Some(shades) = Shades::of(figure) else { return page.nothing() };
    let names = widest(figure.series.iter().map(|row| row.name.as_str())).min(page.columns / 3);
    let room = page.columns.saturating_sub(names + 1);
    let numbers =
        widest(figure.numbers().map(|number| page.unit.short(number)).collect::<Vec<_>>().iter().map(String::as_str));
    let labels = widest(slots.labels.iter().map(|(label, _)| label.as_str()));
    let told = slots.len() * (numbers.max(labels) + 1) <= room;
    let cell = if told { numbers.max(labels) + 1 } else { (room / slots.len().max(1)).clamp(1, 2) };
    let shown = slots.len().min(room / cell);
    for row in &figure.series {
        let mut line = left(&row.name, names) + " ";
        let mut cells = vec![None; slots.len()];
        for (place, slot) in slots.of_place.iter().enumerate() {
            cells[*slot] = row.values[place];
        }
        for value in cells.into_iter().take(shown) {
            line.push_str(&paint(page, &shades, value, cell, told));
        }
        page.line(&line);
    }
    let words: Vec<&str> = slots.labels.iter().map(|(label, _)| label.as_str()).take(shown).collect();
    bottom(page, &words, names + 1, cell);
    let ends = [shades.low, shades.high].map(|end| page.unit.short(end));
    let scale = if page.coloured { String::new() } else { format!("  {} ", SHADES.iter().collect::<String>()) };
    let unit = page.unit.caption.clone().map(|unit| format!(" {unit}")).unwrap_or_default();
    let ends = cut(&format!("{} to {}", ends[0], ends[1]), page.columns.saturating_sub(scale.width()));
    let unit = cut(&unit, page.columns.saturating_sub(ends.width() + scale.width()));
    page.line(&format!("{ends}{unit}{scale}"));
    if shown < slots.len() {
        page.line(&format!("(the first {shown} of {} columns)", slots.len()));
    }
}

/// One cell: its number on its colour, or a shade and its number.
fn paint(page: &Page, shades: &Shades, value: Option<f64>, cell: usize, told: bool) -> String {
    let Some(value) = value else { return " ".repeat(cell) };
    let text = if told { right(&page.unit.short(value), cell) } else { " ".repeat(cell) };
    if page.coloured {
        let (ground, letters) = shades.inks(value);
        let [ground, letters] = [ground, letters].map(|ink| nearest(ink.colours()[1]));
        return format!("\u{1b}[48;5;{ground};38;5;{letters}m{text}\u{1b}[0m");
    }
    if told {
        return text;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies between 0 and 1")]
    let shade = SHADES[(shades.share(value) * 4.0).round() as usize];
    shade.to_string().repeat(cell)
}

/// The nearest of the 216 colours that every terminal of today has.
fn nearest(colour: Rgb) -> u32 {
    let [red, green, blue] = colour.map(|channel| u32::from(channel) * 5 / 255);
    16 + 36 * red + 6 * green + blue
}

/// Labels under columns of cells, as many as have room.
fn bottom(page: &mut Page, words: &[&str], before: usize, cell: usize) {
    let mut line = " ".repeat(before);
    let mut free = before;
    for (index, word) in words.iter().enumerate() {
        let end = before + (index + 1) * cell;
        // In cells that hold a number labels stand above its end.
        let begin = if cell > 2 { end.saturating_sub(word.width()).max(before) } else { end - cell };
        if begin >= free && begin + word.width() <= page.columns {
            line = left(&line, begin) + word;
            free = begin + word.width() + 1;
        }
    }
    page.line(&line);
}
