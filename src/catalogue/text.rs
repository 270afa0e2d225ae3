//! A text of the catalogue that remembers where each of its bytes stands in the file, so that a mistake inside SQL or a
//! rule is shown where it was written.

use std::ops::Range;

/// A string value and its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// What was meant.
    pub(super) value: String,
    /// The bytes of the file, quotes included.
    pub(super) span: Range<usize>,
    raw: String,
}

impl Text {
    /// `raw` is the file's text at `span`, `value` what TOML makes of it.
    pub(super) fn new(value: &str, raw: &str, span: Range<usize>) -> Self {
        Self { value: value.to_owned(), span, raw: raw.to_owned() }
    }

    /// Where bytes of the value stand in the file.
    pub(super) fn place(&self, inside: &Range<usize>) -> Range<usize> {
        let start = self.span.start + self.raw_offset(inside.start);
        let end = self.span.start + self.raw_offset(inside.end);
        start..end.max(start + 1).min(self.span.end.max(start))
    }

    /// The offset in `raw` of the byte at `offset` of the value.
    fn raw_offset(&self, offset: usize) -> usize {
        let (opening, escapes) = opening(&self.raw);
        if !escapes {
            return (opening + offset).min(self.raw.len());
        }
        let (mut at, mut produced) = (opening, 0);
        while at < self.raw.len() {
            let (read, made) = unit(&self.raw[at..]);
            if produced >= offset && made > 0 {
                break;
            }
            at += read;
            produced += made;
        }
        at.min(self.raw.len())
    }
}

/// How many bytes precede the value, and whether it is a string with escapes.
fn opening(raw: &str) -> (usize, bool) {
    for (quotes, escapes) in [("\"\"\"", true), ("'''", false)] {
        if let Some(rest) = raw.strip_prefix(quotes) {
            let newline = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
            return (quotes.len() + newline, escapes);
        }
    }
    match raw.chars().next() {
        Some('"') => (1, true),
        Some('\'') => (1, false),
        _ => (0, false),
    }
}

/// One character or escape at the head of `raw`: how many bytes it takes, how many bytes of value it makes.
fn unit(raw: &str) -> (usize, usize) {
    let mut chars = raw.chars();
    let first = chars.next().map_or(1, char::len_utf8);
    if !raw.starts_with('\\') {
        return (first, first);
    }
    let escaped = |digits: usize| {
        let code = raw.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        (2 + digits, code.map_or(1, char::len_utf8))
    };
    match chars.next() {
        Some('u') => escaped(4),
        Some('U') => escaped(8),
        Some('x') => escaped(2),
        Some(c) if c.is_whitespace() => (1 + raw[1..].len() - raw[1..].trim_start().len(), 0),
        _ => (2, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn bytes_of_the_value_are_found_in_the_file() {
        let cases = [
            ("\"a > b\"", "a > b", 4, "b"),
            ("'a > b'", "a > b", 4, "b"),
            ("\"\\\"x\\\" > b\"", "\"x\" > b", 6, "b"),
            ("\"\\u00e9 b\"", "é b", 3, "b"),
            ("\"\"\"\na\nb\"\"\"", "a\nb", 2, "b"),
            ("\"\"\"\na \\\n   b\"\"\"", "a b", 2, "b"),
            ("'''\na\nb'''", "a\nb", 2, "b"),
        ];
        for (raw, value, offset, expected) in cases {
            let text = Text::new(value, raw, 0..raw.len());
            assert_eq!(&raw[text.place(&(offset..offset + 1))], expected, "{raw}");
        }
    }
}
