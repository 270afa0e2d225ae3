//! What stands around every chart: title, caption, legend, notes; and the room that is left.

use super::drawing::{Area, Drawing, Side};
use super::legend;
use super::measure::elided;
use super::number::Unit;
use super::palette::Ink;
use super::spec::{Size, Spec};

/// The free edge of a picture.
pub(super) const EDGE: f64 = 20.0;
/// The size of labels and legends.
pub(super) const LABEL: f64 = 12.0;
/// The size of what is least.
pub(super) const SMALL: f64 = 11.0;
const TITLE: f64 = 17.0;

/// A picture that begins.
pub(super) struct Frame {
    pub(super) drawing: Drawing,
    /// What is left for the chart and its axes.
    pub(super) room: Area,
    pub(super) unit: Unit,
}

impl Frame {
    /// Draws the title and the notes.
    pub(super) fn new(spec: &Spec, notes: &[String]) -> Self {
        Self::sized(spec, spec.size.unwrap_or(Size::DEFAULT), notes)
    }

    /// As [`Frame::new`], for a picture whose size follows from its data.
    pub(super) fn sized(spec: &Spec, size: Size, notes: &[String]) -> Self {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let mut drawing = Drawing::new(width, height);
        let mut room = Area { left: EDGE, top: EDGE, right: width - EDGE, bottom: height - EDGE * 0.7 };
        if let Some(title) = spec.title.as_deref().filter(|title| !title.trim().is_empty()) {
            let title = elided(title, TITLE, room.width());
            drawing.text(room.left, room.top + 13.0, TITLE, Side::Start, Ink::Text, &title);
            room.top += 30.0;
        }
        // Where there is little room the chart has it.
        let notes = &notes[..notes.len().min(if height < 240.0 { 1 } else { 3 })];
        for note in notes.iter().rev() {
            let note = elided(note, SMALL, room.width());
            drawing.text(room.left, room.bottom - 1.0, SMALL, Side::Start, Ink::Muted, &note);
            room.bottom -= 16.0;
        }
        if !notes.is_empty() {
            room.bottom -= 6.0;
        }
        Self { drawing, room, unit: Unit::new(spec.unit.as_deref()) }
    }

    /// What the numbers are, above the axis that shows them.
    pub(super) fn caption(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let text = elided(text, LABEL, self.room.width());
        self.drawing.text(self.room.left, self.room.top + 10.0, LABEL, Side::Start, Ink::Muted, &text);
        self.room.top += 22.0;
    }

    /// Names of series beside their colours.
    pub(super) fn legend(&mut self, names: &[&str], swatch: legend::Swatch) {
        let room = Area { bottom: self.room.top, ..self.room };
        self.room.top += legend::draw(&mut self.drawing, room, names, swatch);
    }

    /// The caption of a chart: what one series counts, or what all do.
    pub(super) fn counted(&mut self, names: &[&str]) {
        let unit = self.unit.caption.clone();
        let caption = match (names, unit) {
            ([name], Some(unit)) if *name != unit => format!("{name}, {unit}"),
            ([name], _) => (*name).to_owned(),
            (_, Some(unit)) => unit,
            (_, None) => String::new(),
        };
        self.caption(&caption);
    }

    /// The words of a chart that has nothing to show.
    pub(super) fn nothing(mut self) -> Drawing {
        let room = self.room;
        let (x, y) = (room.left + room.width() / 2.0, room.top + room.height() / 2.0);
        self.drawing.text(x, y, 14.0, Side::Middle, Ink::Muted, "no data");
        self.drawing
    }
}
