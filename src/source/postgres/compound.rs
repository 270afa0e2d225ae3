//! What is made of other values and prints as text: rows, ranges and multiranges, quoted as the server quotes them.

use tokio_postgres::types::{Oid, Type};

use super::decode::{Decoder, Scratch};
use crate::value::Value;

/// A range without any value.
const EMPTY: u8 = 0x01;
const LOWER_INCLUDED: u8 = 0x02;
const UPPER_INCLUDED: u8 = 0x04;
const LOWER_OPEN: u8 = 0x08;
const UPPER_OPEN: u8 = 0x10;

/// What a field of a row and a bound of a range are quoted for, white space aside.
const ROW: &str = "\"\\(),";
const RANGE: &str = "\"\\()[],";

/// `(1,,"a b")`: each field says its type, NULL is nothing, the empty text is `""`.
pub(super) fn row(known: &[(Oid, Decoder)], mut bytes: &[u8], scratch: &mut Scratch<'_>) -> Option<String> {
    let mut out = String::from("(");
    for index in 0..take_count(&mut bytes)? {
        if index > 0 {
            out.push(',');
        }
        let oid = u32::from_be_bytes(take(&mut bytes, 4)?.try_into().ok()?);
        let length = i32::from_be_bytes(take(&mut bytes, 4)?.try_into().ok()?);
        let Ok(length) = usize::try_from(length) else { continue };
        let cell = take(&mut bytes, length)?;
        match known.iter().find(|(known, _)| *known == oid) {
            Some((_, decoder)) => push_quoted(decoder, cell, ROW, scratch, &mut out)?,
            None => push_quoted(&Decoder::of(&Type::from_oid(oid)?)?, cell, ROW, scratch, &mut out)?,
        }
    }
    out.push(')');
    bytes.is_empty().then_some(out)
}

/// `[1,5)`, `(,"2026-11-20 00:00:00"]`, `empty`.
pub(super) fn range(bound: &Decoder, bytes: &[u8], scratch: &mut Scratch<'_>) -> Option<String> {
    let (flags, mut rest) = bytes.split_first()?;
    let has = |flag| flags & flag != 0;
    if has(EMPTY) {
        return Some("empty".into());
    }
    let mut out = String::from(if has(LOWER_INCLUDED) { "[" } else { "(" });
    if !has(LOWER_OPEN) {
        push_quoted(bound, take_sized(&mut rest)?, RANGE, scratch, &mut out)?;
    }
    out.push(',');
    if !has(UPPER_OPEN) {
        push_quoted(bound, take_sized(&mut rest)?, RANGE, scratch, &mut out)?;
    }
    out.push(if has(UPPER_INCLUDED) { ']' } else { ')' });
    rest.is_empty().then_some(out)
}

/// `{[1,3),[5,7)}`.
pub(super) fn multirange(bound: &Decoder, mut bytes: &[u8], scratch: &mut Scratch<'_>) -> Option<String> {
    let mut out = String::from("{");
    for index in 0..take_count(&mut bytes)? {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&range(bound, take_sized(&mut bytes)?, scratch)?);
    }
    out.push('}');
    bytes.is_empty().then_some(out)
}

/// An array literal whose items hold commas but no quotes, as the server prints one of boxes.
pub(super) fn parted_by_semicolons(literal: &str) -> String {
    let mut quoted = false;
    let part = |c| match c {
        '"' => {
            quoted = !quoted;
            None
        }
        ',' if !quoted => Some(';'),
        c => Some(c),
    };
    literal.chars().filter_map(part).collect()
}

/// Appends a value, in quotes when it is empty or holds one of the characters that the server looks for.
fn push_quoted(
    decoder: &Decoder,
    bytes: &[u8],
    special: &str,
    scratch: &mut Scratch<'_>,
    out: &mut String,
) -> Option<()> {
    let text = match decoder.value(bytes, scratch)? {
        Value::Bool(true) => "t".to_owned(),
        Value::Bool(false) => "f".to_owned(),
        value => value.to_string(),
    };
    let special = |c: char| special.contains(c) || c.is_ascii_whitespace() || c == '\u{b}';
    if !text.is_empty() && !text.contains(special) {
        out.push_str(&text);
        return Some(());
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('"');
    Some(())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn take_count(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(i32::from_be_bytes(take(bytes, 4)?.try_into().ok()?)).ok()
}

fn take_sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_count(bytes)?;
    take(bytes, length)
}
