//! The words of a Rust source: no comments, no strings, no blanks.

/// A word and the line it stands on. `::` is one word; any other mark is a word of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// Splits a source into words.
pub(super) fn words(source: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, is_word) = match silent(rest) {
            Some(length) => (length, false),
            None if rest.starts_with("::") => (2, true),
            None if is_ident(first) => (rest.find(|c| !is_ident(c)).unwrap_or(rest.len()), true),
            None => (first.len_utf8(), !first.is_whitespace()),
        };
        let (text, tail) = rest.split_at(length);
        if is_word {
            words.push(Word { text, line });
        }
        line += text.matches('\n').count();
        rest = tail;
    }
    words
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the comment or literal that `rest` begins with.
fn silent(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let unprefixed = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - unprefixed.len();
    if prefix <= 1 {
        if let Some(length) = raw_string(unprefixed).or_else(|| quoted(unprefixed, '"')) {
            return Some(prefix + length);
        }
        // `'a'` is a character, `'a` a lifetime.
        let mut chars = unprefixed.strip_prefix('\'')?.chars();
        let (first, second) = (chars.next()?, chars.next());
        if first == '\\' || second == Some('\'') {
            return quoted(unprefixed, '\'').map(|length| prefix + length);
        }
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        match here {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('r')?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let text = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text.find(&end).map_or(rest.len(), |at| 2 + hashes + at + end.len()))
}

fn quoted(rest: &str, mark: char) -> Option<usize> {
    let mut chars = rest.char_indices().skip_while(|(at, c)| *at == 0 && *c == mark);
    if !rest.starts_with(mark) {
        return None;
    }
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            _ if c == mark => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn comments_and_literals_are_no_words() {
        let cases: [(&str, &[&str]); 10] = [
            ("use a::B; // c", &["use", "a", "::", "B", ";"]),
            ("a /* b /* c */ d */ e", &["a", "e"]),
            (r#"a("b \" c", d)"#, &["a", "(", ",", "d", ")"]),
            (r####"a(r#"b " c"#) d"####, &["a", "(", ")", "d"]),
            (r#"b"x" c"y" br"z" d"#, &["d"]),
            (r"f('a', '\'', b'x', '한') g", &["f", "(", ",", ",", ",", ")", "g"]),
            ("fn f<'a>(x: &'a str)", &["fn", "f", "<", "'", "a", ">", "(", "x", ":", "&", "'", "a", "str", ")"]),
            ("\"\" a", &["a"]),
            ("\"unclosed", &[]),
            ("abc\"x\"", &["abc"]),
        ];
        for (source, expected) in cases {
            assert_eq!(words(source).iter().map(|word| word.text).collect::<Vec<_>>(), expected, "{source}");
        }
    }

    #[test]
    fn a_word_knows_its_line() {
        let lines: Vec<_> =
            words("a\n/* b\n */ c \"d\n\" e\n// f\ng").iter().map(|word| (word.text, word.line)).collect();
        assert_eq!(lines, [("a", 1), ("c", 3), ("e", 4), ("g", 6)]);
    }
}
