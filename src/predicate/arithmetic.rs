//! `+ - * / %` on numbers, dates, timestamps and lengths of time.

use super::JudgeError;
use super::evaluate::Scope;
use super::expression::{Arithmetic, Expression};
use super::moment;
use super::number::{Fault, Number, Result as NumberResult};
use super::operand::Operand;
use super::written::{Moment, negate as backwards};
use crate::value::{Date, Interval};

/// Why there is no result.
enum Failure {
    DivisionByZero,
    OutOfRange,
    Kinds,
}

type Outcome = Result<Operand<'static>, Failure>;

/// `- x`.
pub(super) fn negate<'a>(
    scope: &Scope<'a>,
    whole: &'a Expression,
    value: &'a Expression,
) -> Result<Operand<'a>, JudgeError> {
    match scope.evaluate(value)? {
        Operand::Null => Ok(Operand::Null),
        Operand::Number(number) => Ok(Operand::Number(number.negate())),
        Operand::Interval(length) => match backwards(length) {
            Some(length) => Ok(Operand::Interval(length)),
            None => Err(scope.error(&whole.span, "the result is out of range", OUT_OF_RANGE)),
        },
        other => Err(scope.unfit(&whole.span, value, &other, "a number")),
    }
}

/// `a + b` and its like; NULL on either side gives NULL.
pub(super) fn combine<'a>(
    scope: &Scope<'a>,
    whole: &'a Expression,
    operator: Arithmetic,
    sides: &'a [Expression; 2],
) -> Result<Operand<'a>, JudgeError> {
    let [left, right] = [scope.evaluate(&sides[0])?, scope.evaluate(&sides[1])?];
    if left.is_null() || right.is_null() {
        return Ok(Operand::Null);
    }
    let outcome = match (&left, &right) {
        (Operand::Number(a), Operand::Number(b)) => numbers(operator, a, b),
        _ => lengths(scope, operator, &left, &right),
    };
    outcome.map_err(|failure| match failure {
        Failure::DivisionByZero => {
            let divisor = format!("`{}` is zero, and there is no division by zero", scope.text(&sides[1].span));
            scope.error(&whole.span, &divisor, "write `case when .. end` or `nullif(x, 0)` in the SQL of the query")
        }
        Failure::OutOfRange => scope.error(&whole.span, "the result is out of range", OUT_OF_RANGE),
        Failure::Kinds => {
            let [a, b] = [scope.subject(&sides[0], &left), scope.subject(&sides[1], &right)];
            scope.error(&whole.span, &format!("{a}, and {b}: there is no arithmetic between them"), CAST)
        }
    })
}

const OUT_OF_RANGE: &str = "compute it in the SQL of the query";
const CAST: &str = "cast both to numbers, or to timestamps and intervals, in the SQL of the query";

fn numbers(operator: Arithmetic, left: &Number, right: &Number) -> Outcome {
    let operation: fn(&Number, &Number) -> NumberResult = match operator {
        Arithmetic::Add => Number::add,
        Arithmetic::Subtract => Number::subtract,
        Arithmetic::Multiply => Number::multiply,
        Arithmetic::Divide => Number::divide,
        Arithmetic::Remainder => Number::remainder,
    };
    match operation(left, right) {
        Ok(number) => Ok(number.map_or(Operand::Null, Operand::Number)),
        Err(Fault::DivisionByZero) => Err(Failure::DivisionByZero),
        Err(Fault::TooLarge) => Err(Failure::OutOfRange),
    }
}

/// Arithmetic with a moment or a length of time on at least one side.
fn lengths(scope: &Scope<'_>, operator: Arithmetic, left: &Operand<'_>, right: &Operand<'_>) -> Outcome {
    let zone = scope.context.zone;
    let length = |length: Option<Interval>| length.map(Operand::Interval).ok_or(Failure::OutOfRange);
    match (operator, left, right) {
        (Arithmetic::Add, Operand::Interval(a), Operand::Interval(b)) => length(moment::sum(*a, *b)),
        (Arithmetic::Subtract, Operand::Interval(a), Operand::Interval(b)) => {
            length(backwards(*b).and_then(|b| moment::sum(*a, b)))
        }
        (Arithmetic::Multiply, Operand::Interval(a), Operand::Number(Number::Int(n)))
        | (Arithmetic::Multiply, Operand::Number(Number::Int(n)), Operand::Interval(a)) => {
            length(moment::times(*a, *n))
        }
        (Arithmetic::Add, Operand::Interval(by), start) | (Arithmetic::Add, start, Operand::Interval(by)) => {
            let start = start.moment().ok_or(Failure::Kinds)?;
            moved(moment::moved(start, *by, zone))
        }
        (Arithmetic::Subtract, start, Operand::Interval(by)) => {
            let start = start.moment().ok_or(Failure::Kinds)?;
            moved(backwards(*by).and_then(|by| moment::moved(start, by, zone)))
        }
        (Arithmetic::Add, Operand::Moment(Moment::Date(date)), Operand::Number(Number::Int(days)))
        | (Arithmetic::Add, Operand::Number(Number::Int(days)), Operand::Moment(Moment::Date(date))) => {
            later(*date, *days)
        }
        (Arithmetic::Subtract, Operand::Moment(Moment::Date(date)), Operand::Number(Number::Int(days))) => {
            later(*date, days.checked_neg().ok_or(Failure::OutOfRange)?)
        }
        (Arithmetic::Subtract, a @ Operand::Moment(_), b) | (Arithmetic::Subtract, a, b @ Operand::Moment(_)) => {
            let (Some(a), Some(b)) = (a.moment(), b.moment()) else { return Err(Failure::Kinds) };
            match (a, b) {
                (Moment::Date(Date::Days(a)), Moment::Date(Date::Days(b))) => {
                    Ok(Operand::Number(Number::Int(i128::from(a) - i128::from(b))))
                }
                _ => length(moment::difference(a, b, zone)),
            }
        }
        _ => Err(Failure::Kinds),
    }
}

fn moved(timestamp: Option<crate::value::Timestamp>) -> Outcome {
    timestamp.map(|timestamp| Operand::Moment(Moment::Timestamp(timestamp))).ok_or(Failure::OutOfRange)
}

fn later(date: Date, by: i128) -> Outcome {
    let date = match date {
        Date::Days(days) => {
            let days = i128::from(days).checked_add(by).and_then(|days| i32::try_from(days).ok());
            Date::Days(days.ok_or(Failure::OutOfRange)?)
        }
        Date::Infinity | Date::NegativeInfinity => date,
    };
    Ok(Operand::Moment(Moment::Date(date)))
}
