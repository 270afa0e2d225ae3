//! Mistakes of a catalogue, and how they are shown: all at once, in the order of the file.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the file it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub title: String,
    /// What stands under the caret, if anything.
    pub label: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Problem {
    /// A mistake whose title says it all.
    #[must_use]
    pub fn new(span: Range<usize>, title: impl Into<String>) -> Self {
        Self { span, title: title.into(), label: String::new(), hint: None }
    }

    /// The same with words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with a near match, when there is one, or else all there is to choose from.
    #[must_use]
    pub fn nearest<'a>(self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let candidates: Vec<&str> = candidates.into_iter().collect();
        match (crate::name::nearest(word, candidates.iter().copied()), candidates.as_slice()) {
            (Some(near), _) => self.hint(format!("did you mean `{near}`?")),
            (None, []) => self,
            (None, all) => self.hint(format!("known here: `{}`", all.join("`, `"))),
        }
    }
}

/// A catalogue with mistakes.
#[derive(Clone, Debug)]
pub struct Broken {
    path: PathBuf,
    text: String,
    problems: Vec<Problem>,
}

impl Broken {
    pub(super) fn new(path: PathBuf, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.start);
        Self { path, text: text.to_owned(), problems }
    }

    /// The mistakes in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Every mistake with file, line and caret, an empty line between them, for a terminal that shows `styled` text
    /// or for one that does not.
    #[must_use]
    pub fn render(&self, styled: bool) -> String {
        let show = |problem| render(problem, Level::ERROR, &self.path.display().to_string(), &self.text, styled);
        self.problems.iter().map(show).collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// One remark on a checked catalogue, shown like a mistake.
#[must_use]
pub fn render_warning(problem: &Problem, path: &str, text: &str, styled: bool) -> String {
    render(problem, Level::WARNING, path, text, styled)
}

fn render(problem: &Problem, level: Level<'_>, path: &str, text: &str, styled: bool) -> String {
    let end = problem.span.end.min(text.len());
    let mut annotation = AnnotationKind::Primary.span(problem.span.start.min(end)..end);
    if !problem.label.is_empty() {
        annotation = annotation.label(problem.label.as_str());
    }
    let snippet = Snippet::source(text).path(path).annotation(annotation);
    let mut group = level.primary_title(problem.title.as_str()).element(snippet);
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}
