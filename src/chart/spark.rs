//! Sparklines: a run of numbers in the height of a word.

use super::drawing::{Drawing, Path};
use super::number::{self, Unit};
use super::palette::{Ink, Theme};
use super::thin::thinned;
use super::ticks::as_f64;
use crate::value::Value;

/// From the least to the most.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The numbers of a cell that holds several: an array, a JSON array, or text with commas between, as `group_concat`
/// writes it. A gap is none; none in all when the cell holds something else or fewer than two numbers.
#[must_use]
pub fn run(value: &Value<'_>) -> Option<Vec<Option<f64>>> {
    let numbers: Vec<Option<f64>> = match value {
        Value::Array(array) => {
            let item = |item: &Value<'_>| if item.is_null() { Some(None) } else { number::read(item) };
            array.items.iter().map(item).collect::<Option<_>>()?
        }
        Value::Json(text) => {
            let items: Vec<Option<f64>> = serde_json::from_str(text).ok()?;
            items
        }
        // SQLite has no type for the arrays that it makes.
        Value::Text(text) if text.starts_with('[') => serde_json::from_str(text).ok()?,
        Value::Text(text) => {
            let item = |item: &str| match item.trim() {
                "" => Some(None),
                item => item.parse().ok().map(Some),
            };
            text.split(',').map(item).collect::<Option<_>>()?
        }
        _ => return None,
    };
    (numbers.iter().flatten().count() > 1).then_some(numbers)
}

/// Numbers as blocks of eight heights, in at most `most` characters; a gap is a space.
#[must_use]
pub fn sparkline(numbers: &[Option<f64>], most: usize) -> String {
    let drawable = |number: f64| number.abs() <= 1e300;
    let numbers: Vec<Option<f64>> = numbers.iter().map(|number| number.filter(|n| drawable(*n))).collect();
    let each = numbers.len().div_ceil(most.max(1)).max(1);
    let means: Vec<Option<f64>> = numbers.chunks(each).map(mean).collect();
    let (low, high) = ends(&means);
    let block = |number: &Option<f64>| match number {
        None => ' ',
        Some(_) if high - low <= 0.0 => BLOCKS[3],
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 7")]
        Some(number) => BLOCKS[((number - low) / (high - low) * 7.0).round() as usize],
    };
    means.iter().map(block).collect()
}

fn mean(numbers: &[Option<f64>]) -> Option<f64> {
    let count = numbers.iter().flatten().count();
    (count > 0).then(|| numbers.iter().flatten().map(|number| number / as_f64(count)).sum())
}

fn ends(numbers: &[Option<f64>]) -> (f64, f64) {
    numbers.iter().flatten().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), n| (low.min(*n), high.max(*n)))
}

/// The same as a small SVG element, 96 by 20 units, with a dot at the last number.
#[must_use]
pub fn sparkline_svg(numbers: &[Option<f64>], theme: Theme) -> String {
    const WIDE: f64 = 96.0;
    const HIGH: f64 = 20.0;
    let numbers: Vec<Option<f64>> = numbers.iter().map(|number| number.filter(|n| n.abs() <= 1e300)).collect();
    let (low, high) = ends(&numbers);
    let step = (WIDE - 8.0) / as_f64(numbers.len().max(2) - 1);
    let y =
        |number: f64| if high > low { HIGH - 3.0 - (number - low) / (high - low) * (HIGH - 6.0) } else { HIGH / 2.0 };
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (at, number) in numbers.iter().enumerate() {
        match number {
            Some(number) => runs.last_mut().expect("there is one").push((3.0 + as_f64(at) * step, y(*number))),
            None => runs.push(Vec::new()),
        }
    }
    let mut drawing = Drawing::clear(WIDE, HIGH);
    let mut path = Path::default();
    let runs: Vec<_> = runs.into_iter().filter(|run| !run.is_empty()).map(|run| thinned(&run, 200)).collect();
    for run in &runs {
        path.from(run[0].0, run[0].1);
        // One point by itself is a line that leads nowhere: its round ends are a dot.
        path.to(run[0].0, run[0].1);
        run[1..].iter().for_each(|(x, y)| path.to(*x, *y));
    }
    drawing.stroke(path, Ink::Series(0), 1.5);
    if let Some((x, y)) = runs.last().and_then(|run| run.last()) {
        drawing.circle(*x, *y, 2.25, Ink::Series(0));
    }
    drawing.svg(theme, &told(&numbers))
}

/// The same in words, for whoever does not see it.
fn told(numbers: &[Option<f64>]) -> String {
    let (unit, (low, high)) = (Unit::default(), ends(numbers));
    match numbers.iter().rev().copied().flatten().next() {
        Some(last) => format!("from {} to {}, last {}", unit.short(low), unit.short(high), unit.short(last)),
        None => "no numbers".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{run, sparkline, sparkline_svg};
    use crate::chart::Theme;
    use crate::value::Value;

    #[test]
    fn a_run_of_numbers_is_a_word() {
        let line = |text: &str, most| sparkline(&run(&Value::Text(text.into())).expect("numbers"), most);
        assert_eq!(line("0,1,2,3,4,5,6,7", 40), "▁▂▃▄▅▆▇█");
        assert_eq!(line("3,,-3", 40), "█ ▁");
        assert_eq!(line("5,5,5", 40), "▄▄▄");
        assert_eq!(line("0,0,4,4,8,8,1", 4), "▁▅█▂");
        assert_eq!(sparkline(&[], 10), "");
        assert_eq!(sparkline(&[Some(f64::INFINITY), Some(f64::NAN), Some(1.0)], 10), "  ▄");
    }

    #[test]
    fn only_what_holds_numbers_is_a_run() {
        assert_eq!(run(&Value::Json("[1, null, 2.5]".into())), Some(vec![Some(1.0), None, Some(2.5)]));
        assert_eq!(run(&Value::Json("[1, \"a\"]".into())), None);
        assert_eq!(run(&Value::Text("[1, null, 2]".into())), Some(vec![Some(1.0), None, Some(2.0)]));
        assert_eq!(run(&Value::Text("1,a".into())), None);
        assert_eq!(run(&Value::Text("1".into())), None);
        assert_eq!(run(&Value::Int(1)), None);
    }

    #[test]
    fn a_sparkline_is_a_small_picture() {
        let svg = sparkline_svg(&[Some(1.0), None, Some(2.0), Some(3.0)], Theme::Light);
        insta::assert_snapshot!(svg, @r##"
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 20" width="96" height="20" role="img" aria-label="from 1 to 3, last 3" font-family="'Rowcall Sans', system-ui, -apple-system, 'Segoe UI', 'Apple SD Gothic Neo', 'Malgun Gothic', 'Noto Sans CJK KR', sans-serif"><path d="M3 17L3 17M61.67 10L61.67 10L91 3" fill="none" stroke="#1f6fb8" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"/><circle cx="91" cy="3" r="2.25" fill="#1f6fb8"/></svg>
        "##);
        assert!(sparkline_svg(&[], Theme::Auto).ends_with("</svg>"));
    }
}
