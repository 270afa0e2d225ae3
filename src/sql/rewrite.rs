//! A statement with the engine's placeholders where its parameters stood.

use std::ops::Range;

use super::{Dialect, Statement};
use crate::name::Name;

/// What to send to the database, and what to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The text to send.
    pub text: String,
    /// What to bind at the first place, the second and so on: a parameter, and which value of its list, from 0. MySQL
    /// counts occurrences, so a name may come twice there.
    pub order: Vec<(Name, usize)>,
    places: Vec<Place>,
}

/// A parameter in the original text and what stands in its stead.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    original: Range<usize>,
    rewritten: Range<usize>,
}

impl Rewritten {
    pub(super) fn new(statement: &Statement, length: &dyn Fn(&Name) -> Option<usize>) -> Self {
        let (mut text, mut order, mut places) = (String::new(), Vec::new(), Vec::new());
        let mut copied = 0;
        for parameter in statement.parameters() {
            text.push_str(&statement.text[copied..parameter.span.start]);
            copied = parameter.span.end;
            let start = text.len();
            for index in 0..length(&parameter.name).unwrap_or(1) {
                text.push_str(if index > 0 { ", " } else { "" });
                text.push_str(&placeholder(statement.dialect, (&parameter.name, index), &mut order, &text));
            }
            places.push(Place { original: parameter.span.clone(), rewritten: start..text.len() });
        }
        text.push_str(&statement.text[copied..statement.end]);
        Self { text, order, places }
    }

    /// The byte of the original text that the byte at `offset` of the rewritten text comes from: how the position in a
    /// database's error becomes a position in what the user wrote. An offset in a placeholder gives the start of its
    /// parameter.
    #[must_use]
    pub fn original_offset(&self, offset: usize) -> usize {
        let before = self.places.partition_point(|place| place.rewritten.start <= offset);
        let Some(place) = before.checked_sub(1).map(|index| &self.places[index]) else { return offset };
        if offset < place.rewritten.end {
            place.original.start
        } else {
            place.original.end + offset - place.rewritten.end
        }
    }
}

