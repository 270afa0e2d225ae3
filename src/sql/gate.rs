//! The gate: which statements begin like a read.

use super::{Dialect, SqlError, Token, TokenKind};

/// Pragmas of SQLite that only read, and may name what they read.
const PRAGMAS_OF_A_NAME: [&str; 10] = [
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Pragmas of SQLite that only read as long as they are given no argument.
const PRAGMAS_ALONE: [&str; 13] = [
    "application_id",
    "collation_list",
    "compile_options",
    "data_version",
    "database_list",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "journal_mode",
    "page_count",
    "page_size",
    "schema_version",
    "user_version",
];

/// Whether a pragma of SQLite only reads though it is given an argument.
#[must_use]
pub fn names_what_it_reads(pragma: &str) -> bool {
    PRAGMAS_OF_A_NAME.iter().any(|known| known.eq_ignore_ascii_case(pragma))
}

/// What a statement that begins with `with` may do in the end.
const WRITES: [&str; 5] = ["delete", "insert", "merge", "replace", "update"];

fn reads(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &["select", "with", "values", "table", "show", "explain"],
        Dialect::Mysql => &["select", "with", "values", "table", "show", "explain", "desc", "describe"],
        Dialect::Sqlite => &["select", "with", "values", "explain", "pragma"],
    }
}

/// Checks the tokens of one statement, without its closing semicolon.
pub(super) fn check(text: &str, tokens: &[Token], dialect: Dialect) -> Result<(), SqlError> {
    let inside = tokens.iter().position(|token| token.text(text) != "(").unwrap_or(0);
    let tokens = &tokens[inside..];
    let Some(first) = tokens.first() else { return Ok(()) };
    let word = first.text(text).to_ascii_lowercase();
    if first.kind != TokenKind::Word || !reads(dialect).contains(&word.as_str()) {
        return Err(refusal(text, first, dialect));
    }
    let culprit = match word.as_str() {
        "with" => written_by_with(text, tokens),
        "pragma" => return pragma(text, tokens),
        "explain" => return explain(text, tokens, dialect),
        _ => None,
    };
    match culprit.or_else(|| written_file(text, tokens).filter(|_| dialect == Dialect::Mysql)) {
        Some(token) => Err(refusal(text, token, dialect)),
        None => Ok(()),
    }
}

fn refusal(text: &str, token: &Token, dialect: Dialect) -> SqlError {
    let begins = reads(dialect).join("`, `");
    let problem =
        format!("`{}` is no read, and sessions are read-only; a query begins with `{begins}`", token.text(text));
    SqlError::new(token.span.clone(), problem)
}

/// The writing verb behind the parentheses of a `with`.
fn written_by_with<'a>(text: &str, tokens: &'a [Token]) -> Option<&'a Token> {
    let mut depth = 0_usize;
    for (previous, token) in tokens.iter().zip(&tokens[1..]) {
        match token.text(text) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            word if depth == 0 && previous.text(text) == ")" && token.kind == TokenKind::Word => {
                let word = word.to_ascii_lowercase();
                match word.as_str() {
                    "select" | "values" | "table" => return None,
                    verb if WRITES.contains(&verb) => return Some(token),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    None
}

/// The `outfile` or `dumpfile` that MySQL writes on the server in spite of a read-only transaction.
fn written_file<'a>(text: &str, tokens: &'a [Token]) -> Option<&'a Token> {
    let is_file = |token: &Token| ["outfile", "dumpfile"].iter().any(|word| token.is_word(text, word));
    tokens.windows(2).find(|pair| pair[0].is_word(text, "into") && is_file(&pair[1])).map(|pair| &pair[1])
}

/// `explain analyze` runs what it explains.
fn explain(text: &str, tokens: &[Token], dialect: Dialect) -> Result<(), SqlError> {
    let options = tokens[1..].iter().take_while(|token| {
        let word = token.text(text).to_ascii_lowercase();
        token.kind != TokenKind::Word || !(WRITES.contains(&word.as_str()) || reads(dialect).contains(&word.as_str()))
    });
    let analyzes = options.clone().any(|token| token.is_word(text, "analyze") || token.is_word(text, "analyse"));
    let explained = &tokens[1 + options.count()..];
    match explained.first() {
        Some(again) if analyzes && again.is_word(text, "explain") => Err(refusal(text, again, dialect)),
        Some(_) if analyzes => check(text, explained, dialect),
        Some(_) | None => Ok(()),
    }
}

