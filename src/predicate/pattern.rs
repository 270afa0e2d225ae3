//! `like`: `%` is any run of characters, `_` any one character, and a backslash takes the next `%`, `_` or backslash as
//! itself.

enum Piece {
    Run,
    One,
    Exactly(char),
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let (mut pieces, mut rest) = (Vec::new(), pattern.chars().peekable());
    while let Some(c) = rest.next() {
        pieces.push(match c {
            '%' => Piece::Run,
            '_' => Piece::One,
            '\\' => Piece::Exactly(rest.next_if(|c| matches!(c, '%' | '_' | '\\')).unwrap_or('\\')),
            c => Piece::Exactly(c),
        });
    }
    pieces
}

/// Whether the whole of `text` has the form of `pattern`. Takes at most as many steps as both lengths multiplied.
pub(super) fn matches(text: &str, pattern: &str) -> bool {
    let (text, pieces): (Vec<char>, _) = (text.chars().collect(), pieces(pattern));
    let (mut at, mut piece) = (0, 0);
    // Where to go on when what follows the last run does not fit: the run takes one character more.
    let mut retry = None;
    while at < text.len() {
        let fits = match pieces.get(piece) {
            Some(Piece::Run) => {
                retry = Some((at, piece));
                piece += 1;
                continue;
            }
            Some(Piece::One) => true,
            Some(Piece::Exactly(c)) => *c == text[at],
            None => false,
        };
        match (fits, retry) {
            (true, _) => (at, piece) = (at + 1, piece + 1),
            (false, Some((from, run))) => {
                retry = Some((from + 1, run));
                (at, piece) = (from + 1, run + 1);
            }
            (false, None) => return false,
        }
    }
    pieces[piece..].iter().all(|piece| matches!(piece, Piece::Run))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_whole_texts() {
        let cases = [
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("abc", "A%", false),
            ("", "%", true),
            ("", "_", false),
            ("주문서", "주_서", true),
            ("aXbXc", "a%X_", true),
            ("50%", "50\\%", true),
            ("505", "50\\%", false),
            ("a\\b", "a\\b", true),
            ("a\\", "a\\\\", true),
        ];
        for (text, pattern, expected) in cases {
            assert_eq!(matches(text, pattern), expected, "{text} like {pattern}");
        }
        assert!(!matches(&"a".repeat(2000), &format!("{}b", "%a".repeat(50))));
    }
}
