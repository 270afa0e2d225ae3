//! Every type at its edges: one table for each engine, asked for by the real program in every format, compared as whole
//! files. `ROWCALL_BLESS=1` writes the files anew; a format that is added needs nothing else.

use std::io::Read;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use mysql_async::prelude::Queryable;
use rowcall::render::Format;
use rowcall::value::Value;

use super::rig::Rig;
use crate::rig::Rig as Folder;

/// The zone that PostgreSQL prints its moments in: one with a summer time and odd seconds in its past.
const ZONE: &str = "Asia/Seoul";
const ASK: &str = "select * from rowcall_torture order by line";
/// A table cannot hold anonymous rows.
const ASK_POSTGRES: &str = "select *, \
    case line when 1 then row(1, null, '', 'a b', true) \
              when 2 then row(row(1.50, 'x,y'), array[1, null], '\\x00'::bytea, interval '1 day') end as record, \
    case line when 1 then array[row(1, 'a'), row(2, 'b c')] end as record_array \
    from rowcall_torture order by line";

fn ask(rig: &Rig) -> &'static str {
    rig.of([ASK_POSTGRES, ASK, ASK])
}

/// The program beside a catalogue whose only source is the torture table.
async fn tortured(rig: &Rig) -> Folder {
    let file = match rig {
        Rig::Postgres(_) => include_str!("torture/postgres.sql"),
        Rig::Mysql(_) => include_str!("torture/mysql.sql"),
        Rig::Sqlite(_) => include_str!("torture/sqlite.sql"),
    };
    rig.execute(file).await;
    let url = match rig {
        Rig::Postgres(url) => format!("{url}?options=-c%20TimeZone%3D{ZONE}"),
        Rig::Mysql(url) => url.clone(),
        Rig::Sqlite(folder) => format!("sqlite:{}", folder.path().join("test.db").display()),
    };
    Folder::new().catalogue(&format!("[sources.torture]\nurl = \"{url}\"\n"))
}

fn printed(folder: &Folder, sql: &str, format: &str) -> Vec<u8> {
    let mut command = folder.command(&["query", "-s", "torture", "-c", sql, "--format", format]);
    let output = command.output().expect("the program starts");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "{format}: {words}");
    output.stdout
}

fn golden(engine: &str, format: &str) -> PathBuf {
    let suffix = if format == "xlsx" { "xlsx.xml" } else { format };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/torture").join(format!("{engine}.{suffix}"))
}

/// What is agreed on: the bytes that were printed, or the parts of a workbook one after the other. The part that holds
/// the time at which it was made is left out.
fn agreed_on(format: &str, printed: Vec<u8>) -> Vec<u8> {
    if format != "xlsx" {
        return printed;
    }
    let mut workbook = zip::ZipArchive::new(std::io::Cursor::new(printed)).expect("a workbook is an archive");
    let mut names: Vec<String> = workbook.file_names().map(|name| name.expect("a name").into_owned()).collect();
    names.sort_unstable();
    let mut parts = Vec::new();
    for name in names.into_iter().filter(|name| name != "docProps/core.xml") {
        parts.extend_from_slice(format!("== {name}\n").as_bytes());
        let mut part = String::new();
        workbook.by_name(&name).expect("a part").read_to_string(&mut part).expect("text");
        // A row to a line, so that a difference is found.
        parts.extend_from_slice(part.replace("<row ", "\n<row ").as_bytes());
        parts.push(b'\n');
    }
    parts
}

/// Fails with the first line that differs.
#[track_caller]
fn expect_same(found: &[u8], expected: &[u8], what: &str) {
    if found == expected {
        return;
    }
    let lines = |bytes| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    let (found, expected) = (lines(found), lines(expected));
    let place = found.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
    let (found, expected) = (found.get(place), expected.get(place));
    panic!("{what} differs in line {}:\n   found {found:?}\nexpected {expected:?}", place + 1);
}

