//! Heatmaps: a shade for each pair of two columns.

use jiff::tz::TimeZone;

use super::axis::{self, BELOW, CONTEXT};
use super::column::Column;
use super::drawing::{Area, Drawing, Side};
use super::error::ChartError;
use super::figure::{Figure, Series};
use super::frame::{Frame, LABEL, SMALL};
use super::measure::{elided, plain, width};
use super::palette::Ink;
use super::slots::Slots;
use super::spec::{Size, Spec};
use super::ticks::as_f64;
use crate::table::Table;

/// The most rows and columns that have room for a cell.
const ROWS: usize = 60;
const COLUMNS: usize = 200;
const ROW: f64 = 28.0;

/// The figure of a heatmap: a series for each of its rows.
pub(super) fn read(table: &Table, spec: &Spec, zone: &TimeZone) -> Result<Figure, ChartError> {
    let mut columns = Column::all(table);
    let x = match &spec.x {
        Some(name) => Some(Column::named(table, name)?),
        None => columns.next(),
    };
    let taken = |column: &Column<'_>, other: Option<&Column<'_>>| other.is_some_and(|o| o.index() == column.index());
    let y = match spec.y.first() {
        Some(name) => Some(Column::named(table, name)?),
        None => Column::all(table).find(|column| !taken(column, x.as_ref())),
    };
    let value = match &spec.value {
        Some(name) => Some(Column::named(table, name)?),
        None => {
            let free = |column: &Column<'_>| !taken(column, x.as_ref()) && !taken(column, y.as_ref());
            Column::all(table).filter(free).filter(|column| table.is_empty() || column.is_numbers()).last()
        }
    };
    let (Some(x), Some(y), Some(value)) = (x, y, value) else {
        return Err(ChartError::NoneFits { kind: spec.kind.a(), needs: "two columns and a number" });
    };
    let name = |column: Column<'_>| column.name().to_owned();
    let long = Spec { x: Some(name(x)), series: Some(name(y)), y: vec![name(value)], ..Spec::of(spec.kind) };
    let caption = format!(
        "{}: {} by {}",
        plain(&long.y[0]),
        plain(long.series.as_deref().unwrap_or_default()),
        plain(long.x.as_deref().unwrap_or_default())
    );
    Ok(Figure { name: caption, ..Figure::read(table, &long, zone)? })
}

pub(super) fn draw(figure: &Figure, spec: &Spec) -> Drawing {
    let mut slots = Slots::of(&figure.along);
    let mut notes = figure.notes.clone();
    if slots.len() > COLUMNS {
        notes.push(format!("the first {COLUMNS} of {} columns", slots.len()));
        slots.labels.truncate(COLUMNS);
    }
    if figure.series.len() > ROWS {
        notes.push(format!("the first {ROWS} of {} rows", figure.series.len()));
    }
    let rows = &figure.series[..figure.series.len().min(ROWS)];
    let mut frame = Frame::sized(spec, size(spec, rows.len()), &notes);
    let Some(shades) = Shades::of(figure) else { return frame.nothing() };
    shades.legend(&mut frame, &figure.name);
    let longest = rows.iter().map(|row| width(&row.name, LABEL)).fold(0.0, f64::max);
    let left = frame.room.left + longest.min(frame.room.width() * 0.3) + 10.0;
    let timed = slots.labels.iter().any(|(_, context)| !context.is_empty());
    let under = BELOW + if timed { CONTEXT } else { 0.0 };
    let plot = Area { left, bottom: frame.room.bottom - under, ..frame.room };
    cells(&mut frame, rows, &slots, &shades, plot);
    axis::below(&mut frame.drawing, plot, &axis::slot_marks(&slots, plot), false);
    frame.drawing
}

