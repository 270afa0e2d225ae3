//! The parser: precedence climbing over the lexer of `sql`.

use std::ops::Range;

use super::PredicateError;
use super::expression::{Aggregate, Expression, Kind, Reference};
use crate::sql::{Dialect, Token, TokenKind, tokens};
use infix::{NOT, SIGN};

mod call;
mod infix;
mod literal;

/// How deep an expression may be nested.
const DEEPEST: usize = 200;

/// Words that are part of an expression and never a bare column.
const RESERVED: [&str; 23] = [
    "and", "or", "not", "in", "is", "like", "between", "from", "distinct", "as", "then", "when", "end", "else",
    "where", "group", "order", "having", "limit", "union", "ilike", "similar", "escape",
];

/// Words of SQL that begin something the language leaves to the query.
const ELSEWHERE: [&str; 9] = ["case", "select", "exists", "cast", "any", "all", "some", "array", "row"];

/// What was read of a text.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) root: Expression,
    pub(super) references: Vec<Reference>,
    pub(super) aggregates: Vec<Aggregate>,
    /// What each distinct `previous(..)` remembers, and where the first one stands.
    pub(super) previous: Vec<(Expression, Range<usize>)>,
}

/// Reads the whole of `text`.
pub(super) fn parse(text: &str) -> Result<Parsed, PredicateError> {
    let tokens = tokens(text, Dialect::Postgres).map_err(|error| PredicateError {
        span: error.span,
        problem: error.problem,
        hint: None,
    })?;
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
        within_aggregate: false,
        within_previous: false,
        references: Vec::new(),
        aggregates: Vec::new(),
        previous: Vec::new(),
        aggregate_texts: Vec::new(),
        previous_texts: Vec::new(),
    };
    if parser.peek().kind == TokenKind::End {
        return Err(PredicateError::new(
            0..text.len(),
            "the condition is empty",
            Some("write for example `amount > 1000`"),
        ));
    }
    let root = parser.expression(0)?;
    if parser.peek().kind != TokenKind::End {
        return Err(parser.unexpected());
    }
    parser.condition(&root)?;
    let Parser { mut references, aggregates, previous, .. } = parser;
    references.shrink_to_fit();
    Ok(Parsed { root, references, aggregates, previous })
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    within_aggregate: bool,
    within_previous: bool,
    references: Vec<Reference>,
    aggregates: Vec<Aggregate>,
    previous: Vec<(Expression, Range<usize>)>,
    aggregate_texts: Vec<String>,
    previous_texts: Vec<String>,
}

