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

/// `text` in letters, digits and dashes of ASCII; what is in another script has a number at its end, so that two names
/// stay two.
#[must_use]
pub fn ascii(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    if text.is_ascii() { plain } else { format!("{plain}-{:08x}", digest(text)) }
}

/// The same for the same text in every version: FNV-1a.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::{ascii, one_line};

    #[test]
    fn two_names_stay_two_in_ascii() {
        assert_eq!(ascii("late-orders_2"), "late-orders_2");
        assert_ne!(ascii("주문"), ascii("재고"));
        assert_eq!(ascii("주문"), "---1720c069");
    }

    #[test]
    fn a_headline_carries_no_control_character() {
        assert_eq!(one_line("x\r\nBcc: evil@example.net\u{202e}\t y"), "x Bcc: evil@example.net y");
    }
}
