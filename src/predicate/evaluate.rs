//! An expression on a row: three-valued, from left to right.

use std::cmp::Ordering;
use std::ops::Range;

use super::expression::{Comparison, Expression, Function, Kind};
use super::moment;
use super::operand::{Clash, Operand};
use super::written::MOMENT_FORMS;
use super::{Context, JudgeError, Predicate, Verdict, arithmetic, pattern};
use crate::table::{Column, Row};
use crate::value::Value;

/// What an expression is evaluated on.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) predicate: &'a Predicate,
    pub(super) context: &'a Context<'a>,
    pub(super) columns: &'a [Column],
    /// Where the columns of the references are.
    pub(super) positions: &'a [usize],
    /// The row and its number, counted from 0; none when an aggregate judges no row at all.
    pub(super) row: Option<(usize, Row<'a>)>,
    pub(super) aggregates: &'a [Operand<'a>],
    pub(super) previous: &'a [Operand<'a>],
}

type Evaluated<'a, T = Operand<'a>> = Result<T, JudgeError>;

impl<'a> Scope<'a> {
    /// What the whole condition says here.
    pub(super) fn verdict(&self) -> Result<Verdict, JudgeError> {
        Ok(match self.truth(&self.predicate.parsed.root)? {
            Some(true) => Verdict::Firing,
            Some(false) => Verdict::Ok,
            None => Verdict::Unknown,
        })
    }

    pub(super) fn evaluate(&self, expression: &'a Expression) -> Evaluated<'a> {
        match &expression.kind {
            Kind::Literal(operand) => Ok(operand.borrowed()),
            Kind::Column(reference) => Ok(Operand::of(self.cell(*reference))),
            Kind::Aggregate(index) => Ok(self.aggregates[*index].borrowed()),
            Kind::Previous(index) => Ok(self.previous[*index].borrowed()),
            Kind::Negate(value) => arithmetic::negate(self, expression, value),
            Kind::Arithmetic(operator, sides) => arithmetic::combine(self, expression, *operator, sides),
            Kind::Function(function, arguments) => self.function(expression, *function, arguments),
            Kind::Not(_)
            | Kind::And(_)
            | Kind::Or(_)
            | Kind::Compare(..)
            | Kind::Distinct { .. }
            | Kind::Between { .. }
            | Kind::In { .. }
            | Kind::Like { .. }
            | Kind::IsNull { .. }
            | Kind::IsTruth { .. } => Ok(self.truth(expression)?.map_or(Operand::Null, Operand::Bool)),
        }
    }

    /// The cell that a reference means in this row.
    pub(super) fn cell(&self, reference: usize) -> Value<'a> {
        let (_, row) = self.row.expect("a column outside an aggregate is evaluated on a row");
        row.get(self.positions[reference])
    }

