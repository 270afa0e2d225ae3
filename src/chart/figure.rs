//! What a table says to a chart: places along an axis, and series of numbers over them.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::column::Column;
use super::error::ChartError;
use super::measure::plain;
use super::moment::Moment;
use super::spec::{Kind, Spec};
use crate::table::Table;

/// The most series that a picture tells apart.
pub(super) const SERIES: usize = 24;

/// The numbers of a chart, in the order in which they are drawn.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// The name of the axis.
    pub(super) name: String,
    pub(super) along: Along,
    /// The column that all series count, where the values of another tell them apart.
    pub(super) counts: Option<String>,
    pub(super) series: Vec<Series>,
    /// What was left out, in words.
    pub(super) notes: Vec<String>,
}

/// The places along the axis, one for each value of a series.
#[derive(Clone, Debug)]
pub(super) enum Along {
    /// Rising instants in microseconds, and the zone whose clocks they are read on.
    Time(Vec<i64>, TimeZone),
    /// Rising numbers.
    Number(Vec<f64>),
    /// Words in the order of the rows.
    Category(Vec<String>),
}

/// A name and a number for each place; none is a gap.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) values: Vec<Option<f64>>,
}

impl Series {
    /// The numbers without the gaps.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> {
        self.values.iter().copied().flatten()
    }
}

impl Along {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Time(at, _) => at.len(),
            Self::Number(at) => at.len(),
            Self::Category(words) => words.len(),
        }
    }
}

impl Figure {
    /// Reads the columns that the spec names, or else those that fit.
    pub(super) fn read(table: &Table, spec: &Spec, zone: &TimeZone) -> Result<Self, ChartError> {
        let (x, series) = (along(table, spec)?, split(table, spec)?);
        let y = numbers(table, spec, &[Some(&x), series.as_ref()])?;
        let mut places = Places::read(&x, spec.kind, zone);
        let counts = series.as_ref().and(y.first()).map(|column| plain(column.name()));
        let (along, series) = match series {
            None => (places.along.clone(), columns(&places, &y)?),
            Some(names) => places.pivot(&names, &y, spec)?,
        };
        let mut figure = Self { name: plain(x.name()), counts, along, series, notes: places.notes };
        if table.is_cut() {
            figure.notes.push(format!("only the first {} rows", table.len()));
        }
        if spec.kind != Kind::Heatmap {
            figure.keep_largest();
        }
        Ok(figure)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.numbers().next().is_none())
    }

    /// What a caption names: the column that all count, or the series.
    pub(super) fn counted(&self) -> Vec<&str> {
        match &self.counts {
            Some(column) => vec![column],
            None => self.series.iter().map(|series| series.name.as_str()).collect(),
        }
    }

    /// Every number of every series.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> {
        self.series.iter().flat_map(Series::numbers)
    }

    /// More series than can be told apart: the largest stay.
    fn keep_largest(&mut self) {
        let all = self.series.len();
        if all <= SERIES {
            return;
        }
        let mut order: Vec<(usize, f64)> =
            self.series.iter().map(|series| series.numbers().map(f64::abs).sum()).enumerate().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        let kept: Vec<usize> = order.iter().take(SERIES).map(|(index, _)| *index).collect();
        let mut index = 0..all;
        self.series.retain(|_| kept.contains(&index.next().expect("one for each series")));
        self.notes.push(format!("the largest {SERIES} of {all} series"));
    }
}

/// The column along the axis.
fn along<'a>(table: &'a Table, spec: &Spec) -> Result<Column<'a>, ChartError> {
    match &spec.x {
        Some(name) => Column::named(table, name),
        None => Column::all(table).next().ok_or_else(|| none_fits(spec)),
    }
}

fn split<'a>(table: &'a Table, spec: &Spec) -> Result<Option<Column<'a>>, ChartError> {
    spec.series.as_deref().map(|name| Column::named(table, name)).transpose()
}

fn none_fits(spec: &Spec) -> ChartError {
    ChartError::NoneFits { kind: spec.kind.a(), needs: "numbers" }
}

/// The columns of numbers: those that are named, or else all that fit and are not `taken`.
pub(super) fn numbers<'a>(
    table: &'a Table,
    spec: &Spec,
    taken: &[Option<&Column<'_>>],
) -> Result<Vec<Column<'a>>, ChartError> {
    if !spec.y.is_empty() {
        return spec.y.iter().map(|name| Column::named(table, name)).collect();
    }
    let free = |column: &Column<'_>| !taken.iter().flatten().any(|taken| taken.index() == column.index());
    let found: Vec<Column<'a>> = Column::all(table).filter(free).filter(Column::is_numbers).collect();
    if found.is_empty() && !table.is_empty() { Err(none_fits(spec)) } else { Ok(found) }
}

/// The places of the rows, and which row stands at which place.
struct Places {
    along: Along,
    /// The rows in the order of their places.
    rows: Vec<usize>,
    kind: Kind,
    notes: Vec<String>,
}

