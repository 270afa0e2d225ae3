//! Names of series beside their colours.

use super::drawing::{Area, Drawing, Side};
use super::frame::LABEL;
use super::measure::{elided, width};
use super::palette::Ink;

/// What a series looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swatch {
    Line,
    Block,
    Dot,
}

/// The longest name, in units.
const LONGEST: f64 = 180.0;
/// What the sign of a series takes before its name.
const MARK: f64 = 22.0;
/// Between two names.
const GAP: f64 = 18.0;
const ROW: f64 = 20.0;
const ROWS: usize = 2;

/// Dashes tell apart series of one colour.
pub(super) fn dashes(series: usize) -> &'static str {
    match series / 8 {
        0 => "",
        1 => "6 4",
        _ => "2 4",
    }
}

/// Draws names from the top left in at most two rows; the height that they take.
pub(super) fn draw(drawing: &mut Drawing, room: Area, names: &[&str], swatch: Swatch) -> f64 {
    let names: Vec<String> = names.iter().map(|name| elided(name, LABEL, LONGEST.min(room.width() - 40.0))).collect();
    let (mut x, mut row) = (room.left, 0);
    for (series, name) in names.iter().enumerate() {
        let left = names.len() - series;
        let more = format!("+{left} more");
        // Where the last row ends there must be room to say how many are not named.
        let rest = if left > 1 { GAP + width(&more, LABEL) } else { 0.0 };
        if x > room.left && x + MARK + width(name, LABEL) > room.right && row + 1 < ROWS {
            (x, row) = (room.left, row + 1);
        }
        let first = x <= room.left && row + 1 == ROWS;
        let name = elided(name, LABEL, if first { room.width() - MARK - rest } else { LONGEST });
        let wide = MARK + width(&name, LABEL);
        let needed = wide + rest;
        if x > room.left && row + 1 == ROWS && x + needed > room.right {
            let y = room.top + ROW * f64::from(u8::from(row > 0)) + 10.0;
            drawing.text(x, y, LABEL, Side::Start, Ink::Muted, &more);
            break;
        }
        let y = room.top + ROW * f64::from(u8::from(row > 0)) + 10.0;
        mark(drawing, x, y - 4.0, series, swatch);
        drawing.text(x + MARK, y, LABEL, Side::Start, Ink::Text, &name);
        x += wide + GAP;
    }
    ROW * f64::from(u8::from(row > 0) + 1) + 4.0
}

fn mark(drawing: &mut Drawing, x: f64, y: f64, series: usize, swatch: Swatch) {
    let ink = Ink::Series(series);
    match swatch {
        Swatch::Line => {
            drawing.line((x + 1.0, y), (x + 15.0, y), ink, 2.5).dashes(dashes(series));
        }
        Swatch::Block => {
            let area = Area { left: x + 2.0, top: y - 5.5, right: x + 13.0, bottom: y + 5.5 };
            drawing.rect(area, 2.0, ink);
        }
        Swatch::Dot => {
            drawing.circle(x + 8.0, y, 4.5, ink);
        }
    }
}
