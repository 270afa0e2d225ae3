//! Functions, aggregates and `previous(..)`.

use std::ops::Range;

use super::super::expression::{Aggregate, FUNCTIONS, Function, Kind, Summary};
use super::{Parse, Parser, PredicateError};
use crate::name::nearest;
use crate::sql::TokenKind;

impl Parser<'_> {
    /// A name with a parenthesis after it.
    pub(super) fn call(&mut self, name: &str) -> Parse {
        if name == "previous" {
            return self.previous();
        }
        if let Some(summary) = Summary::of(name) {
            return self.aggregate(name, summary);
        }
        match Function::of(name) {
            Some(function) => self.function(name, function),
            None => Err(unknown(name, self.peek().span.clone())),
        }
    }

    fn function(&mut self, name: &str, function: Function) -> Parse {
        let start = self.advance().span.start;
        self.expect_symbol("(")?;
        let mut arguments = Vec::new();
        if !self.is_symbol(0, ")") {
            arguments.push(self.expression(0)?);
            while self.skip_symbol(",") {
                arguments.push(self.expression(0)?);
            }
        }
        self.expect_symbol(")")?;
        let span = start..self.end();
        let wanted = match function {
            Function::Now if !arguments.is_empty() => Some("no argument"),
            Function::Coalesce if arguments.is_empty() => Some("at least one argument"),
            Function::Abs | Function::Lower | Function::Upper | Function::Length | Function::Age
                if arguments.len() != 1 =>
            {
                Some("one argument")
            }
            _ => None,
        };
        if let Some(wanted) = wanted {
            return Err(PredicateError::new(span, format!("`{name}` takes {wanted}"), None));
        }
        let below = arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        self.node(Kind::Function(function, arguments), span, below)
    }

    fn aggregate(&mut self, name: &str, summary: Summary) -> Parse {
        let first = self.at;
        let start = self.advance().span.start;
        self.expect_symbol("(")?;
        if self.within_aggregate {
            let problem = format!("`{name}` cannot stand inside another aggregate");
            return Err(PredicateError::new(
                start..self.end() - 1,
                problem,
                Some("aggregate once in the SQL of the query"),
            ));
        }
        let (summary, argument) = match summary {
            Summary::Count if self.skip_symbol("*") => (Summary::Rows, None),
            Summary::Count if self.skip_word("distinct") => (Summary::CountDistinct, Some(self.summarised()?)),
            _ if self.is_word(0, "distinct") => {
                let problem = format!("`distinct` is understood in `count` only, not in `{name}`");
                return Err(PredicateError::new(self.peek().span.clone(), problem, None));
            }
            _ if self.is_symbol(0, ")") || self.is_symbol(0, "*") => {
                let problem = format!("`{name}` takes one column or expression");
                let hint = (name == "count").then_some("write `count(*)`");
                return Err(PredicateError::new(start..self.peek().span.end, problem, hint));
            }
            _ => (summary, Some(self.summarised()?)),
        };
        self.expect_symbol(")")?;
        let (span, text) = (start..self.end(), self.canonical(first));
        let below = argument.as_ref().map_or(0, |argument| argument.depth);
        let index = self.aggregate_texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.aggregate_texts.push(text);
            self.aggregates.push(Aggregate { summary, argument, span: span.clone() });
            self.aggregates.len() - 1
        });
        self.node(Kind::Aggregate(index), span, below)
    }

    fn summarised(&mut self) -> Parse {
        self.within_aggregate = true;
        let argument = self.expression(0)?;
        self.within_aggregate = false;
        Ok(argument)
    }

    fn previous(&mut self) -> Parse {
        let first = self.at;
        let start = self.advance().span.start;
        if self.within_previous || self.within_aggregate {
            let place = if self.within_previous { "`previous`" } else { "an aggregate" };
            let problem = format!("`previous` cannot stand inside {place}");
            let hint = Some("write for example `previous(sum(x))`");
            return Err(PredicateError::new(start..self.end(), problem, hint));
        }
        self.expect_symbol("(")?;
        self.within_previous = true;
        let remembered = self.expression(0)?;
        self.within_previous = false;
        self.expect_symbol(")")?;
        let (span, text, below) = (start..self.end(), self.canonical(first), remembered.depth);
        let index = self.previous_texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.previous_texts.push(text);
            self.previous.push((remembered, span.clone()));
            self.previous.len() - 1
        });
        self.node(Kind::Previous(index), span, below)
    }

    /// The tokens from `first` on in one spelling: the same for calls that mean the same.
    fn canonical(&self, first: usize) -> String {
        let mut text = String::new();
        for token in &self.tokens[first..self.at] {
            let word = token.text(self.text);
            match token.kind {
                TokenKind::Word => text.push_str(&word.to_lowercase()),
                _ => text.push_str(word),
            }
            text.push(' ');
        }
        text
    }
}

fn unknown(name: &str, span: Range<usize>) -> PredicateError {
    let hint = match nearest(name, FUNCTIONS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a condition has {}; compute the rest in the SQL of the query", FUNCTIONS.join(", ")),
    };
    PredicateError::new(span, format!("a condition has no function `{name}`"), Some(&hint))
}
