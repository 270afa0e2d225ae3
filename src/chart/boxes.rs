//! Box plots: the quartiles of raw values.
//!
//! Quartiles lie between values as `percentile_cont` of SQL has it. Whiskers reach the last value within one and a half
//! boxes of the box; what is beyond is a dot.

use super::axis::{self, BELOW};
use super::column::Column;
use super::drawing::{Area, Drawing};
use super::error::ChartError;
use super::figure::numbers;
use super::frame::Frame;
use super::measure::plain;
use super::palette::Ink;
use super::slots::Slots;
use super::spec::Spec;
use super::ticks::{Scale, as_f64};
use crate::table::Table;

/// The most boxes that can be told apart, and the most dots of one.
const BOXES: usize = 60;
const DOTS: usize = 200;

/// The values of a group in rising order; not empty.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

pub(super) fn draw(table: &Table, spec: &Spec) -> Result<Drawing, ChartError> {
    let Samples { groups, counted, notes } = Samples::read(table, spec)?;
    let mut frame = Frame::new(spec, &notes);
    if groups.is_empty() {
        return Ok(frame.nothing());
    }
    frame.counted(&counted.iter().map(String::as_str).collect::<Vec<_>>());
    let values = groups.iter().flat_map(|group| group.values.iter().copied());
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let tall = Area { top: frame.room.top + 4.0, bottom: frame.room.bottom - BELOW, ..frame.room };
    let scale = Scale::of(values.chain(limits), false, axis::steps(tall.height()));
    let left = tall.left + axis::labels_width(&frame.unit.ticks(&scale.ticks, scale.step));
    let plot = Area { left, right: tall.right - axis::limits_width(&spec.thresholds, &frame.unit), ..tall };
    axis::upright(&mut frame.drawing, plot, &scale, &frame.unit);
    let slot = plot.width() / as_f64(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let x = plot.left + (as_f64(index) + 0.5) * slot;
        let half = (slot * 0.3).min(34.0);
        one(&mut frame, group, x, half, &|value| plot.bottom - scale.place(value) * plot.height());
    }
    let names = super::figure::Along::Category(groups.iter().map(|group| group.name.clone()).collect());
    axis::below(&mut frame.drawing, plot, &axis::slot_marks(&Slots::of(&names), plot), false);
    axis::limits(&mut frame.drawing, plot, &scale, &spec.thresholds, &frame.unit, Vec::new());
    Ok(frame.drawing)
}

/// What a table says to a box plot.
pub(super) struct Samples {
    pub(super) groups: Vec<Group>,
    /// The column that is counted, when it is one.
    pub(super) counted: Option<String>,
    /// What was left out, in words.
    pub(super) notes: Vec<String>,
}

impl Samples {
    pub(super) fn read(table: &Table, spec: &Spec) -> Result<Self, ChartError> {
        let (mut groups, counted) = groups(table, spec)?;
        let mut notes = Vec::new();
        if groups.len() > BOXES {
            notes.push(format!("the first {BOXES} of {} groups", groups.len()));
            groups.truncate(BOXES);
        }
        if table.is_cut() {
            notes.push(format!("only the first {} rows", table.len()));
        }
        Ok(Self { groups, counted, notes })
    }
}

fn groups(table: &Table, spec: &Spec) -> Result<(Vec<Group>, Option<String>), ChartError> {
    let first = Column::all(table).next().filter(|column| !column.is_numbers());
    let x = match &spec.x {
        Some(name) => Some(Column::named(table, name)?),
        None => first,
    };
    let y = numbers(table, spec, &[x.as_ref()])?;
    let words = x.map(|x| x.words());
    let mut groups: Vec<Group> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for column in &y {
        for (row, value) in column.numbers(spec.kind)?.into_iter().enumerate() {
            let Some(value) = value else { continue };
            let name = match &words {
                Some(words) if y.len() > 1 => format!("{} {}", words[row], plain(column.name())),
                Some(words) => words[row].clone(),
                None => plain(column.name()),
            };
            let at = *known.entry(name.clone()).or_insert_with(|| {
                groups.push(Group { name, values: Vec::new() });
                groups.len() - 1
            });
            groups[at].values.push(value);
        }
    }
    groups.iter_mut().for_each(|group| group.values.sort_by(f64::total_cmp));
    let counted = match (&words, y.as_slice()) {
        (Some(_), [column]) => Some(plain(column.name())),
        _ => None,
    };
    Ok((groups, counted))
}

