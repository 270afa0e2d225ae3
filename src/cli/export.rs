//! `rowcall export`: the schedule for an engine that keeps the time and calls `rowcall run-job`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{complete, find, select};
use crate::catalogue::{Catalogue, FILE_NAME};
use crate::job::Job;
use crate::message::one_line;
use crate::render::visible;
use crate::schedule::{Dialect, Lines};
use crate::secret::Reference;

mod crontab;
mod files;
mod kubernetes;
mod systemd;

/// Where a file of ours would be installed.
const PROGRAM: &str = "/usr/local/bin/rowcall";

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// For whom
    #[arg(value_name = "ENGINE")]
    engine: Engine,
    /// Jobs, @tag for all jobs with a tag, or a glob such as 'orders_*' [default: all that have a schedule]
    #[arg(value_name = "JOB", add = ArgValueCandidates::new(complete::alerts))]
    jobs: Vec<String>,
    /// Write files into this folder, all of them or none [default: print them]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Where the catalogue will be [default: where it is; for Kubernetes below /etc/rowcall]
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Where the program will be
    #[arg(long, value_name = "FILE", default_value = PROGRAM)]
    program: String,
    /// The image that Kubernetes runs, which has the program as its entry point
    #[arg(long, value_name = "IMAGE", default_value = concat!("rowcall:", env!("CARGO_PKG_VERSION")))]
    image: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Lines for cron
    Crontab,
    /// A timer and a service for each job
    Systemd,
    /// A `CronJob` for each job, and the catalogue as a `ConfigMap`
    Kubernetes,
}

/// A file of an export.
struct File {
    name: String,
    text: String,
}

/// Everything that an export is written from.
struct Plan<'a> {
    catalogue: &'a Catalogue,
    /// Where it will be.
    path: String,
    program: &'a str,
    image: &'a str,
    entries: Vec<Entry<'a>>,
    needs: Needs,
}

/// A job of an export.
struct Entry<'a> {
    job: Job<'a>,
    /// What `run-job` calls it.
    word: String,
    zone: String,
    /// Its schedule as it was written.
    text: &'a str,
    /// Its schedule in the words of the engine, or why there are none.
    lines: Result<Lines, String>,
}

/// What secrets refer to.
#[derive(Default)]
struct Needs {
    /// Environment variables, and whether they may be left out.
    variables: BTreeMap<String, bool>,
    files: BTreeSet<PathBuf>,
    commands: BTreeSet<String>,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let dialect = match flags.engine {
        Engine::Crontab => Dialect::Crontab,
        Engine::Systemd => Dialect::Systemd,
        Engine::Kubernetes => Dialect::Kubernetes,
    };
    let entries = entries(&catalogue, &flags.jobs, dialect)?;
    let plan = Plan {
        path: path(flags, &catalogue)?,
        program: &flags.program,
        image: &flags.image,
        needs: Needs::of(&catalogue),
        catalogue: &catalogue,
        entries,
    };
    let files = match flags.engine {
        Engine::Crontab => vec![crontab::file(&plan)],
        Engine::Systemd => systemd::files(&plan),
        Engine::Kubernetes => kubernetes::files(&plan)?,
    };
    match &flags.output {
        Some(folder) => files::write(folder, &files, output)?,
        None => print(&files, flags.engine, output)?,
    }
    Ok(plan.refusals(output))
}

fn entries<'a>(catalogue: &'a Catalogue, words: &[String], dialect: Dialect) -> Result<Vec<Entry<'a>>, Failure> {
    let jobs = select::jobs(catalogue, words)?;
    let entry = |job: &Job<'a>| {
        let schedule = job.timing().active()?;
        let shared = Job::all(catalogue).filter(|other| other.name() == job.name()).count() > 1;
        let word = if shared { job.id().table() } else { job.name().to_string() };
        let zone = job.timing().zone.iana_name().unwrap_or("UTC").to_owned();
        Some(Entry { job: *job, word, zone, text: schedule.text(), lines: schedule.written_for(dialect) })
    };
    let entries: Vec<Entry<'_>> = jobs.iter().filter_map(entry).collect();
    if entries.is_empty() {
        let failure = Failure::usage("nothing is scheduled");
        return Err(failure.hint("give an alert a `schedule`, such as \"*/5 * * * *\""));
    }
    Ok(entries)
}

/// The absolute path of the catalogue where the engine runs.
fn path(flags: &Flags, catalogue: &Catalogue) -> Result<String, Failure> {
    let own = || std::path::absolute(&catalogue.path).unwrap_or_else(|_| catalogue.path.clone());
    let path = match (&flags.catalogue, flags.engine) {
        (Some(path), _) => path.clone(),
        (None, Engine::Kubernetes) => Path::new("/etc/rowcall").join(own().file_name().unwrap_or(FILE_NAME.as_ref())),
        (None, Engine::Crontab | Engine::Systemd) => own(),
    };
    let sound = |text: &&str| !text.contains(|c: char| c.is_control());
    match path.to_str().filter(sound) {
        Some(text) if path.is_absolute() && sound(&flags.program.as_str()) => Ok(text.to_owned()),
        Some(_) | None => {
            Err(Failure::usage(format!("`{}` is no place to name there", visible(&path.to_string_lossy())))
                .hint("give an absolute path of plain characters with --catalogue and --program"))
        }
    }
}

