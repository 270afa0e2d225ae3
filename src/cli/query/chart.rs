//! `--chart`: a result as a picture, on the terminal or in a file.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use crate::chart::{self, ChartError, Screen, Spec, Theme};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::render::{Out, RenderError, Renderer, visible};
use crate::table::{Batch, Column, Table};

/// How many rows a chart is drawn from where nothing says otherwise: they are held in memory.
pub(super) const ROWS: u64 = 200_000;

/// A chart that was asked for.
#[derive(Clone)]
pub(super) struct Asked {
    spec: Spec,
    form: Form,
    zone: TimeZone,
}

#[derive(Clone, Copy)]
enum Form {
    Lines(Screen),
    Svg,
    Png,
}

impl Asked {
    /// Reads the words of `--chart`; the suffix of the file says what kind of picture it is.
    pub(super) fn new(words: &str, file: Option<&Path>, output: &Output, zone: TimeZone) -> Result<Self, Failure> {
        let spec = Spec::parse(words).map_err(|mistakes| mistaken(words, &mistakes))?;
        let suffix = file.map(|file| file.extension().unwrap_or_default().to_string_lossy().to_lowercase());
        let columns = output.columns().unwrap_or(super::print::TERMINAL_COLUMNS);
        let form = match suffix.as_deref() {
            None => Form::Lines(Screen { columns, coloured: output.paints() }),
            Some("txt") => Form::Lines(Screen { columns, coloured: false }),
            Some("svg") => Form::Svg,
            Some("png") if cfg!(feature = "chart") => Form::Png,
            Some("png") => return Err(refused(&ChartError::NotBuilt)),
            Some(_) => {
                let file = file.expect("it has a suffix").display();
                let failure = Failure::usage(format!("the suffix of `{file}` names no picture"));
                return Err(failure.hint("write an .svg, a .png, or a .txt with the chart of a terminal"));
            }
        };
        Ok(Self { spec, form, zone })
    }

    /// Collects rows and draws them at the end.
    pub(super) fn renderer(&self) -> Box<dyn Renderer> {
        Box::new(Drawer { asked: self.clone(), columns: Arc::new([]), batches: Vec::new() })
    }

    fn draw(&self, table: &Table) -> Result<Vec<u8>, ChartError> {
        match self.form {
            Form::Lines(screen) => chart::terminal(table, &self.spec, &self.zone, screen).map(String::into_bytes),
            Form::Svg => chart::svg(table, &self.spec, Theme::Light, &self.zone).map(|svg| (svg + "\n").into_bytes()),
            Form::Png => chart::png(table, &self.spec, Theme::Light, &self.zone),
        }
    }
}

/// Every mistake with the words that it is about.
fn mistaken(words: &str, mistakes: &[(std::ops::Range<usize>, chart::Mistake)]) -> Failure {
    let shown = |(span, mistake): &(std::ops::Range<usize>, chart::Mistake)| {
        let hint = mistake.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
        let before = visible(&words[..span.start]).width();
        let carets = "^".repeat(visible(&words[span.clone()]).width().max(1));
        format!("{}{hint}\n  {words}\n  {:before$}{carets}", mistake.problem, "")
    };
    let mistakes: Vec<String> = mistakes.iter().map(shown).collect();
    Failure::usage(format!("--chart: {}", mistakes.join("\n")))
}

/// A result that cannot be drawn as asked is wrong usage.
fn refused(error: &ChartError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

struct Drawer {
    asked: Asked,
    columns: Arc<[Column]>,
    batches: Vec<Batch>,
}

impl Renderer for Drawer {
    fn begin(&mut self, columns: &Arc<[Column]>, _: &mut Out<'_>) -> Result<(), RenderError> {
        self.columns = Arc::clone(columns);
        Ok(())
    }

    fn rows(&mut self, batch: &Batch, _: &mut Out<'_>) -> Result<(), RenderError> {
        self.batches.push(batch.clone());
        Ok(())
    }

    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError> {
        let table = Table::new(Arc::clone(&self.columns), std::mem::take(&mut self.batches), false);
        let drawn = self.asked.draw(&table).map_err(|error| RenderError::Limit {
            problem: error.to_string(),
            hint: error.hint().unwrap_or_else(|| "draw another chart".into()),
        })?;
        Ok(out.write_all(&drawn)?)
    }
}
