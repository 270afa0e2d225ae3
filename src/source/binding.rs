//! `Bound`: a statement with an argument for each of its parameters, and the text that is sent for it.

use crate::name::{Name, nearest};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use crate::sql::Rewritten;
use crate::sql::Statement;
use crate::value::Value;

/// The longest list that is bound: what is longer belongs into a table of the database.
pub const LONGEST_LIST: usize = 10_000;

/// A statement and the arguments of its parameters: one for each name, none beside them.
#[derive(Clone, Debug)]
pub struct Bound {
    statement: Statement,
    arguments: Vec<(Name, Argument)>,
}

/// What a parameter is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// One value.
    One(Value<'static>),
    /// Several values: each has a placeholder of its own, so that `in (:ids)` means what it says.
    List(Vec<Value<'static>>),
}

impl From<Value<'static>> for Argument {
    fn from(value: Value<'static>) -> Self {
        Self::One(value)
    }
}

impl Argument {
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    fn values(&self) -> &[Value<'static>] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::List(values) => values,
        }
    }
}

/// Why values do not fit a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The statement names a parameter that has no value.
    #[error("parameter `{0}` has no value")]
    Missing(Name),
    /// A value is given for a name that the statement does not have.
    #[error("the statement has no parameter `{name}`{}", suggestion(.nearest.as_ref()))]
    Unknown {
        /// The name that is too much.
        name: Name,
        /// The parameter that was probably meant.
        nearest: Option<Name>,
    },
    /// A value is given twice.
    #[error("parameter `{0}` is given twice")]
    Twice(Name),
    /// A list has no value: `in ()` is no SQL, and nobody knows what it should mean.
    #[error("the list `{0}` is empty; it needs a value or more")]
    Empty(Name),
    /// A list has more values than are bound.
    #[error("the list `{0}` has {1} values; at most {LONGEST_LIST} are bound")]
    Long(Name, usize),
}

fn suggestion(nearest: Option<&Name>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl Bound {
    /// Joins a statement with the arguments of its parameters, in any order.
    ///
    /// # Errors
    /// Names the first parameter that has no value, or the first argument that has no or has had its parameter, or is
    /// a list that is empty or too long.
    pub fn new<A: Into<Argument>>(statement: Statement, arguments: Vec<(Name, A)>) -> Result<Self, BindError> {
        let arguments: Vec<(Name, Argument)> = arguments.into_iter().map(|(name, one)| (name, one.into())).collect();
        let names: Vec<Name> = statement.names().into_iter().cloned().collect();
        for (index, (name, argument)) in arguments.iter().enumerate() {
            if !names.contains(name) {
                let nearest = nearest(name.as_str(), names.iter().map(Name::as_str));
                let nearest = nearest.and_then(|word| names.iter().find(|name| name.as_str() == word)).cloned();
                return Err(BindError::Unknown { name: name.clone(), nearest });
            }
            if arguments[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(BindError::Twice(name.clone()));
            }
            match argument {
                Argument::List(values) if values.is_empty() => return Err(BindError::Empty(name.clone())),
                Argument::List(values) if values.len() > LONGEST_LIST => {
                    return Err(BindError::Long(name.clone(), values.len()));
                }
                Argument::One(_) | Argument::List(_) => {}
            }
        }
        match names.into_iter().find(|name| arguments.iter().all(|(given, _)| given != name)) {
            Some(missing) => Err(BindError::Missing(missing)),
            None => Ok(Self { statement, arguments }),
        }
    }

    /// The statement as the catalogue has it.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The arguments by name, as they were given.
    #[must_use]
    pub fn arguments(&self) -> &[(Name, Argument)] {
        &self.arguments
    }

    /// What a door sends for this statement on behalf of `label`.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    pub(super) fn sent(&self, label: &str) -> Sent<'_> {
        let argument = |name: &Name| {
            let given = self.arguments.iter().find(|(given, _)| given == name);
            given.map(|(_, argument)| argument).expect("every name has an argument")
        };
        let rewritten = self.statement.rewrite(&|name| match argument(name) {
            Argument::One(_) => None,
            Argument::List(values) => Some(values.len()),
        });
        let comment = comment(label);
        let values = rewritten.order.iter().map(|(name, nth)| &argument(name).values()[*nth]).collect();
        Sent { text: format!("{comment}{}", rewritten.text), comment: comment.len(), rewritten, values }
    }
}

/// The comment that tells whoever watches the database whose statement it is, with the blank behind it.
///
/// Only letters, digits, blanks, `_` and `-` of the label are kept, so that it can neither end the comment nor be read
/// as an instruction of the engine.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
fn comment(label: &str) -> String {
    let safe = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-');
    format!("/* rowcall: {} */ ", label.chars().filter(safe).collect::<String>())
}

