//! `rowcall query`: the rows of one statement.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{complete, find, stop};
use crate::catalogue::{Ask, Catalogue, Parameter, ParameterError};
use crate::clock::{Clock, SystemClock};
use crate::job::Doors;
use crate::name::{Name, nearest};
use crate::render::visible;
use crate::source::{Argument, Bound, Cause, Request, Rows, SourceError};
use crate::sql::Statement;
use print::Printing;
use watch::Until;

mod chart;
mod print;
mod spinner;
mod watch;

/// How long an answer to SQL from the command line may take where nothing says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// A saved query
    #[arg(conflicts_with_all = ["command", "file"], required_unless_present_any = ["command", "file"],
          add = ArgValueCandidates::new(complete::queries))]
    name: Option<Name>,
    /// The source to ask, for -c and -f
    #[arg(short, long, value_name = "SOURCE", conflicts_with = "name", add = ArgValueCandidates::new(complete::sources))]
    source: Option<Name>,
    /// SQL to run
    #[arg(short, long, value_name = "SQL", requires = "source", conflicts_with = "file")]
    command: Option<String>,
    /// A file with SQL to run, or - for standard input
    #[arg(short, long, value_name = "FILE", requires = "source")]
    file: Option<PathBuf>,
    /// The value of a parameter, several with commas for a list; repeatable
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    param: Vec<(Name, String)>,
    #[command(flatten)]
    print: print::Flags,
    /// How long the answer may take, such as 30s or 5m
    #[arg(long, value_name = "LENGTH", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Ask again after each such length of time, until Ctrl-C
    #[arg(long, value_name = "LENGTH", value_parser = watch::interval)]
    watch: Option<Duration>,
    /// End --watch when the result has rows, is empty, or differs from the first
    #[arg(long, value_name = "WHEN", requires = "watch")]
    until: Option<Until>,
}

/// Reads `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(Name, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((Name::new(name).map_err(|error| error.to_string())?, value.to_owned()))
}

impl std::str::FromStr for Name {
    type Err = crate::name::NameError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::new(word)
    }
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let (label, ask) = ask(flags, &catalogue)?;
    let printing = Printing::new(&flags.print, flags.name.as_ref(), &catalogue.zone, output)?;
    let (sources, channels) = output.worlds(&catalogue);
    let doors = Doors::new(&catalogue, &sources, &channels);
    let question = Question { flags, catalogue: &catalogue, doors: &doors, ask, label };
    // What is wrong with the parameters is said before anything connects.
    question.request(SystemClock.now())?;
    let runtime = stop::runtime()?;
    let done = runtime.block_on(async {
        let mut stop = stop::Stop::listen()?;
        let done = match flags.watch {
            Some(every) => tokio::select! {
                done = watch::watch(&question, every, flags.until, &printing, output) => done.map(|()| Exit::Done),
                exit = stop.signal() => Ok(exit),
            },
            None => {
                let mut page = printing.open()?;
                let work = async {
                    let rows = page.wait(output, question.ask(SystemClock.now())).await?;
                    page.print(rows, output, &mut |_| {}).await
                };
                let done = tokio::select! {
                    done = work => done.map(|()| Exit::Done),
                    exit = stop.signal() => Ok(exit),
                };
                page.quiet(output);
                done
            }
        };
        doors.close().await;
        done
    });
    // A write that nobody reads is left behind.
    runtime.shutdown_background();
    done
}

/// What is asked, and how the answer is printed.
struct Question<'a> {
    flags: &'a Flags,
    catalogue: &'a Catalogue,
    doors: &'a Doors,
    ask: Ask,
    label: String,
}

impl Question<'_> {
    /// The request at `now`, which is what `today` in a parameter is about.
    fn request(&self, now: Timestamp) -> Result<Request, Failure> {
        let values = values(&self.ask, &self.flags.param, now, &self.catalogue.zone)?;
        let bound = Bound::new(self.ask.statement.clone(), values);
        let bound = bound.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Request { bound, timeout: self.flags.timeout.unwrap_or(self.ask.timeout), label: self.label.clone() })
    }

    async fn ask(&self, now: Timestamp) -> Result<Rows, Failure> {
        let rows = self.doors.source(&self.ask.source).fetch(self.request(now)?).await;
        rows.map_err(|error| located(error, &self.ask, self.flags, self.catalogue).into())
    }
}

