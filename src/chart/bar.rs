//! Bars: side by side, on one another, upright or lying.

use super::axis::{self, BELOW, CONTEXT};
use super::drawing::{Area, Drawing, Side, text_area};
use super::figure::{Figure, Series};
use super::frame::{EDGE, Frame, LABEL, SMALL};
use super::legend::Swatch;
use super::measure::{elided, width};
use super::palette::Ink;
use super::slots::Slots;
use super::spec::{Size, Spec, Threshold};
use super::ticks::{Scale, as_f64};

/// The least width of a slot that still shows a bar.
const NARROWEST: f64 = 2.0;
/// The height of a slot of lying bars, for each series in it.
const LYING: f64 = 26.0;
const WIDEST: f64 = 56.0;
/// Up to so many bars say their number when somebody points at them.
const TOLD: usize = 400;
/// Beyond this many rows of lying bars nobody reads on.
const ROWS: usize = 60;

/// One bar: from where to where, of which series, in which slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) slot: usize,
    pub(super) series: usize,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) value: f64,
}

pub(super) fn draw(figure: &Figure, spec: &Spec) -> Drawing {
    let mut slots = Slots::of(&figure.along);
    let most = if spec.horizontal { ROWS } else { upright_most(spec) };
    let mut notes = figure.notes.clone();
    if slots.len() > most {
        notes.push(format!("the first {most} of {} places", slots.len()));
        slots.labels.truncate(most);
    }
    let bars: Vec<Bar> = bars(&figure.series, &slots, spec.stacked);
    let mut frame = Frame::sized(spec, size(spec, &slots, figure), &notes);
    if bars.is_empty() {
        return frame.nothing();
    }
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    frame.counted(&figure.counted());
    if names.len() > 1 {
        frame.legend(&names, Swatch::Block);
    }
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let values = bars.iter().flat_map(|bar| [bar.from, bar.to]).chain(limits);
    let steps = if spec.horizontal { frame.room.width() * 0.6 } else { frame.room.height() - BELOW };
    let scale = Scale::of(values, true, axis::steps(steps));
    let chart = Bars { bars: &bars, slots: &slots, scale: &scale, figure, spec };
    if spec.horizontal { chart.lying(frame) } else { chart.upright(frame) }
}

fn upright_most(spec: &Spec) -> usize {
    let width = f64::from(spec.size.unwrap_or(Size::DEFAULT).width) - 4.0 * EDGE;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand units at most")]
    let most = (width / NARROWEST) as usize;
    most
}

/// Lying bars take the height that they need, where nothing says otherwise.
fn size(spec: &Spec, slots: &Slots, figure: &Figure) -> Size {
    let size = spec.size.unwrap_or(Size::DEFAULT);
    if spec.size.is_some() || !spec.horizontal {
        return size;
    }
    let each = if spec.stacked { LYING } else { (as_f64(figure.series.len()) * 14.0 + 10.0).max(LYING) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 60 rows")]
    let height = (as_f64(slots.len()) * each + 110.0).clamp(200.0, f64::from(Size::LARGEST.height)) as u32;
    Size { height, ..size }
}

/// The bars of the slots that are shown.
pub(super) fn bars(series: &[Series], slots: &Slots, stacked: bool) -> Vec<Bar> {
    let mut above = vec![0.0; slots.len()];
    let mut below = vec![0.0; slots.len()];
    let mut bars = Vec::new();
    for (index, one) in series.iter().enumerate() {
        for (value, slot) in one.values.iter().zip(&slots.of_place) {
            let (Some(value), true) = (*value, *slot < slots.len()) else { continue };
            let sum = if value < 0.0 { &mut below[*slot] } else { &mut above[*slot] };
            let from = if stacked { *sum } else { 0.0 };
            *sum = from + value;
            bars.push(Bar { slot: *slot, series: index, from, to: from + value, value });
        }
    }
    bars
}

struct Bars<'a> {
    bars: &'a [Bar],
    slots: &'a Slots,
    scale: &'a Scale,
    figure: &'a Figure,
    spec: &'a Spec,
}