impl Places {
    fn read(x: &Column<'_>, kind: Kind, zone: &TimeZone) -> Self {
        let named = matches!(kind, Kind::Pie | Kind::Donut);
        if let Some(moments) = x.moments().filter(|_| !named) {
            let zone = if moments.iter().flatten().any(|moment| moment.instant) { zone.clone() } else { TimeZone::UTC };
            let at = |moment: Moment| moment.micros;
            let (places, rows) = sorted(moments.into_iter().map(|moment| moment.map(at)), i64::cmp);
            return Self::new(x, kind, Along::Time(places, zone), rows);
        }
        let by_number = matches!(kind, Kind::Line | Kind::Area | Kind::Scatter | Kind::Heatmap);
        if by_number && x.is_numbers() {
            let (places, rows) = sorted(x.numbers_or_gaps(), f64::total_cmp);
            return Self::new(x, kind, Along::Number(places), rows);
        }
        let words = x.words();
        let rows = (0..words.len()).collect();
        Self::new(x, kind, Along::Category(words), rows)
    }

    fn new(x: &Column<'_>, kind: Kind, along: Along, rows: Vec<usize>) -> Self {
        let left = x.len() - rows.len();
        let plural = if left == 1 { "" } else { "s" };
        let note = format!("{left} row{plural} without `{}` left out", plain(x.name()));
        Self { along, rows, kind, notes: if left > 0 { vec![note] } else { Vec::new() } }
    }

    /// Long data: a series for each word of `names`, a place for each distinct value of x.
    fn pivot(&mut self, names: &Column<'_>, y: &[Column<'_>], spec: &Spec) -> Result<(Along, Vec<Series>), ChartError> {
        let (along, place) = match (self.kind, &self.along) {
            // Dots may well stand above one another.
            (Kind::Scatter, Along::Time(..) | Along::Number(_)) => (self.along.clone(), (0..self.rows.len()).collect()),
            _ => self.distinct(),
        };
        let Some(y) = y.first() else { return Ok((along, Vec::new())) };
        let (words, values) = (names.words(), y.numbers(spec.kind)?);
        let mut series: Vec<Series> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut taken = std::collections::HashSet::new();
        let room = (4_000_000 / along.len().max(1)).max(SERIES);
        for (row, place) in self.rows.iter().zip(place) {
            let at = match known.get(words[*row].as_str()) {
                Some(at) => *at,
                None if series.len() == room => continue,
                None => {
                    series.push(Series { name: words[*row].clone(), values: vec![None; along.len()] });
                    known.insert(&words[*row], series.len() - 1);
                    series.len() - 1
                }
            };
            if !taken.insert((at, place)) {
                return Err(ChartError::Twice { x: self.word(*row), series: words[*row].clone() });
            }
            series[at].values[place] = values[*row];
        }
        Ok((along, series))
    }

    /// Each place once, and for each row of `rows` its place.
    fn distinct(&self) -> (Along, Vec<usize>) {
        fn once<T: Clone>(all: &[T], same: impl Fn(&T, &T) -> bool) -> (Vec<T>, Vec<usize>) {
            let mut kept: Vec<T> = Vec::new();
            let place = all.iter().map(|here| {
                if !kept.last().is_some_and(|last| same(last, here)) {
                    kept.push(here.clone());
                }
                kept.len() - 1
            });
            let place = place.collect();
            (kept, place)
        }
        match &self.along {
            Along::Time(at, zone) => {
                let (kept, place) = once(at, |a, b| a == b);
                (Along::Time(kept, zone.clone()), place)
            }
            Along::Number(at) => {
                let (kept, place) = once(at, |a, b| a.total_cmp(b).is_eq());
                (Along::Number(kept), place)
            }
            Along::Category(words) => {
                let mut known: HashMap<&str, usize> = HashMap::new();
                let mut kept = Vec::new();
                let place = words.iter().map(|word| {
                    *known.entry(word).or_insert_with(|| {
                        kept.push(word.clone());
                        kept.len() - 1
                    })
                });
                let place = place.collect();
                (Along::Category(kept), place)
            }
        }
    }

    /// The place of a row, as words of an error.
    fn word(&self, row: usize) -> String {
        let at = self.rows.iter().position(|here| *here == row).unwrap_or_default();
        match &self.along {
            Along::Time(micros, _) => crate::value::Timestamp::new(micros[at], None).to_string(),
            Along::Number(numbers) => numbers[at].to_string(),
            Along::Category(words) => words[at].clone(),
        }
    }
}

/// The values that there are in rising order, and their rows.
fn sorted<T: Copy>(
    values: impl Iterator<Item = Option<T>>,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> (Vec<T>, Vec<usize>) {
    let mut there: Vec<(T, usize)> =
        values.enumerate().filter_map(|(row, value)| value.map(|value| (value, row))).collect();
    there.sort_by(|a, b| order(&a.0, &b.0));
    there.into_iter().unzip()
}

/// A series for each column.
fn columns(places: &Places, y: &[Column<'_>]) -> Result<Vec<Series>, ChartError> {
    let series = |column: &Column<'_>| {
        let values = column.numbers(places.kind)?;
        let values = places.rows.iter().map(|row| values[*row]).collect();
        Ok(Series { name: plain(column.name()), values })
    };
    y.iter().map(series).collect()
}
