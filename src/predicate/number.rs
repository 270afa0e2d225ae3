//! Exact numbers: whole ones of 128 bits, decimals of any length, and floats as floats.
//!
//! Nothing exact becomes a float. A float beside an exact number becomes exact: a whole float is taken to the last digit,
//! a fraction is taken as the digits a database prints for it, so that the double 0.7 equals 0.7 here as it does there.

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, Signed, Zero};

use crate::value::Value;

/// A number; never NaN.
#[derive(Clone, Debug)]
pub(super) enum Number {
    Int(i128),
    Decimal(BigDecimal),
    Float(f64),
}

/// Why two numbers have no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    DivisionByZero,
    TooLarge,
}

/// A result; none is NaN, which counts as NULL.
pub(super) type Result = std::result::Result<Option<Number>, Fault>;

/// No number is read or made with more digits, or further from the point, than this.
const MOST_DIGITS: u64 = 200_000;
/// A quotient that does not end has at least so many digits.
const QUOTIENT_DIGITS: i64 = 40;
/// And at least so many of them behind the point.
const QUOTIENT_SCALE: i64 = 20;
/// Above this, `i128` no longer holds every whole float.
const LARGEST_WHOLE: f64 = 1e38;

impl Number {
    /// Reads digits, point, sign and exponent; none for anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(whole) => Some(Self::Int(whole)),
            Err(_) => Self::read_decimal(text),
        }
    }

    /// Reads the text of a database's decimal and keeps its scale; none for NaN and for what is no decimal.
    pub(super) fn read_decimal(text: &str) -> Option<Self> {
        match text {
            "Infinity" => Some(Self::Float(f64::INFINITY)),
            "-Infinity" => Some(Self::Float(f64::NEG_INFINITY)),
            _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
                bounded(BigDecimal::from_str(text).ok()?).map(Self::Decimal)
            }
            _ => None,
        }
    }

    /// A double; none for NaN.
    pub(super) fn of_double(number: f64) -> Option<Self> {
        (!number.is_nan()).then_some(Self::Float(number))
    }

    /// A single as the double of the same printed digits; none for NaN.
    pub(super) fn of_single(number: f32) -> Option<Self> {
        if number.is_finite() && number.fract() != 0.0 {
            return Self::of_double(number.to_string().parse().expect("a printed float reads back"));
        }
        Self::of_double(number.into())
    }

    pub(super) fn into_value(self) -> Value<'static> {
        match self {
            Self::Int(whole) => i64::try_from(whole)
                .map(Value::Int)
                .or_else(|_| u64::try_from(whole).map(Value::UInt))
                .unwrap_or_else(|_| Value::Decimal(whole.to_string().into())),
            Self::Decimal(decimal) => Value::Decimal(decimal.to_plain_string().into()),
            Self::Float(number) => Value::Float(number),
        }
    }

    /// The same text for equal numbers of any kind.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Int(whole) if whole % 10 != 0 => format!("{whole}e0"),
            Self::Float(number) if number.is_infinite() => number.to_string(),
            Self::Int(_) | Self::Decimal(_) | Self::Float(_) => {
                let (digits, scale) = self.exact().normalized().into_bigint_and_scale();
                format!("{digits}e{}", -scale)
            }
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b).expect("a number is never NaN"),
            (Self::Float(a), Self::Int(b)) => compare_float(*a, *b),
            (Self::Int(a), Self::Float(b)) => compare_float(*b, *a).reverse(),
            (Self::Float(a), Self::Decimal(_)) if a.is_infinite() => a.total_cmp(&0.0),
            (Self::Decimal(_), Self::Float(b)) if b.is_infinite() => 0.0_f64.total_cmp(b),
            _ => self.exact().cmp(&other.exact()),
        }
    }

    pub(super) fn add(&self, other: &Self) -> Result {
        self.combine(other, i128::checked_add, |a, b| a + b, |a, b| a + b)
    }

    pub(super) fn subtract(&self, other: &Self) -> Result {
        self.combine(other, i128::checked_sub, |a, b| a - b, |a, b| a - b)
    }

    pub(super) fn multiply(&self, other: &Self) -> Result {
        self.combine(other, i128::checked_mul, |a, b| a * b, |a, b| a * b)
    }

    /// The quotient: exact, also of two integers, up to at least 40 digits.
    pub(super) fn divide(&self, other: &Self) -> Result {
        if other.is_zero() {
            return Err(Fault::DivisionByZero);
        }
        let whole = |a: i128, b| if a.checked_rem(b)? == 0 { a.checked_div(b) } else { None };
        self.combine(other, whole, quotient, |a, b| a / b)
    }

    /// What is left of a division, with the sign of the dividend.
    pub(super) fn remainder(&self, other: &Self) -> Result {
        match other {
            _ if other.is_zero() => Err(Fault::DivisionByZero),
            Self::Float(number) if number.is_infinite() && !self.is_infinite() => Ok(Some(self.clone())),
            _ => self.combine(other, i128::checked_rem, |a, b| a % b, |a, b| a % b),
        }
    }

    pub(super) fn negate(&self) -> Self {
        match self {
            Self::Int(whole) => whole.checked_neg().map_or_else(|| Self::Decimal(-self.exact()), Self::Int),
            Self::Decimal(decimal) => Self::Decimal(-decimal),
            Self::Float(number) => Self::Float(-number),
        }
    }

    pub(super) fn abs(&self) -> Self {
        let negative = match self {
            Self::Int(whole) => *whole < 0,
            Self::Decimal(decimal) => decimal.is_negative(),
            Self::Float(number) => number.is_sign_negative(),
        };
        if negative { self.negate() } else { self.clone() }
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Int(whole) => *whole == 0,
            Self::Decimal(decimal) => decimal.is_zero(),
            Self::Float(number) => *number == 0.0,
        }
    }

    fn is_infinite(&self) -> bool {
        matches!(self, Self::Float(number) if number.is_infinite())
    }

    fn combine(
        &self,
        other: &Self,
        whole: impl Fn(i128, i128) -> Option<i128>,
        exact: impl Fn(BigDecimal, BigDecimal) -> BigDecimal,
        float: impl Fn(f64, f64) -> f64,
    ) -> Result {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) if let Some(result) = whole(*a, *b) => return Ok(Some(Self::Int(result))),
            (Self::Float(a), Self::Float(b)) => return Ok(Self::of_double(float(*a, *b))),
            (a, b) if a.is_infinite() || b.is_infinite() => return Ok(Self::of_double(float(a.rough(), b.rough()))),
            _ => {}
        }
        let result = bounded(exact(self.exact(), other.exact())).ok_or(Fault::TooLarge)?;
        Ok(Some(Self::Decimal(result)))
    }

    /// A float on the same side of zero: enough beside an infinity.
    fn rough(&self) -> f64 {
        match self {
            Self::Int(whole) => f64::from(i8::try_from(whole.signum()).expect("a sign")),
            Self::Decimal(decimal) => match decimal.sign() {
                Sign::Minus => -1.0,
                Sign::NoSign => 0.0,
                Sign::Plus => 1.0,
            },
            Self::Float(number) => *number,
        }
    }

    /// The number as a decimal. Infinities have none; their callers turn them away first.
    fn exact(&self) -> BigDecimal {
        match self {
            Self::Int(whole) => BigDecimal::from(*whole),
            Self::Decimal(decimal) => decimal.clone(),
            Self::Float(number) => {
                let digits = if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:e}") };
                BigDecimal::from_str(&digits).expect("a finite float prints as a decimal")
            }
        }
    }
}