    /// True, false or NULL; anything else is an error.
    fn truth(&self, expression: &'a Expression) -> Evaluated<'a, Option<bool>> {
        match &expression.kind {
            Kind::And(parts) => self.junction(parts, false),
            Kind::Or(parts) => self.junction(parts, true),
            Kind::Not(value) => Ok(self.truth(value)?.map(|truth| !truth)),
            Kind::Compare(comparison, sides) => self.comparison(expression, *comparison, sides),
            Kind::Distinct { negated, sides } => {
                let [left, right] = [self.evaluate(&sides[0])?, self.evaluate(&sides[1])?];
                let differ = match (left.is_null(), right.is_null()) {
                    (false, false) => self.order(expression, (&sides[0], &left), (&sides[1], &right))?.is_ne(),
                    (left, right) => left != right,
                };
                Ok(Some(differ != *negated))
            }
            Kind::Between { negated, sides } => self.between(expression, *negated, sides),
            Kind::In { negated, value, items } => self.membership(expression, *negated, value, items),
            Kind::Like { negated, sides } => self.like(expression, *negated, sides),
            Kind::IsNull { negated, value } => Ok(Some(self.evaluate(value)?.is_null() != *negated)),
            Kind::IsTruth { negated, truth, value } => {
                let is = self.truth(value)? == Some(*truth);
                Ok(Some(is != *negated))
            }
            Kind::Literal(_)
            | Kind::Column(_)
            | Kind::Negate(_)
            | Kind::Arithmetic(..)
            | Kind::Function(..)
            | Kind::Aggregate(_)
            | Kind::Previous(_) => match self.evaluate(expression)? {
                Operand::Null => Ok(None),
                Operand::Bool(truth) => Ok(Some(truth)),
                other => {
                    let problem = format!("{}, where true or false is needed", self.subject(expression, &other));
                    Err(self.error(&expression.span, &problem, "compare it, as in `active = 1`"))
                }
            },
        }
    }

    /// `and` stops at the first false, `or` at the first true; either is NULL when nothing stops it and a part is.
    fn junction(&self, parts: &'a [Expression], stop: bool) -> Evaluated<'a, Option<bool>> {
        let mut known = true;
        for part in parts {
            match self.truth(part)? {
                Some(truth) if truth == stop => return Ok(Some(stop)),
                Some(_) => {}
                None => known = false,
            }
        }
        Ok(known.then_some(!stop))
    }

    fn comparison(
        &self,
        whole: &'a Expression,
        comparison: Comparison,
        sides: &'a [Expression; 2],
    ) -> Evaluated<'a, Option<bool>> {
        let [left, right] = [self.evaluate(&sides[0])?, self.evaluate(&sides[1])?];
        self.compared(whole, comparison, (&sides[0], &left), (&sides[1], &right))
    }

    fn compared(
        &self,
        whole: &'a Expression,
        comparison: Comparison,
        left: (&'a Expression, &Operand<'a>),
        right: (&'a Expression, &Operand<'a>),
    ) -> Evaluated<'a, Option<bool>> {
        if left.1.is_null() || right.1.is_null() {
            return Ok(None);
        }
        Ok(Some(comparison.holds(self.order(whole, left, right)?)))
    }

