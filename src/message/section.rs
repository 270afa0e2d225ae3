//! What the body of a message may be made of beside its words: the parts of a report, and the evidence of an alert.

use serde::{Deserialize, Serialize};

use super::Bytes;

/// The first rows of a result as text, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows of as many cells; NULL is `None`.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many more rows there are.
    pub more: u64,
}

/// One part of a body, below the part before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// What stands above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// What it shows.
    pub content: Content,
    /// A remark below it, such as where the rest is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a section shows. A door that cannot show it tells it in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Words; a line break is a line break.
    Text(String),
    /// One value, large.
    Value {
        /// The value as it is to be read: `1,234`.
        value: String,
        /// How it changed: `+12 % against last week`.
        change: Option<String>,
    },
    /// Rows.
    Table(Excerpt),
    /// A picture.
    Picture(Picture),
    /// Why there is nothing to show.
    Problem(String),
}

/// A picture that stands inside a message, and everything that can stand in for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Its name inside the message, no other picture's: letters, digits and dashes. The name of its file is this and
    /// `.png`.
    pub id: String,
    /// What it shows, in one sentence.
    pub alt: String,
    /// How wide it is to be shown, in pixels of a page; it may have more of its own.
    pub width: u32,
    /// How high it is to be shown.
    pub height: u32,
    /// The picture as PNG, with a background of its own: it is seen on light and on dark.
    pub png: Bytes,
    /// The same drawn with characters or said in numbers, for whoever sees no pictures; may have several lines.
    pub text: Option<String>,
}

impl Picture {
    /// The name of its file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.png", super::ascii(&self.id))
    }
}
