//! `chart = "line x=day y=total"`, or the same words as a table.

use std::borrow::Cow;

use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::chart::{Mistake, Setting, Spec};

pub(super) fn read(section: &Section<'_, '_>) -> Option<Spec> {
    if !section.holds_table("chart") {
        let line = section.text("chart")?;
        let mistakes = match Spec::parse(&line.value) {
            Ok(spec) => return Some(spec),
            Err(mistakes) => mistakes,
        };
        for (span, mistake) in mistakes {
            section.report(problem(line.place(&span), mistake));
        }
        return None;
    }
    let table = section.section("chart")?;
    let mut written = table.all_written();
    written.sort_by_key(|(span, ..)| span.start);
    let setting = |(_, word, values): &(std::ops::Range<usize>, String, crate::catalogue::file::Written)| Setting {
        word: Cow::Owned(word.clone()),
        values: values.texts.iter().map(|text| Cow::Owned(text.value.clone())).collect(),
    };
    let settings: Vec<Setting<'_>> = written.iter().map(setting).collect();
    match Spec::read(&settings) {
        Ok(spec) => Some(spec),
        Err(mistakes) => {
            for mistake in mistakes {
                let span = match (mistake.setting, mistake.value) {
                    (None, _) => section.key_span("chart"),
                    (Some(setting), None) => written[setting].0.clone(),
                    (Some(setting), Some(value)) => written[setting].2.texts[value].span.clone(),
                };
                section.report(problem(span, mistake));
            }
            None
        }
    }
}

fn problem(span: std::ops::Range<usize>, mistake: Mistake) -> Problem {
    let problem = Problem::new(span, mistake.problem);
    match mistake.hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