type Parse<T = Expression> = Result<T, PredicateError>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    /// The token so many after this one; the end stands after every last one.
    fn ahead(&self, count: usize) -> &Token {
        self.tokens.get(self.at + count).unwrap_or(self.tokens.last().expect("the last token is the end"))
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn is_symbol(&self, count: usize, symbol: &str) -> bool {
        let token = self.ahead(count);
        token.kind == TokenKind::Symbol && token.text(self.text) == symbol
    }

    fn is_word(&self, count: usize, word: &str) -> bool {
        self.ahead(count).is_word(self.text, word)
    }

    fn skip_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(0, symbol);
        self.at += usize::from(found);
        found
    }

    fn skip_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.at += usize::from(found);
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parse<Token> {
        if self.is_symbol(0, symbol) {
            return Ok(self.advance());
        }
        let problem = format!("`{symbol}` is missing before {}", self.shown());
        Err(PredicateError::new(self.peek().span.clone(), problem, None))
    }

    fn shown(&self) -> String {
        match self.peek().kind {
            TokenKind::End => "the end of the condition".into(),
            _ => format!("`{}`", self.peek().text(self.text)),
        }
    }

    /// Where the token before this one ends.
    fn end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |before| self.tokens[before].span.end)
    }

    fn node(&self, kind: Kind, span: Range<usize>, below: usize) -> Parse {
        if below >= DEEPEST {
            return Err(too_deep(span));
        }
        Ok(Expression { kind, span, depth: below + 1 })
    }

    /// Refuses what is certainly no truth value where one is needed.
    fn condition(&self, expression: &Expression) -> Parse<()> {
        let Some(kind) = expression.no_condition() else { return Ok(()) };
        let problem =
            format!("`{}` is {kind}, where something true or false is needed", &self.text[expression.span.clone()]);
        Err(PredicateError::new(expression.span.clone(), problem, Some("compare it, as in `amount > 1000`")))
    }

    /// An error for a token that cannot stand here after a whole expression.
    fn unexpected(&self) -> PredicateError {
        let token = self.peek();
        let word = token.text(self.text).to_lowercase();
        let hint = match word.as_str() {
            "::" => Some("cast in the SQL of the query"),
            "||" => Some("join texts in the SQL of the query"),
            "&" => Some("write `and`"),
            "=" => Some("equality is written with one `=`"),
            ";" => Some("a condition is one expression, without `;`"),
            "." | "->" => Some("name the column alone; give it an alias in the SQL of the query if it needs one"),
            "ilike" => Some("write `lower(x) like 'a%'`"),
            "escape" => Some("write `\\%` for a percent sign"),
            "isnull" => Some("write `is null`"),
            "notnull" => Some("write `is not null`"),
            _ => None,
        };
        PredicateError::new(token.span.clone(), format!("{} is not expected here", self.shown()), hint)
    }

    /// An expression whose operators bind more tightly than `least`.
    fn expression(&mut self, least: u8) -> Parse {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_deep(self.peek().span.clone()));
        }
        let mut left = self.operand()?;
        while let Some(power) = self.power().filter(|power| *power > least) {
            left = self.infix(left, power)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// An expression that begins here, up to its first infix operator.
    fn operand(&mut self) -> Parse {
        let token = self.peek().clone();
        match token.kind {
            TokenKind::Number => self.number(),
            TokenKind::String => self.string(),
            TokenKind::Quoted => {
                self.advance();
                let name = token.content(self.text).expect("a quoted name has content").into_owned();
                self.column(name, true, token.span)
            }
            TokenKind::Symbol => self.prefix(&token),
            TokenKind::Word => self.word(&token),
            TokenKind::Parameter => {
                let problem = format!("`{}` is a parameter, and a condition has none", token.text(self.text));
                let hint = Some("use parameters in the SQL of the query, and a value here");
                Err(PredicateError::new(token.span, problem, hint))
            }
            TokenKind::End => Err(PredicateError::new(token.span, "the condition ends too early", None)),
        }
    }

    fn prefix(&mut self, token: &Token) -> Parse {
        match token.text(self.text) {
            "(" => {
                self.advance();
                let mut inside = self.expression(0)?;
                if self.is_symbol(0, ",") {
                    let problem = "rows of several values are not understood";
                    return Err(PredicateError::new(
                        self.peek().span.clone(),
                        problem,
                        Some("compare one value at a time"),
                    ));
                }
                self.expect_symbol(")")?;
                inside.span = token.span.start..self.end();
                Ok(inside)
            }
            "-" => {
                self.advance();
                let value = self.expression(SIGN)?;
                let (span, below) = (token.span.start..value.span.end, value.depth);
                self.node(Kind::Negate(Box::new(value)), span, below)
            }
            "+" => {
                self.advance();
                self.expression(SIGN)
            }
            symbol => {
                let hint = match symbol {
                    "`" | "[" => Some("quote a column as `\"name\"`"),
                    "!" => Some("write `not`"),
                    "{{" => Some("write the value itself; a condition has no templates"),
                    _ => None,
                };
                let problem = format!("a value is missing before `{symbol}`");
                Err(PredicateError::new(token.span.clone(), problem, hint))
            }
        }
    }

    fn word(&mut self, token: &Token) -> Parse {
        let word = token.text(self.text);
        let lower = word.to_ascii_lowercase();
        let (next, span) = (self.ahead(1).kind, token.span.clone());
        match lower.as_str() {
            "true" | "false" | "null" => return self.keyword(&lower),
            "not" => {
                self.advance();
                let value = self.expression(NOT)?;
                self.condition(&value)?;
                let (span, below) = (span.start..value.span.end, value.depth);
                return self.node(Kind::Not(Box::new(value)), span, below);
            }
            "date" | "timestamp" if next == TokenKind::String => return self.moment(&lower),
            "interval" if matches!(next, TokenKind::String | TokenKind::Number) => return self.interval(),
            "current_date" | "current_timestamp" | "current_time" | "localtimestamp" | "localtime" => {
                let problem = format!("`{word}` is not understood in a condition");
                return Err(PredicateError::new(span, problem, Some("write `now()`")));
            }
            elsewhere if ELSEWHERE.contains(&elsewhere) => {
                let problem = format!("`{word}` is not understood in a condition");
                return Err(PredicateError::new(span, problem, Some("compute it as a column in the SQL of the query")));
            }
            reserved if RESERVED.contains(&reserved) => {
                let problem = format!("a value is missing before `{word}`");
                let hint = Some("quote a column of that name as `\"name\"`");
                return Err(PredicateError::new(span, problem, hint));
            }
            _ => {}
        }
        if self.is_symbol(1, "(") {
            return self.call(&lower);
        }
        self.advance();
        self.column(word.to_owned(), false, span)
    }

    fn column(&mut self, name: String, quoted: bool, span: Range<usize>) -> Parse {
        let reference = Reference {
            name,
            span: span.clone(),
            quoted,
            in_aggregate: self.within_aggregate,
            in_previous: self.within_previous,
        };
        self.references.push(reference);
        self.node(Kind::Column(self.references.len() - 1), span, 0)
    }
}

fn too_deep(span: Range<usize>) -> PredicateError {
    let problem = format!("the condition is nested more than {DEEPEST} levels deep");
    PredicateError::new(span, problem, Some("compute parts of it as columns in the SQL of the query"))
}
