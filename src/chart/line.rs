//! Lines, areas and scattered dots.

use super::axis::{self, BELOW, CONTEXT, Mark};
use super::calendar;
use super::drawing::{Area, Drawing, Path};
use super::figure::{Along, Figure, Series};
use super::frame::{Frame, LABEL};
use super::legend::{Swatch, dashes};
use super::measure::{elided, width};
use super::number::Unit;
use super::palette::Ink;
use super::slots::Slots;
use super::spec::{Kind, Spec};
use super::thin::{MOST, thinned};
use super::ticks::{Scale, as_f64};

/// Up to so many series are named at the ends of their lines.
const NAMED: usize = 6;
/// The most room that names at the ends take.
const NAMES: f64 = 150.0;
/// Up to so many points are marked one by one.
const MARKED: usize = 40;
/// Up to so many points say their number when somebody points at them.
const TOLD: usize = 240;

pub(super) fn draw(figure: &Figure, spec: &Spec) -> Drawing {
    let mut frame = Frame::new(spec, &figure.notes);
    if figure.is_empty() {
        return frame.nothing();
    }
    let (stacked, layers) = (is_stacked(spec), layers(figure, spec));
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    frame.counted(&figure.counted());
    let under = BELOW + if matches!(figure.along, Along::Category(_)) { 0.0 } else { CONTEXT };
    let words = names.len() + spec.thresholds.len();
    let at_ends = names.len() > 1
        && names.len() <= NAMED
        && words <= axis::words_within(frame.room.height() - under)
        && spec.kind != Kind::Scatter;
    if names.len() > 1 && !at_ends {
        frame.legend(&names, if spec.kind == Kind::Scatter { Swatch::Dot } else { Swatch::Line });
    }
    let widest = names.iter().map(|name| width(name, LABEL)).fold(0.0, f64::max).min(NAMES);
    let ends = if at_ends { widest + 10.0 } else { 6.0 };
    let ends = ends.max(axis::limits_width(&spec.thresholds, &frame.unit));
    let tall = Area { bottom: frame.room.bottom - under, ..frame.room };
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let values = layers.iter().flat_map(|layer| layer.tops.iter().chain(&layer.floors)).copied().flatten();
    let scale = Scale::of(values.chain(limits), spec.kind == Kind::Area, axis::steps(tall.height()));
    let left = tall.left + axis::labels_width(&frame.unit.ticks(&scale.ticks, scale.step));
    let plot = Area { left, right: tall.right - ends, top: tall.top + 4.0, ..tall };
    axis::upright(&mut frame.drawing, plot, &scale, &frame.unit);
    let (places, marks) = along(&figure.along, plot, spec.kind);
    axis::below(&mut frame.drawing, plot, &marks, !matches!(figure.along, Along::Category(_)));
    let sheet = Sheet { plot, scale: &scale, places: &places, figure, unit: frame.unit.clone() };
    for (index, layer) in layers.iter().enumerate() {
        match spec.kind {
            Kind::Scatter => sheet.dots(&mut frame.drawing, index, layer),
            Kind::Area => sheet.area(&mut frame.drawing, index, layer, stacked),
            Kind::Line | Kind::Bar | Kind::Pie | Kind::Donut | Kind::Heatmap | Kind::Box => {
                sheet.line(&mut frame.drawing, index, layer);
            }
        }
    }
    if matches!(figure.along, Along::Number(_)) {
        axis::name(&mut frame.drawing, plot, &figure.name);
    }
    let names = if at_ends { sheet.names(&layers) } else { Vec::new() };
    axis::limits(&mut frame.drawing, plot, &scale, &spec.thresholds, &frame.unit, names);
    frame.drawing
}

/// A series as drawn: its line, and the floor of its area.
pub(super) struct Layer {
    pub(super) tops: Vec<Option<f64>>,
    /// Empty when it stands on nothing.
    pub(super) floors: Vec<Option<f64>>,
}

/// The series as they are drawn: on one another where they are stacked.
pub(super) fn layers(figure: &Figure, spec: &Spec) -> Vec<Layer> {
    if is_stacked(spec) { stacks(&figure.series) } else { plain(&figure.series) }
}

fn is_stacked(spec: &Spec) -> bool {
    spec.stacked && spec.kind == Kind::Area
}

