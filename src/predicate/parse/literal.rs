//! Numbers, texts, dates, timestamps and lengths of time.

use std::borrow::Cow;

use super::super::expression::Kind;
use super::super::number::Number;
use super::super::operand::Operand;
use super::super::written::{INTERVAL_FORMS, MOMENT_FORMS, Moment, read_count, read_date, read_interval, read_moment};
use super::{Parse, Parser, PredicateError};
use crate::sql::{Token, TokenKind};
use crate::value::{Date, Timestamp};

impl Parser<'_> {
    fn literal(&self, operand: Operand<'static>, start: usize) -> Parse {
        self.node(Kind::Literal(operand), start..self.end(), 0)
    }

    /// `true`, `false` or `null`.
    pub(super) fn keyword(&mut self, word: &str) -> Parse {
        let start = self.advance().span.start;
        let operand = if word == "null" { Operand::Null } else { Operand::Bool(word == "true") };
        self.literal(operand, start)
    }

    pub(super) fn number(&mut self) -> Parse {
        let token = self.advance();
        let text = token.text(self.text);
        let glued = self.peek().kind == TokenKind::Word && self.peek().span.start == token.span.end;
        let number = if glued { None } else { Number::read(text) };
        let Some(number) = number else {
            let end = if glued { self.peek().span.end } else { token.span.end };
            let problem = format!("`{}` is not a number", &self.text[token.span.start..end]);
            return Err(PredicateError::new(
                token.span.start..end,
                problem,
                Some("a number is written `1000`, `0.5` or `1e6`"),
            ));
        };
        self.literal(Operand::Number(number), token.span.start)
    }

    pub(super) fn string(&mut self) -> Parse {
        let token = self.advance();
        let text = self.content(&token)?.into_owned();
        self.literal(Operand::Text(Cow::Owned(text)), token.span.start)
    }

    /// The text between plain quotes; other quotes of PostgreSQL are refused.
    fn content(&self, token: &Token) -> Parse<Cow<'static, str>> {
        token.content(self.text).map(|text| Cow::Owned(text.into_owned())).ok_or_else(|| {
            let problem = format!("`{}` is not understood", token.text(self.text));
            PredicateError::new(token.span.clone(), problem, Some("a text is written `'in single quotes'`"))
        })
    }

    /// `date '..'` or `timestamp '..'`.
    pub(super) fn moment(&mut self, word: &str) -> Parse {
        let start = self.advance().span.start;
        let token = self.advance();
        let text = self.content(&token)?;
        let moment = match word {
            "date" => read_date(&text).map(Moment::Date),
            _ => read_moment(&text).map(|moment| Moment::Timestamp(timestamp(moment))),
        };
        let Some(moment) = moment else {
            let problem = format!("`{text}` is no {word}");
            return Err(PredicateError::new(token.span, problem, Some(&format!("write {MOMENT_FORMS}"))));
        };
        self.literal(Operand::Moment(moment), start)
    }

    /// `interval '2 days 3 hours'`, `interval '2' day` or `interval 2 day`.
    pub(super) fn interval(&mut self) -> Parse {
        let start = self.advance().span.start;
        let token = self.advance();
        let text = match token.kind {
            TokenKind::String => self.content(&token)?,
            _ => Cow::Owned(token.text(self.text).to_owned()),
        };
        let unit = self.peek().clone();
        let bare = text.trim().chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
        let interval = match unit.kind {
            TokenKind::Word if bare => {
                self.advance();
                read_count(&text, unit.text(self.text))
            }
            _ => read_interval(&text),
        };
        let Some(interval) = interval else {
            let problem =
                format!("`{}` is no length of time", self.text[token.span.start..self.end()].trim_matches('\''));
            return Err(PredicateError::new(
                token.span.start..self.end(),
                problem,
                Some(&format!("write {INTERVAL_FORMS}")),
            ));
        };
        self.literal(Operand::Interval(interval), start)
    }
}

/// A date in `timestamp '..'` is its midnight.
fn timestamp(moment: Moment) -> Timestamp {
    match moment {
        Moment::Timestamp(timestamp) => timestamp,
        Moment::Date(Date::Infinity) => Timestamp::new(Timestamp::INFINITY, None),
        Moment::Date(Date::NegativeInfinity) => Timestamp::new(Timestamp::NEGATIVE_INFINITY, None),
        Moment::Date(Date::Days(days)) => Timestamp::new(i64::from(days) * crate::value::time::DAY, None),
    }
}
