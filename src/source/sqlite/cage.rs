//! What keeps a connection from writing.
//!
//! Opening a file for reading is not enough: `vacuum into` and `attach` made new files and filled them all the same.

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Result};

use crate::sql::names_what_it_reads;

/// Lets a connection only read from now on, whatever the schema of a file that somebody else wrote may try.
pub(super) fn close(connection: &mut Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Reads the file for the first time.
    connection.execute_batch("pragma query_only = on")?;
    connection.authorizer(Some(|asked: AuthContext<'_>| judge(asked.action)))
}

/// Refuses what `query_only` lets through, and what would lift it.
fn judge(action: AuthAction<'_>) -> Authorization {
    let allowed = match action {
        // `vacuum into` attaches its target.
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => false,
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) } => names_what_it_reads(pragma_name),
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        _ => true,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::close;

    #[test]
    fn a_closed_connection_reads_and_does_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let shown = folder.path().display();
        let mut connection = Connection::open_in_memory().expect("opens");
        connection.execute_batch("create table t (n int); insert into t values (1)").expect("filled");
        close(&mut connection).expect("closed");
        let refused = [
            format!("attach '{shown}/new.db' as other"),
            format!("vacuum into '{shown}/new.db'"),
            "detach main".into(),
            "pragma query_only = off".into(),
            "pragma query_only(0)".into(),
            "pragma writable_schema = on".into(),
            "pragma journal_mode = wal".into(),
            "select load_extension('x')".into(),
            "insert into t values (2)".into(),
            "create table u (n)".into(),
            "create temp table u (n)".into(),
            "drop table t".into(),
            "update sqlite_schema set sql = ''".into(),
        ];
        for sql in refused {
            let asked = connection.execute_batch(&sql);
            let words = asked.expect_err(&sql).to_string();
            assert!(
                ["authoriz", "may not be modified", "readonly"].iter().any(|word| words.contains(word)),
                "{sql}: {words}"
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let read =
            ["pragma table_info(t)", "pragma Table_Info('t')", "pragma user_version", "pragma integrity_check(3)"];
        for sql in read {
            connection.execute_batch(sql).expect(sql);
        }
        let count = "select count(*) from t, pragma_table_info('t')";
        assert_eq!(connection.query_row(count, [], |row| row.get(0)), Ok(1));
    }
}
