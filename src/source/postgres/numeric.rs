//! `numeric`: from groups of four decimal digits to the text the server would print.

use std::fmt::Write;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Writes a binary numeric into `text`, which is emptied first; none when the bytes are no numeric.
pub(super) fn write(bytes: &[u8], text: &mut String) -> Option<()> {
    text.clear();
    let (header, digits) = bytes.split_at_checked(8)?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (count, weight, sign, scale) = (usize::from(word(0)), word(2).cast_signed(), word(4), usize::from(word(6)));
    match sign {
        NAN => text.push_str("NaN"),
        INFINITY => text.push_str("Infinity"),
        NEGATIVE_INFINITY => text.push_str("-Infinity"),
        0 | NEGATIVE => {
            if digits.len() != count * 2 {
                return None;
            }
            if sign == NEGATIVE {
                text.push('-');
            }
            write_digits(digits, weight.into(), scale, text)?;
        }
        _ => return None,
    }
    Some(())
}

/// The first group stands `weight` groups before the point; `scale` digits follow the point.
fn write_digits(digits: &[u8], weight: i32, scale: usize, text: &mut String) -> Option<()> {
    let group = |place: i32| {
        let at = usize::try_from(weight - place).ok()?.checked_mul(2)?;
        Some(u16::from_be_bytes([*digits.get(at)?, *digits.get(at + 1)?]))
    };
    if weight < 0 {
        text.push('0');
    }
    for place in (0..=weight).rev() {
        let group = group(place).unwrap_or(0);
        if place == weight { write!(text, "{group}") } else { write!(text, "{group:04}") }.ok()?;
    }
    if scale == 0 {
        return Some(());
    }
    text.push('.');
    let end = text.len() + scale;
    let mut place = -1;
    while text.len() < end {
        write!(text, "{:04}", group(place).unwrap_or(0)).ok()?;
        place -= 1;
    }
    text.truncate(end);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::write;

    fn text(count: u16, weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Option<String> {
        let header = [count, weight.cast_unsigned(), sign, scale];
        let bytes: Vec<u8> = header.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect();
        let mut text = "left over".to_owned();
        write(&bytes, &mut text).map(|()| text)
    }

    #[test]
    fn numerics_keep_every_digit() {
        let cases = [
            (text(0, 0, 0, 0, &[]), "0"),
            (text(0, 0, 0, 2, &[]), "0.00"),
            (text(1, -1, 0, 2, &[1000]), "0.10"),
            (text(1, -1, 0, 4, &[1]), "0.0001"),
            (text(1, -2, 0, 8, &[1]), "0.00000001"),
            (text(2, 0, 0x4000, 3, &[12, 3450]), "-12.345"),
            (text(1, 1, 0, 0, &[1]), "10000"),
            (text(3, 2, 0, 0, &[1, 2, 3]), "100020003"),
            (text(2, 0, 0, 6, &[7, 1234]), "7.123400"),
            (text(0, 0, 0xC000, 0, &[]), "NaN"),
            (text(0, 0, 0xD000, 32, &[]), "Infinity"),
            (text(0, 0, 0xF000, 32, &[]), "-Infinity"),
        ];
        for (written, expected) in cases {
            assert_eq!(written.as_deref(), Some(expected));
        }
    }

    #[test]
    fn bytes_that_are_no_numeric_are_refused() {
        assert_eq!(text(2, 0, 0, 0, &[1]), None);
        assert_eq!(text(0, 0, 0x1234, 0, &[]), None);
        assert_eq!(write(&[0, 1], &mut String::new()), None);
    }
}
