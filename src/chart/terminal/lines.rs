//! Lines, areas and dots in Braille.

use unicode_width::UnicodeWidthStr;

use super::grid::Grid;
use super::{Ink, Page, cut, left, right, widest};
use crate::chart::calendar;
use crate::chart::figure::{Along, Figure};
use crate::chart::line::{Layer, layers};
use crate::chart::number::Unit;
use crate::chart::slots::Slots;
use crate::chart::spec::{Kind, Spec};
use crate::chart::ticks::{Scale, as_f64};

/// The lines of a chart.
const HIGH: usize = 15;
/// The fewest columns of lines.
const LEAST: usize = 8;
/// The most columns of names at the ends of lines.
const NAMES: usize = 18;
/// Up to so many series are named there.
const NAMED: usize = 6;

/// A label below a column.
struct Mark {
    column: usize,
    label: String,
    context: String,
}

pub(super) fn print(page: &mut Page, figure: &Figure, spec: &Spec) {
    if figure.is_empty() {
        return page.nothing();
    }
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    let at_ends = names.len() > 1 && names.len() <= NAMED && spec.kind != Kind::Scatter;
    page.caption(&names);
    if names.len() > 1 && !at_ends {
        page.legend(&names, |_| '•');
    }
    let layers = layers(figure, spec);
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let values = layers.iter().flat_map(|layer| layer.tops.iter().chain(&layer.floors)).copied().flatten();
    let scale = Scale::of(values.chain(limits), spec.kind == Kind::Area, 4);
    let ticks = page.unit.ticks(&scale.ticks, scale.step);
    let labels = widest(ticks.iter().map(String::as_str));
    let words: Vec<String> = spec.thresholds.iter().map(|limit| page.limit(limit)).collect();
    let ends = widest(names.iter().copied().filter(|_| at_ends).chain(words.iter().map(String::as_str)));
    let ends = ends.min(NAMES).min(page.columns.saturating_sub(labels + 3 + LEAST));
    let ends = if ends > 0 { ends + 1 } else { 0 };
    let wide = page.columns.saturating_sub(labels + 2 + ends).max(LEAST);
    let sheet = Sheet { scale: &scale, wide };
    let (places, marks) = sheet.along(&figure.along);
    let grid = sheet.grid(&layers, &places, spec.kind);
    let mut tails: Vec<Tail<'_>> = Vec::new();
    for (limit, word) in spec.thresholds.iter().zip(&words) {
        tails.push((sheet.y(limit.value) / 4, Ink::Limit, word));
    }
    for (index, layer) in layers.iter().enumerate().filter(|_| at_ends) {
        if let Some(top) = layer.tops.iter().rev().copied().flatten().next() {
            tails.push((sheet.y(top) / 4, Ink::Series(index), names[index]));
        }
    }
    let limits: Vec<usize> = spec.thresholds.iter().map(|limit| sheet.y(limit.value) / 4).collect();
    let tails = spread(tails);
    for row in 0..HIGH {
        let tick = scale.ticks.iter().position(|tick| sheet.y(*tick) / 4 == row);
        let label = page.ink(Ink::Muted, &right(tick.map_or("", |tick| ticks[tick].as_str()), labels));
        let corner = if tick.is_some() { '┤' } else { '│' };
        let tail = tails.iter().find(|(here, _, _)| *here == row);
        let tail = tail.map_or_else(String::new, |(_, ink, name)| page.ink(*ink, &cut(name, ends.saturating_sub(1))));
        let dots = dots(page, &grid, row, limits.contains(&row));
        page.line(&format!("{label} {corner}{dots} {tail}"));
    }
    below(page, labels + 1, wide, &marks);
}

/// A row of the chart: dots, and a limit where there are none.
fn dots(page: &Page, grid: &Grid, row: usize, limit: bool) -> String {
    let cell = |column| match grid.at(column, row) {
        Some((dots, series)) => page.ink(Ink::Series(series), &dots.to_string()),
        None if limit => page.ink(Ink::Limit, "╌"),
        None => " ".into(),
    };
    (0..grid.wide).map(cell).collect()
}

/// A row, and the words at its end.
type Tail<'a> = (usize, Ink, &'a str);