fn plain(series: &[Series]) -> Vec<Layer> {
    series.iter().map(|series| Layer { tops: series.values.clone(), floors: Vec::new() }).collect()
}

/// Each series on the sum of those before; a gap adds nothing.
fn stacks(series: &[Series]) -> Vec<Layer> {
    let mut sums: Vec<f64> = vec![0.0; series.first().map_or(0, |series| series.values.len())];
    let layer = |series: &Series| {
        let floors = sums.iter().copied().map(Some).collect();
        sums.iter_mut().zip(&series.values).for_each(|(sum, value)| *sum += value.unwrap_or(0.0));
        Layer { tops: sums.iter().copied().map(Some).collect(), floors }
    };
    series.iter().map(layer).collect()
}

/// Where the places stand, and the labels below them.
fn along(along: &Along, plot: Area, kind: Kind) -> (Vec<f64>, Vec<Mark>) {
    let inset = if kind == Kind::Scatter { 8.0 } else { 0.0 };
    let (left, wide) = (plot.left + inset, plot.width() - 2.0 * inset);
    match along {
        Along::Time(at, zone) => {
            let (low, high) = (at.first().copied().unwrap_or(0), at.last().copied().unwrap_or(0));
            let x = |micros: i64| match high - low {
                0 => left + wide / 2.0,
                #[expect(clippy::cast_precision_loss, reason = "a picture is a few thousand units wide")]
                span => left + wide * ((micros - low) as f64 / span as f64),
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand units")]
            let most = (wide / 76.0).max(1.0) as usize;
            let mark = |tick: calendar::Tick| Mark { at: x(tick.at), label: tick.label, context: tick.context };
            let marks = calendar::ticks(low, high, zone, most).into_iter().map(mark).collect();
            (at.iter().map(|micros| x(*micros)).collect(), marks)
        }
        Along::Number(at) => {
            let ends = (at.first().copied().unwrap_or(0.0), at.last().copied().unwrap_or(1.0));
            let whole = at.iter().all(|number| number.fract() == 0.0);
            let scale = Scale::nice(ends.0, ends.1, axis::steps(wide * 0.7), whole);
            let x = |number: f64| left + wide * scale.place(number);
            let labels = Unit::steps(&scale.ticks, scale.step);
            let mark = |(tick, label): (&f64, String)| Mark { at: x(*tick), label, context: String::new() };
            let marks = scale.ticks.iter().zip(labels).map(mark).collect();
            (at.iter().map(|number| x(*number)).collect(), marks)
        }
        Along::Category(words) => {
            let slot = plot.width() / as_f64(words.len().max(1));
            let places = (0..words.len()).map(|index| plot.left + (as_f64(index) + 0.5) * slot).collect();
            (places, axis::slot_marks(&Slots::of(along), plot))
        }
    }
}

/// The sheet that series are drawn on.
struct Sheet<'a> {
    plot: Area,
    scale: &'a Scale,
    places: &'a [f64],
    figure: &'a Figure,
    unit: Unit,
}