    /// How two values that are not NULL stand to each other.
    fn order(
        &self,
        whole: &'a Expression,
        left: (&'a Expression, &Operand<'a>),
        right: (&'a Expression, &Operand<'a>),
    ) -> Evaluated<'a, Ordering> {
        left.1.compare(right.1, self.context.zone).map_err(|clash| self.clash(whole, left, right, clash))
    }

    fn between(&self, whole: &'a Expression, negated: bool, sides: &'a [Expression; 3]) -> Evaluated<'a, Option<bool>> {
        let [value, low, high] = [self.evaluate(&sides[0])?, self.evaluate(&sides[1])?, self.evaluate(&sides[2])?];
        let above = self.compared(whole, Comparison::GreaterOrEqual, (&sides[0], &value), (&sides[1], &low))?;
        let below = self.compared(whole, Comparison::LessOrEqual, (&sides[0], &value), (&sides[2], &high))?;
        let inside = match (above, below) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            (None, _) | (_, None) => None,
        };
        Ok(inside.map(|inside| inside != negated))
    }

    fn membership(
        &self,
        whole: &'a Expression,
        negated: bool,
        value: &'a Expression,
        items: &'a [Expression],
    ) -> Evaluated<'a, Option<bool>> {
        let (looked_for, mut known) = (self.evaluate(value)?, true);
        for item in items {
            let candidate = self.evaluate(item)?;
            match self.compared(whole, Comparison::Equal, (value, &looked_for), (item, &candidate))? {
                Some(true) => return Ok(Some(!negated)),
                Some(false) => {}
                None => known = false,
            }
        }
        Ok(known.then_some(negated))
    }

    fn like(&self, whole: &'a Expression, negated: bool, sides: &'a [Expression; 2]) -> Evaluated<'a, Option<bool>> {
        let [text, form] = [self.evaluate(&sides[0])?, self.evaluate(&sides[1])?];
        match (&text, &form) {
            (Operand::Null, _) | (_, Operand::Null) => Ok(None),
            (Operand::Text(text), Operand::Text(form)) => Ok(Some(pattern::matches(text, form) != negated)),
            (Operand::Text(_), other) => Err(self.unfit(&whole.span, &sides[1], other, "a text")),
            (other, _) => Err(self.unfit(&whole.span, &sides[0], other, "a text")),
        }
    }

    fn function(&self, whole: &'a Expression, function: Function, arguments: &'a [Expression]) -> Evaluated<'a> {
        match function {
            Function::Now => Ok(Operand::now(self.context)),
            Function::Coalesce => {
                for argument in arguments {
                    match self.evaluate(argument)? {
                        Operand::Null => {}
                        found => return Ok(found),
                    }
                }
                Ok(Operand::Null)
            }
            Function::Abs | Function::Lower | Function::Upper | Function::Length | Function::Age => {
                let argument = self.evaluate(&arguments[0])?;
                self.unary(whole, function, &arguments[0], argument)
            }
        }
    }

    /// A function of one argument; NULL gives NULL.
    fn unary(
        &self,
        whole: &'a Expression,
        function: Function,
        argument: &'a Expression,
        operand: Operand<'a>,
    ) -> Evaluated<'a> {
        let wanted = match (function, operand) {
            (_, Operand::Null) => return Ok(Operand::Null),
            (Function::Abs, Operand::Number(number)) => return Ok(Operand::Number(number.abs())),
            (Function::Lower, Operand::Text(text)) => return Ok(Operand::Text(text.to_lowercase().into())),
            (Function::Upper, Operand::Text(text)) => return Ok(Operand::Text(text.to_uppercase().into())),
            (Function::Length, Operand::Text(text)) => return Ok(Operand::count(text.chars().count())),
            (Function::Length, Operand::Bytes(bytes)) => return Ok(Operand::count(bytes.len())),
            (Function::Age, operand) => return self.age(whole, argument, &operand),
            (Function::Abs, other) => (other, "a number"),
            (_, other) => (other, "a text"),
        };
        Err(self.unfit(&whole.span, argument, &wanted.0, wanted.1))
    }

    fn age(&self, whole: &'a Expression, argument: &'a Expression, operand: &Operand<'a>) -> Evaluated<'a> {
        let Some(then) = operand.moment() else {
            let problem = format!("{}, which is no date or timestamp", self.subject(argument, operand));
            return Err(self.error(
                &whole.span,
                &problem,
                &format!("`age` takes a timestamp, or a text such as {MOMENT_FORMS}"),
            ));
        };
        let now = Operand::now(self.context).moment().expect("now is a moment");
        let age = moment::difference(now, then, self.context.zone).map(Operand::Interval);
        age.ok_or_else(|| self.error(&whole.span, "the result is out of range", "compute it in the SQL of the query"))
    }

    /// What an expression turned out to be: ``column `status` holds the text `paid` ``.
    pub(super) fn subject(&self, expression: &Expression, operand: &Operand<'_>) -> String {
        match &expression.kind {
            Kind::Column(reference) => {
                let name = &self.columns[self.positions[*reference]].name;
                format!("column `{name}` holds {}", operand.described())
            }
            Kind::Literal(_) => format!("there is {}", operand.described()),
            _ => format!("`{}` gives {}", self.text(&expression.span), operand.described()),
        }
    }

    fn clash(
        &self,
        whole: &Expression,
        left: (&Expression, &Operand<'_>),
        right: (&Expression, &Operand<'_>),
        clash: Clash,
    ) -> JudgeError {
        let is_literal = |side: &Expression| matches!(side.kind, Kind::Literal(_));
        let (subject, other) = if is_literal(left.0) && !is_literal(right.0) { (right, left) } else { (left, right) };
        let found = self.subject(subject.0, subject.1);
        let problem = match is_literal(other.0) {
            true => format!("{found}, which cannot be compared with {}", other.1.described()),
            false => format!("{found} and {}, which cannot be compared", self.subject(other.0, other.1)),
        };
        self.error(&whole.span, &problem, &clash.hint())
    }

    /// An error for an operand of the wrong kind.
    pub(super) fn unfit(
        &self,
        whole: &Range<usize>,
        expression: &Expression,
        operand: &Operand<'_>,
        wanted: &str,
    ) -> JudgeError {
        let problem = format!("{}, where {wanted} is needed", self.subject(expression, operand));
        self.error(whole, &problem, "cast it in the SQL of the query")
    }

    /// An error in the part of the condition at `span`, with its text and the row.
    pub(super) fn error(&self, span: &Range<usize>, problem: &str, hint: &str) -> JudgeError {
        let row = self.row.map(|(number, _)| format!(", row {}", number + 1)).unwrap_or_default();
        let problem = format!("{problem} (in `{}`{row})", self.text(span));
        JudgeError { span: Some(span.clone()), problem, hint: Some(hint.to_owned()) }
    }

    pub(super) fn text(&self, span: &Range<usize>) -> &'a str {
        &self.predicate.text[span.clone()]
    }
}