fn pragma(text: &str, tokens: &[Token]) -> Result<(), SqlError> {
    let words = match tokens.get(2).map(|token| token.text(text)) {
        Some(".") => &tokens[3.min(tokens.len())..],
        _ => &tokens[1..],
    };
    let Some((name, argument)) = words.split_first() else { return Ok(()) };
    let word = name.text(text).to_ascii_lowercase();
    let assigns = argument.first().is_some_and(|token| token.text(text) == "=");
    let known = match argument.is_empty() {
        true => PRAGMAS_ALONE.contains(&word.as_str()) || PRAGMAS_OF_A_NAME.contains(&word.as_str()),
        false => PRAGMAS_OF_A_NAME.contains(&word.as_str()) && !assigns,
    };
    if known {
        return Ok(());
    }
    let problem = match argument.is_empty() {
        true => format!("pragma `{word}` is not known to only read, and sessions are read-only"),
        false => format!("pragma `{word}` with an argument may write, and sessions are read-only"),
    };
    Err(SqlError::new(name.span.clone(), problem))
}

#[cfg(test)]
mod tests {
    use crate::sql::{Dialect, Statement};
    use Dialect::{Mysql, Postgres, Sqlite};

    #[test]
    fn reads_pass() {
        let every = [
            "select 1",
            "-- why\n ((SELECT 1) union (select 2))",
            "with a as (select 1), b (x) as (select 'delete') select * from a",
            "values (1)",
            "explain select 1",
        ];
        for text in every {
            for dialect in [Postgres, Mysql, Sqlite] {
                Statement::parse(text, dialect).expect(text).check_read().expect(text);
            }
        }
        let own = [
            (Postgres, "table x"),
            (Postgres, "show search_path;"),
            (Postgres, "explain (analyze, buffers) select 1"),
            (Postgres, "explain delete from x"),
            (Mysql, "desc x"),
            (Mysql, "show create table x"),
            (Sqlite, "pragma table_info('x')"),
            (Sqlite, "pragma main.table_info(x)"),
            (Sqlite, "PRAGMA user_version;"),
        ];
        for (dialect, text) in own {
            Statement::parse(text, dialect).expect(text).check_read().expect(text);
        }
    }

    #[test]
    fn what_may_write_is_named() {
        let cases = [
            (Postgres, "delete from x", "delete"),
            (Postgres, "/* a */ (Update x set a = 1)", "Update"),
            (Postgres, "set statement_timeout = 0", "set"),
            (Postgres, "commit", "commit"),
            (Postgres, "copy x to program 'rm'", "copy"),
            (Postgres, "desc x", "desc"),
            (Postgres, "with a as (select 1) insert into x select * from a", "insert"),
            (Postgres, "explain analyze delete from x", "delete"),
            (Postgres, "explain (analyze) update x set a = 1", "update"),
            (Postgres, "explain analyze explain analyze delete from x", "explain"),
            (Postgres, "\"select\" 1", "\"select\""),
            (Mysql, "call p()", "call"),
            (Mysql, "select 1 into outfile '/tmp/x'", "outfile"),
            (Mysql, "pragma user_version", "pragma"),
            (Sqlite, "attach 'x' as y", "attach"),
            (Sqlite, "with a as (select 1) delete from x", "delete"),
            (Sqlite, "pragma user_version = 5", "user_version"),
            (Sqlite, "pragma user_version(5)", "user_version"),
            (Sqlite, "pragma main.user_version(5)", "user_version"),
            (Sqlite, "pragma table_info = x", "table_info"),
            (Sqlite, "pragma writable_schema", "writable_schema"),
        ];
        for (dialect, text, at) in cases {
            let error = Statement::parse(text, dialect).expect(text).check_read().expect_err(text);
            assert_eq!(&text[error.span.clone()], at, "{error}");
            assert!(error.problem.contains("sessions are read-only"), "{error}");
        }
    }
}