impl Sheet<'_> {
    fn y(&self, value: f64) -> f64 {
        self.plot.bottom - self.scale.place(value) * self.plot.height()
    }

    /// The points between gaps.
    fn runs(&self, values: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
        let mut runs = vec![Vec::new()];
        for (x, value) in self.places.iter().zip(values) {
            match value {
                Some(value) => runs.last_mut().expect("there is one").push((*x, self.y(*value))),
                None => runs.push(Vec::new()),
            }
        }
        let points = runs.iter().map(Vec::len).sum::<usize>().max(1);
        let share = |run: Vec<(f64, f64)>| {
            let most = if points > MOST { (MOST * run.len()).div_ceil(points) } else { run.len() };
            thinned(&run, most)
        };
        runs.into_iter().filter(|run| !run.is_empty()).map(share).collect()
    }

    fn line(&self, drawing: &mut Drawing, index: usize, layer: &Layer) {
        self.strokes(drawing, index, &layer.tops);
        let marked = self.places.len() <= MARKED && self.figure.series.len() <= NAMED;
        self.tips(drawing, index, &layer.tops, marked);
    }

    /// The line itself; a point between two gaps is a dot.
    fn strokes(&self, drawing: &mut Drawing, index: usize, tops: &[Option<f64>]) {
        let mut path = Path::default();
        for run in self.runs(tops) {
            if let [(x, y)] = run.as_slice() {
                drawing.circle(*x, *y, 3.0, Ink::Series(index));
                continue;
            }
            path.from(run[0].0, run[0].1);
            run[1..].iter().for_each(|(x, y)| path.to(*x, *y));
        }
        drawing.stroke(path, Ink::Series(index), 2.25).dashes(dashes(index));
    }

    fn tips(&self, drawing: &mut Drawing, index: usize, tops: &[Option<f64>], marked: bool) {
        if self.places.len() * self.figure.series.len() > TOLD {
            return;
        }
        let series = &self.figure.series[index];
        for (place, (x, top)) in self.places.iter().zip(tops).enumerate() {
            let (Some(top), Some(value)) = (top, series.values[place]) else { continue };
            if marked {
                drawing.circle(*x, self.y(*top), 3.0, Ink::Series(index)).stroke(Ink::Paper, 1.0);
            }
            let dot = drawing.circle(*x, self.y(*top), 7.0, Ink::Series(index)).opacity(0.0);
            dot.tip(|| format!("{}: {}: {}", self.word(place), series.name, self.unit.short(value)));
        }
    }

    /// The place as words.
    fn word(&self, place: usize) -> String {
        match &self.figure.along {
            Along::Time(at, zone) => {
                let format = if at.iter().all(|at| at % calendar::DAY == 0) { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" };
                calendar::civil(at[place], zone).strftime(format).to_string()
            }
            Along::Number(at) => Unit::default().short(at[place]),
            Along::Category(words) => words[place].clone(),
        }
    }

    fn area(&self, drawing: &mut Drawing, index: usize, layer: &Layer, stacked: bool) {
        let floors = if stacked { self.runs(&layer.floors) } else { Vec::new() };
        for (at, run) in self.runs(&layer.tops).iter().enumerate() {
            let mut path = Path::default();
            run.iter().for_each(|(x, y)| path.to(*x, *y));
            match floors.get(at) {
                Some(floor) => floor.iter().rev().for_each(|(x, y)| path.to(*x, *y)),
                None => {
                    path.to(run[run.len() - 1].0, self.y(0.0));
                    path.to(run[0].0, self.y(0.0));
                }
            }
            path.close();
            drawing.shape(path, Ink::Series(index)).opacity(if stacked { 0.75 } else { 0.18 });
        }
        self.strokes(drawing, index, &layer.tops);
        self.tips(drawing, index, &layer.tops, false);
    }

    /// Dots; those that fall on one another are drawn once when there are many.
    fn dots(&self, drawing: &mut Drawing, index: usize, layer: &Layer) {
        let points = || {
            let there = self.places.iter().zip(&layer.tops).enumerate();
            there.filter_map(|(place, (x, value))| value.map(|value| (place, *x, self.y(value))))
        };
        let count: usize = self.figure.numbers().count();
        let radius = match count {
            0..=100 => 4.5,
            101..=1_000 => 3.5,
            _ => 2.5,
        };
        let grid = match count {
            0..=2_000 => 0.0,
            2_001..=20_000 => 2.0,
            _ => 4.0,
        };
        let mut taken = std::collections::HashSet::new();
        for (place, x, y) in points() {
            #[expect(clippy::cast_possible_truncation, reason = "a picture has a few thousand units")]
            if grid > 0.0 && !taken.insert(((x / grid) as i32, (y / grid) as i32)) {
                continue;
            }
            let dot = drawing.circle(x, y, radius, Ink::Series(index)).opacity(if count > 100 { 0.5 } else { 0.75 });
            if count <= TOLD {
                let series = &self.figure.series[index];
                let value = series.values[place].unwrap_or_default();
                dot.tip(|| format!("{}: {}: {}", self.word(place), series.name, self.unit.short(value)));
            }
        }
    }

    /// Names at the ends of the lines, and their heights.
    fn names(&self, layers: &[Layer]) -> Vec<(f64, String, Ink)> {
        let last = |values: &[Option<f64>]| values.iter().rev().copied().flatten().next();
        let name = |(index, layer): (usize, &Layer)| {
            let top = last(&layer.tops)?;
            let middle = last(&layer.floors).map_or(top, |floor| (top + floor) / 2.0);
            Some((self.y(middle), elided(&self.figure.series[index].name, LABEL, NAMES), Ink::Series(index)))
        };
        layers.iter().enumerate().filter_map(name).collect()
    }
}
