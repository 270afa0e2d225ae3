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
        None => write_digits(out, &format!("{number:e}"), DOUBLE_LARGEST),
    }
}

pub(super) fn write_single(out: &mut impl Write, number: f32) -> fmt::Result {
    match special(number.into()) {
        Some(word) => out.write_str(word),
        None => write_digits(out, &format!("{number:e}"), SINGLE_LARGEST),
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

/// Lays out `scientific` (`-1.25e-7`), Rust's shortest digits, the way PostgreSQL does.
fn write_digits(out: &mut impl Write, scientific: &str, largest: i32) -> fmt::Result {
    let (mantissa, exponent) = scientific.split_once('e').expect("the e format writes an exponent");
    let exponent: i32 = exponent.parse().expect("the e format writes a whole exponent");
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    out.write_str(sign)?;
    if exponent < SMALLEST || exponent >= largest {
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(out, "{mantissa}e{sign}{:02}", exponent.abs());
    }
    let digits = mantissa.replace('.', "");
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
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (number, expected) in cases {
            let mut text = String::new();
            write_double(&mut text, number).expect("writes");
            assert_eq!(text, expected);
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
