//! The length of a text as Slack and most other services count it, and texts made to fit.

/// `text` in at most `budget` units of UTF-16; what is cut away leaves a `…`.
pub(super) fn within(text: &str, budget: usize) -> String {
    if units(text) <= budget {
        return text.to_owned();
    }
    let mut left = budget.saturating_sub(1);
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    // A zero-width space keeps the character before it from acting: without the one the other goes too.
    if text[kept.len()..].starts_with('\u{200b}') {
        kept.pop();
    }
    kept.push('…');
    kept
}

/// The length of a text in units of UTF-16.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
