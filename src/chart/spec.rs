//! What a chart shall show.

use super::palette::Theme;

/// What a chart looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line for each series.
    Line,
    /// A line with the space below it filled; stacked, the series stand on each other.
    Area,
    /// Bars: side by side, stacked, or lying.
    Bar,
    /// A dot for each row.
    Scatter,
    /// A slice for each row.
    Pie,
    /// A pie with the sum in its middle.
    Donut,
    /// A shade for each pair of two columns, such as cohorts by week.
    Heatmap,
    /// The quartiles of raw values, by group.
    Box,
}

impl Kind {
    /// Every kind with its word.
    pub const ALL: [(&'static str, Self); 8] = [
        ("line", Self::Line),
        ("area", Self::Area),
        ("bar", Self::Bar),
        ("scatter", Self::Scatter),
        ("pie", Self::Pie),
        ("donut", Self::Donut),
        ("heatmap", Self::Heatmap),
        ("box", Self::Box),
    ];

    /// The kind and its article, for a sentence.
    pub(super) fn a(self) -> &'static str {
        match self {
            Self::Line => "a line",
            Self::Area => "an area",
            Self::Bar => "a bar",
            Self::Scatter => "a scatter",
            Self::Pie => "a pie",
            Self::Donut => "a donut",
            Self::Heatmap => "a heatmap",
            Self::Box => "a box",
        }
    }
}

/// A line across the chart that values are held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// Where it stands, in the numbers of the series; finite.
    pub value: f64,
    /// What is written beside it; none is the number.
    pub label: Option<String>,
}

/// Width and height in units of an SVG, which are pixels of a screen and half a pixel of our PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Size {
    /// What a chart takes that does not say.
    pub const DEFAULT: Self = Self { width: 820, height: 420 };
    /// Below this there is no room for an axis.
    pub const SMALLEST: Self = Self { width: 240, height: 160 };
    /// Above this a PNG takes more memory than a report may.
    pub const LARGEST: Self = Self { width: 2_000, height: 2_000 };

    /// What a PNG of ours takes: its header says its pixels, two for each unit.
    #[must_use]
    pub fn of_png(png: &[u8]) -> Option<Self> {
        let pixels = |from: usize| Some(u32::from_be_bytes(png.get(from..from + 4)?.try_into().ok()?));
        Some(Self { width: pixels(16)? / 2, height: pixels(20)? / 2 })
    }
}

/// A chart as asked for. Columns go by name, as in [`crate::table::Table::position`].
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// What it looks like.
    pub kind: Kind,
    /// The column along the axis (of a pie: the names of its slices); none is the first column.
    pub x: Option<String>,
    /// The columns of numbers; none are all the others that hold numbers. Of a heatmap the column along the other axis.
    pub y: Vec<String>,
    /// A column whose values tell series apart: long data instead of one column for each series.
    pub series: Option<String>,
    /// The column of a heatmap that gives the shade; none is the last column.
    pub value: Option<String>,
    /// Whether the series stand on each other.
    pub stacked: bool,
    /// Whether bars lie.
    pub horizontal: bool,
    /// Lines across.
    pub thresholds: Vec<Threshold>,
    /// What the numbers count, such as `%`, `₩` or `orders`.
    pub unit: Option<String>,
    /// What stands above.
    pub title: Option<String>,
    /// How large it is; none is [`Size::DEFAULT`], and lying bars take the height that they need.
    pub size: Option<Size>,
    /// What it is drawn for; none is up to the place where it goes.
    pub theme: Option<Theme>,
}

impl Spec {
    /// A chart of this kind that says nothing else.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            x: None,
            y: Vec::new(),
            series: None,
            value: None,
            stacked: false,
            horizontal: false,
            thresholds: Vec::new(),
            unit: None,
            title: None,
            size: None,
            theme: None,
        }
    }
}
