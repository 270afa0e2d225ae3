//! Why a table cannot be drawn.

/// Why a table cannot be drawn as asked; the columns stand in backticks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// A column is asked for that the result does not have.
    #[error("the result has no column `{column}`")]
    NoColumn {
        /// The column as asked for.
        column: String,
        /// The one that was likely meant.
        near: Option<String>,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A column holds something else than the chart needs.
    #[error("column `{column}` is {is}, and {kind} needs {needs}")]
    Wrong {
        /// The column.
        column: String,
        /// What it is, or what a row of it is.
        is: String,
        /// The kind of chart with its article.
        kind: &'static str,
        /// What is needed in its place.
        needs: &'static str,
    },
    /// No column was asked for, and none fits.
    #[error("no column holds what {kind} needs: {needs}")]
    NoneFits {
        /// The kind of chart with its article.
        kind: &'static str,
        /// What is needed.
        needs: &'static str,
    },
    /// Two rows claim the same place of the same series.
    #[error("`{x}` comes twice for `{series}`")]
    Twice {
        /// The value along the axis.
        x: String,
        /// The series, or the row of a heatmap.
        series: String,
    },
    /// A slice of a pie below nothing.
    #[error("column `{column}` is {value} in row {row}, and {kind} shows no number below 0")]
    Negative {
        /// The column.
        column: String,
        /// The number.
        value: String,
        /// The row, counted from 1.
        row: usize,
        /// The kind of chart with its article.
        kind: &'static str,
    },
    /// The build has no PNG.
    #[error("this build draws no PNG: the feature `chart` was left out")]
    NotBuilt,
}

impl ChartError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoColumn { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::NoColumn { known, .. } if known.is_empty() => None,
            Self::NoColumn { known, .. } => Some(format!("it has: {}", known.join(", "))),
            Self::Wrong { needs: "numbers", .. } => {
                Some("cast it to a number in the SQL, or name other columns".into())
            }
            Self::Wrong { .. } => Some("convert it in the SQL, or name another column".into()),
            Self::NoneFits { .. } => Some("name the columns with x and y, and cast them in the SQL".into()),
            Self::Twice { .. } => Some("group the rows by both columns in the SQL".into()),
            Self::Negative { .. } => Some("draw a bar instead".into()),
            Self::NotBuilt => Some("write an .svg, or build with `--features chart`".into()),
        }
    }
}