/// The decimal, unless it is larger than anyone can mean.
fn bounded(decimal: BigDecimal) -> Option<BigDecimal> {
    let (digits, scale) = decimal.as_bigint_and_scale();
    // Four bits hold a digit and a little more.
    (scale.unsigned_abs() <= MOST_DIGITS && digits.bits() <= MOST_DIGITS * 4).then_some(decimal)
}

/// How a float stands to a whole number, without rounding either.
fn compare_float(float: f64, whole: i128) -> Ordering {
    if float.abs() >= LARGEST_WHOLE {
        return float.total_cmp(&0.0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole float below 1e38 is an i128")]
    let trunc = float.trunc() as i128;
    trunc.cmp(&whole).then(float.fract().partial_cmp(&0.0).expect("a number is never NaN"))
}

/// Long division by hand: the digits wanted depend on both sides, and a quotient that ends loses nothing.
#[expect(clippy::needless_pass_by_value, reason = "the shape of every operation of `combine`")]
fn quotient(dividend: BigDecimal, divisor: BigDecimal) -> BigDecimal {
    let length = |decimal: &BigDecimal| i64::try_from(decimal.digits()).expect("digits of a bounded number");
    let (above, above_scale) = dividend.as_bigint_and_scale();
    let (below, below_scale) = divisor.as_bigint_and_scale();
    let wanted = QUOTIENT_DIGITS + length(&divisor) - length(&dividend);
    let shift = wanted.max(QUOTIENT_SCALE - above_scale + below_scale).max(0);
    let power = BigInt::from(10).pow(u32::try_from(shift).expect("scales of bounded numbers"));
    let shifted = above.as_ref() * power;
    let (mut digits, rest) = (&shifted / below.as_ref(), &shifted % below.as_ref());
    if rest.abs() * 2 >= below.abs() {
        digits += if (shifted.sign() == Sign::Minus) == (below.sign() == Sign::Minus) { 1 } else { -1 };
    }
    BigDecimal::new(digits, shift + above_scale - below_scale).normalized()
}

#[cfg(test)]
mod tests {
    use super::{Fault, Number};
    use bigdecimal::BigDecimal;
    use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};
    use std::cmp::Ordering;
    use std::str::FromStr;

    fn number(text: &str) -> Number {
        match text.strip_suffix('f') {
            Some(float) => Number::of_double(float.parse().expect(text)).expect(text),
            None => Number::read(text).expect(text),
        }
    }

    #[test]
    fn numbers_of_different_kinds_compare_exactly() {
        let cases = [
            ("9007199254740993", Ordering::Greater, "9007199254740992f"),
            ("18446744073709551615", Ordering::Less, "18446744073709551616f"),
            ("9223372036854775807", Ordering::Less, "9223372036854775807f"),
            ("0.7", Ordering::Equal, "0.7f"),
            ("0.30000000000000004", Ordering::Equal, "0.30000000000000004f"),
            ("0.3", Ordering::Less, "0.30000000000000004f"),
            ("1", Ordering::Less, "1.5f"),
            ("-1", Ordering::Greater, "-1.5f"),
            ("0", Ordering::Equal, "-0f"),
            ("1.10", Ordering::Equal, "1.1"),
            ("100000000000000000000000000000000000000000", Ordering::Less, "Infinity"),
            ("1e300", Ordering::Less, "1e300f"),
            ("1.5", Ordering::Greater, "-Infinity"),
            ("0.1", Ordering::Greater, "0"),
        ];
        for (left, expected, right) in cases {
            assert_eq!(number(left).compare(&number(right)), expected, "{left} {right}");
            assert_eq!(number(right).compare(&number(left)), expected.reverse(), "{right} {left}");
        }
    }

    #[test]
    fn a_single_is_what_it_prints() {
        assert_eq!(Number::of_single(0.7).expect("a number").compare(&number("0.7")), Ordering::Equal);
        assert_eq!(Number::of_single(16_777_216.0).expect("a number").compare(&number("16777216")), Ordering::Equal);
        assert!(Number::of_single(f32::NAN).is_none() && Number::of_double(f64::NAN).is_none());
    }

    #[test]
    fn arithmetic_keeps_every_digit() {
        type Operation = fn(&Number, &Number) -> super::Result;
        let cases: &[(&str, Operation, &str, &str)] = &[
            ("9223372036854775807", Number::add, "1", "9223372036854775808"),
            (
                "18446744073709551615",
                Number::multiply,
                "18446744073709551615",
                "340282366920938463426481119284349108225",
            ),
            ("0.1", Number::add, "0.2", "0.3"),
            ("0.1f", Number::add, "0.2f", "0.30000000000000004"),
            ("0.1f", Number::add, "1", "1.1"),
            ("1.10", Number::subtract, "0.10", "1.00"),
            ("7", Number::divide, "2", "3.5"),
            ("6", Number::divide, "-2", "-3"),
            ("1", Number::divide, "3", "0.3333333333333333333333333333333333333333"),
            ("-2", Number::divide, "3", "-0.6666666666666666666666666666666666666667"),
            ("1e50", Number::divide, "3", "33333333333333333333333333333333333333333333333333.33333333333333333333"),
            ("-7", Number::remainder, "3", "-1"),
            ("7.5", Number::remainder, "2", "1.5"),
            ("7", Number::remainder, "Infinity", "7"),
            ("Infinity", Number::multiply, "-2", "-Infinity"),
            ("5", Number::divide, "Infinity", "0"),
        ];
        for (left, operation, right, expected) in cases {
            let result = operation(&number(left), &number(right)).expect(left).expect(left);
            let shown = result.into_value().to_string();
            assert_eq!(shown, *expected, "{left} {right}");
        }
        assert!(number("Infinity").subtract(&number("Infinity")).expect("a result").is_none());
        for zero in ["0", "0.00", "0f"] {
            assert_eq!(number("1").divide(&number(zero)).expect_err(zero), Fault::DivisionByZero);
            assert_eq!(number("1").remainder(&number(zero)).expect_err(zero), Fault::DivisionByZero);
        }
        assert_eq!(number("1e150000").multiply(&number("1e150000")).expect_err("large"), Fault::TooLarge);
        assert!(Number::read("1e999999999").is_none() && Number::read("NaN").is_none());
    }

    proptest! {
        #[test]
        fn comparing_agrees_with_decimals(
            left in prop_oneof![any::<i64>().prop_map(i128::from), any::<u64>().prop_map(i128::from), -99..99_i128],
            right in prop_oneof![any::<i64>().prop_map(i128::from), any::<u64>().prop_map(i128::from), -99..99_i128],
            scales in (0..12_i64, 0..12_i64),
        ) {
            let (a, b) = (BigDecimal::new(left.into(), scales.0), BigDecimal::new(right.into(), scales.1));
            let (x, y) = (number(&a.to_plain_string()), number(&b.to_plain_string()));
            prop_assert_eq!(x.compare(&y), a.cmp(&b));
            prop_assert_eq!(x.canonical() == y.canonical(), a == b);
            let sum = x.add(&y).expect("bounded").expect("finite").into_value().to_string();
            prop_assert_eq!(BigDecimal::from_str(&sum).expect("a decimal"), a + b);
        }

        #[test]
        fn floats_keep_their_order_beside_exact_numbers(float in any::<f64>(), whole in any::<i64>(), near in -2..3_i64) {
            let Some(x) = Number::of_double(float) else { return Ok(()) };
            for whole in [whole, near] {
                let exact = Number::Decimal(BigDecimal::from(whole));
                prop_assert_eq!(x.compare(&Number::Int(whole.into())), x.compare(&exact));
            }
            #[expect(clippy::cast_precision_loss, reason = "a float near the whole number is what is wanted")]
            let beside = Number::Float(whole as f64);
            let exact = BigDecimal::from_str(&format!("{:.0}", whole as f64)).expect("a decimal");
            prop_assert_eq!(beside.compare(&Number::Int(whole.into())), exact.cmp(&BigDecimal::from(whole)));
        }

        #[test]
        fn a_quotient_times_the_divisor_is_the_dividend(above in any::<i64>(), below in any::<i64>(), scale in 0..9_i64) {
            let dividend = Number::Decimal(BigDecimal::new(above.into(), scale));
            let Ok(Some(quotient)) = dividend.divide(&Number::Int(below.into())) else { return Ok(()) };
            let back = quotient.multiply(&Number::Int(below.into())).expect("bounded").expect("finite");
            let error = back.subtract(&dividend).expect("bounded").expect("finite").abs();
            prop_assert_eq!(error.compare(&number("1e-18")), Ordering::Less);
        }
    }
}