/// The cells of all rows, with their numbers where each has room for its own, and the names of the rows.
fn cells(frame: &mut Frame, rows: &[Series], slots: &Slots, shades: &Shades, plot: Area) {
    let (wide, high) = (plot.width() / as_f64(slots.len()), plot.height() / as_f64(rows.len()));
    let gap = if wide.min(high) > 8.0 { 2.0 } else { 0.0 };
    let room = |number: f64| width(&frame.unit.short(number), SMALL) + 6.0 <= wide;
    let told = high >= 16.0 && rows.iter().flat_map(Series::numbers).all(room);
    for (y, row) in rows.iter().enumerate() {
        let top = plot.top + as_f64(y) * high;
        if y.is_multiple_of(axis::stride(high)) {
            let name = elided(&row.name, LABEL, plot.left - frame.room.left - 10.0);
            frame.drawing.text(plot.left - 10.0, top + high / 2.0 + 4.2, LABEL, Side::End, Ink::Text, &name);
        }
        for (place, slot) in slots.of_place.iter().enumerate().filter(|(_, slot)| **slot < slots.len()) {
            let Some(value) = row.values[place] else { continue };
            let left = plot.left + as_f64(*slot) * wide;
            let area = Area { left, top, right: left + wide - gap, bottom: top + high - gap };
            let (ground, letters) = shades.inks(value);
            let text = frame.unit.short(value);
            let (label, _) = &slots.labels[*slot];
            frame.drawing.rect(area, gap, ground).tip(|| format!("{label}: {}: {text}", row.name));
            if told {
                let middle = (area.top + area.bottom) / 2.0 + 3.9;
                frame.drawing.text((area.left + area.right) / 2.0, middle, SMALL, Side::Middle, letters, &text);
            }
        }
    }
}

fn size(spec: &Spec, rows: usize) -> Size {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 60 rows")]
    let height = (as_f64(rows) * ROW + 110.0).max(220.0) as u32;
    spec.size.unwrap_or(Size { height, ..Size::DEFAULT })
}

/// Shades of one hue for numbers of one sign, of two around nothing.
pub(super) struct Shades {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Shades {
    /// Shades for the numbers of a figure; none when it has none.
    pub(super) fn of(figure: &Figure) -> Option<Self> {
        let ends = figure.numbers().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        (ends.0 <= ends.1).then_some(Self { low: ends.0, high: ends.1 })
    }

    /// How strong the shade of a number is, from 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        if self.low < 0.0 {
            value.abs() / self.low.abs().max(self.high.abs())
        } else if self.low < self.high {
            (value - self.low) / (self.high - self.low)
        } else {
            0.5
        }
    }

    /// The colour of a cell and of the number on it.
    pub(super) fn inks(&self, value: f64) -> (Ink, Ink) {
        let share = self.share(value);
        let ink = if value < 0.0 { Ink::Cold(share) } else { Ink::Heat(share) };
        (ink, ink.letters())
    }

    /// The shades from the lowest number to the highest, at the top right.
    fn legend(&self, frame: &mut Frame, name: &str) {
        const STEPS: usize = 24;
        let (low, high) = (frame.unit.short(self.low), frame.unit.short(self.high));
        let caption = match &frame.unit.caption {
            Some(unit) => format!("{name}, {unit}"),
            None => name.to_owned(),
        };
        let right = frame.room.right - width(&high, SMALL) - 6.0;
        let wide = (right - frame.room.left - width(&low, SMALL) - 6.0).clamp(24.0, 120.0);
        let left = right - wide;
        let (y, step) = (frame.room.top, wide / as_f64(STEPS));
        let start = left - 6.0 - width(&low, SMALL);
        // A few letters of a name say nothing.
        let room = start - frame.room.left - 12.0;
        if room >= 40.0 && !caption.is_empty() {
            let name = elided(&caption, LABEL, room);
            frame.drawing.text(frame.room.left, y + 10.0, LABEL, Side::Start, Ink::Muted, &name);
        }
        for n in 0..STEPS {
            let value = self.low + (self.high - self.low) * as_f64(n) / as_f64(STEPS - 1);
            let from = left + step * as_f64(n);
            let area = Area { left: from, top: y + 1.0, right: from + step + 0.3, bottom: y + 11.0 };
            frame.drawing.rect(area, 0.0, self.inks(value).0);
        }
        frame.drawing.text(left - 6.0, y + 10.0, SMALL, Side::End, Ink::Muted, &low);
        frame.drawing.text(right + 6.0, y + 10.0, SMALL, Side::Start, Ink::Muted, &high);
        frame.room.top += 24.0;
    }
}
