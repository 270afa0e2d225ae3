//! Floats as PostgreSQL prints them: the shortest digits that read back as the same number.

use std::fmt::{self, Write};

/// Above this decimal exponent a double is written with an exponent.
const DOUBLE_LARGEST: i32 = 15;
/// Above this decimal exponent a single is written with an exponent.
const SINGLE_LARGEST: i32 = 6;
/// Below this decimal exponent both are.
const SMALLEST: i32 = -4;

pub(super) fn write_double(out: &mut impl Write, number: f64) -> fmt::Result {
    match special(number) {
        Some(word) => out.write_str(word),
        None => write_digits(out, zmij::Buffer::new().format_finite(number), DOUBLE_LARGEST),
    }
}

pub(super) fn write_single(out: &mut impl Write, number: f32) -> fmt::Result {
    match special(number.into()) {
        Some(word) => out.write_str(word),
        None => write_digits(out, zmij::Buffer::new().format_finite(number), SINGLE_LARGEST),
    }
}

fn special(number: f64) -> Option<&'static str> {
    match number {
        n if n.is_nan() => Some("NaN"),
        n if n == f64::INFINITY => Some("Infinity"),
        n if n == f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// The digits of a number without zeros around them, and the decimal exponent of the first; zero has one digit.
fn digits(shortest: &str) -> (String, i32) {
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().expect("an exponent is a whole number");
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let significant = all.trim_start_matches('0');
    let places = |digits: usize| i32::try_from(digits).expect("a float has few digits");
    match significant.trim_end_matches('0') {
        "" => ("0".into(), 0),
        digits => (digits.into(), exponent + places(whole.len()) - 1 - places(all.len() - significant.len())),
    }
}

/// Lays out the shortest digits (`-1.25e-7`, `100.0`) the way PostgreSQL does.
///
/// Of two numbers that are as short and as near, PostgreSQL takes the even one, and so does the crate; Rust's own
/// formatting does not.
fn write_digits(out: &mut impl Write, shortest: &str, largest: i32) -> fmt::Result {
    let (sign, shortest) = shortest.strip_prefix('-').map_or(("", shortest), |rest| ("-", rest));
    let (digits, exponent) = digits(shortest);
    out.write_str(sign)?;
    if exponent < SMALLEST || exponent >= largest {
        let sign = if exponent < 0 { '-' } else { '+' };
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return write!(out, "{first}{point}{rest}e{sign}{:02}", exponent.abs());
    }
    let Ok(whole) = usize::try_from(exponent) else {
        out.write_str("0.")?;
        (1..exponent.unsigned_abs()).try_for_each(|_| out.write_char('0'))?;
        return out.write_str(&digits);
    };
    match digits.len() {
        length if length <= whole + 1 => {
            out.write_str(&digits)?;
            (length..=whole).try_for_each(|_| out.write_char('0'))
        }
        _ => write!(out, "{}.{}", &digits[..=whole], &digits[whole + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::{write_double, write_single};

    #[test]
    fn doubles_print_as_postgres_prints_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.25e300, "1.25e+300"),
            (100.0, "100"),
            (0.1 + 0.2, "0.30000000000000004"),
            (195_820_727_604_308.62, "195820727604308.62"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (number, expected) in cases {
            let mut text = String::new();
            write_double(&mut text, number).expect("writes");
            assert_eq!(text, expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_double_reads_back(bits in proptest::prelude::any::<u64>()) {
            let number = f64::from_bits(bits);
            let mut text = String::new();
            write_double(&mut text, number).expect("writes");
            let read: f64 = text.parse().expect("a number");
            assert!(read.to_bits() == bits || number.is_nan(), "{text}");
        }

        #[test]
        fn every_single_reads_back(bits in proptest::prelude::any::<u32>()) {
            let number = f32::from_bits(bits);
            let mut text = String::new();
            write_single(&mut text, number).expect("writes");
            let read: f32 = text.parse().expect("a number");
            assert!(read.to_bits() == bits || number.is_nan(), "{text}");
        }
    }

    #[test]
    fn singles_print_as_postgres_prints_them() {
        for (number, expected) in [(0.1, "0.1"), (16_777_216.0, "1.6777216e+07"), (100_000.0, "100000"), (1e6, "1e+06")]
        {
            let mut text = String::new();
            write_single(&mut text, number).expect("writes");
            assert_eq!(text, expected);
        }
    }
}
