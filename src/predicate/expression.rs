//! The tree of a predicate, every node with its bytes in the text.

use std::ops::Range;

use super::operand::Operand;

#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
    /// How many levels hang below, this one included: evaluation recurses as deep.
    pub(super) depth: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Literal(Operand<'static>),
    /// Index of a [`Reference`].
    Column(usize),
    Negate(Box<Expression>),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Arithmetic(Arithmetic, Box<[Expression; 2]>),
    Compare(Comparison, Box<[Expression; 2]>),
    Distinct {
        negated: bool,
        sides: Box<[Expression; 2]>,
    },
    Between {
        negated: bool,
        /// The value, the lower bound, the upper bound.
        sides: Box<[Expression; 3]>,
    },
    In {
        negated: bool,
        value: Box<Expression>,
        items: Vec<Expression>,
    },
    Like {
        negated: bool,
        sides: Box<[Expression; 2]>,
    },
    IsNull {
        negated: bool,
        value: Box<Expression>,
    },
    IsTruth {
        negated: bool,
        truth: bool,
        value: Box<Expression>,
    },
    Function(Function, Vec<Expression>),
    /// Index of an [`Aggregate`].
    Aggregate(usize),
    /// Index of an expression whose value of the last run is meant.
    Previous(usize),
}

impl Expression {
    /// What this gives when it is certainly no truth value.
    pub(super) fn no_condition(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Literal(Operand::Null | Operand::Bool(_)) => None,
            Kind::Literal(Operand::Number(_)) => Some("a number"),
            Kind::Literal(Operand::Text(_)) => Some("a text"),
            Kind::Literal(_) => Some("a date or a length of time"),
            Kind::Negate(_) | Kind::Arithmetic(..) => Some("a number"),
            Kind::Function(Function::Abs | Function::Length, _) => Some("a number"),
            Kind::Function(Function::Lower | Function::Upper, _) => Some("a text"),
            Kind::Function(Function::Now, _) => Some("a timestamp"),
            Kind::Function(Function::Age, _) => Some("a length of time"),
            Kind::Function(Function::Coalesce, _)
            | Kind::Column(_)
            | Kind::Not(_)
            | Kind::And(_)
            | Kind::Or(_)
            | Kind::Compare(..)
            | Kind::Distinct { .. }
            | Kind::Between { .. }
            | Kind::In { .. }
            | Kind::Like { .. }
            | Kind::IsNull { .. }
            | Kind::IsTruth { .. }
            | Kind::Aggregate(_)
            | Kind::Previous(_) => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    pub(super) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Remainder,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Self::Equal,
            "<>" | "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Coalesce,
    Abs,
    Lower,
    Upper,
    Length,
    Now,
    Age,
}

impl Function {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "coalesce" => Self::Coalesce,
            "abs" => Self::Abs,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "length" => Self::Length,
            "now" => Self::Now,
            "age" => Self::Age,
            _ => return None,
        })
    }
}

/// Every name that may stand before a parenthesis.
pub(super) const FUNCTIONS: [&str; 15] = [
    "coalesce", "abs", "lower", "upper", "length", "now", "age", "count", "sum", "avg", "min", "max", "first", "last",
    "previous",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Summary {
    /// `count(*)`.
    Rows,
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    First,
    Last,
}

impl Summary {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "min" => Self::Min,
            "max" => Self::Max,
            "first" => Self::First,
            "last" => Self::Last,
            _ => return None,
        })
    }
}

/// An aggregate call; calls that read the same are one.
#[derive(Clone, Debug)]
pub(super) struct Aggregate {
    pub(super) summary: Summary,
    /// None for `count(*)` alone.
    pub(super) argument: Option<Expression>,
    pub(super) span: Range<usize>,
}

/// One mention of a column.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    pub(super) quoted: bool,
    pub(super) in_aggregate: bool,
    pub(super) in_previous: bool,
}

impl Reference {
    /// Whether this is the bare word `value`, which may stand for the only column.
    pub(super) fn is_value(&self) -> bool {
        !self.quoted && self.name.eq_ignore_ascii_case("value")
    }

    /// Whether the writer of `column` means the same column.
    pub(super) fn names(&self, column: &str) -> bool {
        if self.quoted { self.name == column } else { self.name.to_lowercase() == column.to_lowercase() }
    }
}