/// Words on rows of their own, each as near as can be to the row it belongs to.
fn spread(mut tails: Vec<Tail<'_>>) -> Vec<Tail<'_>> {
    tails.sort_by_key(|(row, _, _)| *row);
    let mut next = 0;
    for tail in &mut tails {
        tail.0 = tail.0.max(next);
        next = tail.0 + 1;
    }
    let mut most = HIGH - 1;
    for tail in tails.iter_mut().rev() {
        tail.0 = tail.0.min(most);
        most = tail.0.saturating_sub(1);
    }
    tails
}

/// The axis below a chart and its labels; `before` columns lead to its corner.
fn below(page: &mut Page, before: usize, wide: usize, marks: &[Mark]) {
    let mut axis = vec!['─'; wide];
    let mut labels = String::new();
    let mut contexts = String::new();
    let mut told = "";
    for mark in marks.iter().filter(|mark| mark.column < wide) {
        // Labels may stand below the labels of the other axis too.
        let half = mark.label.width() / 2;
        let begin =
            (before + 1 + mark.column).saturating_sub(half).min(page.columns.saturating_sub(mark.label.width()));
        let free = if labels.is_empty() { 0 } else { labels.width() + 2 };
        if begin < free {
            continue;
        }
        axis[mark.column] = '┬';
        labels = left(&labels, begin) + &mark.label;
        if mark.context != told {
            if contexts.is_empty() || begin > contexts.width() {
                contexts = left(&contexts, begin) + &mark.context;
            }
            told = &mark.context;
        }
    }
    let axis: String = axis.into_iter().collect();
    page.line(&format!("{:before$}└{axis}", ""));
    for line in [labels, contexts] {
        if !line.trim().is_empty() {
            let line = page.ink(Ink::Muted, &cut(&line, page.columns));
            page.line(&line);
        }
    }
}

/// The room for dots.
struct Sheet<'a> {
    scale: &'a Scale,
    wide: usize,
}

impl Sheet<'_> {
    /// The dot from above of a value.
    fn y(&self, value: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place lies between 0 and 1")]
        let y = ((1.0 - self.scale.place(value)) * as_f64(4 * HIGH - 1)).round() as usize;
        y
    }

    /// The dot of a place between 0 and 1.
    fn x(&self, share: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place lies between 0 and 1")]
        let x = (share.clamp(0.0, 1.0) * as_f64(2 * self.wide - 1)).round() as usize;
        x
    }

    /// The dots of the places, and the labels below them.
    fn along(&self, along: &Along) -> (Vec<usize>, Vec<Mark>) {
        match along {
            Along::Time(at, zone) => {
                let (low, high) = (at.first().copied().unwrap_or(0), at.last().copied().unwrap_or(0));
                let x = |micros: i64| match high - low {
                    0 => self.wide,
                    #[expect(clippy::cast_precision_loss, reason = "a screen has a few hundred columns")]
                    span => self.x((micros - low) as f64 / span as f64),
                };
                let ticks = calendar::ticks(low, high, zone, (self.wide / 12).max(1)).into_iter();
                let mark =
                    |tick: calendar::Tick| Mark { column: x(tick.at) / 2, label: tick.label, context: tick.context };
                (at.iter().map(|micros| x(*micros)).collect(), ticks.map(mark).collect())
            }
            Along::Number(at) => {
                let ends = (at.first().copied().unwrap_or(0.0), at.last().copied().unwrap_or(1.0));
                let whole = at.iter().all(|number| number.fract() == 0.0);
                let scale = Scale::nice(ends.0, ends.1, (self.wide / 12).clamp(2, 8), whole);
                let labels = Unit::steps(&scale.ticks, scale.step);
                let mark = |(tick, label): (&f64, String)| Mark {
                    column: self.x(scale.place(*tick)) / 2,
                    label,
                    context: String::new(),
                };
                let marks = scale.ticks.iter().zip(labels).map(mark).collect();
                (at.iter().map(|number| self.x(scale.place(*number))).collect(), marks)
            }
            Along::Category(words) => {
                let slot = as_f64(2 * self.wide) / as_f64(words.len().max(1));
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the width")]
                let x = |index: usize| ((as_f64(index) + 0.5) * slot) as usize;
                let labels = Slots::of(along).labels.into_iter().enumerate();
                let room = (self.wide / words.len().clamp(1, 6)).max(6);
                let mark = |(index, (label, context)): (usize, (String, String))| Mark {
                    column: x(index) / 2,
                    label: cut(&label, room),
                    context,
                };
                ((0..words.len()).map(x).collect(), labels.map(mark).collect())
            }
        }
    }

    fn grid(&self, layers: &[Layer], places: &[usize], kind: Kind) -> Grid {
        let mut grid = Grid::new(self.wide, HIGH);
        for (series, layer) in layers.iter().enumerate() {
            let mut last = None;
            for (place, (x, top)) in places.iter().zip(&layer.tops).enumerate() {
                let Some(top) = top else {
                    last = None;
                    continue;
                };
                let here = (*x, self.y(*top));
                if kind == Kind::Area {
                    let floor = layer.floors.get(place).copied().flatten().unwrap_or(0.0);
                    self.fill(&mut grid, last.unwrap_or(here), here, self.y(floor), series);
                }
                match last.filter(|_| kind != Kind::Scatter) {
                    Some(last) => grid.line(last, here, series),
                    None => grid.dot(here.0, here.1, series),
                }
                last = Some(here);
            }
        }
        grid
    }

    /// Every second dot below a line, down to a floor.
    fn fill(&self, grid: &mut Grid, from: (usize, usize), to: (usize, usize), floor: usize, series: usize) {
        for x in from.0..=to.0 {
            let share = as_f64(x - from.0) / as_f64((to.0 - from.0).max(1));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two dots")]
            let top = (as_f64(from.1) + (as_f64(to.1) - as_f64(from.1)) * share).round() as usize;
            for y in top.min(floor)..=top.max(floor) {
                if (x + y) % 2 == 0 {
                    grid.dot(x, y, series);
                }
            }
        }
    }
}
