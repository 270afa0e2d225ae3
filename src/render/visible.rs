//! Text that is safe to show: nothing in it moves a cursor, changes a colour or turns the reading direction.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with control, C1, line-separating and direction-changing characters written as `\n`, `\x1b` or `\u{202e}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    text.chars().for_each(|c| push_visible(&mut shown, c));
    Cow::Owned(shown)
}

/// Appends one character as [`visible`] shows it.
pub(super) fn push_visible(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        c if hidden(c) && c.is_ascii() => {
            write!(shown, "\\x{:02x}", u32::from(c)).expect("memory takes everything");
        }
        c if hidden(c) => write!(shown, "\\u{{{:x}}}", u32::from(c)).expect("memory takes everything"),
        c => shown.push(c),
    }
}

/// Whether the text is ASCII that can be seen: each byte takes one column.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte))
}

pub(super) fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let cases = [
            ("plain 하나 🦀", "plain 하나 🦀"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{1b}[2J\u{7f}\u{0}", "\\x1b[2J\\x7f\\x00"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}txt\u{2066}\u{feff}", "\\u{202e}txt\\u{2066}\\u{feff}"),
        ];
        for (text, shown) in cases {
            assert_eq!(visible(text), shown);
        }
    }
}