/// Five numbers of a group, and how many values lie outside of the whiskers on either side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Five {
    pub(super) low: f64,
    pub(super) first: f64,
    pub(super) median: f64,
    pub(super) third: f64,
    pub(super) high: f64,
}

impl Five {
    /// Of values in rising order that are not empty.
    pub(super) fn of(values: &[f64]) -> Self {
        let [first, median, third] = [0.25, 0.5, 0.75].map(|share| quantile(values, share));
        let reach = 1.5 * (third - first);
        let inside = |value: &&f64| **value >= first - reach && **value <= third + reach;
        let low = values.iter().find(inside).copied().unwrap_or(first);
        let high = values.iter().rev().find(inside).copied().unwrap_or(third);
        Self { low: low.min(first), first, median, third, high: high.max(third) }
    }
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let at = share * as_f64(values.len() - 1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below the number of values")]
    let below = at.floor() as usize;
    let (from, to) = (values[below], values[(below + 1).min(values.len() - 1)]);
    from + (to - from) * at.fract()
}

fn one(frame: &mut Frame, group: &Group, x: f64, half: f64, y: &dyn Fn(f64) -> f64) {
    let five = Five::of(&group.values);
    let ink = Ink::Series(0);
    let drawing = &mut frame.drawing;
    drawing.line((x, y(five.low)), (x, y(five.first)), ink, 1.5);
    drawing.line((x, y(five.third)), (x, y(five.high)), ink, 1.5);
    for end in [five.low, five.high] {
        drawing.line((x - half / 2.0, y(end)), (x + half / 2.0, y(end)), ink, 1.5);
    }
    let area = Area { left: x - half, right: x + half, top: y(five.third), bottom: y(five.first) };
    let told = [five.low, five.first, five.median, five.third, five.high].map(|value| frame.unit.short(value));
    drawing.rect(area, 2.0, Ink::Paper);
    let tip = || format!("{}: {} values: {}", group.name, group.values.len(), told.join(", "));
    drawing.rect(area, 2.0, ink).opacity(0.22).stroke(ink, 1.5).tip(tip);
    drawing.line((x - half, y(five.median)), (x + half, y(five.median)), ink, 2.5);
    let outside = group.values.iter().filter(|value| **value < five.low || **value > five.high);
    let outside: Vec<f64> = outside.copied().collect();
    // Those farthest out are seen even when there are too many.
    let (below, above) = outside.split_at(outside.partition_point(|value| *value < five.low));
    let shown = below.iter().take(DOTS / 2).chain(above.iter().rev().take(DOTS / 2));
    for value in shown {
        drawing.circle(x, y(*value), 2.5, ink).opacity(0.6);
    }
}

#[cfg(test)]
mod tests {
    use super::Five;

    #[test]
    fn quartiles_are_those_of_percentile_cont() {
        let five = |values: &[f64]| {
            let five = Five::of(values);
            [five.low, five.first, five.median, five.third, five.high]
        };
        assert_eq!(five(&[1.0, 2.0, 3.0, 4.0]), [1.0, 1.75, 2.5, 3.25, 4.0]);
        assert_eq!(five(&[1.0, 2.0, 3.0, 4.0, 100.0]), [1.0, 2.0, 3.0, 4.0, 4.0]);
        assert_eq!(five(&[7.0]), [7.0; 5]);
    }
}