/// The text for the database, and the way back from it.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
#[derive(Debug)]
pub(super) struct Sent<'a> {
    /// The comment and the statement with the engine's own placeholders.
    pub(super) text: String,
    /// What to bind at 1, 2, 3..
    pub(super) values: Vec<&'a Value<'static>>,
    comment: usize,
    rewritten: Rewritten,
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
impl Sent<'_> {
    /// The comment that says whose statement it is, for others that are sent on its behalf.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn comment(&self) -> &str {
        &self.text[..self.comment]
    }

    /// The byte offset in the catalogue's text of a byte offset in the text sent; none inside the comment.
    pub(super) fn original(&self, offset: usize) -> Option<usize> {
        offset.checked_sub(self.comment).map(|offset| self.rewritten.original_offset(offset))
    }

    /// The same for a place counted in characters from 1.
    #[cfg(feature = "postgres")]
    pub(super) fn original_of_character(&self, position: usize) -> Option<usize> {
        let (offset, _) = self.text.char_indices().nth(position.checked_sub(1)?).unwrap_or((self.text.len(), ' '));
        self.original(offset)
    }

    /// The same for the place of `word`, when it stands in the statement once as a whole word.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(super) fn original_of_word(&self, word: &str) -> Option<usize> {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let statement = &self.text[self.comment..];
        let whole = |at: &usize| {
            let joined = |edge: Option<char>, beside: Option<char>| edge.is_some_and(part) && beside.is_some_and(part);
            let (before, after) = (statement[..*at].chars().next_back(), statement[at + word.len()..].chars().next());
            !joined(word.chars().next(), before) && !joined(word.chars().next_back(), after)
        };
        let mut places = statement.match_indices(word).map(|(at, _)| at).filter(whole);
        match (places.next(), places.next()) {
            (Some(at), None) if !word.is_empty() => self.original(self.comment + at),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Argument, BindError, Bound, LONGEST_LIST};
    use crate::name::Name;
    use crate::sql::{Dialect, Statement};
    use crate::value::Value;

    fn name(word: &str) -> Name {
        Name::new(word).expect("a name")
    }

    pub(super) fn bound(text: &str, values: &[(&str, i64)]) -> Result<Bound, BindError> {
        let values = values.iter().map(|(word, number)| (name(word), Value::Int(*number))).collect();
        Bound::new(Statement::parse(text, Dialect::Postgres).expect("reads"), values)
    }

    #[test]
    fn every_parameter_has_one_value() {
        let problem = |text, values| bound(text, values).expect_err(text).to_string();
        assert_eq!(problem("select :country", &[]), "parameter `country` has no value");
        let unknown = problem("select :country", &[("county", 1)]);
        assert_eq!(unknown, "the statement has no parameter `county`; did you mean `country`?");
        assert_eq!(problem("select 1", &[("since", 1)]), "the statement has no parameter `since`");
        assert_eq!(problem("select :a", &[("a", 1), ("a", 2)]), "parameter `a` is given twice");
    }

    #[test]
    fn a_list_is_neither_empty_nor_endless() {
        let statement = || Statement::parse("select 1 where 1 in (:ids)", Dialect::Postgres).expect("reads");
        let list = |count: usize| Argument::List(vec![Value::Int(1); count]);
        let problem =
            |count| Bound::new(statement(), vec![(name("ids"), list(count))]).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(problem(0), Err("the list `ids` is empty; it needs a value or more".into()));
        assert_eq!(problem(LONGEST_LIST), Ok(()));
        assert_eq!(problem(10_001), Err("the list `ids` has 10001 values; at most 10000 are bound".into()));
    }
}

#[cfg(all(test, feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod sent_tests {
    use super::comment;
    use super::tests::bound;
    use crate::value::Value;

    #[test]
    fn values_stand_in_the_order_of_their_placeholders() {
        let bound = bound("select :b, :a, :b", &[("a", 1), ("b", 2)]).expect("fits");
        let sent = bound.sent("query x");
        assert_eq!(sent.text, "/* rowcall: query x */ select $1, $2, $1");
        assert_eq!(sent.values, [&Value::Int(2), &Value::Int(1)]);
    }

    #[test]
    fn a_label_cannot_leave_its_comment() {
        assert_eq!(comment("alert late_orders"), "/* rowcall: alert late_orders */ ");
        assert_eq!(comment("x */ drop table t; /*!50000 y"), "/* rowcall: x  drop table t 50000 y */ ");
    }

    #[test]
    fn places_in_the_text_sent_are_places_in_the_catalogue() {
        let text = "select '주문', :first, wrong from t";
        let bound = bound(text, &[("first", 1)]).expect("fits");
        let sent = bound.sent("query x");
        let at = text.find("wrong");
        let character = sent.text.chars().position(|c| c == 'w').expect("a w of rowcall");
        assert_eq!(sent.original_of_character(character), None);
        let characters = sent.text[..sent.text.find("wrong").expect("sent")].chars().count();
        assert_eq!(sent.original_of_character(characters + 1), at);
        assert_eq!(sent.original_of_word("wrong"), at);
        assert_eq!(sent.original_of_word("wron"), None);
        assert_eq!(sent.original_of_word("'"), None);
    }
}
