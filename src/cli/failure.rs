//! Exit codes and the words that go with them.

use std::process::{ExitCode, Termination};

use anstyle::{AnsiColor, Style};

use crate::catalogue::LoadError;
use crate::source::{Cause, SourceError};
use crate::store::StoreError;

/// How the program ends. When several hold, [`Exit::merge`] picks one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing at or above `--fail-on`.
    Done,
    /// Found: an alert fires.
    Found,
    /// Wrong usage, a broken catalogue, an unknown name, or nothing selected.
    Usage,
    /// No verdict: a source is unreachable, its SQL fails, it takes too long, there is no data.
    NoVerdict,
    /// There is a verdict, but a message was not delivered.
    Undelivered,
    /// A fault of rowcall itself.
    Bug,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM before a clean stop.
    Terminated,
}

impl Exit {
    /// The number the operating system sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Usage => 2,
            Self::NoVerdict => 3,
            Self::Undelivered => 4,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Which of two is told when both hold: 70 before 2, 2 before 3, 3 before 4, 4 before 1; a signal before all.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if self.weight() >= other.weight() { self } else { other }
    }

    fn weight(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Undelivered => 2,
            Self::NoVerdict => 3,
            Self::Usage => 4,
            Self::Bug => 5,
            Self::Interrupted => 6,
            Self::Terminated => 7,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.code().into()
    }
}

/// Why a verb gave up.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    /// A sentence, and the next step.
    Words(String, Option<String>),
    /// A catalogue with mistakes, which has its own way to be shown.
    Catalogue(crate::catalogue::Broken),
}

impl Failure {
    pub(super) fn new(exit: Exit, problem: impl Into<String>) -> Self {
        Self { exit, problem: Problem::Words(problem.into(), None) }
    }

    pub(super) fn usage(problem: impl Into<String>) -> Self {
        Self::new(Exit::Usage, problem)
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Problem::Words(_, slot) = &mut self.problem {
            *slot = Some(hint.into());
        }
        self
    }

    /// What is printed on standard error.
    pub(super) fn render(&self, styled: bool) -> String {
        match &self.problem {
            Problem::Words(problem, hint) => {
                let (red, cyan) = if styled {
                    (
                        Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
                        Style::new().fg_color(Some(AnsiColor::Cyan.into())),
                    )
                } else {
                    (Style::new(), Style::new())
                };
                let hint = hint.as_ref().map(|hint| format!("\n  {cyan}next{cyan:#}: {hint}")).unwrap_or_default();
                format!("{red}error{red:#}: {}{hint}\n", visible_lines(problem))
            }
            Problem::Catalogue(broken) => {
                let count = broken.problems().len();
                let plural = if count == 1 { "" } else { "s" };
                format!("{}\n\n{count} mistake{plural}: nothing was connected to\n", broken.render(styled))
            }
        }
    }
}

/// Words of a database may hold anything: each line is made visible, lines stay lines.
pub(super) fn visible_lines(text: &str) -> String {
    text.lines().map(crate::render::visible).collect::<Vec<_>>().join("\n  ")
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Broken(broken) => Self { exit: Exit::Usage, problem: Problem::Catalogue(broken) },
            LoadError::Unreadable { .. } => {
                Self::usage(error.to_string()).hint("name a file with --config, or write one with `rowcall init`")
            }
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let exit = if error.cause == Cause::Settings { Exit::Usage } else { Exit::NoVerdict };
        Self { exit, problem: Problem::Words(error.to_string(), error.hint) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { exit: Exit::Usage, problem: Problem::Words(error.to_string(), error.hint) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Bug, format!("cannot write to standard output: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_gravest_code_is_told() {
        let order = [Exit::Done, Exit::Found, Exit::Undelivered, Exit::NoVerdict, Exit::Usage, Exit::Bug];
        for (index, weaker) in order.iter().enumerate() {
            for stronger in &order[index..] {
                assert_eq!(weaker.merge(*stronger), *stronger);
                assert_eq!(stronger.merge(*weaker), *stronger);
            }
        }
        assert_eq!(order.map(Exit::code), [0, 1, 4, 3, 2, 70]);
    }
}
