//! The lexer: tokens with their bytes, blanks and comments left out.

use std::borrow::Cow;
use std::ops::Range;

use super::{Dialect, SqlError};

/// A word, name, text, number or sign of an SQL text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
}

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or a bare name.
    Word,
    /// A name in the dialect's quotes.
    Quoted,
    /// A text in any of the dialect's quotes, with its prefix.
    String,
    /// A number without a sign.
    Number,
    /// An operator, a bracket, a comma, or a placeholder such as `$1`.
    Symbol,
    /// `:name`.
    Parameter,
    /// After the last token; empty.
    End,
}

impl Token {
    /// The token as it stands in `text`.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.span.clone()]
    }

    /// Whether this is the bare word `word`, in any case of ASCII letters.
    #[must_use]
    pub fn is_word(&self, text: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(text).eq_ignore_ascii_case(word)
    }

    /// What stands between the quotes of a name or of a text without prefix, doubled quotes read as one; none for any
    /// other token.
    #[must_use]
    pub fn content<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let whole = self.text(text);
        let quote = whole.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
        let inside = &whole[1..whole.len() - 1];
        match self.kind {
            TokenKind::Quoted | TokenKind::String if inside.contains(quote) => {
                Some(inside.replace(&format!("{quote}{quote}"), &quote.to_string()).into())
            }
            TokenKind::Quoted | TokenKind::String => Some(inside.into()),
            TokenKind::Word | TokenKind::Number | TokenKind::Symbol | TokenKind::Parameter | TokenKind::End => None,
        }
    }
}

/// The tokens of `text` as `dialect` reads it, the last one [`TokenKind::End`].
///
/// # Errors
/// A NUL character, an executable comment of MySQL, or a string, comment or quoted name that is not closed; the error
/// stands at its start.
pub fn tokens(text: &str, dialect: Dialect) -> Result<Vec<Token>, SqlError> {
    if let Some(at) = text.find('\0') {
        return Err(SqlError::new(at..at + 1, "a NUL character cannot stand in SQL"));
    }
    let mut lexer = Lexer { text, dialect, at: 0, brackets: 0, tokens: Vec::new() };
    while lexer.at < text.len() {
        lexer.step()?;
    }
    lexer.push(TokenKind::End, text.len());
    Ok(lexer.tokens)
}

/// Operators of more than one sign that must not be read as several.
const PAIRS: [&str; 8] = ["::", ":=", "<=", ">=", "<>", "!=", "||", "{{"];

