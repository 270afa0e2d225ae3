//! Bars of blocks, each an eighth of a character long.

use unicode_width::UnicodeWidthStr;

use super::{Ink, Page, cut, left, right, widest};
use crate::chart::bar::{Bar, bars};
use crate::chart::boxes::{Five, Samples};
use crate::chart::figure::{Along, Figure};
use crate::chart::pie::{Slice, percent};
use crate::chart::slots::Slots;
use crate::chart::spec::{Spec, Threshold};
use crate::chart::ticks::{Scale, as_f64};

/// From an eighth to a whole, growing to the right and growing upwards.
const ACROSS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const UPWARDS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// What tells series apart without colours.
const FILLS: [char; 4] = ['█', '▓', '▒', '░'];
/// The lines of an upright chart.
const HIGH: usize = 12;
/// The most rows that are printed.
const ROWS: usize = 200;

pub(super) fn print(page: &mut Page, figure: &Figure, spec: &Spec) {
    let slots = Slots::of(&figure.along);
    let bars = bars(&figure.series, &slots, spec.stacked);
    if bars.is_empty() {
        return page.nothing();
    }
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    page.caption(&names);
    let timed = matches!(figure.along, Along::Time(..)) && !spec.horizontal && figure.series.len() == 1;
    let below = bars.iter().any(|bar| bar.to < 0.0);
    if timed && !below && slots.len() > 7 && slots.len() + 14 <= page.columns {
        return upright(page, &slots, &bars, &spec.thresholds);
    }
    if names.len() > 1 {
        page.legend(&names, |series| FILLS[series % FILLS.len()]);
    }
    lying(page, &slots, &bars, spec, names.len());
}

/// Whether the fill is by colour or by shade.
fn fill(page: &Page, series: usize) -> char {
    if page.coloured { '█' } else { FILLS[series % FILLS.len()] }
}

fn lying(page: &mut Page, slots: &Slots, bars: &[Bar], spec: &Spec, series: usize) {
    let shown = slots.len().min(ROWS);
    let labels: Vec<String> = slots.labels.iter().take(shown).map(label).collect();
    let rows: Vec<Vec<Row<'_>>> = (0..shown).map(|slot| rows(page, bars, slot, spec.stacked, series)).collect();
    let names = widest(labels.iter().map(String::as_str)).min(page.columns / 3);
    let numbers = widest(rows.iter().flatten().map(|row| row.number.as_str()));
    let limits = spec.thresholds.iter().map(|limit| limit.value);
    let ends = bars.iter().flat_map(|bar| [bar.from, bar.to]).chain(limits).chain([0.0]);
    let ruler = Ruler::of(ends, page.columns.saturating_sub(names + numbers + 2).max(4));
    let limits: Vec<usize> = spec.thresholds.iter().map(|limit| ruler.column(limit.value)).collect();
    for (label, rows) in labels.iter().zip(&rows) {
        for (index, row) in rows.iter().enumerate() {
            let name = left(if index == 0 { label } else { "" }, names);
            let (cells, end) = ruler.row(page, &row.bars, &limits);
            let number = &row.number;
            // A number stands at the end of its bar; where a limit or a bar below nothing is in the way, behind all.
            let line = if limits.is_empty() && ruler.low >= 0.0 {
                format!("{name} {} {number}", cells[..end].concat())
            } else {
                format!("{name} {} {}", cells.concat(), right(number, numbers))
            };
            page.line(&line);
        }
    }
    foot(page, &spec.thresholds);
    if shown < slots.len() {
        page.line(&format!("(the first {shown} of {} places)", slots.len()));
    }
}

fn label((label, context): &(String, String)) -> String {
    if context.is_empty() { label.clone() } else { format!("{label}, {context}") }
}

/// A line of lying bars, and the number behind them.
struct Row<'a> {
    bars: Vec<&'a Bar>,
    number: String,
}

/// The lines of a slot: one where bars stand on one another, else one for each series.
fn rows<'a>(page: &Page, bars: &'a [Bar], slot: usize, stacked: bool, series: usize) -> Vec<Row<'a>> {
    let here: Vec<&Bar> = bars.iter().filter(|bar| bar.slot == slot).collect();
    let row = |bars: Vec<&'a Bar>| {
        let sum: f64 = bars.iter().map(|bar| bar.value).sum();
        Row { number: if bars.is_empty() { String::new() } else { page.unit.short(sum) }, bars }
    };
    if stacked || here.is_empty() {
        return vec![row(here)];
    }
    (0..series).map(|series| row(here.iter().copied().filter(|bar| bar.series == series).collect())).collect()
}

