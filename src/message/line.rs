//! Texts that have to be one line, and names that have to be ASCII.

/// `text` with every control, line-separating and direction-changing character replaced by a space, runs of spaces
/// collapsed: what a subject or a headline may carry.
#[must_use]
pub fn one_line(text: &str) -> String {
    let harmless = |c: char| if c.is_control() || is_invisible(c) { ' ' } else { c };
    let mut line = String::with_capacity(text.len());
    for word in text.chars().map(harmless).collect::<String>().split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Characters that draw nothing but change what is drawn: line and paragraph separators and direction controls.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` in letters, digits and dashes of ASCII.
#[must_use]
pub fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_headline_carries_no_control_character() {
        assert_eq!(one_line("x\r\nBcc: evil@example.net\u{202e}\t y"), "x Bcc: evil@example.net y");
    }
}
