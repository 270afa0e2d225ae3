//! `rowcall silence`: news of an alert held back for a while.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use jiff::{SignedDuration, Timestamp};

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{complete, find, stop};
use crate::catalogue::{Alert, Catalogue};
use crate::clock::{Clock, SystemClock};
use crate::render::moment;
use crate::secret::Environment;
use crate::source::World;
use crate::store::{self, Silence, Store};

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The alert
    #[arg(value_name = "ALERT", add = ArgValueCandidates::new(complete::alert_names))]
    alert: String,
    /// One key of it, such as 17 or country=KR,id=17 [default: the whole alert]
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// How long, such as 2h or 3days
    #[arg(long = "for", value_name = "LENGTH", value_parser = length)]
    length: Duration,
    /// Why; whoever reads `rowcall list silences` will want to know
    #[arg(long, value_name = "WORDS")]
    reason: String,
}

pub(super) fn length(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(length) if !length.is_zero() => Ok(length),
        Ok(_) => Err("must be longer than nothing".into()),
        Err(_) => Err("is no length of time; write it like 30m, 2h or 3days".into()),
    }
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let alert = alert(&catalogue, &flags.alert)?;
    let key = flags.key.as_deref().map(|word| key(alert, word)).transpose()?;
    let (sources, _) = output.worlds(&catalogue);
    let now = SystemClock.now();
    let silence = Silence {
        alert: alert.name.clone(),
        key,
        since: now,
        until: until(now, flags.length)?,
        who: who(&sources.environment),
        reason: flags.reason.clone(),
    };
    stop::runtime()?.block_on(async {
        let store = open(&catalogue, &sources).await?;
        let done = store.silence(&silence).await;
        store.close().await;
        done.map_err(Failure::from)
    })?;
    let until = moment(silence.until, &alert.timing.zone);
    let what = flags.key.as_ref().map_or_else(String::new, |key| format!(" key `{key}`"));
    writeln!(output, "alert `{}`{what} is silent until {until}", alert.name)?;
    Ok(Exit::Done)
}

pub(super) fn until(now: Timestamp, length: Duration) -> Result<Timestamp, Failure> {
    let until = SignedDuration::try_from(length).ok().and_then(|length| now.checked_add(length).ok());
    until.ok_or_else(|| Failure::usage("`--for` reaches beyond the end of time"))
}

/// Who runs this, in the words of the operating system.
pub(super) fn who(environment: &Environment) -> String {
    ["USER", "LOGNAME"].into_iter().find_map(|name| environment.get(name)).unwrap_or("unknown").to_owned()
}

pub(super) fn alert<'a>(catalogue: &'a Catalogue, word: &str) -> Result<&'a Alert, Failure> {
    let found = catalogue.alerts.get(word).map(Box::as_ref);
    found.ok_or_else(|| find::unknown("alert", word, catalogue.alerts.keys()))
}

/// The store, unless it forgets everything when this process ends.
pub(super) async fn open(catalogue: &Catalogue, world: &World) -> Result<Box<dyn Store>, Failure> {
    if catalogue.state.store.is_fleeting() {
        return Err(Failure::usage("the catalogue keeps no state").hint("name a file in [state], or leave [state] out"));
    }
    Ok(store::open(&catalogue.state.store, world).await?)
}

/// The canonical text of a key from words of the command line: one value, `column=value` pairs joined by commas, or the
/// JSON of `rowcall history --json`.
pub(super) fn key(alert: &Alert, word: &str) -> Result<String, Failure> {
    let columns = &alert.key;
    if columns.is_empty() {
        return Err(Failure::usage(format!("alert `{}` has no key", alert.name)).hint("leave the key out"));
    }
    let values = match serde_json::from_str::<Vec<String>>(word) {
        Ok(values) if values.len() == columns.len() => Some(values),
        _ => pairs(columns, word),
    };
    let written = || columns.iter().map(|column| format!("{column}=..")).collect::<Vec<_>>().join(",");
    let values = values.ok_or_else(|| {
        Failure::usage(format!("`{word}` is no key of alert `{}`", alert.name))
            .hint(format!("write it as {}", written()))
    })?;
    Ok(serde_json::to_string(&values).expect("texts are JSON"))
}

fn pairs(columns: &[String], word: &str) -> Option<Vec<String>> {
    if let [column] = columns {
        let value = word.strip_prefix(column.as_str()).and_then(|rest| rest.strip_prefix('='));
        return Some(vec![value.unwrap_or(word).to_owned()]);
    }
    let given: Vec<(&str, &str)> = word.split(',').map(|pair| pair.split_once('=')).collect::<Option<_>>()?;
    let value = |column: &String| given.iter().find(|(name, _)| *name == column).map(|(_, value)| (*value).to_owned());
    let values = columns.iter().map(value).collect::<Option<Vec<_>>>()?;
    (given.len() == columns.len()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn a_key_is_written_as_one_value_or_as_pairs() {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (one, two) = (columns(&["id"]), columns(&["country", "id"]));
        assert_eq!(pairs(&one, "17"), Some(vec!["17".into()]));
        assert_eq!(pairs(&one, "id=17"), Some(vec!["17".into()]));
        assert_eq!(pairs(&one, "a,b=c"), Some(vec!["a,b=c".into()]));
        assert_eq!(pairs(&two, "id=17,country=KR"), Some(vec!["KR".into(), "17".into()]));
        for wrong in ["17", "id=17", "id=17,country=KR,x=1", "id=17,town=Seoul"] {
            assert_eq!(pairs(&two, wrong), None, "{wrong}");
        }
    }
}