/// What the lines across stand for.
fn foot(page: &mut Page, limits: &[Threshold]) {
    for limit in limits {
        let line = format!("{} {}", page.ink(Ink::Limit, "╎"), cut(&page.limit(limit), page.columns - 2));
        page.line(&line);
    }
}

/// Columns for numbers.
struct Ruler {
    low: f64,
    span: f64,
    wide: usize,
}

impl Ruler {
    /// So many columns from the least of some values to the most.
    fn of(values: impl Iterator<Item = f64>, wide: usize) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), n| (l.min(n), h.max(n)));
        Self { low, span: if high > low { high - low } else { 1.0 }, wide }
    }

    /// Eighths of a column.
    fn eighths(&self, value: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between the ends")]
        let eighths = ((value - self.low) / self.span * as_f64(self.wide * 8)).round().max(0.0) as usize;
        eighths.min(self.wide * 8)
    }

    fn column(&self, value: f64) -> usize {
        (self.eighths(value) / 8).min(self.wide - 1)
    }

    /// The cells of a row, and how many are in use.
    fn row(&self, page: &Page, bars: &[&Bar], limits: &[usize]) -> (Vec<String>, usize) {
        let mut cells: Vec<String> = vec![" ".into(); self.wide];
        limits.iter().for_each(|limit| cells[*limit] = page.ink(Ink::Limit, "╎"));
        let mut used = 0;
        for bar in bars {
            let (from, to) = (self.eighths(bar.from.min(bar.to)), self.eighths(bar.from.max(bar.to)));
            let ink = |sign: char| page.ink(Ink::Series(bar.series), &sign.to_string());
            // A character shows one length only, and it grows to the right: what begins within one begins at its edge.
            let (first, last) = (from.div_ceil(8).min(from / 8 + usize::from(from % 8 > 3)), to / 8);
            for cell in cells.iter_mut().take(last).skip(first) {
                *cell = ink(fill(page, bar.series));
            }
            let part = to % 8;
            if part > 0 && last < self.wide && last >= first && bar.value > 0.0 {
                cells[last] =
                    if page.coloured || bar.series == 0 { ink(ACROSS[part - 1]) } else { ink(fill(page, bar.series)) };
            }
            let end = if bar.value > 0.0 { to.div_ceil(8) } else { last };
            used = used.max(end);
        }
        (cells, used)
    }
}

/// Columns of blocks over time.
fn upright(page: &mut Page, slots: &Slots, bars: &[Bar], limits: &[Threshold]) {
    let scale = Scale::of(bars.iter().map(|bar| bar.to).chain(limits.iter().map(|limit| limit.value)), true, 4);
    let ticks = page.unit.ticks(&scale.ticks, scale.step);
    let labels = widest(ticks.iter().map(String::as_str));
    let words: Vec<String> = limits.iter().map(|limit| page.limit(limit)).collect();
    let tail = widest(words.iter().map(String::as_str));
    let room = page.columns.saturating_sub(labels + 2 + if tail > 0 { tail + 1 } else { 0 });
    let each = (room / slots.len()).clamp(1, 6);
    let bar = if each > 2 { each - 1 } else { each };
    let eighths = |value: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place lies between 0 and 1")]
        let eighths = (scale.place(value) * as_f64(HIGH * 8)).round() as usize;
        eighths
    };
    let row_of = |value: f64| (HIGH - 1).saturating_sub(eighths(value) / 8);
    let mut heights: Vec<Option<usize>> = vec![None; slots.len()];
    bars.iter().for_each(|bar| heights[bar.slot] = Some(eighths(bar.to)));
    for row in 0..HIGH {
        let floor = (HIGH - 1 - row) * 8;
        let tick = scale.ticks.iter().skip(1).position(|tick| row_of(*tick) == row).map(|tick| tick + 1);
        let label = page.ink(Ink::Muted, &right(tick.map_or("", |tick| ticks[tick].as_str()), labels));
        let mut line = format!("{label} {}", if tick.is_some() { '┤' } else { '│' });
        let limit = limits.iter().position(|limit| row_of(limit.value) == row);
        for height in &heights {
            let full = height.unwrap_or(0).saturating_sub(floor).min(8);
            let sign = if full > 0 { UPWARDS[full - 1] } else { ' ' };
            let empty = if limit.is_some() { page.ink(Ink::Limit, "╌") } else { " ".into() };
            let cell =
                if full > 0 { page.ink(Ink::Series(0), &sign.to_string().repeat(bar)) } else { empty.repeat(bar) };
            line.push_str(&cell);
            line.push_str(&empty.repeat(each - bar));
        }
        if let Some(limit) = limit {
            line.push(' ');
            line.push_str(&page.ink(Ink::Limit, &words[limit]));
        }
        page.line(&line);
    }
    let zero = right(&ticks[0], labels);
    page.line(&format!("{} └{}", page.ink(Ink::Muted, &zero), "─".repeat(each * slots.len())));
    dates(page, slots, labels + 2, each);
}

