//! Axes: lines and labels at places, none over another.

use super::drawing::{Area, Drawing, Side, text_area};
use super::frame::{LABEL, SMALL};
use super::measure::{elided, width};
use super::number::Unit;
use super::palette::Ink;
use super::slots::Slots;
use super::spec::Threshold;
use super::ticks::{Scale, as_f64};

/// What an axis of one row of labels takes below the chart.
pub(super) const BELOW: f64 = 28.0;
/// What a second row takes.
pub(super) const CONTEXT: f64 = 15.0;
/// The least space between two labels.
const GAP: f64 = 10.0;

/// A label at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) label: String,
    pub(super) context: String,
}

/// About how many steps fit an axis of so many units.
pub(super) fn steps(height: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture has a few thousand units")]
    let steps = (height / 56.0) as usize;
    steps.clamp(2, 8)
}

/// How much the labels of a scale take on its left.
pub(super) fn labels_width(labels: &[String]) -> f64 {
    labels.iter().map(|label| width(label, LABEL)).fold(0.0, f64::max) + 10.0
}

/// Lines across at the ticks of an upright axis, with their labels on the left.
pub(super) fn upright(drawing: &mut Drawing, plot: Area, scale: &Scale, unit: &Unit) {
    let every = stride(plot.height() / as_f64(scale.ticks.len() - 1));
    for (index, (tick, label)) in scale.ticks.iter().zip(unit.ticks(&scale.ticks, scale.step)).enumerate() {
        let y = plot.bottom - scale.place(*tick) * plot.height();
        let ink = if *tick == 0.0 { Ink::Axis } else { Ink::Grid };
        drawing.line((plot.left, y), (plot.right, y), ink, 1.0);
        if !index.is_multiple_of(every) {
            continue;
        }
        drawing.text(plot.left - 10.0, y + 4.2, LABEL, Side::End, Ink::Muted, &label);
    }
}

/// Lines at the ticks of a lying axis, with their labels below.
pub(super) fn lying(drawing: &mut Drawing, plot: Area, scale: &Scale, unit: &Unit) {
    let mut end = f64::NEG_INFINITY;
    for (tick, label) in scale.ticks.iter().zip(unit.ticks(&scale.ticks, scale.step)) {
        let x = plot.left + scale.place(*tick) * plot.width();
        let ink = if *tick == 0.0 { Ink::Axis } else { Ink::Grid };
        drawing.line((x, plot.top), (x, plot.bottom), ink, 1.0);
        let (area, x) = inside(drawing, x, plot.bottom + 19.0, &label);
        if area.left > end {
            drawing.text(x, plot.bottom + 19.0, LABEL, Side::Middle, Ink::Muted, &label);
            end = area.right + GAP;
        }
    }
}

/// A label moved so far that the picture holds it.
fn inside(drawing: &Drawing, x: f64, y: f64, label: &str) -> (Area, f64) {
    let half = width(label, LABEL) / 2.0;
    let x = x.min(drawing.width - 6.0 - half).max(6.0 + half);
    (text_area(x, y, LABEL, Side::Middle, label), x)
}

/// Labels below a chart; those that would stand over the one before are left out. What a label leaves open stands under
/// it, where it changes.
pub(super) fn below(drawing: &mut Drawing, plot: Area, marks: &[Mark], ticked: bool) {
    let (y, mut end) = (plot.bottom + 20.0, f64::NEG_INFINITY);
    let mut shown: Vec<(f64, &str)> = Vec::new();
    for mark in marks {
        let (area, x) = inside(drawing, mark.at, y, &mark.label);
        if ticked {
            drawing.line((mark.at, plot.bottom), (mark.at, plot.bottom + 5.0), Ink::Axis, 1.0);
        }
        if area.left < end {
            continue;
        }
        end = area.right + GAP;
        drawing.text(x, y, LABEL, Side::Middle, Ink::Muted, &mark.label);
        if shown.last().is_none_or(|(_, context)| *context != mark.context) {
            shown.push((x, &mark.context));
        }
    }
    contexts(drawing, y + CONTEXT, &shown);
}

/// Of two that would touch the later one stays: it says where something changes.
fn contexts(drawing: &mut Drawing, y: f64, shown: &[(f64, &str)]) {
    let mut begin = f64::INFINITY;
    for (x, context) in shown.iter().rev().filter(|(_, context)| !context.is_empty()) {
        let (area, x) = inside(drawing, *x, y, context);
        if area.right < begin {
            drawing.text(x, y, LABEL, Side::Middle, Ink::Text, context);
            begin = area.left - GAP;
        }
    }
}

/// Which every so many rows of a height may have a label.
pub(super) fn stride(high: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a label is a few units high")]
    let stride = (15.0 / high.max(0.1)).ceil().max(1.0) as usize;
    stride
}