struct Lexer<'a> {
    text: &'a str,
    dialect: Dialect,
    at: usize,
    /// How many `[` are open, where brackets take slices of arrays.
    brackets: usize,
    tokens: Vec<Token>,
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// The character `bytes` after the place we are at.
    fn after(&self, bytes: usize) -> Option<char> {
        self.text[self.at + bytes..].chars().next()
    }

    fn push(&mut self, kind: TokenKind, end: usize) {
        self.tokens.push(Token { kind, span: self.at..end });
        self.at = end;
    }

    /// The end of the run of characters from `from` on that are `wanted`.
    fn run(&self, from: usize, wanted: impl Fn(char) -> bool) -> usize {
        self.text[from..].find(|c| !wanted(c)).map_or(self.text.len(), |length| from + length)
    }

    fn open(&self, length: usize, what: &str) -> SqlError {
        SqlError::new(self.at..self.at + length, format!("this {what} is not closed"))
    }

    fn step(&mut self) -> Result<(), SqlError> {
        let first = self.after(0).expect("called before the end");
        match first {
            _ if first.is_ascii_whitespace() || first == '\u{b}' => self.at += 1,
            '-' if self.is_dash_comment() => self.line_comment(),
            '#' if self.dialect == Dialect::Mysql => self.line_comment(),
            '/' if self.rest().starts_with("/*") => self.block_comment()?,
            '\'' => self.string(self.at, self.dialect == Dialect::Mysql)?,
            '"' if self.dialect == Dialect::Mysql => self.string(self.at, true)?,
            '"' => self.quoted('"')?,
            '`' if self.dialect != Dialect::Postgres => self.quoted('`')?,
            '[' if self.dialect == Dialect::Sqlite => self.quoted(']')?,
            ':' => self.colon(),
            '$' if self.dialect == Dialect::Postgres => self.dollar()?,
            '?' | '@' | '$' if self.dialect == Dialect::Sqlite => {
                self.push(TokenKind::Symbol, self.run(self.at + 1, is_name));
            }
            '0'..='9' => self.number(),
            '.' if self.after(1).is_some_and(|c| c.is_ascii_digit()) => self.number(),
            _ if is_word(first) => self.word()?,
            _ => self.symbol(first),
        }
        Ok(())
    }

    fn is_dash_comment(&self) -> bool {
        let blank = |c: char| c.is_ascii_whitespace() || c.is_ascii_control();
        self.rest().starts_with("--") && (self.dialect != Dialect::Mysql || self.after(2).is_none_or(blank))
    }

    fn line_comment(&mut self) {
        let ends = |c| c == '\n' || (c == '\r' && self.dialect == Dialect::Postgres);
        self.at = self.run(self.at, |c| !ends(c));
    }

    fn block_comment(&mut self) -> Result<(), SqlError> {
        for opening in ["/*!", "/*M!"] {
            if self.dialect == Dialect::Mysql && self.rest().starts_with(opening) {
                let problem = format!("`{opening}` hides SQL in a comment that the server runs; write it openly");
                return Err(SqlError::new(self.at..self.at + opening.len(), problem));
            }
        }
        let (bytes, mut at, mut depth) = (self.text.as_bytes(), self.at + 2, 1);
        while depth > 0 {
            match bytes.get(at..at + 2) {
                None => return Err(self.open(2, "comment")),
                Some(b"*/") => (at, depth) = (at + 2, depth - 1),
                Some(b"/*") if self.dialect == Dialect::Postgres => (at, depth) = (at + 2, depth + 1),
                Some(_) => at += 1,
            }
        }
        self.at = at;
        Ok(())
    }

    /// The end of a text or name that `quote` closes and doubled `quote`s do not, searched from `from` on.
    fn closing(&self, from: usize, quote: u8, backslash: bool) -> Option<usize> {
        let (bytes, mut at) = (self.text.as_bytes(), from);
        loop {
            match *bytes.get(at)? {
                b'\\' if backslash => at += 2,
                byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
                byte if byte == quote => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    /// A text whose quote stands at `quote`, after its prefix.
    fn string(&mut self, quote: usize, backslash: bool) -> Result<(), SqlError> {
        let mut from = quote + 1;
        loop {
            let unclosed = || self.open(quote + 1 - self.at, "string");
            let end = self.closing(from, self.text.as_bytes()[quote], backslash).ok_or_else(unclosed)?;
            match self.continuation(end).filter(|_| quote > self.at) {
                Some(next) => from = next + 1,
                None => {
                    self.push(TokenKind::String, end);
                    return Ok(());
                }
            }
        }
    }

    /// In PostgreSQL a text goes on in quotes on a later line, and keeps the rules of its prefix.
    fn continuation(&self, end: usize) -> Option<usize> {
        let mut at = self.run(end, |c| c.is_ascii_whitespace());
        while self.text[at..].starts_with("--") {
            at = self.run(self.run(at, |c| c != '\n'), |c| c.is_ascii_whitespace());
        }
        (self.text[end..at].contains(['\n', '\r']) && self.text[at..].starts_with('\'')).then_some(at)
    }

    fn quoted(&mut self, quote: char) -> Result<(), SqlError> {
        let end = match quote {
            ']' => self.rest().find(']').map(|length| self.at + length + 1),
            _ => self.closing(self.at + 1, self.text.as_bytes()[self.at], false),
        };
        let end = end.ok_or_else(|| self.open(1, "quoted name"))?;
        self.push(TokenKind::Quoted, end);
        Ok(())
    }

    fn colon(&mut self) {
        if self.after(1).is_some_and(starts_name) && !self.is_slice() {
            self.push(TokenKind::Parameter, self.run(self.at + 1, is_name));
        } else {
            self.symbol(':');
        }
    }

    /// Whether a colon here parts the bounds of an array slice: inside brackets, right after a bound.
    fn is_slice(&self) -> bool {
        let bound = |token: &Token| match token.kind {
            TokenKind::Symbol => matches!(token.text(self.text), ")" | "]") || token.text(self.text).starts_with('$'),
            TokenKind::Word | TokenKind::Quoted | TokenKind::Number | TokenKind::Parameter => true,
            TokenKind::String | TokenKind::End => false,
        };
        self.brackets > 0 && self.tokens.last().is_some_and(|token| token.span.end == self.at && bound(token))
    }

    fn dollar(&mut self) -> Result<(), SqlError> {
        let glued = self.text[..self.at].ends_with(is_word);
        if self.after(1).is_some_and(|c| c.is_ascii_digit()) {
            self.push(TokenKind::Symbol, self.run(self.at + 1, |c| c.is_ascii_digit()));
            return Ok(());
        }
        let tag_end = self.run(self.at + 1, |c| is_word(c) && c != '$');
        if glued || !self.text[tag_end..].starts_with('$') {
            self.symbol('$');
            return Ok(());
        }
        let tag = &self.text[self.at..=tag_end];
        let length = self.text[tag_end + 1..].find(tag).ok_or_else(|| self.open(tag.len(), "dollar-quoted string"))?;
        self.push(TokenKind::String, tag_end + 1 + length + tag.len());
        Ok(())
    }

    fn number(&mut self) {
        let digits = |from| self.run(from, |c| c.is_ascii_digit() || c == '_');
        if self.rest().starts_with("0x") || self.rest().starts_with("0X") {
            return self.push(TokenKind::Number, self.run(self.at + 2, |c| c.is_ascii_alphanumeric() || c == '_'));
        }
        let mut end = digits(self.at);
        let rest = &self.text[end..];
        if rest.starts_with('.') && !rest.starts_with("..") {
            end = digits(end + 1);
        }
        let exponent = &self.text[end..];
        if exponent.starts_with(['e', 'E']) {
            let sign = usize::from(exponent[1..].starts_with(['+', '-']));
            if exponent[1 + sign..].starts_with(|c: char| c.is_ascii_digit()) {
                end = digits(end + 1 + sign);
            }
        }
        self.push(TokenKind::Number, end);
    }

    fn word(&mut self) -> Result<(), SqlError> {
        let end = self.run(self.at, is_word);
        let escapes = self.dialect == Dialect::Postgres && self.text[self.at..end].eq_ignore_ascii_case("e");
        if escapes && self.text[end..].starts_with('\'') {
            return self.string(end, true);
        }
        self.push(TokenKind::Word, end);
        Ok(())
    }

    fn symbol(&mut self, first: char) {
        match first {
            '[' if self.dialect == Dialect::Postgres => self.brackets += 1,
            ']' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        let pair = PAIRS.iter().find(|pair| self.rest().starts_with(**pair));
        self.push(TokenKind::Symbol, self.at + pair.map_or(first.len_utf8(), |pair| pair.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};
    use crate::sql::Dialect;
    use proptest::prelude::{ProptestConfig, any, prop, proptest};

    #[test]
    fn every_kind_has_its_bytes() {
        let text = "Sum(\"a\"\"b\") >= 1.5e-3 and x <> 'it''s' || :p -- c";
        let read = tokens(text, Dialect::Postgres).expect("reads");
        let shown: Vec<_> = read.iter().map(|token| (token.kind, token.text(text))).collect();
        let expected = [
            (TokenKind::Word, "Sum"),
            (TokenKind::Symbol, "("),
            (TokenKind::Quoted, "\"a\"\"b\""),
            (TokenKind::Symbol, ")"),
            (TokenKind::Symbol, ">="),
            (TokenKind::Number, "1.5e-3"),
            (TokenKind::Word, "and"),
            (TokenKind::Word, "x"),
            (TokenKind::Symbol, "<>"),
            (TokenKind::String, "'it''s'"),
            (TokenKind::Symbol, "||"),
            (TokenKind::Parameter, ":p"),
            (TokenKind::End, ""),
        ];
        assert_eq!(shown, expected);
        assert_eq!(read[2].content(text).as_deref(), Some("a\"b"));
        assert_eq!(read[9].content(text).as_deref(), Some("it's"));
        assert!(read[0].is_word(text, "sum"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_text_is_read_or_refused_inside_itself(text in any::<String>(), dialect in 0..3_usize) {
            read_or_refused(&text, dialect);
        }

        #[test]
        fn any_mix_of_signs_is_read_or_refused_inside_itself(
            parts in prop::collection::vec(prop::sample::select(PARTS), 0..30),
            dialect in 0..3_usize,
        ) {
            read_or_refused(&parts.concat(), dialect);
        }
    }

    const PARTS: &[&str] = &[
        "'", "\"", "`", "[", "]", "$", "$a$", "$1", ":", ":a", "::", ":=", "--", "#", "/*", "*/", "/*!", "\\", "E'",
        "e", "\n", "\r", " ", ";", "{{", "?", "@", "1", "1.", ".5", "1e", "0x", "한", "é", "\u{301}", "(", ")", "a",
        "-",
    ];

    fn read_or_refused(text: &str, dialect: usize) {
        let dialect = [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite][dialect];
        match tokens(text, dialect) {
            Err(error) => assert!(text.get(error.span).is_some_and(|at| !at.is_empty())),
            Ok(read) => {
                let mut end = 0;
                for token in read {
                    assert!(token.span.start >= end && text.get(token.span.clone()).is_some());
                    end = token.span.end;
                }
                assert_eq!(end, text.len());
            }
        }
    }
}
