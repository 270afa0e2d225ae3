//! `Name`: the checked identifier of every catalogue entry.
//!
//! A word from the catalogue or the command line enters; a `Name` leaves, or a sentence on what is wrong with the
//! word. Nearest names for a word that is none are found here too. Knows no other room.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The longest name, in characters.
pub const LONGEST: usize = 80;

/// The identifier of a source, query, parameter, alert or channel.
///
/// A letter or `_` first (any script), then letters, digits, `_` and `-`; at most [`LONGEST`] characters. Cheap to
/// clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why a word is not a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The word is empty.
    #[error("a name must not be empty")]
    Empty,
    /// The word begins with something else than a letter or `_`.
    #[error("a name begins with a letter or `_`, not `{0}`")]
    Start(char),
    /// The word holds a character that no name may hold.
    #[error("a name holds letters, digits, `_` and `-`, not `{0}`")]
    Character(char),
    /// The word is longer than [`LONGEST`].
    #[error("a name has at most {LONGEST} characters, this one has {0}")]
    TooLong(usize),
}

impl Name {
    /// Checks a word.
    ///
    /// # Errors
    /// Says which rule the word breaks.
    pub fn new(word: &str) -> Result<Self, NameError> {
        let first = word.chars().next().ok_or(NameError::Empty)?;
        if !(first.is_alphabetic() || first == '_') {
            return Err(NameError::Start(first));
        }
        if let Some(other) = word.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-'))) {
            return Err(NameError::Character(other));
        }
        match word.chars().count() {
            n if n > LONGEST => Err(NameError::TooLong(n)),
            _ => Ok(Self(word.into())),
        }
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The candidate that the writer of `word` most likely meant, when one is near enough to be worth naming.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::{Name, NameError, nearest};

    #[test]
    fn words_are_checked() {
        for good in ["late_orders", "_x", "a-b", "주문", "A1"] {
            assert_eq!(Name::new(good).expect(good).as_str(), good);
        }
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("1a"), Err(NameError::Start('1')));
        assert_eq!(Name::new("a b"), Err(NameError::Character(' ')));
        assert_eq!(Name::new("../x"), Err(NameError::Start('.')));
        assert_eq!(Name::new(&"x".repeat(81)), Err(NameError::TooLong(81)));
    }

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let names = ["late_orders", "checkout_errors", "ops"];
        assert_eq!(nearest("late_order", names), Some("late_orders"));
        assert_eq!(nearest("opps", names), Some("ops"));
        assert_eq!(nearest("revenue", names), None);
    }
}
