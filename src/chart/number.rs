//! Numbers on a chart: read from cells, written for people.

use crate::value::Value;

/// What is drawn stays below this, so that no span of an axis leaves the floats.
const LARGEST: f64 = 1e300;
/// Signs of currencies, which stand before a number.
const CURRENCIES: [&str; 9] = ["$", "€", "£", "¥", "₩", "₹", "US$", "₫", "฿"];
/// The longest unit, in characters, that stands at every number.
const SHORT: usize = 3;

/// What a cell is as a number; none when it is something else, `Some(None)` when it is none that can be drawn.
pub(super) fn read(value: &Value<'_>) -> Option<Option<f64>> {
    let number = match value {
        #[expect(clippy::cast_precision_loss, reason = "a picture has no more than four digits")]
        Value::Int(number) => *number as f64,
        #[expect(clippy::cast_precision_loss, reason = "a picture has no more than four digits")]
        Value::UInt(number) => *number as f64,
        Value::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        Value::Float(number) => *number,
        Value::Real(number) => f64::from(*number),
        _ => return None,
    };
    Some(Some(number).filter(|number| number.abs() <= LARGEST))
}

/// How the numbers of one chart are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    before: String,
    after: String,
    /// What is too long to stand at every number.
    pub(super) caption: Option<String>,
}

impl Unit {
    pub(super) fn new(unit: Option<&str>) -> Self {
        match unit.map(str::trim) {
            None | Some("") => Self::default(),
            Some(sign) if CURRENCIES.contains(&sign) => Self { before: sign.into(), ..Self::default() },
            Some(sign @ ("%" | "‰" | "°")) => Self { after: sign.into(), ..Self::default() },
            Some(word) if word.chars().count() <= SHORT => Self { after: format!(" {word}"), ..Self::default() },
            Some(word) => Self { caption: Some(word.into()), ..Self::default() },
        }
    }

    /// The sign, then the unit where it belongs.
    fn around(&self, negative: bool, digits: &str) -> String {
        format!("{}{}{digits}{}", if negative { "−" } else { "" }, self.before, self.after)
    }

    /// The ticks of an axis, all with the same digits after the point.
    pub(super) fn ticks(&self, ticks: &[f64], step: f64) -> Vec<String> {
        let most = ticks.iter().fold(0.0_f64, |most, tick| most.max(tick.abs()));
        let form = Form::of(most);
        ticks.iter().map(|tick| self.around(*tick < 0.0, &form.digits(tick.abs(), form.places(step)))).collect()
    }

    /// As [`Unit::ticks`] for an axis that is walked along: there 2026 may be a year.
    pub(super) fn steps(ticks: &[f64], step: f64) -> Vec<String> {
        let plain = ticks.iter().all(|tick| tick.abs() < 10_000.0);
        let labels = Self::default().ticks(ticks, step);
        if plain { labels.into_iter().map(|label| label.replace(',', "")).collect() } else { labels }
    }

    /// One number by itself, in three digits or all those before the point.
    pub(super) fn short(&self, value: f64) -> String {
        let size = value.abs();
        let form = Form::of(size);
        let shown = size / form.divisor();
        let places = match shown {
            n if n == 0.0 || n >= 1_000.0 => 0,
            n if n >= 100.0 => usize::from(n.fract() >= 0.05 && form == Form::Plain(1.0)),
            n if n >= 1.0 || matches!(form, Form::Science) => 2,
            n => exponent(n).unsigned_abs() as usize + 2,
        };
        let digits = form.digits(size, places);
        self.around(value < 0.0 && size != 0.0, &without_zeros(&digits))
    }
}

/// `1.50M` is `1.5M`, `2.0` is `2`.
fn without_zeros(digits: &str) -> String {
    let end = digits.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    [number, rest].concat()
}

/// How large numbers are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// Digits with commas, in so many ones: `12,500`, `1.25M`.
    Plain(f64),
    /// `1.5e12`.
    Science,
}

const LETTERS: [(f64, &str); 3] = [(1e12, "T"), (1e9, "B"), (1e6, "M")];