/// Labels below columns, every so many, and what they leave open below them.
fn dates(page: &mut Page, slots: &Slots, before: usize, each: usize) {
    let needed = widest(slots.labels.iter().map(|(label, _)| label.as_str())) + 2;
    let fits = |stride: &&usize| **stride * each >= needed;
    let stride = slots.strides.iter().find(fits).copied().unwrap_or(slots.len());
    let (mut labels, mut contexts, mut told) = (String::new(), String::new(), "");
    for (index, (label, context)) in slots.labels.iter().enumerate().step_by(stride) {
        let begin = before + index * each;
        if begin + label.width() > page.columns {
            break;
        }
        labels = left(&labels, begin) + label;
        if context != told {
            contexts = left(&contexts, begin) + context;
            told = context;
        }
    }
    for line in [labels, contexts] {
        let line = page.ink(Ink::Muted, &line);
        if !line.trim().is_empty() {
            page.line(&line);
        }
    }
}

/// The slices of a pie as bars of their shares.
pub(super) fn shares(page: &mut Page, slices: &[Slice]) {
    let sum: f64 = slices.iter().map(|slice| slice.value).sum();
    if sum <= 0.0 {
        return page.nothing();
    }
    page.caption(&[]);
    let numbers: Vec<String> = slices.iter().map(|slice| page.unit.short(slice.value)).collect();
    let number = widest(numbers.iter().map(String::as_str));
    let room = page.columns.saturating_sub(number + 13).min(page.columns / 3).max(1);
    let names = widest(slices.iter().map(|slice| slice.name.as_str())).min(room);
    let wide = page.columns.saturating_sub(names + number + 9).max(4);
    let most = slices.iter().map(|slice| slice.value).fold(0.0, f64::max);
    let ruler = Ruler { low: 0.0, span: most, wide };
    for (slice, text) in slices.iter().zip(&numbers) {
        let bar = Bar { slot: 0, series: 0, from: 0.0, to: slice.value, value: slice.value };
        let (cells, _) = ruler.row(page, &[&bar], &[]);
        let (name, share) = (left(&slice.name, names), right(&percent(slice.value / sum), 6));
        page.line(&format!("{name} {} {share} {}", right(text, number), cells.concat()));
    }
}

/// Quartiles of groups on one ruler.
pub(super) fn boxes(page: &mut Page, samples: &Samples, limits: &[Threshold]) {
    let groups = &samples.groups;
    if groups.is_empty() {
        return page.nothing();
    }
    page.caption(&samples.counted.iter().map(String::as_str).collect::<Vec<_>>());
    let names = widest(groups.iter().map(|group| group.name.as_str())).min(page.columns / 3);
    let wide = page.columns.saturating_sub(names + 1).max(8);
    let values = groups.iter().flat_map(|group| group.values.iter().copied());
    let scale = Scale::of(values.chain(limits.iter().map(|limit| limit.value)), false, (wide / 14).clamp(2, 8));
    let ruler = Ruler { low: scale.low, span: scale.high - scale.low, wide };
    for group in groups {
        let five = Five::of(&group.values);
        let mut cells: Vec<String> = vec![" ".into(); wide];
        limits.iter().for_each(|limit| cells[ruler.column(limit.value)] = page.ink(Ink::Limit, "╎"));
        for value in group.values.iter().filter(|value| **value < five.low || **value > five.high) {
            cells[ruler.column(*value)] = page.ink(Ink::Series(0), "•");
        }
        let mut put = |from: f64, to: f64, sign: &str| {
            for cell in &mut cells[ruler.column(from)..=ruler.column(to)] {
                *cell = page.ink(Ink::Series(0), sign);
            }
        };
        put(five.low, five.high, "─");
        put(five.low, five.low, "├");
        put(five.high, five.high, "┤");
        put(five.first, five.third, "▒");
        put(five.median, five.median, "┃");
        page.line(&format!("{} {}", left(&group.name, names), cells.concat()));
    }
    let mut labels = String::new();
    for (tick, label) in scale.ticks.iter().zip(page.unit.ticks(&scale.ticks, scale.step)) {
        let at = (names + 1 + ruler.column(*tick)).saturating_sub(label.width() / 2);
        let begin = at.min(page.columns.saturating_sub(label.width()));
        if labels.is_empty() || begin > labels.width() {
            labels = left(&labels, begin) + &label;
        }
    }
    let labels = page.ink(Ink::Muted, &labels);
    page.line(&labels);
    foot(page, limits);
}
