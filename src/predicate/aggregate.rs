//! Aggregates over the rows of a result, or of one key. NULL is left out, as in SQL; `first` and `last` take it as it is.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use super::JudgeError;
use super::evaluate::Scope;
use super::expression::{Aggregate, Expression, Summary};
use super::moment;
use super::number::Number;
use super::operand::Operand;
use crate::table::Row;

/// The value of one aggregate over `rows`, each with its number in the table. `scope` lends everything but the row.
pub(super) fn aggregate<'a>(
    scope: Scope<'a>,
    aggregate: &'a Aggregate,
    rows: &[(usize, Row<'a>)],
) -> Result<Operand<'a>, JudgeError> {
    let Some(argument) = &aggregate.argument else { return Ok(Operand::count(rows.len())) };
    let call = Call { scope, argument, span: aggregate.span.clone() };
    match aggregate.summary {
        Summary::Rows => Ok(Operand::count(rows.len())),
        Summary::Count => call.count(rows),
        Summary::CountDistinct => call.count_distinct(rows),
        Summary::Sum => call.total(rows).map(|(total, _)| total),
        Summary::Avg => call.average(rows),
        Summary::Min => call.extreme(rows, Ordering::Less),
        Summary::Max => call.extreme(rows, Ordering::Greater),
        Summary::First => rows.first().map_or(Ok(Operand::Null), |row| call.at(*row)),
        Summary::Last => rows.last().map_or(Ok(Operand::Null), |row| call.at(*row)),
    }
}

struct Call<'a> {
    scope: Scope<'a>,
    argument: &'a Expression,
    /// Where the call stands.
    span: Range<usize>,
}

impl<'a> Call<'a> {
    fn on(&self, row: (usize, Row<'a>)) -> Scope<'a> {
        Scope { row: Some(row), ..self.scope }
    }

    fn at(&self, row: (usize, Row<'a>)) -> Result<Operand<'a>, JudgeError> {
        self.on(row).evaluate(self.argument)
    }

    fn count(&self, rows: &[(usize, Row<'a>)]) -> Result<Operand<'a>, JudgeError> {
        let mut count = 0;
        for row in rows {
            count += usize::from(!self.at(*row)?.is_null());
        }
        Ok(Operand::count(count))
    }

    fn count_distinct(&self, rows: &[(usize, Row<'a>)]) -> Result<Operand<'a>, JudgeError> {
        let mut seen = HashSet::new();
        for row in rows {
            let operand = self.at(*row)?;
            if !operand.is_null() {
                seen.insert(operand.canonical());
            }
        }
        Ok(Operand::count(seen.len()))
    }

    /// The sum of numbers or of lengths of time, NULL of nothing at all, and how many there were.
    fn total(&self, rows: &[(usize, Row<'a>)]) -> Result<(Operand<'a>, u32), JudgeError> {
        let (mut total, mut count) = (Operand::Null, 0_u32);
        for row in rows {
            let next = self.at(*row)?;
            if next.is_null() {
                continue;
            }
            total = match (total, next) {
                (Operand::Null, first @ (Operand::Number(_) | Operand::Interval(_))) if count == 0 => first,
                (Operand::Number(a), Operand::Number(b)) => match a.add(&b) {
                    Ok(Some(sum)) => Operand::Number(sum),
                    // Infinity and minus infinity have no sum.
                    Ok(None) => return Ok((Operand::Null, 1)),
                    Err(_) => return Err(self.out_of_range(*row)),
                },
                (Operand::Interval(a), Operand::Interval(b)) => {
                    Operand::Interval(moment::sum(a, b).ok_or_else(|| self.out_of_range(*row))?)
                }
                (_, other) => return Err(self.on(*row).unfit(&self.span, self.argument, &other, "a number")),
            };
            count += 1;
        }
        Ok((total, count))
    }

    fn average(&self, rows: &[(usize, Row<'a>)]) -> Result<Operand<'a>, JudgeError> {
        let (total, count) = self.total(rows)?;
        Ok(match total {
            Operand::Number(Number::Float(total)) => {
                Number::of_double(total / f64::from(count)).map_or(Operand::Null, Operand::Number)
            }
            Operand::Number(total) => {
                let mean = total.divide(&Number::Int(count.into())).expect("there is at least one number");
                mean.map_or(Operand::Null, Operand::Number)
            }
            Operand::Interval(total) => {
                Operand::Interval(moment::part(total, count).expect("a part is no longer than the whole"))
            }
            other => other,
        })
    }

    /// The least or the greatest value, NULL of nothing at all.
    fn extreme(&self, rows: &[(usize, Row<'a>)], wanted: Ordering) -> Result<Operand<'a>, JudgeError> {
        let mut best = Operand::Null;
        for row in rows {
            let next = self.at(*row)?;
            if next.is_null() {
                continue;
            }
            let better = match &best {
                Operand::Null => true,
                best => {
                    next.compare(best, self.scope.context.zone).map_err(|clash| {
                        let found = self.on(*row).subject(self.argument, &next);
                        let problem =
                            format!("{found}, which cannot be compared with {} of another row", best.described());
                        self.on(*row).error(&self.span, &problem, &clash.hint())
                    })? == wanted
                }
            };
            if better {
                best = next;
            }
        }
        Ok(best)
    }

    fn out_of_range(&self, row: (usize, Row<'a>)) -> JudgeError {
        self.on(row).error(&self.span, "the sum is out of range", "add up in the SQL of the query")
    }
}