/// The placeholder of a value, entering it into the `order` of binding. `before` is the text so far.
fn placeholder(dialect: Dialect, value: (&Name, usize), order: &mut Vec<(Name, usize)>, before: &str) -> String {
    let (name, nth) = value;
    if dialect == Dialect::Mysql {
        order.push((name.clone(), nth));
        return "?".into();
    }
    // The values of a list stand beside each other, so only its first is looked for.
    let first = order.iter().position(|(known, index)| known == name && *index == 0);
    let index = first.map(|first| first + nth).filter(|index| *index < order.len()).unwrap_or_else(|| {
        order.push((name.clone(), nth));
        order.len() - 1
    });
    // In PostgreSQL `limit:n` must not become the name `limit$1`.
    let glued = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii());
    match dialect {
        Dialect::Sqlite => format!("?{}", index + 1),
        Dialect::Postgres | Dialect::Mysql => format!("{}${}", if glued { " " } else { "" }, index + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::Rewritten;
    use crate::sql::{Dialect, Statement, TokenKind, tokens};
    use proptest::prelude::{prop, proptest};

    fn rewrite(text: &str, dialect: Dialect) -> Rewritten {
        Statement::parse(text, dialect).expect(text).rewrite(&|_| None)
    }

    #[test]
    fn placeholders_are_the_engines_own() {
        let text = "select :a, :b, ':a', :a; -- done";
        let cases = [
            (Dialect::Postgres, "select $1, $2, ':a', $1", vec!["a", "b"]),
            (Dialect::Mysql, "select ?, ?, ':a', ?", vec!["a", "b", "a"]),
            (Dialect::Sqlite, "select ?1, ?2, ':a', ?1", vec!["a", "b"]),
        ];
        for (dialect, expected, order) in cases {
            let rewritten = rewrite(text, dialect);
            assert_eq!(rewritten.text, expected);
            assert_eq!(rewritten.order.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), order);
        }
        assert_eq!(rewrite("select 1 limit:n", Dialect::Postgres).text, "select 1 limit $1");
        assert_eq!(rewrite("select :a::date", Dialect::Postgres).text, "select $1::date");
    }

    #[test]
    fn a_list_has_a_placeholder_for_each_value() {
        let text = "select :a where x in (:ids) or y in (:ids) and z = :a";
        let cases = [
            (Dialect::Postgres, "select $1 where x in ($2, $3, $4) or y in ($2, $3, $4) and z = $1"),
            (Dialect::Mysql, "select ? where x in (?, ?, ?) or y in (?, ?, ?) and z = ?"),
            (Dialect::Sqlite, "select ?1 where x in (?2, ?3, ?4) or y in (?2, ?3, ?4) and z = ?1"),
        ];
        for (dialect, expected) in cases {
            let statement = Statement::parse(text, dialect).expect(text);
            let rewritten = statement.rewrite(&|name| (name.as_str() == "ids").then_some(3));
            assert_eq!(rewritten.text, expected);
            let order: Vec<_> = rewritten.order.iter().map(|(name, nth)| format!("{name}{nth}")).collect();
            assert_eq!(order[..4], ["a0", "ids0", "ids1", "ids2"]);
            let at = rewritten.text.find("and z").expect("kept");
            assert_eq!(rewritten.original_offset(at), text.find("and z").expect("there"));
        }
    }

    #[test]
    fn a_place_in_the_rewritten_text_is_found_in_the_original() {
        let text = "select :country, :country, oops";
        let rewritten = rewrite(text, Dialect::Postgres);
        for word in ["select", "oops", ", oops"] {
            let at = rewritten.text.find(word).expect(word);
            assert_eq!(rewritten.original_offset(at), text.find(word).expect(word));
        }
        assert_eq!(rewritten.original_offset(8), 7);
        assert_eq!(rewritten.original_offset(rewritten.text.len()), text.len());
    }

    const PARTS: &[&str] = &[
        "select", " ", ":a", ":b", ":날짜", "'", "''", "$$", "$q$", "::", ":=", "[", "]", "1", "x", "--", "\n", "/*",
        "*/", "\"", "(", ")", ",", "#", "E'", "\\", "?", "$1", ";", "`",
    ];

    proptest! {
        #[test]
        fn parameters_put_back_give_the_original(
            parts in prop::collection::vec(prop::sample::select(PARTS), 1..25),
            dialect in prop::sample::select(&[Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite]),
        ) {
            let text = parts.concat();
            let Ok(statement) = Statement::parse(&text, dialect) else { return Ok(()) };
            let rewritten = statement.rewrite(&|_| None);
            let mut back = rewritten.text.clone();
            for place in rewritten.places.iter().rev() {
                back.replace_range(place.rewritten.clone(), &text[place.original.clone()]);
            }
            assert_eq!(back, text[..statement.end]);
            assert!(matches!(text[statement.end..].chars().next(), None | Some(';')));
        }

        #[test]
        fn the_engine_sees_the_same_tokens_and_no_parameter(
            parts in prop::collection::vec(prop::sample::select(PARTS), 1..25),
            dialect in prop::sample::select(&[Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite]),
        ) {
            let text = parts.concat();
            let Ok(statement) = Statement::parse(&text, dialect) else { return Ok(()) };
            let rewritten = statement.rewrite(&|_| None);
            let before = tokens(&text[..statement.end], dialect).expect("was read once");
            let after = tokens(&rewritten.text, dialect).expect("is still read");
            assert_eq!(before.len(), after.len(), "{:?} became {:?}", text, rewritten.text);
            for (old, new) in before.iter().zip(&after) {
                let placed = old.kind == TokenKind::Parameter && new.kind == TokenKind::Symbol;
                assert!(placed || (old.kind == new.kind && old.text(&text) == new.text(&rewritten.text)));
            }
        }
    }
}
