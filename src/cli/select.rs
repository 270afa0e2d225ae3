//! Alerts, reports and other jobs by name, by `@tag` and by glob.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};

use super::failure::Failure;
use super::find;
use crate::catalogue::{Alert, Catalogue, Report};
use crate::job::Job;
use crate::name::Name;

/// An entry that can be selected.
trait Entry {
    /// The word for its kind.
    const KIND: &'static str;

    fn name(&self) -> &Name;

    fn tags(&self) -> &[String];
}

impl Entry for Alert {
    const KIND: &'static str = "alert";

    fn name(&self) -> &Name {
        &self.name
    }

    fn tags(&self) -> &[String] {
        &self.tags
    }
}

impl Entry for Report {
    const KIND: &'static str = "report";

    fn name(&self) -> &Name {
        &self.name
    }

    fn tags(&self) -> &[String] {
        &self.tags
    }
}

/// The alerts that the words name, each once, in the order of the words; all when there is no word.
pub(super) fn alerts<'a>(catalogue: &'a Catalogue, words: &[String]) -> Result<Vec<&'a Alert>, Failure> {
    let selected = selected(&catalogue.alerts, words)?;
    if selected.is_empty() {
        return Err(Failure::usage("the catalogue has no alert").hint("write an [alerts.NAME] table"));
    }
    Ok(selected)
}

/// The reports that the words name, each once, in the order of the words.
pub(super) fn reports<'a>(catalogue: &'a Catalogue, words: &[String]) -> Result<Vec<&'a Report>, Failure> {
    selected(&catalogue.reports, words)
}

fn selected<'a, T: Entry + 'a, V: Borrow<T>>(
    entries: &'a BTreeMap<Name, V>,
    words: &[String],
) -> Result<Vec<&'a T>, Failure> {
    let mut selected: Vec<&T> = Vec::new();
    for word in words {
        selected.extend(named(entries, word)?);
    }
    if words.is_empty() {
        selected.extend(entries.values().map(Borrow::borrow));
    }
    let mut seen = HashSet::new();
    selected.retain(|entry| seen.insert(entry.name()));
    Ok(selected)
}

fn named<'a, T: Entry + 'a, V: Borrow<T>>(entries: &'a BTreeMap<Name, V>, word: &str) -> Result<Vec<&'a T>, Failure> {
    let (all, kind) = (entries.values().map(Borrow::borrow), T::KIND);
    let (found, nothing): (Vec<&T>, String) = match word.strip_prefix('@') {
        Some(tag) => {
            let has = |entry: &&T| entry.tags().iter().any(|own| matches(tag, own));
            (all.filter(has).collect(), format!("no {kind} has the tag `{tag}`"))
        }
        None if word.contains(['*', '?']) => {
            let called = |entry: &&T| matches(word, entry.name().as_str());
            (all.filter(called).collect(), format!("no {kind} is called like `{word}`"))
        }
        None => match entries.get(word) {
            Some(entry) => (vec![entry.borrow()], String::new()),
            None => return Err(find::unknown(kind, word, entries.keys())),
        },
    };
    if found.is_empty() { Err(Failure::usage(nothing)) } else { Ok(found) }
}

/// The jobs that the words name, each once, by kind and name; all when there is no word.
pub(super) fn jobs<'a>(catalogue: &'a Catalogue, words: &[String]) -> Result<Vec<Job<'a>>, Failure> {
    let mut wanted = HashSet::new();
    for word in words {
        let found = called(catalogue, word);
        if found.is_empty() {
            return Err(match word.strip_prefix('@') {
                Some(tag) => Failure::usage(format!("no job has the tag `{tag}`")),
                None if word.contains(['*', '?']) => Failure::usage(format!("no job is called like `{word}`")),
                None => unknown(catalogue, word),
            });
        }
        wanted.extend(found.into_iter().map(Job::id));
    }
    Ok(Job::all(catalogue).filter(|job| words.is_empty() || wanted.contains(&job.id())).collect())
}

/// The one job that a word names: by its name or, since jobs of two kinds may share one, by its table: `alerts.low_stock`.
pub(super) fn job<'a>(catalogue: &'a Catalogue, word: &str) -> Result<Job<'a>, Failure> {
    match called(catalogue, word)[..] {
        [job] => Ok(job),
        [] => Err(unknown(catalogue, word)),
        ref several => Err(ambiguous(word, several)),
    }
}

pub(super) fn ambiguous(word: &str, several: &[Job<'_>]) -> Failure {
    let tables: Vec<String> = several.iter().map(|job| format!("`{}`", job.id().table())).collect();
    let failure = Failure::usage(format!("`{word}` is more than one job"));
    failure.hint(format!("name one of them: {}", tables.join(", ")))
}

fn called<'a>(catalogue: &'a Catalogue, word: &str) -> Vec<Job<'a>> {
    let wanted = |job: &Job<'_>| match word.strip_prefix('@') {
        Some(tag) => job.tags().iter().any(|own| matches(tag, own)),
        None => matches(word, job.name().as_str()) || word == job.id().table(),
    };
    Job::all(catalogue).filter(wanted).collect()
}

pub(super) fn unknown(catalogue: &Catalogue, word: &str) -> Failure {
    let known: Vec<&Name> = Job::all(catalogue).map(Job::name).collect();
    find::unknown("job", word, known.into_iter())
}

/// Whether `word` is what `pattern` describes: `*` is any run of characters, `?` is one.
fn matches(pattern: &str, word: &str) -> bool {
    let (pattern, word): (Vec<char>, Vec<char>) = (pattern.chars().collect(), word.chars().collect());
    let (mut at, mut here) = (0, 0);
    // The last star, and how far into the word it reaches.
    let mut star: Option<(usize, usize)> = None;
    while here < word.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(c) if *c == '?' || *c == word[here] => (at, here) = (at + 1, here + 1),
            _ => match star {
                Some((before, reached)) => {
                    star = Some((before, reached + 1));
                    (at, here) = (before + 1, reached + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_run_and_a_question_mark_one_character() {
        let cases = [
            ("orders_*", "orders_late", true),
            ("orders_*", "orders_", true),
            ("orders_*", "order", false),
            ("*_late", "orders_late_late", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("주문?", "주문1", true),
            ("주문?", "주문", false),
            ("*", "", true),
            ("plain", "plain", true),
        ];
        for (pattern, word, expected) in cases {
            assert_eq!(matches(pattern, word), expected, "{pattern} {word}");
        }
    }
}
