//! The words of a chart: `line x=day y=total,orders threshold=limit:200 title="Orders by day"`.
//!
//! The command line gives one string, the catalogue a table with the same words; both become [`Setting`]s and are read by
//! the same function, every mistake at once.

use std::borrow::Cow;
use std::ops::Range;

use super::palette::Theme;
use super::spec::{Kind, Size, Spec, Threshold};
use crate::name::nearest;

/// Every word, and what stands behind it.
pub const WORDS: [(&str, &str); 12] = [
    ("kind", "line, area, bar, scatter, pie, donut, heatmap or box"),
    ("x", "the column along the axis"),
    ("y", "columns of numbers"),
    ("series", "a column that tells series apart"),
    ("value", "the column that gives the shade of a heatmap"),
    ("stacked", "true or false"),
    ("horizontal", "true or false"),
    ("threshold", "numbers, such as 100 or limit:100"),
    ("unit", "what the numbers count, such as % or orders"),
    ("title", "what stands above"),
    ("size", "such as 820x420"),
    ("theme", "light, dark or auto"),
];

/// A word with its values, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<'a> {
    /// One of [`WORDS`], if its writer made no mistake.
    pub word: Cow<'a, str>,
    /// One value, or several where the word takes a list; numbers and booleans as their text.
    pub values: Vec<Cow<'a, str>>,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The position of the setting; none when one is missing.
    pub setting: Option<usize>,
    /// The position of its value; none when the word itself is wrong.
    pub value: Option<usize>,
    /// A fact in lower case.
    pub problem: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Spec {
    /// Reads settings, in any order.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn read(settings: &[Setting<'_>]) -> Result<Self, Vec<Mistake>> {
        let mut reading = Reading { spec: Self::of(Kind::Line), kind: None, mistakes: Vec::new() };
        for (at, setting) in settings.iter().enumerate() {
            if settings[..at].iter().any(|earlier| earlier.word == setting.word) {
                reading.mistake(at, None, format!("`{}` is given twice", setting.word), None);
            } else {
                reading.take(at, setting);
            }
        }
        if !settings.iter().any(|setting| setting.word == "kind") {
            let hint = Some(format!("one of: {}", kinds().join(", ")));
            let problem = "the kind of chart is missing".into();
            reading.mistakes.push(Mistake { setting: None, value: None, problem, hint });
        }
        reading.fits(settings);
        if reading.mistakes.is_empty() { Ok(reading.spec) } else { Err(reading.mistakes) }
    }

    /// Reads the one line of the command line. The first word is the kind, or `kind=` is anywhere; lists have commas; what
    /// holds a space or a comma stands in quotes; `stacked` alone is `stacked=true`.
    ///
    /// # Errors
    /// Every mistake, with the bytes of the line that it is about.
    pub fn parse(line: &str) -> Result<Self, Vec<(Range<usize>, Mistake)>> {
        let written = written(line);
        let settings: Vec<Setting<'_>> = written.iter().map(|written| written.setting.clone()).collect();
        Self::read(&settings).map_err(|mistakes| {
            let spanned = |mistake: Mistake| {
                let span = match (mistake.setting, mistake.value) {
                    (None, _) => line.len()..line.len(),
                    (Some(setting), None) => written[setting].word.clone(),
                    (Some(setting), Some(value)) => written[setting].values[value].clone(),
                };
                (span, mistake)
            };
            mistakes.into_iter().map(spanned).collect()
        })
    }
}

fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|(word, _)| *word).collect()
}

/// The spec as far as it was read.
struct Reading {
    spec: Spec,
    /// The kind, once it is known.
    kind: Option<Kind>,
    mistakes: Vec<Mistake>,
}

impl Reading {
    fn mistake(&mut self, setting: usize, value: Option<usize>, problem: String, hint: Option<String>) {
        self.mistakes.push(Mistake { setting: Some(setting), value, problem, hint });
    }

    fn take(&mut self, at: usize, setting: &Setting<'_>) {
        match &*setting.word {
            "y" => self.spec.y = setting.values.iter().map(|value| value.clone().into_owned()).collect(),
            "threshold" => {
                for (index, value) in setting.values.iter().enumerate() {
                    match threshold(value) {
                        Some(threshold) => self.spec.thresholds.push(threshold),
                        None => {
                            let hint = Some("write 100, or limit:100 with words beside the line".into());
                            self.mistake(at, Some(index), format!("`{value}` is no number"), hint);
                        }
                    }
                }
            }
            word if WORDS.iter().any(|(known, _)| *known == word) => match setting.values.as_slice() {
                [value] => self.one(at, word, value),
                [] => self.mistake(at, None, format!("`{word}` has no value"), None),
                [_, second, ..] => {
                    self.mistake(at, Some(1), format!("`{word}` takes one value, and `{second}` is a second"), None);
                }
            },
            word => self.unknown(at, word),
        }
    }

