//! Charts: a `Table` and a [`Spec`] enter; a picture leaves, as SVG, as PNG, or as lines for a terminal.
//!
//! What to draw is written in a few words, `line x=day y=total`, in the catalogue and on the command line alike. Reading
//! the columns, ticks and labels, and the pictures are kept apart. Nothing here asks for the time, a file or a font of
//! the machine: the same table gives the same bytes everywhere. Knows the words, `table`, and the zone it is given.

use jiff::tz::TimeZone;

use crate::table::Table;

mod advance;
mod axis;
mod bar;
mod boxes;
mod calendar;
mod column;
mod drawing;
mod error;
mod figure;
mod frame;
mod heatmap;
mod language;
mod legend;
mod line;
mod measure;
mod moment;
mod number;
mod palette;
mod pie;
#[cfg(feature = "chart")]
mod png;
#[cfg(test)]
mod properties;
mod slots;
mod spark;
mod spec;
mod terminal;
mod thin;
mod ticks;

pub use error::ChartError;
pub use language::{Mistake, Setting, WORDS};
pub use palette::Theme;
#[cfg(feature = "chart")]
pub use png::missing;
pub use spark::{run, sparkline, sparkline_svg};
pub use spec::{Kind, Size, Spec, Threshold};
pub use terminal::{Screen, terminal};

use drawing::Drawing;
use figure::Figure;

/// The picture of a table as one SVG element, which needs no other file.
///
/// `theme` is what it is drawn for where the spec says nothing; times with an offset are drawn as the clocks of `zone`
/// show them.
///
/// # Errors
/// When the table has no such column, or a column holds something else than the chart needs.
pub fn svg(table: &Table, spec: &Spec, theme: Theme, zone: &TimeZone) -> Result<String, ChartError> {
    let drawing = drawing(table, spec, zone)?;
    Ok(drawing.svg(spec.theme.unwrap_or(theme), spec.title.as_deref().unwrap_or("chart")))
}

/// The same chart laid out anew for a place that is only `width` wide, such as a phone, so that its letters stay as large;
/// none when it is no wider anyway.
///
/// # Errors
/// As [`svg`].
pub fn svg_within(
    table: &Table,
    spec: &Spec,
    theme: Theme,
    zone: &TimeZone,
    width: u32,
) -> Result<Option<String>, ChartError> {
    let narrow = within(table, spec, zone, width)?;
    narrow.map(|spec| svg(table, &spec, theme, zone)).transpose()
}

/// The spec of [`svg_within`].
fn within(table: &Table, spec: &Spec, zone: &TimeZone, width: u32) -> Result<Option<Spec>, ChartError> {
    let wide = spec.size.unwrap_or(Size::DEFAULT);
    if wide.width <= width {
        return Ok(None);
    }
    // Rows are as many wherever they are.
    let has_rows = spec.kind == Kind::Heatmap || spec.kind == Kind::Bar && spec.horizontal;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no picture is higher than Size::LARGEST"
    )]
    let height = match has_rows {
        true => drawing(table, spec, zone)?.height as u32,
        false => wide.height.min(width * 9 / 10),
    };
    Ok(Some(Spec { size: Some(Size { width, height }), ..spec.clone() }))
}

/// The same picture as PNG, two pixels for each unit of the SVG, opaque; [`Theme::Auto`] is drawn light.
///
/// # Errors
/// As [`svg`], and when this build draws no pictures.
pub fn png(table: &Table, spec: &Spec, theme: Theme, zone: &TimeZone) -> Result<Vec<u8>, ChartError> {
    let theme = match spec.theme.unwrap_or(theme) {
        Theme::Dark => Theme::Dark,
        Theme::Light | Theme::Auto => Theme::Light,
    };
    let spec = Spec { theme: Some(theme), ..spec.clone() };
    rasterized(&svg(table, &spec, theme, zone)?)
}

/// As [`png`], laid out for a place that is only `width` wide where the spec says no size.
///
/// # Errors
/// As [`png`].
pub fn png_within(
    table: &Table,
    spec: &Spec,
    theme: Theme,
    zone: &TimeZone,
    width: u32,
) -> Result<Vec<u8>, ChartError> {
    let narrow = if spec.size.is_none() { within(table, spec, zone, width)? } else { None };
    png(table, narrow.as_ref().unwrap_or(spec), theme, zone)
}

#[cfg(feature = "chart")]
fn rasterized(svg: &str) -> Result<Vec<u8>, ChartError> {
    Ok(png::rasterized(svg))
}

#[cfg(not(feature = "chart"))]
fn rasterized(_: &str) -> Result<Vec<u8>, ChartError> {
    Err(ChartError::NotBuilt)
}

fn drawing(table: &Table, spec: &Spec, zone: &TimeZone) -> Result<Drawing, ChartError> {
    match spec.kind {
        Kind::Line | Kind::Area | Kind::Scatter => Ok(line::draw(&Figure::read(table, spec, zone)?, spec)),
        Kind::Bar => Ok(bar::draw(&Figure::read(table, spec, zone)?, spec)),
        Kind::Pie | Kind::Donut => pie::draw(&Figure::read(table, spec, zone)?, spec),
        Kind::Heatmap => Ok(heatmap::draw(&heatmap::read(table, spec, zone)?, spec)),
        Kind::Box => boxes::draw(table, spec),
    }
}
