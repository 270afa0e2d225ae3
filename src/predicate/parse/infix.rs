//! Operators between expressions, and how tightly they bind: as in PostgreSQL.

use super::super::expression::{Arithmetic, Comparison, Expression, Kind};
use super::{Parse, Parser, PredicateError};
use crate::sql::TokenKind;

const OR: u8 = 1;
const AND: u8 = 2;
pub(super) const NOT: u8 = 3;
const IS: u8 = 4;
const COMPARE: u8 = 5;
const BETWEEN: u8 = 6;
const SUM: u8 = 7;
const PRODUCT: u8 = 8;
pub(super) const SIGN: u8 = 9;

impl Parser<'_> {
    /// How tightly the operator at hand binds; none when there is no operator.
    pub(super) fn power(&self) -> Option<u8> {
        let token = self.peek();
        let word = token.text(self.text).to_ascii_lowercase();
        match token.kind {
            TokenKind::Symbol => match word.as_str() {
                "+" | "-" => Some(SUM),
                "*" | "/" | "%" => Some(PRODUCT),
                symbol => Comparison::of(symbol).map(|_| COMPARE),
            },
            TokenKind::Word => match word.as_str() {
                "or" => Some(OR),
                "and" => Some(AND),
                "is" => Some(IS),
                "between" | "in" | "like" => Some(BETWEEN),
                "not" if ["between", "in", "like"].iter().any(|word| self.is_word(1, word)) => Some(BETWEEN),
                _ => None,
            },
            TokenKind::Quoted | TokenKind::String | TokenKind::Number | TokenKind::Parameter | TokenKind::End => None,
        }
    }

    pub(super) fn infix(&mut self, left: Expression, power: u8) -> Parse {
        match power {
            OR | AND => self.junction(left, power),
            IS => self.is(left),
            COMPARE => self.comparison(left),
            BETWEEN => self.membership(left),
            _ => self.arithmetic(left, power),
        }
    }

    /// `and` and `or`: a chain of any length is one node.
    fn junction(&mut self, left: Expression, power: u8) -> Parse {
        self.advance();
        let right = self.expression(power)?;
        self.condition(&left)?;
        self.condition(&right)?;
        let span = left.span.start..right.span.end;
        let mut parts = match (left.kind, power) {
            (Kind::And(parts), AND) | (Kind::Or(parts), OR) => parts,
            (kind, _) => vec![Expression { kind, ..left }],
        };
        parts.push(right);
        let below = parts.iter().map(|part| part.depth).max().unwrap_or(0);
        self.node(if power == OR { Kind::Or(parts) } else { Kind::And(parts) }, span, below)
    }

    fn comparison(&mut self, left: Expression) -> Parse {
        let symbol = self.advance();
        let comparison = Comparison::of(symbol.text(self.text)).expect("`power` found a comparison");
        if self.is_symbol(0, "=") {
            return Err(self.unexpected());
        }
        let right = self.expression(COMPARE)?;
        if self.power() == Some(COMPARE) {
            let hint = Some("join two comparisons with `and`, or use `between`");
            return Err(PredicateError::new(self.peek().span.clone(), "comparisons cannot be chained", hint));
        }
        let (span, below) = (left.span.start..right.span.end, left.depth.max(right.depth));
        self.node(Kind::Compare(comparison, Box::new([left, right])), span, below)
    }

    fn arithmetic(&mut self, left: Expression, power: u8) -> Parse {
        let symbol = self.advance();
        let arithmetic = Arithmetic::of(symbol.text(self.text)).expect("`power` found arithmetic");
        let right = self.expression(power)?;
        let (span, below) = (left.span.start..right.span.end, left.depth.max(right.depth));
        self.node(Kind::Arithmetic(arithmetic, Box::new([left, right])), span, below)
    }

    /// `is [not] null`, `is [not] true`, `is [not] false` and `is [not] distinct from`.
    fn is(&mut self, left: Expression) -> Parse {
        self.advance();
        let negated = self.skip_word("not");
        let start = left.span.start;
        if self.skip_word("distinct") {
            if !self.skip_word("from") {
                let problem = format!("`from` is missing before {}", self.shown());
                return Err(PredicateError::new(self.peek().span.clone(), problem, Some("write `is distinct from`")));
            }
            let right = self.expression(IS)?;
            let (span, below) = (start..right.span.end, left.depth.max(right.depth));
            return self.node(Kind::Distinct { negated, sides: Box::new([left, right]) }, span, below);
        }
        let (below, value) = (left.depth, Box::new(left));
        let kind = match self.peek().text(self.text).to_ascii_lowercase().as_str() {
            "null" => Kind::IsNull { negated, value },
            word @ ("true" | "false") => {
                self.condition(&value)?;
                Kind::IsTruth { negated, truth: word == "true", value }
            }
            _ => {
                let problem = format!("`is` cannot be followed by {}", self.shown());
                let hint =
                    Some("write `is null`, `is true`, `is false` or `is distinct from`, each perhaps with `not`");
                return Err(PredicateError::new(self.peek().span.clone(), problem, hint));
            }
        };
        self.advance();
        self.node(kind, start..self.end(), below)
    }

    /// `[not] between`, `[not] in` and `[not] like`.
    fn membership(&mut self, left: Expression) -> Parse {
        let negated = self.skip_word("not");
        let start = left.span.start;
        match self.advance().text(self.text).to_ascii_lowercase().as_str() {
            "between" => {
                let low = self.expression(BETWEEN)?;
                if !self.skip_word("and") {
                    let problem = format!("`and` is missing before {}", self.shown());
                    let hint = Some("write `x between 1 and 5`");
                    return Err(PredicateError::new(self.peek().span.clone(), problem, hint));
                }
                let high = self.expression(BETWEEN)?;
                let (span, below) = (start..high.span.end, left.depth.max(low.depth).max(high.depth));
                self.node(Kind::Between { negated, sides: Box::new([left, low, high]) }, span, below)
            }
            "in" => {
                self.expect_symbol("(")?;
                let mut items = vec![self.expression(0)?];
                while self.skip_symbol(",") {
                    items.push(self.expression(0)?);
                }
                self.expect_symbol(")")?;
                let below = items.iter().map(|item| item.depth).max().unwrap_or(0).max(left.depth);
                self.node(Kind::In { negated, value: Box::new(left), items }, start..self.end(), below)
            }
            _ => {
                let right = self.expression(BETWEEN)?;
                let (span, below) = (start..right.span.end, left.depth.max(right.depth));
                self.node(Kind::Like { negated, sides: Box::new([left, right]) }, span, below)
            }
        }
    }
}