    fn one(&mut self, at: usize, word: &str, value: &str) {
        let text = || Some(value.to_owned());
        match word {
            "x" => self.spec.x = text(),
            "series" => self.spec.series = text(),
            "value" => self.spec.value = text(),
            "unit" => self.spec.unit = text(),
            "title" => self.spec.title = text(),
            "kind" => {
                self.kind = self.choice(at, value, "kind of chart", &Kind::ALL);
                self.spec.kind = self.kind.unwrap_or(Kind::Line);
            }
            "theme" => self.spec.theme = self.choice(at, value, "theme", &Theme::ALL),
            "stacked" => self.spec.stacked = self.flag(at, value),
            "horizontal" => self.spec.horizontal = self.flag(at, value),
            "size" => self.spec.size = self.size(at, value),
            _ => unreachable!("each word of WORDS is read"),
        }
    }

    /// Words that say nothing about this kind of chart.
    fn fits(&mut self, settings: &[Setting<'_>]) {
        let Some(kind) = self.kind else { return };
        for (at, setting) in settings.iter().enumerate() {
            let (fits, others) = match &*setting.word {
                "stacked" => (matches!(kind, Kind::Area | Kind::Bar), "area and bar"),
                "horizontal" => (kind == Kind::Bar, "bar"),
                "value" => (kind == Kind::Heatmap, "heatmap"),
                "series" => {
                    (matches!(kind, Kind::Line | Kind::Area | Kind::Bar | Kind::Scatter), "line, area, bar and scatter")
                }
                "threshold" => {
                    (!matches!(kind, Kind::Pie | Kind::Donut | Kind::Heatmap), "charts with an axis of numbers")
                }
                _ => continue,
            };
            if !fits {
                let problem = format!("{} has no `{}`", kind.a(), setting.word);
                self.mistake(at, None, problem, Some(format!("it is for {others}")));
            }
        }
    }

    fn flag(&mut self, at: usize, value: &str) -> bool {
        self.choice(at, value, "boolean", &[("true", true), ("false", false)]).unwrap_or_default()
    }

    fn choice<T: Copy>(&mut self, at: usize, value: &str, what: &str, known: &[(&'static str, T)]) -> Option<T> {
        let found = known.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let hint = match nearest(value, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("one of: {}", words.join(", ")),
            };
            self.mistake(at, Some(0), format!("`{value}` is no {what}"), Some(hint));
        }
        found
    }

    fn size(&mut self, at: usize, value: &str) -> Option<Size> {
        let read = value.split_once('x').and_then(|(width, height)| {
            Some(Size { width: width.trim().parse().ok()?, height: height.trim().parse().ok()? })
        });
        let (least, most) = (Size::SMALLEST, Size::LARGEST);
        let fits = |size: &Size| {
            (least.width..=most.width).contains(&size.width) && (least.height..=most.height).contains(&size.height)
        };
        let size = read.filter(fits);
        if size.is_none() {
            let ends = |size: Size| format!("{}x{}", size.width, size.height);
            let problem = match read {
                Some(_) => format!("a chart has no size of {value}"),
                None => format!("`{value}` is no size"),
            };
            self.mistake(at, Some(0), problem, Some(format!("from {} to {}", ends(least), ends(most))));
        }
        size
    }

    fn unknown(&mut self, at: usize, word: &str) {
        let known = WORDS.iter().map(|(known, _)| *known);
        let hint = match nearest(word, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("a chart has: {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.mistake(at, None, format!("a chart has no `{word}`"), Some(hint));
    }
}

fn threshold(text: &str) -> Option<Threshold> {
    let (label, number) = match text.rsplit_once(':') {
        Some((label, number)) => (Some(label.trim().to_owned()), number),
        None => (None, text),
    };
    let value: f64 = number.trim().replace('_', "").parse().ok()?;
    value.is_finite().then_some(Threshold { value, label: label.filter(|label| !label.is_empty()) })
}

/// A setting of the line, and where its parts stand.
struct Written<'a> {
    setting: Setting<'a>,
    word: Range<usize>,
    values: Vec<Range<usize>>,
}

/// The settings of a line; nothing in it is wrong here.
fn written(line: &str) -> Vec<Written<'_>> {
    let mut found = Vec::new();
    let mut rest = Cursor { line, at: 0 };
    while rest.skip_spaces() {
        let begin = rest.at;
        let (first, span) = rest.piece(&['=']);
        if rest.eat('=') {
            let mut setting = Setting { word: first, values: Vec::new() };
            let mut values = Vec::new();
            loop {
                let (value, span) = rest.piece(&[',']);
                // Nothing between commas, or after the sign, is no value.
                if !span.is_empty() {
                    setting.values.push(value);
                    values.push(span);
                }
                if !rest.eat(',') {
                    break;
                }
            }
            found.push(Written { setting, word: begin..span.end, values });
        } else if found.is_empty() {
            let setting = Setting { word: "kind".into(), values: vec![first] };
            found.push(Written { setting, word: span.clone(), values: vec![span] });
        } else {
            let bare = matches!(&*first, "stacked" | "horizontal");
            let values = if bare { vec!["true".into()] } else { Vec::new() };
            let spans = if bare { vec![span.clone()] } else { Vec::new() };
            found.push(Written { setting: Setting { word: first, values }, word: span, values: spans });
        }
    }
    found
}

struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn next(&self) -> Option<char> {
        self.line[self.at..].chars().next()
    }

    /// Whether something follows the spaces.
    fn skip_spaces(&mut self) -> bool {
        while let Some(space) = self.next().filter(|c| c.is_whitespace()) {
            self.at += space.len_utf8();
        }
        self.next().is_some()
    }

    fn eat(&mut self, sign: char) -> bool {
        let here = self.next() == Some(sign);
        self.at += if here { sign.len_utf8() } else { 0 };
        here
    }

    /// Text up to a space or one of `ends`; in quotes up to the other quote, or to the end of the line.
    fn piece(&mut self, ends: &[char]) -> (Cow<'a, str>, Range<usize>) {
        let begin = self.at;
        if let Some(quote) = self.next().filter(|c| matches!(c, '"' | '\'')) {
            let rest = &self.line[begin + 1..];
            let end = rest.find(quote);
            let inner = &rest[..end.unwrap_or(rest.len())];
            self.at = begin + 1 + inner.len() + end.map_or(0, |_| 1);
            return (inner.into(), begin..self.at);
        }
        let rest = &self.line[begin..];
        let end = rest.find(|c: char| c.is_whitespace() || ends.contains(&c)).unwrap_or(rest.len());
        self.at = begin + end;
        (rest[..end].into(), begin..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Spec, WORDS};
    use crate::chart::{Size, Theme, Threshold};

    #[test]
    fn a_line_says_what_to_draw() {
        let spec = Spec::parse(
            "bar x=day y=total,\"the orders\" stacked horizontal=false threshold=100,limit:2_000 title='Orders, by day' \
             unit=₩ size=600x300 theme=dark series=country",
        )
        .expect("no mistake");
        let expected = Spec {
            x: Some("day".into()),
            y: vec!["total".into(), "the orders".into()],
            series: Some("country".into()),
            stacked: true,
            thresholds: vec![
                Threshold { value: 100.0, label: None },
                Threshold { value: 2_000.0, label: Some("limit".into()) },
            ],
            unit: Some("₩".into()),
            title: Some("Orders, by day".into()),
            size: Some(Size { width: 600, height: 300 }),
            theme: Some(Theme::Dark),
            ..Spec::of(Kind::Bar)
        };
        assert_eq!(spec, expected);
        assert_eq!(Spec::parse("kind=heatmap value=n").expect("no mistake").kind, Kind::Heatmap);
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let told = |line: &str| {
            let mistakes = Spec::parse(line).expect_err("wrong");
            let tell = |(span, mistake): (std::ops::Range<usize>, super::Mistake)| {
                format!("{}: {} ({})", &line[span], mistake.problem, mistake.hint.unwrap_or_default())
            };
            mistakes.into_iter().map(tell).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(told("lien x=day,b z=1 tresh=3 theme=blue stacked=maybe size=9x9 x=b unit= threshold=a,1e999"), @r#"
        lien: `lien` is no kind of chart (did you mean `line`?)
        b: `x` takes one value, and `b` is a second ()
        z: a chart has no `z` (did you mean `x`?)
        tresh: a chart has no `tresh` (a chart has: kind, x, y, series, value, stacked, horizontal, threshold, unit, title, size, theme)
        blue: `blue` is no theme (one of: light, dark, auto)
        maybe: `maybe` is no boolean (one of: true, false)
        9x9: a chart has no size of 9x9 (from 240x160 to 2000x2000)
        x: `x` is given twice ()
        unit: `unit` has no value ()
        a: `a` is no number (write 100, or limit:100 with words beside the line)
        1e999: `1e999` is no number (write 100, or limit:100 with words beside the line)
        "#);
        insta::assert_snapshot!(told("x=day"), @r#"
        : the kind of chart is missing (one of: line, area, bar, scatter, pie, donut, heatmap, box)
        "#);
        insta::assert_snapshot!(told("line total"), @r#"
        total: a chart has no `total` (a chart has: kind, x, y, series, value, stacked, horizontal, threshold, unit, title, size, theme)
        "#);
    }

    #[test]
    fn every_word_is_read() {
        for (word, _) in WORDS {
            let line = format!("kind=line {word}=x");
            let mistakes = Spec::parse(&line).err().unwrap_or_default();
            assert!(
                mistakes.iter().all(|(_, mistake)| !mistake.problem.contains("a chart has no")),
                "{word}: {mistakes:?}"
            );
        }
    }
}
