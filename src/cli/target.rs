//! `--format FORMAT[=FILE]`: one run, many reports, each to standard output or to a file of its own.

use std::io::Write;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};

use super::failure::{Exit, Failure};
use super::output::Output;

/// A report and where it goes; no file is standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target<F> {
    pub(super) format: F,
    pub(super) file: Option<PathBuf>,
}

/// Reads `FORMAT` and `FORMAT=FILE`.
#[derive(Clone)]
pub(super) struct TargetParser<F>(PhantomData<F>);

impl<F> TargetParser<F> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<F: ValueEnum + Clone + Send + Sync + 'static> TypedValueParser for TargetParser<F> {
    type Value = Target<F>;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let text = value.to_string_lossy();
        let (word, file) = match text.split_once('=') {
            Some((word, file)) if !file.is_empty() => (word, Some(PathBuf::from(file))),
            Some((word, _)) => (word, None),
            None => (&*text, None),
        };
        let format = EnumValueParser::<F>::new().parse_ref(command, argument, word.as_ref())?;
        Ok(Target { format, file })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(F::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

/// Checks before any work is done that every report has its place; `alone` says which cannot share standard output.
pub(super) fn check<F: Copy>(targets: &[Target<F>], alone: fn(F) -> bool) -> Result<(), Failure> {
    let printed: Vec<&Target<F>> = targets.iter().filter(|target| target.file.is_none()).collect();
    if printed.len() > 1 && printed.iter().any(|target| alone(target.format)) {
        let failure = Failure::usage("two reports would be mixed on standard output");
        return Err(failure.hint("give all but one a file, as in `--format json=report.json`"));
    }
    let mut files: Vec<&Path> = targets.iter().filter_map(|target| target.file.as_deref()).collect();
    for file in &files {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() || file.is_dir() {
            return Err(Failure::usage(format!("no file `{}` can be written there", file.display())));
        }
    }
    files.sort_unstable();
    match files.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Failure::usage(format!("two reports go to `{}`", pair[0].display()))),
        None => Ok(()),
    }
}

impl<F> Target<F> {
    /// Writes the whole report, or nothing.
    pub(super) fn write(&self, report: &str, output: &mut Output) -> Result<(), Failure> {
        match &self.file {
            None => {
                output.write_all(report.as_bytes())?;
                Ok(output.flush()?)
            }
            Some(file) => replace(file, report)
                .map_err(|error| Failure::new(Exit::Bug, format!("cannot write report `{}`: {error}", file.display()))),
        }
    }
}

/// Puts a text in the place of a file: whoever reads it sees the old text or the new one.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    // What is no file, such as a pipe, cannot be replaced.
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(file, text);
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = file.with_file_name(name);
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, file));
    if written.is_err() {
        // What could not be written whole is not left in part.
        let _ = std::fs::remove_file(&part);
    }
    written
}
