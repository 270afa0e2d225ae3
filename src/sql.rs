//! Reads SQL text, in the dialect of its engine; never parses it into a tree and never writes it anew.
//!
//! A text enters; a [`Statement`] leaves: one statement, the places of its `:name` parameters and the word it begins
//! with. [`Statement::rewrite`] puts the engine's own placeholders where the parameters stand and changes nothing else.
//! [`tokens`] is the lexer beneath, which `predicate` reads its language with. Knows `name`.

use std::ops::Range;
use std::sync::Arc;

use crate::name::Name;

pub use gate::names_what_it_reads;
pub use lexer::{Token, TokenKind, tokens};
pub use rewrite::Rewritten;

mod gate;
mod lexer;
mod rewrite;

/// Whose rules for strings, comments and names a text follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL and what speaks like it.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

/// One occurrence of a `:name` in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name, without the colon.
    pub name: Name,
    /// Where `:name` stands in the text, in bytes.
    pub span: Range<usize>,
}

/// What is wrong with a text, and where, in bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SqlError {
    /// The bytes at fault.
    pub span: Range<usize>,
    /// One sentence, with the next step where there is one.
    pub problem: String,
}

impl SqlError {
    fn new(span: Range<usize>, problem: impl Into<String>) -> Self {
        Self { span, problem: problem.into() }
    }
}

/// One SQL statement, as it was written. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Statement {
    text: Arc<str>,
    dialect: Dialect,
    parameters: Arc<[Parameter]>,
    /// Where the closing semicolon stands, or the end of the text.
    end: usize,
}

impl Statement {
    /// Reads one statement. A closing semicolon and comments after it are fine.
    ///
    /// # Errors
    /// Says what is wrong and where: no statement or a second one, an unfinished string, comment or quoted name, a NUL
    /// character, a `{{` template, an executable comment of MySQL, or a placeholder of the engine's own that would
    /// collide with ours.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, SqlError> {
        let tokens = tokens(text, dialect)?;
        tokens.iter().try_for_each(|token| refuse(text, token, dialect))?;
        let is_semicolon = |token: &Token| token.text(text) == ";" && token.kind == TokenKind::Symbol;
        let is_end = |token: &Token| token.kind == TokenKind::End || is_semicolon(token);
        let end = tokens.iter().position(is_end).expect("the last token is the end");
        if end == 0 {
            return Err(SqlError::new(0..text.len(), "there is no SQL statement here"));
        }
        if let Some(second) = tokens[end..].iter().find(|token| !is_end(token)) {
            let problem = "a second statement follows the `;`; write one statement per query";
            return Err(SqlError::new(second.span.start..text.trim_end().len(), problem));
        }
        let parameters = tokens[..end].iter().filter(|token| token.kind == TokenKind::Parameter);
        let parameters = parameters.map(|token| parameter(text, token)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.into(), dialect, parameters, end: tokens[end].span.start })
    }

    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The dialect it was read in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Every occurrence of a parameter, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Every parameter once, in the order of first occurrence.
    #[must_use]
    pub fn names(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        for Parameter { name, .. } in self.parameters.iter() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Whether the statement begins like a read. This keeps accidents out; the wall is the grants of the database user.
    ///
    /// # Errors
    /// Names the word that writes, or may write, and says that sessions are read-only.
    pub fn check_read(&self) -> Result<(), SqlError> {
        let mut tokens = tokens(&self.text, self.dialect).expect("the text was read once");
        tokens.retain(|token| token.span.end <= self.end);
        gate::check(&self.text, &tokens, self.dialect)
    }

    /// Whether a list can stand where the parameter `name` stands: in brackets, as in `in (:name)`.
    ///
    /// # Errors
    /// The first place where it cannot.
    pub fn check_list(&self, name: &Name) -> Result<(), SqlError> {
        let tokens = tokens(&self.text, self.dialect).expect("the text was read once");
        for parameter in self.parameters.iter().filter(|parameter| parameter.name == *name) {
            let at = tokens.partition_point(|token| token.span.end <= parameter.span.start);
            let before = at.checked_sub(1).map_or("", |index| tokens[index].text(&self.text));
            if !matches!(before, "(" | ",") {
                let problem = format!("the list `:{name}` does not stand in brackets; write `in (:{name})`");
                return Err(SqlError::new(parameter.span.clone(), problem));
            }
        }
        Ok(())
    }

    /// The text to send: placeholders of the engine instead of parameters, without the closing semicolon and what
    /// follows it. `length` says how many values a parameter has that is a list; none is no list.
    #[must_use]
    pub fn rewrite(&self, length: &dyn Fn(&Name) -> Option<usize>) -> Rewritten {
        Rewritten::new(self, length)
    }
}