fn print(files: &[File], engine: Engine, output: &mut Output) -> Result<(), Failure> {
    let mut text = String::new();
    for (index, File { name, text: file }) in files.iter().enumerate() {
        match engine {
            Engine::Crontab => {}
            Engine::Systemd => {
                let gap = if index == 0 { "" } else { "\n" };
                writeln!(text, "{gap}# /etc/systemd/system/{name}").expect("text");
            }
            Engine::Kubernetes if index > 0 => text.push_str("---\n"),
            Engine::Kubernetes => {}
        }
        text.push_str(file);
    }
    output.write_all(text.as_bytes())?;
    Ok(())
}

impl Plan<'_> {
    /// Says which jobs the engine has no words for.
    fn refusals(&self, output: &Output) -> Exit {
        let mut exit = Exit::Done;
        for Entry { job, text, lines, .. } in &self.entries {
            if let Err(problem) = lines {
                output.say(&format!("not exported: {}: `{text}`: {problem}\n", job.id()));
                exit = Exit::Found;
            }
        }
        exit
    }

    /// Who wrote this, of what.
    fn origin(&self) -> String {
        format!("rowcall {} of {}", env!("CARGO_PKG_VERSION"), self.path)
    }

    /// The folder of the catalogue where the engine runs.
    fn folder(&self) -> &Path {
        Path::new(&self.path).parent().unwrap_or(Path::new("/"))
    }

    /// The folder of the state where it is a file.
    fn state_folder(&self) -> Option<PathBuf> {
        let prefix = self.catalogue.state.store.url.literal_prefix();
        let file = prefix.strip_prefix("sqlite://").or_else(|| prefix.strip_prefix("sqlite:"))?;
        if file == ":memory:" {
            return None;
        }
        self.folder().join(file).parent().map(Path::to_path_buf)
    }
}

impl Entry<'_> {
    /// What cron and Kubernetes leave out of it.
    fn splay(&self) -> Option<String> {
        let splay = self.job.timing().splay;
        (!splay.is_zero()).then(|| format!("splay of {} has no counterpart here", humantime::format_duration(splay)))
    }

    /// What it is, for a remark.
    fn title(&self) -> String {
        let described = self.job.description().map(|words| format!(", {}", visible(&one_line(words))));
        format!("{}{}", self.job.id(), described.unwrap_or_default())
    }

    /// When it is due, for a remark.
    fn when(&self) -> String {
        match self.text.starts_with("every") {
            true => format!("`{}`", self.text),
            false => format!("`{}` in {}", self.text, self.zone),
        }
    }
}

impl Needs {
    fn of(catalogue: &Catalogue) -> Self {
        let mut needs = Self::default();
        for reference in catalogue.secrets.iter().flat_map(|secret| secret.references().collect::<Vec<_>>()) {
            match reference {
                Reference::Variable { name, optional } => {
                    *needs.variables.entry(name.to_owned()).or_insert(true) &= optional;
                }
                Reference::File(path) => {
                    needs.files.insert(path.to_owned());
                }
                Reference::Command(program) => {
                    needs.commands.insert(program.to_owned());
                }
            }
        }
        needs
    }

    fn variables(&self) -> String {
        self.variables.keys().cloned().collect::<Vec<_>>().join(", ")
    }
}

/// A name of an engine for words: characters that `plain` knows become what it says, others `-`. With a mark of the words
/// where that or `longest` would take something away, or where `twin` has the same name.
fn safe_name(words: &str, longest: usize, plain: impl Fn(char) -> Option<char>, twin: bool) -> String {
    let text: String = words.chars().map(|c| plain(c).unwrap_or('-')).collect();
    if text.len() <= longest && words.chars().all(|c| plain(c).is_some()) && !twin {
        return text;
    }
    let mark = format!("-{:08x}", fingerprint(words));
    let kept: String = text.chars().take(longest - mark.len()).collect();
    format!("{}{mark}", kept.trim_end_matches('-'))
}

/// FNV-1a: the same on every machine and in every version.
fn fingerprint(words: &str) -> u32 {
    words.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::safe_name;

    #[test]
    fn names_are_safe_and_apart() {
        let plain = |c: char| if c == '_' { Some('-') } else { c.is_ascii_alphanumeric().then_some(c) };
        let cases = [
            ("low_stock", false, "low-stock"),
            ("low_stock", true, "low-stock-e27127bc"),
            ("재고", false, "-15053c2a"),
            ("재고1", false, "--1-323d9e81"),
            ("a_name_that_is_longer_than_others", false, "a-name-that-i-f491aeb9"),
        ];
        for (words, twin, name) in cases {
            assert_eq!(safe_name(words, 22, plain, twin), name, "{words}");
        }
    }
}