impl Form {
    /// The form for numbers up to `most`.
    fn of(most: f64) -> Self {
        match most {
            0.0 => Self::Plain(1.0),
            most if !(1e-4..1e15).contains(&most) => Self::Science,
            most => Self::Plain(LETTERS.iter().find(|(size, _)| most >= *size).map_or(1.0, |(size, _)| *size)),
        }
    }

    fn divisor(self) -> f64 {
        match self {
            Self::Plain(divisor) => divisor,
            Self::Science => 1.0,
        }
    }

    /// How many digits after the point tell steps apart.
    fn places(self, step: f64) -> usize {
        match self {
            Self::Plain(divisor) => {
                let step = step / divisor;
                let exponent = exponent(step);
                // 2.5 and its kin need one more.
                let mantissa = step / 10_f64.powi(exponent);
                let half = i32::from((mantissa - mantissa.round()).abs() > 1e-6);
                usize::try_from(half - exponent).unwrap_or(0).min(12)
            }
            Self::Science => 2,
        }
    }

    /// A number that is not negative.
    fn digits(self, number: f64, places: usize) -> String {
        match self {
            Self::Plain(divisor) => {
                let letter = LETTERS.iter().find(|(size, _)| *size == divisor).map_or("", |(_, letter)| letter);
                let digits = if number == 0.0 { "0".into() } else { format!("{:.places$}", number / divisor) };
                let letter = if number == 0.0 { "" } else { letter };
                format!("{}{letter}", with_commas(&digits))
            }
            Self::Science if number == 0.0 => "0".into(),
            Self::Science => {
                let text = format!("{number:.places$e}");
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                format!("{}e{}", without_zeros(mantissa), exponent.replace('-', "−"))
            }
        }
    }
}

/// The exponent of the first digit.
pub(super) fn exponent(number: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a float has three digits")]
    let exponent = (number.abs().log10() + 1e-9).floor() as i32;
    exponent
}

fn with_commas(digits: &str) -> String {
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn a_number_by_itself_has_three_digits() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (7.0, "7"),
            (12.345, "12.35"),
            (123.45, "123.5"),
            (1234.5, "1,234"),
            (999_999.0, "999,999"),
            (1_250_000.0, "1.25M"),
            (45_600_000_000.0, "45.6B"),
            (-3_000_000_000_000.0, "−3T"),
            (0.0123, "0.0123"),
            (0.5, "0.5"),
            (1.5e-7, "1.5e−7"),
            (-2e20, "−2e20"),
        ];
        for (number, text) in cases {
            assert_eq!(Unit::default().short(number), text, "{number}");
        }
        assert_eq!(Unit::new(Some("₩")).short(-1234.0), "−₩1,234");
        assert_eq!(Unit::new(Some("%")).short(12.5), "12.5%");
        assert_eq!(Unit::new(Some("ms")).short(12.5), "12.5 ms");
        assert_eq!(Unit::new(Some("orders")).caption.as_deref(), Some("orders"));
    }

    #[test]
    fn the_ticks_of_an_axis_have_equal_digits() {
        let ticks = |ticks: &[f64], step| Unit::new(Some("$")).ticks(ticks, step).join(" ");
        assert_eq!(ticks(&[0.0, 2.5, 5.0], 2.5), "$0 $2.5 $5.0");
        assert_eq!(ticks(&[0.0, 500_000.0, 1_000_000.0], 500_000.0), "$0 $0.5M $1.0M");
        assert_eq!(ticks(&[-20_000.0, 0.0, 20_000.0], 20_000.0), "−$20,000 $0 $20,000");
        assert_eq!(ticks(&[0.0, 0.05], 0.05), "$0 $0.05");
        assert_eq!(ticks(&[0.0, 2e-9], 2e-9), "$0 $2e−9");
        assert_eq!(Unit::steps(&[2024.0, 2025.0], 1.0), ["2024", "2025"]);
        assert_eq!(Unit::steps(&[0.0, 20_000.0], 20_000.0), ["0", "20,000"]);
    }
}