async fn every_format_is_as_agreed(rig: &Rig) {
    let (folder, engine) = (tortured(rig).await, rig.engine().as_str());
    for (format, _) in Format::ALL {
        let (found, file) = (agreed_on(format, printed(&folder, ask(rig), format)), golden(engine, format));
        if std::env::var_os("ROWCALL_BLESS").is_some() {
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(&file, &found).expect("written");
        }
        let agreed = std::fs::read(&file);
        let agreed = agreed.unwrap_or_else(|error| panic!("{}: {error}; ROWCALL_BLESS=1 writes it", file.display()));
        expect_same(&found, &agreed, &file.display().to_string());
    }
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn the_torture_table_of_postgres_comes_whole_in_every_format() {
    let rig = Rig::postgres();
    every_format_is_as_agreed(&rig).await;
    csv_is_what_copy_writes(&rig).await;
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn the_torture_table_of_mysql_comes_whole_in_every_format() {
    let rig = Rig::mysql();
    every_format_is_as_agreed(&rig).await;
    cells_are_what_the_server_prints(&rig).await;
}

#[tokio::test]
async fn the_torture_table_of_sqlite_comes_whole_in_every_format() {
    every_format_is_as_agreed(&Rig::sqlite().await).await;
}

/// The protocol of text has the server's own words for every cell; bytes are shown in hexadecimal here, and floats with
/// the digits that this server leaves out.
async fn cells_are_what_the_server_prints(rig: &Rig) {
    let table = rig.table(&*rig.source(), ASK).await.expect("rows");
    let mut conn = mysql_async::Conn::from_url(rig.url()).await.expect("connects");
    let rows: Vec<mysql_async::Row> = conn.query(ASK).await.expect("rows");
    conn.disconnect().await.expect("ends well");
    assert_eq!(table.len(), rows.len());
    for (ours, theirs) in table.rows().zip(&rows) {
        for (index, column) in table.columns().iter().enumerate() {
            let (ours, theirs) = (ours.get(index), theirs.as_ref(index).expect("a cell"));
            let mysql_async::Value::Bytes(theirs) = theirs else {
                assert!(ours.is_null() && *theirs == mysql_async::Value::NULL, "{}", column.name);
                continue;
            };
            let words = String::from_utf8_lossy(theirs);
            let same = match &ours {
                Value::Bytes(bytes) => bytes[..] == theirs[..],
                Value::Float(number) => words.parse() == Ok(*number),
                // Six digits are all that this server prints of a single.
                Value::Real(number) => {
                    words.parse::<f32>().is_ok_and(|told| (told / number - 1.0).abs() < 1e-5 || told == *number)
                }
                Value::UInt(bits) if column.type_name == "bit" => bits.to_be_bytes().ends_with(theirs),
                other => other.to_string() == words,
            };
            assert!(same, "{}: {ours:?}, but the server says {words:?}", column.name);
        }
    }
}

/// Booleans aside, which COPY writes as `t` and `f`: they are cast to text for it.
async fn csv_is_what_copy_writes(rig: &Rig) {
    let (client, connection) = tokio_postgres::connect(&rig.url(), tokio_postgres::NoTls).await.expect("connects");
    let moving = tokio::spawn(connection);
    client.batch_execute(&format!("set timezone = '{ZONE}'")).await.expect("set");
    let folder = tortured(rig).await;
    let columns = client.prepare(ask(rig)).await.expect("the table is there");
    let quoted = columns.columns().iter().map(|column| {
        let name = format!("\"{}\"", column.name().replace('"', "\"\""));
        if column.type_().name() == "bool" { format!("{name}::text as {name}") } else { name }
    });
    let select = format!("select {} from ({}) as t", quoted.collect::<Vec<_>>().join(", "), ask(rig));
    let stream = client.copy_out(&format!("copy ({select}) to stdout (format csv, header)")).await.expect("copies");
    let copied: Vec<u8> = stream.try_collect::<Vec<_>>().await.expect("copies").concat();
    expect_same(&printed(&folder, ask(rig), "csv"), &copied, "what COPY writes");
    drop(client);
    moving.await.expect("ends").expect("ends well");
}

/// A result of one column can hold `\.` alone on a line, and a line that is empty.
#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn one_column_alone_is_what_copy_writes() {
    let rig = Rig::postgres();
    let select = "select v from (values ('\\.'), (null), (''), ('\\.x'), ('x'), (E'\\n')) as t(v)";
    let (client, connection) = tokio_postgres::connect(&rig.url(), tokio_postgres::NoTls).await.expect("connects");
    let moving = tokio::spawn(connection);
    let stream = client.copy_out(&format!("copy ({select}) to stdout (format csv, header)")).await.expect("copies");
    let copied: Vec<u8> = stream.try_collect::<Vec<_>>().await.expect("copies").concat();
    drop(client);
    moving.await.expect("ends").expect("ends well");
    let folder = Folder::new().catalogue(&format!("[sources.torture]\nurl = \"{}\"\n", rig.url()));
    expect_same(&printed(&folder, select, "csv"), &copied, "what COPY writes");
}