fn parameter(text: &str, token: &Token) -> Result<Parameter, SqlError> {
    let span = token.span.clone();
    match Name::new(&text[span.start + 1..span.end]) {
        Ok(name) => Ok(Parameter { name, span }),
        Err(error) => Err(SqlError::new(span, error.to_string())),
    }
}

/// Refuses what the lexer can read but a statement must not hold.
fn refuse(text: &str, token: &Token, dialect: Dialect) -> Result<(), SqlError> {
    let symbol = token.text(text);
    if token.kind != TokenKind::Symbol {
        return Ok(());
    }
    if symbol == "{{" {
        let problem = "`{{` is not understood in SQL; write a parameter as `:name`, its value is bound by the database";
        return Err(SqlError::new(token.span.clone(), problem));
    }
    let placeholder = match dialect {
        Dialect::Postgres => symbol.starts_with('$') && symbol.len() > 1,
        Dialect::Mysql => symbol == "?",
        Dialect::Sqlite => symbol.starts_with('?') || (symbol.starts_with(['$', '@']) && symbol.len() > 1),
    };
    if placeholder {
        let problem = format!("`{symbol}` is a placeholder without a catalogue name; write a parameter as `:name`");
        return Err(SqlError::new(token.span.clone(), problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Statement};
    use Dialect::{Mysql, Postgres, Sqlite};

    const ALL: [Dialect; 3] = [Postgres, Mysql, Sqlite];

    fn names(text: &str, dialect: Dialect) -> Vec<String> {
        let statement = Statement::parse(text, dialect).unwrap_or_else(|error| panic!("{dialect:?} {text}: {error}"));
        for parameter in statement.parameters() {
            assert_eq!(&text[parameter.span.clone()], format!(":{}", parameter.name));
        }
        statement.parameters().iter().map(|parameter| parameter.name.to_string()).collect()
    }

    #[test]
    fn parameters_are_found_where_the_engine_would_read_code() {
        let every: &[(&str, &[&str])] = &[
            ("select :a, :b, :a", &["a", "b", "a"]),
            ("select :날짜 -- :x\n, :끝_1", &["날짜", "끝_1"]),
            ("select ':x', 'it'':x', :a", &["a"]),
            ("select /* :x */ :a /* ' */", &["a"]),
            ("select \":x\", :a", &["a"]),
            ("select a:=:b", &["b"]),
            ("select :a-:b, :a.b", &["a", "b", "a"]),
            ("select 12:30, : a, a<:b", &["b"]),
            ("select 1e5, 1.5, .5, 0x1F, :a", &["a"]),
        ];
        for (text, expected) in every {
            for dialect in ALL {
                assert_eq!(names(text, dialect), *expected, "{dialect:?} {text}");
            }
        }
    }

    #[test]
    fn each_dialect_has_its_own_strings_comments_and_names() {
        let cases: &[(Dialect, &str, &[&str])] = &[
            (Postgres, "select :a::date, x::text", &["a"]),
            (Postgres, r"select E'\':x', e'a\\', :a", &["a"]),
            (Postgres, r"select 'a\', :a", &["a"]),
            (Postgres, "select E'a'\n -- why\n 'b\\':x', :a", &["a"]),
            (Postgres, r"select type'a\', :a", &["a"]),
            (Postgres, "select $$:x$$, $q$ $$ :y $q$, :a", &["a"]),
            (Postgres, "select a$b$, :a, c$b$", &["a"]),
            (Postgres, "select /* /* :x */ :y */ :a", &["a"]),
            (
                Postgres,
                "select tags[1:n], t[:a], t[f(x):n], t[x[1]:n], array[:b, :c], t[:a: :b], t[:a:n]",
                &["a", "b", "c", "a", "b", "a"],
            ),
            (Postgres, "select data ? 'k', data ?| :ks, data @> :x, data #>> '{a}'", &["ks", "x"]),
            (Postgres, "select 1 --:x\r, :a", &["a"]),
            (Postgres, "select 1 --:x", &[]),
            (Mysql, r#"select '\':x', "\":y", :a"#, &["a"]),
            (Mysql, "select 1 # :x\n, :a", &["a"]),
            (Mysql, "select 5--:a", &["a"]),
            (Mysql, "select 5-- :a", &[]),
            (Mysql, "select `a``:x`, @v, @@session.sql_mode, :a", &["a"]),
            (Mysql, "select /* /* :x */ :a", &["a"]),
            (Mysql, "select /*+ MAX_EXECUTION_TIME(1) */ :a", &["a"]),
            (Sqlite, "select [a:x], `b:y`, \"c:z\", :a", &["a"]),
            (Sqlite, r"select 'a\', :a", &["a"]),
            (Sqlite, "select /* /* :x */ :a", &["a"]),
            (Sqlite, "select j ->> '$.x', :a", &["a"]),
        ];
        for (dialect, text, expected) in cases {
            assert_eq!(names(text, *dialect), *expected, "{dialect:?} {text}");
        }
    }

    #[test]
    fn names_come_once_in_order_of_first_occurrence() {
        let statement = Statement::parse("select :b, :a, :b", Postgres).expect("reads");
        assert_eq!(statement.names().iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn a_text_that_is_not_one_statement_is_pointed_at() {
        let every: &[(&str, &str, &str)] = &[
            ("", "", "there is no SQL statement here"),
            (" -- nothing\n", " -- nothing\n", "there is no SQL statement here"),
            (";", ";", "there is no SQL statement here"),
            ("select 1; drop table x -- y", "drop table x -- y", "a second statement"),
            ("select 1;;delete from x;", "delete from x;", "a second statement"),
            ("select 'abc", "'", "string is not closed"),
            ("select \"abc", "\"", "is not closed"),
            ("select 1 /* abc", "/*", "comment is not closed"),
            ("select {{ day }}", "{{", "`:name`"),
            ("select 'a\0'", "\0", "NUL"),
        ];
        for (text, at, problem) in every {
            for dialect in ALL {
                let error = Statement::parse(text, dialect).expect_err(text);
                assert_eq!((&text[error.span.clone()], error.problem.contains(problem)), (*at, true), "{error}");
            }
        }
        for text in ["select 1;", "select 1 ; -- done\n", "select 1;;\n/* done */", "select '{{', /* {{ */ 1"] {
            for dialect in ALL {
                Statement::parse(text, dialect).expect(text);
            }
        }
    }

    #[test]
    fn what_a_dialect_hides_or_numbers_itself_is_refused() {
        let cases = [
            (Postgres, "select $1, :a", "$1"),
            (Postgres, "select $q$ abc", "$q$"),
            (Postgres, r"select E'abc\'", "E'"),
            (Postgres, "select /* /* */ 1", "/*"),
            (Mysql, "select ?", "?"),
            (Mysql, "select /*!50000 1, */ 2", "/*!"),
            (Mysql, "select /*M!100100 1, */ 2", "/*M!"),
            (Mysql, "select `abc", "`"),
            (Sqlite, "select ?1", "?1"),
            (Sqlite, "select @a", "@a"),
            (Sqlite, "select $a", "$a"),
            (Sqlite, "select [abc", "["),
        ];
        for (dialect, text, at) in cases {
            let error = Statement::parse(text, dialect).expect_err(text);
            assert_eq!(&text[error.span.clone()], at, "{dialect:?} {error}");
        }
        let long = format!("select :{}", "x".repeat(81));
        assert!(Statement::parse(&long, Postgres).expect_err("too long").problem.contains("80"));
    }
}
