//! Pies and donuts, with a list of their slices instead of words around them.

use std::f64::consts::TAU;

use super::drawing::{Area, Drawing, Path, Side};
use super::error::ChartError;
use super::figure::{Along, Figure};
use super::frame::{Frame, LABEL};
use super::measure::{elided, width};
use super::palette::Ink;
use super::spec::{Kind, Spec};
use super::ticks::as_f64;

/// So many slices have a colour of their own; what is beyond is one slice more.
const SLICES: usize = 8;
const ROW: f64 = 24.0;

/// A share of the whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slice {
    pub(super) name: String,
    pub(super) value: f64,
    ink: Ink,
}

pub(super) fn draw(figure: &Figure, spec: &Spec) -> Result<Drawing, ChartError> {
    let slices = slices(figure, spec)?;
    let mut frame = Frame::new(spec, &figure.notes);
    let sum: f64 = slices.iter().map(|slice| slice.value).sum();
    if sum <= 0.0 {
        return Ok(frame.nothing());
    }
    let caption = frame.unit.caption.clone().unwrap_or_default();
    frame.caption(&caption);
    let room = frame.room;
    let shares = !are_shares(&slices, spec);
    let list = list_width(&slices, sum, &frame, shares);
    let (beside, below) = (beside(room, list), below(room, list, slices.len()));
    let Layout { middle, radius, list } = if below.radius > beside.radius { below } else { beside };
    pie(&mut frame, &slices, sum, middle, radius, spec.kind == Kind::Donut);
    list_draw(&mut frame, &slices, sum, shares, list);
    Ok(frame.drawing)
}

/// Where a pie and the list of its slices stand.
struct Layout {
    middle: (f64, f64),
    radius: f64,
    list: Area,
}

/// The list on the right of the pie.
fn beside(room: Area, list: f64) -> Layout {
    let list = list.min(room.width() * 0.58);
    let radius = (room.height() / 2.0 - 4.0).min((room.width() - list - 40.0) / 2.0).max(20.0);
    let x = room.left + (room.width() - list - 40.0).max(2.0 * radius) / 2.0;
    let right = room.right.min(x + radius + 56.0 + list);
    let list = Area { left: x + radius + 40.0, right, ..room };
    Layout { middle: (x, room.top + room.height() / 2.0), radius, list }
}

/// The list below the pie, where a picture is narrow.
fn below(room: Area, list: f64, slices: usize) -> Layout {
    let high = ROW * as_f64(slices);
    let radius = ((room.height() - high - 16.0) / 2.0).min(room.width() / 2.0);
    let x = room.left + room.width() / 2.0;
    let half = (list / 2.0).min(room.width() / 2.0);
    let list = Area { left: x - half, right: x + half, top: room.bottom - high, bottom: room.bottom };
    Layout { middle: (x, room.top + radius), radius, list }
}

/// The slices, the largest first.
pub(super) fn slices(figure: &Figure, spec: &Spec) -> Result<Vec<Slice>, ChartError> {
    let Some(series) = figure.series.first() else { return Ok(Vec::new()) };
    if let Some((row, value)) = series.values.iter().enumerate().find(|(_, value)| value.is_some_and(|n| n < 0.0)) {
        let value = value.unwrap_or_default().to_string();
        return Err(ChartError::Negative { column: series.name.clone(), value, row: row + 1, kind: spec.kind.a() });
    }
    let Along::Category(words) = &figure.along else { return Ok(Vec::new()) };
    let there: Vec<(&String, f64)> = words
        .iter()
        .zip(&series.values)
        .filter_map(|(word, value)| Some((word, (*value).filter(|n| *n > 0.0)?)))
        .collect();
    let mut order: Vec<usize> = (0..there.len()).collect();
    order.sort_by(|a, b| there[*b].1.total_cmp(&there[*a].1));
    let own = if there.len() > SLICES { SLICES - 1 } else { SLICES };
    let slice = |(ink, index): (usize, &usize)| {
        let (name, value) = there[*index];
        Slice { name: name.clone(), value, ink: Ink::Series(ink) }
    };
    let mut slices: Vec<Slice> = order.iter().take(own).enumerate().map(slice).collect();
    let rest = &order[slices.len()..];
    if !rest.is_empty() {
        let value = rest.iter().map(|index| there[*index].1).sum();
        slices.push(Slice { name: format!("{} others", rest.len()), value, ink: Ink::Rest });
    }
    Ok(slices)
}