/// Marks for slots: every label, or shortened ones, or every so many.
pub(super) fn slot_marks(slots: &Slots, plot: Area) -> Vec<Mark> {
    let wide = plot.width() / as_f64(slots.len().max(1));
    let longest = slots.labels.iter().map(|(label, _)| width(label, LABEL)).fold(0.0, f64::max) + 1.6 * GAP;
    let timed = slots.labels.iter().any(|(_, context)| !context.is_empty());
    let (stride, room) = match () {
        () if longest <= wide => (1, wide),
        () if !timed && wide >= 58.0 => (1, wide - GAP),
        () => {
            let needed = if timed { longest } else { longest.min(120.0) };
            let fits = |stride: &&usize| wide * as_f64(**stride) >= needed;
            let stride = slots.strides.iter().find(fits).copied().unwrap_or(slots.len().max(1));
            (stride, wide * as_f64(stride) - GAP)
        }
    };
    let mark = |(index, (label, context)): (usize, &(String, String))| Mark {
        at: plot.left + (as_f64(index) + 0.5) * wide,
        label: elided(label, LABEL, room.max(20.0)),
        context: context.clone(),
    };
    slots.labels.iter().enumerate().step_by(stride).map(mark).collect()
}

/// What is written beside a threshold.
fn limit_label(limit: &Threshold, unit: &Unit) -> String {
    let number = unit.short(limit.value);
    let label = limit.label.as_ref().map_or_else(|| number.clone(), |label| format!("{label} {number}"));
    elided(&label, SMALL, LIMIT)
}

/// The room that the words of thresholds take at the ends of their lines.
pub(super) fn limits_width(limits: &[Threshold], unit: &Unit) -> f64 {
    limits.iter().map(|limit| width(&limit_label(limit, unit), SMALL) + 10.0).fold(0.0, f64::max)
}

/// The most room of these words.
const LIMIT: f64 = 130.0;

/// Lines that values are held against; their words go to the right of the chart, beside `names`: words in their colours
/// that want to stand at these heights. Where two would touch they move apart.
pub(super) fn limits(
    drawing: &mut Drawing,
    plot: Area,
    scale: &Scale,
    limits: &[Threshold],
    unit: &Unit,
    names: Vec<(f64, String, Ink)>,
) {
    let mut words = names;
    for limit in limits {
        let y = plot.bottom - scale.place(limit.value) * plot.height();
        drawing.line((plot.left, y), (plot.right, y), Ink::Limit, 1.5).dashes("6 4");
        words.push((y, limit_label(limit, unit), Ink::Limit));
    }
    words.truncate(words_within(plot.height()));
    words.sort_by(|a, b| a.0.total_cmp(&b.0));
    let places = spread(&words.iter().map(|(y, _, _)| *y).collect::<Vec<_>>(), LINE, plot.top, plot.bottom);
    for ((_, text, ink), y) in words.iter().zip(places) {
        let (x, size) = (plot.right + 8.0, if *ink == Ink::Limit { SMALL } else { LABEL });
        drawing.text(x, y + 4.2, size, Side::Start, *ink, text);
    }
}

/// The height of a word beside a chart.
const LINE: f64 = 16.0;

/// How many words have room beside a chart of this height.
pub(super) fn words_within(height: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture has a few thousand units")]
    let lines = (height.max(0.0) / LINE) as usize;
    lines + 1
}

/// As [`limits`] for bars that lie: the words stand above the chart, in the room that [`LIMITS_ABOVE`] says.
pub(super) fn limits_upright(drawing: &mut Drawing, plot: Area, scale: &Scale, limits: &[Threshold], unit: &Unit) {
    let mut order: Vec<&Threshold> = limits.iter().collect();
    order.sort_by(|a, b| a.value.total_cmp(&b.value));
    let mut end = f64::NEG_INFINITY;
    for limit in order {
        let x = plot.left + scale.place(limit.value) * plot.width();
        drawing.line((x, plot.top - 4.0), (x, plot.bottom), Ink::Limit, 1.5).dashes("6 4");
        let label = limit_label(limit, unit);
        let half = width(&label, SMALL) / 2.0;
        let middle = x.min(drawing.width - 6.0 - half).max(6.0 + half);
        if middle - half > end {
            drawing.text(middle, plot.top - 8.0, SMALL, Side::Middle, Ink::Limit, &label);
            end = middle + half + GAP;
        }
    }
}

/// What the words of thresholds take above lying bars.
pub(super) const LIMITS_ABOVE: f64 = 18.0;

/// Rising places at least `gap` apart and between two ends, each as near as it can be to its own.
fn spread(places: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut spread: Vec<f64> = Vec::with_capacity(places.len());
    for place in places {
        let least = spread.last().map_or(low, |last: &f64| last + gap);
        spread.push(place.max(least));
    }
    let mut most = high;
    for place in spread.iter_mut().rev() {
        *place = place.min(most);
        most = *place - gap;
    }
    spread
}

/// The name of an axis of numbers, below its right end.
pub(super) fn name(drawing: &mut Drawing, plot: Area, name: &str) {
    let name = elided(name, LABEL, plot.width());
    drawing.text(plot.right, plot.bottom + 20.0 + CONTEXT, LABEL, Side::End, Ink::Muted, &name);
}
