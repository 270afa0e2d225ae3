//! For build servers: one test case for each alert.

use super::account::{Account, Grade, Line};
use crate::cli::junit::{Case, Fate, Suite, document};

pub(super) fn report(account: &Account<'_>) -> String {
    let name = account.file();
    let cases = account.lines.iter().map(|line| case(line, &name)).collect();
    document(&Suite { name, cases })
}

fn case(line: &Line<'_>, file: &str) -> Case {
    let (severity, state) = (line.alert.severity.to_string(), line.state());
    let (fate, output) = match line.grade {
        Grade::Calm => (Fate::Passed, String::new()),
        Grade::Noted => (Fate::Passed, format!("{state}: {}", line.story())),
        Grade::Found => (Fate::Failed(severity, line.why().to_owned(), line.story()), String::new()),
        Grade::Unjudged => (Fate::Broken(state.to_owned(), line.why().to_owned(), line.story()), String::new()),
    };
    let place = (file.to_owned(), line.alert.line);
    Case { name: line.alert.name.to_string(), place, seconds: line.seconds(), fate, output }
}