fn pie(frame: &mut Frame, slices: &[Slice], sum: f64, (x, y): (f64, f64), radius: f64, donut: bool) {
    let inner = if donut { radius * 0.6 } else { 0.0 };
    let mut turn = 0.0;
    for slice in slices {
        let share = slice.value / sum;
        let told = || format!("{}: {}: {}", slice.name, frame.unit.short(slice.value), percent(share));
        let tip = told();
        if share > 0.999_9 {
            frame.drawing.circle(x, y, radius, slice.ink).tip(|| tip);
        } else {
            let point = |turn: f64, radius: f64| (x + radius * (turn * TAU).sin(), y - radius * (turn * TAU).cos());
            let mut path = Path::default();
            let (from, to) = (point(turn, radius), point(turn + share, radius));
            path.to(x, y);
            path.to(from.0, from.1);
            path.arc(radius, share > 0.5, true, to.0, to.1);
            path.close();
            frame.drawing.shape(path, slice.ink).stroke(Ink::Paper, 1.5).tip(|| tip);
        }
        turn += share;
    }
    if donut {
        frame.drawing.circle(x, y, inner, Ink::Paper);
        let text = frame.unit.short(sum);
        let size = (inner * 0.34).min(30.0).min(inner * 1.6 / width(&text, 1.0).max(0.1));
        frame.drawing.text(x, y + size * 0.35, size, Side::Middle, Ink::Text, &text);
    }
}

/// A share as it is written.
pub(super) fn percent(share: f64) -> String {
    let written = match share * 100.0 {
        n if n < 0.1 => "<0.1".into(),
        n if n < 9.95 => format!("{n:.1}"),
        n => format!("{n:.0}"),
    };
    format!("{}%", written.strip_suffix(".0").unwrap_or(&written))
}

/// Whether the numbers are shares of a hundred already: then nobody wants to read them twice.
pub(super) fn are_shares(slices: &[Slice], spec: &Spec) -> bool {
    let sum: f64 = slices.iter().map(|slice| slice.value).sum();
    spec.unit.as_deref().map(str::trim) == Some("%") && (sum - 100.0).abs() < 1.0
}

fn list_width(slices: &[Slice], sum: f64, frame: &Frame, shares: bool) -> f64 {
    let (name, number, share) = columns(slices, sum, frame);
    22.0 + name + 24.0 + number + if shares { BEFORE_SHARES + share } else { 0.0 }
}

/// The space between numbers and their shares.
const BEFORE_SHARES: f64 = 18.0;

/// The widest name, number and share.
fn columns(slices: &[Slice], sum: f64, frame: &Frame) -> (f64, f64, f64) {
    let widest =
        |text: &dyn Fn(&Slice) -> String| slices.iter().map(|slice| width(&text(slice), LABEL)).fold(0.0, f64::max);
    let number = |slice: &Slice| frame.unit.short(slice.value);
    (widest(&|slice| slice.name.clone()), widest(&number), widest(&|slice| percent(slice.value / sum)))
}

fn list_draw(frame: &mut Frame, slices: &[Slice], sum: f64, shares: bool, room: Area) {
    let (_, number, share) = columns(slices, sum, frame);
    let row = ROW.min(room.height() / as_f64(slices.len()));
    let top = room.top + (room.height() - row * as_f64(slices.len())) / 2.0;
    let numbers = room.right - if shares { share + BEFORE_SHARES } else { 0.0 };
    for (index, slice) in slices.iter().enumerate() {
        let y = top + row * (as_f64(index) + 0.5) + 4.2;
        let swatch = Area { left: room.left, top: y - 9.5, right: room.left + 11.0, bottom: y + 1.5 };
        frame.drawing.rect(swatch, 2.0, slice.ink);
        let name = elided(&slice.name, LABEL, numbers - number - 24.0 - room.left - 22.0);
        frame.drawing.text(room.left + 22.0, y, LABEL, Side::Start, Ink::Text, &name);
        let text = frame.unit.short(slice.value);
        frame.drawing.text(numbers, y, LABEL, Side::End, Ink::Text, &text);
        if shares {
            frame.drawing.text(room.right, y, LABEL, Side::End, Ink::Muted, &percent(slice.value / sum));
        }
    }
}