impl Bars<'_> {
    fn upright(&self, mut frame: Frame) -> Drawing {
        let timed = self.slots.labels.iter().any(|(_, context)| !context.is_empty());
        let under = BELOW + if timed { CONTEXT } else { 0.0 };
        let left = frame.room.left + axis::labels_width(&frame.unit.ticks(&self.scale.ticks, self.scale.step));
        let right = frame.room.right - axis::limits_width(&self.spec.thresholds, &frame.unit);
        let plot = Area { left, right, top: frame.room.top + 8.0, bottom: frame.room.bottom - under };
        axis::upright(&mut frame.drawing, plot, self.scale, &frame.unit);
        let y = |value| plot.bottom - self.scale.place(value) * plot.height();
        let told = self.told(plot.width(), &frame);
        let mut numbers = Vec::new();
        for bar in self.bars {
            let (from, thick) = self.across(bar, plot.left, plot.width());
            let (a, b) = (y(bar.from), y(bar.to));
            let area = Area { left: from, right: from + thick, top: a.min(b), bottom: a.max(b) };
            self.bar(&mut frame, bar, area);
            let at = if bar.value < 0.0 { area.bottom + 12.0 } else { area.top - 4.0 };
            // Below the axis stand its labels.
            if told && at < plot.bottom + 2.0 {
                let text = frame.unit.short(bar.value);
                let middle = (area.left + area.right) / 2.0;
                numbers.push((middle, at, text));
            }
        }
        // Bars that stand on one another have edges, which cut the axis into pieces.
        if self.scale.low <= 0.0 && self.scale.high >= 0.0 {
            frame.drawing.line((plot.left, y(0.0)), (plot.right, y(0.0)), Ink::Axis, 1.0);
        }
        axis::below(&mut frame.drawing, plot, &axis::slot_marks(self.slots, plot), false);
        axis::limits(&mut frame.drawing, plot, self.scale, &self.spec.thresholds, &frame.unit, Vec::new());
        self.write(&mut frame.drawing, numbers, y);
        frame.drawing
    }

    /// The numbers of the bars, each readable where a threshold runs through it.
    fn write(&self, drawing: &mut Drawing, numbers: Vec<(f64, f64, String)>, y: impl Fn(f64) -> f64) {
        for (middle, at, text) in numbers {
            let area = text_area(middle, at, SMALL, Side::Middle, &text);
            let crosses = |limit: &Threshold| (area.top - 1.0..=area.bottom + 1.0).contains(&y(limit.value));
            if self.spec.thresholds.iter().any(crosses) {
                drawing.rect(Area { left: area.left - 2.0, right: area.right + 2.0, ..area }, 2.0, Ink::Paper);
            }
            drawing.text(middle, at, SMALL, Side::Middle, Ink::Text, &text);
        }
    }

    fn lying(&self, mut frame: Frame) -> Drawing {
        let label = |slot: usize| match &self.slots.labels[slot] {
            (label, context) if context.is_empty() => label.clone(),
            (label, context) => format!("{label}, {context}"),
        };
        let longest = (0..self.slots.len()).map(|slot| width(&label(slot), LABEL)).fold(0.0, f64::max);
        let left = frame.room.left + longest.min(frame.room.width() * 0.35) + 10.0;
        let ends = if self.one() { self.longest_number(&frame) + 8.0 } else { 8.0 };
        let top = frame.room.top + if self.spec.thresholds.is_empty() { 0.0 } else { axis::LIMITS_ABOVE };
        let plot = Area { left, top, right: frame.room.right - ends, bottom: frame.room.bottom - BELOW };
        axis::lying(&mut frame.drawing, plot, self.scale, &frame.unit);
        let x = |value| plot.left + self.scale.place(value) * plot.width();
        for bar in self.bars {
            let (from, thick) = self.across(bar, plot.top, plot.height());
            let (a, b) = (x(bar.from), x(bar.to));
            let area = Area { left: a.min(b), right: a.max(b), top: from, bottom: from + thick };
            self.bar(&mut frame, bar, area);
            if self.one() && thick >= 9.0 {
                let text = frame.unit.short(bar.value);
                let middle = (area.top + area.bottom) / 2.0 + 4.0;
                let (at, side) =
                    if bar.value < 0.0 { (area.left - 5.0, Side::End) } else { (area.right + 5.0, Side::Start) };
                if bar.value >= 0.0 || at - width(&text, SMALL) > plot.left {
                    frame.drawing.text(at, middle, SMALL, side, Ink::Text, &text);
                }
            }
        }
        self.names(&mut frame.drawing, plot, label);
        axis::limits_upright(&mut frame.drawing, plot, self.scale, &self.spec.thresholds, &frame.unit);
        frame.drawing
    }

    /// The names of lying bars, every so many where they would touch.
    fn names(&self, drawing: &mut Drawing, plot: Area, label: impl Fn(usize) -> String) {
        let high = plot.height() / as_f64(self.slots.len());
        for slot in (0..self.slots.len()).step_by(axis::stride(high)) {
            let text = elided(&label(slot), LABEL, plot.left - EDGE - 10.0);
            let y = plot.top + (as_f64(slot) + 0.5) * high + 4.2;
            drawing.text(plot.left - 10.0, y, LABEL, Side::End, Ink::Text, &text);
        }
    }

    fn bar(&self, frame: &mut Frame, bar: &Bar, area: Area) {
        let thick = area.width().min(area.height());
        let round = if self.spec.stacked || thick < 6.0 { 0.0 } else { 2.0 };
        let pen = frame.drawing.rect(area, round, Ink::Series(bar.series));
        let pen = if self.spec.stacked && thick > 3.0 { pen.stroke(Ink::Paper, 1.0) } else { pen };
        if self.bars.len() > TOLD {
            return;
        }
        let (label, context) = &self.slots.labels[bar.slot];
        let (comma, value) = (if context.is_empty() { "" } else { ", " }, frame.unit.short(bar.value));
        pen.tip(|| format!("{label}{comma}{context}: {}: {value}", self.figure.series[bar.series].name));
    }

    /// Where a bar begins across its slot, and how thick it is.
    fn across(&self, bar: &Bar, begin: f64, length: f64) -> (f64, f64) {
        let slot = length / as_f64(self.slots.len());
        let beside = if self.spec.stacked { 1.0 } else { as_f64(self.figure.series.len()) };
        let gap = if slot > 8.0 { slot * 0.24 } else { slot * 0.1 };
        let each = ((slot - gap) / beside).min(WIDEST);
        let nth = if self.spec.stacked { 0.0 } else { as_f64(bar.series) };
        let from = begin + as_f64(bar.slot) * slot + (slot - each * beside) / 2.0 + each * nth;
        (from, if beside > 1.0 && each > 4.0 { each - 1.0 } else { each })
    }

    /// Whether there is one bar in each slot.
    fn one(&self) -> bool {
        self.figure.series.len() == 1
    }

    fn longest_number(&self, frame: &Frame) -> f64 {
        self.bars.iter().map(|bar| width(&frame.unit.short(bar.value), SMALL)).fold(0.0, f64::max)
    }

    /// Whether each bar has room for its number.
    fn told(&self, length: f64, frame: &Frame) -> bool {
        self.one() && self.longest_number(frame) + 4.0 <= length / as_f64(self.slots.len())
    }
}