/// The line of SQL that the database points at, and a caret under the place.
fn pointed(sql: &str, offset: usize) -> String {
    let before = &sql[..sql.floor_char_boundary(offset)];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = sql[start..].lines().next().unwrap_or_default();
    let number = 1 + before.matches('\n').count();
    let width = visible(&before[start..]).width();
    format!("\n{number} | {line}\n{0:1$} | {0:width$}^", "", number.to_string().len())
}

/// An error in SQL shows the place, and one of a saved query says where its SQL stands.
fn located(mut error: SourceError, ask: &Ask, flags: &Flags, catalogue: &Catalogue) -> SourceError {
    if let (Cause::Statement, Some(offset)) = (error.cause, error.offset) {
        error.problem.push_str(&pointed(ask.statement.text(), offset));
    }
    let saved = flags.name.as_ref().and_then(|name| catalogue.queries.get(name));
    match saved {
        Some(query) if error.cause == Cause::Statement && error.hint.is_none() => {
            let place = format!("{}:{}", catalogue.path.display(), query.line);
            error.with_hint(format!("look at the SQL of query `{}` at {place}", query.name))
        }
        _ => error,
    }
}

/// The saved query, or the SQL of the command line.
fn ask(flags: &Flags, catalogue: &Catalogue) -> Result<(String, Ask), Failure> {
    if let Some(name) = &flags.name {
        let query = catalogue.queries.get(name);
        let query = query.ok_or_else(|| find::unknown("query", name.as_str(), catalogue.queries.keys()))?;
        return Ok((format!("query {name}"), query.ask.clone()));
    }
    let source = flags.source.as_ref().expect("clap asks for a source");
    let entry = catalogue.sources.get(source);
    let entry = entry.ok_or_else(|| find::unknown("source", source.as_str(), catalogue.sources.keys()))?;
    let text = match (&flags.command, &flags.file) {
        (Some(command), _) => command.clone(),
        (None, file) => read(file.as_deref().expect("clap asks for -c or -f"))?,
    };
    let statement = Statement::parse(&text, entry.settings.engine.dialect());
    let statement = statement.and_then(|statement| statement.check_read().map(|()| statement)).map_err(|error| {
        let line = 1 + text[..error.span.start.min(text.len())].matches('\n').count();
        Failure::usage(format!("line {line} of the SQL: {error}"))
    })?;
    let parameters = statement.names().into_iter().map(|name| (name.clone(), Parameter::default())).collect();
    Ok(("query".into(), Ask { source: source.clone(), statement, parameters, timeout: DEFAULT_TIMEOUT }))
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| Failure::usage(format!("cannot read SQL from `{}`: {error}", path.display())))
}

/// What every parameter is given at `now`: by the command line, or else by its default.
fn values(
    ask: &Ask,
    given: &[(Name, String)],
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<(Name, Argument)>, Failure> {
    if let Some((name, _)) = given.iter().find(|(name, _)| !ask.parameters.contains_key(name)) {
        let failure = Failure::usage(format!("the query has no parameter `{name}`"));
        let known: Vec<&str> = ask.parameters.keys().map(Name::as_str).collect();
        return Err(match nearest(name.as_str(), known.iter().copied()) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => failure,
            None => failure.hint(format!("it has: {}", known.join(", "))),
        });
    }
    let value = |(name, parameter): (&Name, &Parameter)| {
        let own: Vec<&str> = given.iter().filter(|(given, _)| given == name).map(|(_, text)| text.as_str()).collect();
        let wrong = |error: ParameterError| Failure::usage(format!("parameter `{name}`: {error}"));
        let read = match (own.as_slice(), &parameter.default) {
            ([], Some(default)) => default.clone(),
            ([], None) => {
                let failure = Failure::usage(format!("parameter `{name}` has no value"));
                return Err(failure.hint(format!("add -p {name}=VALUE")));
            }
            (texts, _) => parameter.read(texts).map_err(wrong)?,
        };
        Ok((name.clone(), read.at(now, zone).map_err(wrong)?))
    };
    ask.parameters.iter().map(value).collect()
}
