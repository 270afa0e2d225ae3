//! How wide text is, by the glyphs of the embedded font; and text that is safe to draw.

use super::advance::ADVANCES;

/// The width of a text at a font size, in the unit of the size.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| f64::from(advance(c))).sum::<f64>() * size / 1_000.0
}

/// Thousandths of the font size.
fn advance(c: char) -> u16 {
    let point = u32::from(c);
    match point {
        // What follows the first jamo of a syllable, and what combines, shares its place.
        0x0300..=0x036f | 0x1160..=0x11ff | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        // Beyond the font: as wide as its ideographs.
        0x3400..=0x9fff | 0x10000.. => 1_000,
        _ => {
            let next = ADVANCES.partition_point(|(first, _)| *first <= point);
            next.checked_sub(1).map_or(0, |at| ADVANCES[at].1)
        }
    }
}

/// What stands for the rest of a text; the one character for it is centred in a Japanese font.
const DOTS: &str = "...";

/// The text, or as much of it as fits with dots behind it; at least one character.
pub(super) fn elided(text: &str, size: f64, room: f64) -> String {
    // The room may be this text's own width, less the dust of a subtraction.
    if width(text, size) <= room + 0.01 {
        return text.to_owned();
    }
    let mut left = room - width(DOTS, size);
    let fits = |c: &char| {
        left -= f64::from(advance(*c)) * size / 1_000.0;
        left >= 0.0
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    if kept.is_empty() {
        kept.extend(text.chars().next());
    }
    format!("{}{DOTS}", kept.trim_end())
}

/// The text on one line without what moves a cursor or turns the reading direction.
pub(super) fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if hidden(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{elided, plain, width};

    #[test]
    fn scripts_have_their_own_widths() {
        for (text, expected) in [("", 0.0), ("하나", 18.4), ("日本", 20.0), ("00", 11.1), ("e\u{301}", 5.54)] {
            assert!((width(text, 10.0) - expected).abs() < 0.01, "{text}: {}", width(text, 10.0));
        }
    }

    #[test]
    fn what_is_too_long_ends_in_dots() {
        assert_eq!(elided("서울특별시", 10.0, 100.0), "서울특별시");
        assert_eq!(elided("서울특별시", 10.0, 40.0), "서울특...");
        assert_eq!(elided("서울", 10.0, 1.0), "서...");
        assert_eq!(elided("", 10.0, -1.0), "...");
        assert_eq!(plain("a\nb\u{202e}c"), "a b c");
    }
}
