//! What a check found: the one account that every format tells in its own way.

use crate::catalogue::{Alert, Catalogue};
use crate::channel::excerpt_lines;
use crate::cli::failure::Exit;
use crate::job::alert::Standing;
use crate::job::batch::Checked;
use crate::message::Severity;
use crate::store::Outgoing;

/// Everything a report may say.
pub(super) struct Account<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) lines: Vec<Line<'a>>,
    /// The messages that were decided.
    pub(super) messages: Vec<Outgoing>,
    /// Whether they are only shown.
    pub(super) dry_run: bool,
}

/// One alert.
pub(super) struct Line<'a> {
    pub(super) alert: &'a Alert,
    pub(super) checked: Checked,
    pub(super) grade: Grade,
}

/// What an alert means for the exit code. An alert counts as found when it fires now, or when its incident is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    /// Nothing.
    Calm,
    /// It fires below `--fail-on`, or has not fired long enough.
    Noted,
    /// It fires.
    Found,
    /// There is no verdict.
    Unjudged,
}

impl Grade {
    fn of(checked: &Checked, threshold: Option<Severity>) -> Self {
        let loud = threshold.is_some_and(|threshold| checked.report.severity >= threshold);
        match checked.report.standing {
            Standing::Error | Standing::NoData => Self::Unjudged,
            Standing::Firing if loud => Self::Found,
            Standing::Firing | Standing::Recovering | Standing::Pending => Self::Noted,
            Standing::Ok => Self::Calm,
        }
    }
}

impl<'a> Line<'a> {
    /// `threshold` is `--fail-on`; none is "never".
    pub(super) fn new(alert: &'a Alert, checked: Checked, threshold: Option<Severity>) -> Self {
        let grade = Grade::of(&checked, threshold);
        Self { alert, checked, grade }
    }

    pub(super) fn state(&self) -> &'static str {
        self.checked.report.standing.as_str()
    }

    /// Why, in one line.
    pub(super) fn why(&self) -> &str {
        self.checked.report.note.lines().next().unwrap_or_default()
    }

    /// How long asking and judging took.
    pub(super) fn seconds(&self) -> f64 {
        self.checked.started.duration_until(self.checked.ended).as_secs_f64()
    }

    /// Why in full, the next step, and the sample: for formats that have room.
    pub(super) fn story(&self) -> String {
        let report = &self.checked.report;
        let mut story = report.note.clone();
        story.extend(report.hint.iter().map(|hint| format!("\nnext: {hint}")));
        if let Some(sample) = &self.checked.sample {
            story.push('\n');
            story.extend(excerpt_lines(sample, usize::MAX).iter().map(|line| format!("\n{line}")));
        }
        story
    }

    fn exit(&self) -> Exit {
        match self.grade {
            Grade::Unjudged if self.checked.report.settings_at_fault => Exit::Usage,
            Grade::Unjudged => Exit::NoVerdict,
            Grade::Found => Exit::Found,
            Grade::Noted | Grade::Calm => Exit::Done,
        }
    }
}

impl Account<'_> {
    /// The file that the alerts are written in.
    pub(super) fn file(&self) -> String {
        self.catalogue.path.display().to_string()
    }

    /// The exit code of what was judged.
    pub(super) fn exit(&self) -> Exit {
        self.lines.iter().map(Line::exit).fold(Exit::Done, Exit::merge)
    }

    /// `1 of 3 alerts fires, 1 has no verdict`.
    pub(super) fn headline(&self) -> String {
        let count = |grade: Grade| self.lines.iter().filter(|line| line.grade == grade).count();
        let total = self.lines.len();
        let plural = if total == 1 { "" } else { "s" };
        let verb = |n: usize, one: &'static str, many: &'static str| if n == 1 { one } else { many };
        let (found, unjudged) = (count(Grade::Found), count(Grade::Unjudged));
        let mut text = format!("{found} of {total} alert{plural} {}", verb(found, "fires", "fire"));
        if unjudged > 0 {
            text.push_str(&format!(", {unjudged} {} no verdict", verb(unjudged, "has", "have")));
        }
        text
    }
}
