//! What one engine alone has: its types, its addresses, its ways to fail.

use std::io::{Read, Write};
use std::net::TcpListener;

use rowcall::secret::Secret;
use rowcall::source::{Cause, Engine, Settings};
use rowcall::value::Value;

use super::rig::{PATIENCE, Rig, printed};

/// Expressions that PostgreSQL prints as text itself, so that the server is the judge.
const POSTGRES_TYPES: &[&str] = &[
    "null::int4",
    "1::int2",
    "(-32768)::int2",
    "2147483647::int4",
    "(-9223372036854775807)::int8",
    "4294967295::oid",
    "1.5::float4",
    "0.1::float4",
    "1e20::float4",
    "'NaN'::float4",
    "0.1::float8",
    "1e15::float8",
    "123456789012345::float8",
    "'-Infinity'::float8",
    "0::numeric",
    "0.10::numeric",
    "-12.3450::numeric(20,4)",
    "100000000::numeric",
    "0.000012::numeric",
    "'NaN'::numeric",
    "'Infinity'::numeric",
    "'-Infinity'::numeric",
    "12345678901234567890123456789012345678901234567890.123456789012345678901234567890123456789::numeric",
    "1e-20::numeric",
    "1e30::numeric",
    "'text 주문'::text",
    "''::text",
    "'v'::varchar(3)",
    "'n'::name",
    "'c'::\"char\"",
    "''::\"char\"",
    "'<a/>'::xml",
    "'\\x00ff'::bytea",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
    "'{\"b\": 1, \"a\": [1.10]}'::json",
    "'{\"b\": 1, \"a\": [1.10]}'::jsonb",
    "'2026-11-20'::date",
    "'infinity'::date",
    "'-infinity'::date",
    "'0044-03-15 BC'::date",
    "'99999-01-01'::date",
    "'01:02:03.5'::time",
    "'24:00'::time",
    "'01:02:03.045+05:30'::timetz",
    "'01:02:03-08'::timetz",
    "'2026-11-20 12:34:56.789'::timestamp",
    "'infinity'::timestamp",
    "'0044-03-15 12:00 BC'::timestamp",
    "'290000-01-01'::timestamp",
    "'2026-11-20 12:34:56.000001+00'::timestamptz",
    "'2026-07-20 12:34:56+02'::timestamptz",
    "'-infinity'::timestamptz",
    "'1850-01-01 00:00+00'::timestamptz",
    "'0044-03-15 12:00+00 BC'::timestamptz",
    "interval '1 year 2 mons -3 days 04:05:06.789'",
    "interval '0'",
    "interval '-1 mons +1 day'",
    "interval '-00:00:01'",
    "'192.0.2.1'::inet",
    "'192.0.2.1/24'::inet",
    "'2001:db8::/32'::cidr",
    "'192.0.2.0/32'::cidr",
    "'08:00:2b:01:02:03'::macaddr",
    "'08:00:2b:01:02:03:04:05'::macaddr8",
    "b'101'::bit(3)",
    "b''::varbit",
    "b'1010101010'::varbit",
    "'16/B374D848'::pg_lsn",
    "'{1,null,3}'::int4[]",
    "'{}'::int4[]",
    "'{{1,2},{3,4}}'::int8[]",
    "'[0:1]={a,b}'::text[]",
    "array['a b', '', 'null', 'q\"\\', 'c,d']",
    "array[1.10, 'NaN']::numeric[]",
    "array['2026-11-20'::date, 'infinity']",
    "array[true, false]",
    "array[interval '1 day']",
    "array['2026-11-20 12:34:56+00'::timestamptz]",
    "array['\\x00'::bytea]",
    "'12'::xid",
    "'18446744073709551615'::xid8",
    "'(4294967295,65535)'::tid",
    "'(1,-0)'::point",
    "'(1e-300,NaN)'::point",
    "'{1,2.5,-3}'::line",
    "'[(1,2),(3,4)]'::lseg",
    "'(3,4),(1,2)'::box",
    "'((1,2),(3,4))'::path",
    "'[(1,2),(3,4)]'::path",
    "'((1,2),(3,4),(5,6))'::polygon",
    "'<(1,2),3.5>'::circle",
    "array['(1,2)'::point, null]",
    "'{(3,4),(1,2);(5,6),(1,2)}'::box[]",
    "'[2:3]={(3,4),(1,2);NULL}'::box[]",
    "'[1,3)'::int4range",
    "'empty'::int8range",
    "'(,5]'::int4range",
    "'(,)'::numrange",
    "numrange(1.10, 'NaN', '[]')",
    "'[2026-11-20 12:00,infinity]'::tsrange",
    "'[2026-11-20 12:00+00,2026-11-21 12:00+00)'::tstzrange",
    "daterange('2026-11-20', null)",
    "'{[1,3),[5,7)}'::int4multirange",
    "'{}'::nummultirange",
    "'{[2026-11-20 12:00,2026-11-20 13:00)}'::tsmultirange",
    "array['[1,3)'::int4range, 'empty']",
    "row(1, null, '', 'a b', 'q\"\\', true, array[1, null], '[1,3)'::int4range, row(1, 'x,y'))",
    "row()",
    "row(null)",
    "row(E'tab\\there', '(', 'plain', '[x]', 1.10, '\\x00ff'::bytea, interval '1 day', '{\"a\": 1}'::jsonb)",
    "array[row(1, 'a'), row(2, 'b c')]",
    "12.34::money",
    "array['-1234567.89'::money, null]",
    "'pg_class'::regclass",
    "array['pg_class'::regclass, null, '\"pg_type\"']",
    "999999::regclass",
    "'int4'::regtype",
    "'+(integer,integer)'::regoperator",
    "'lower(text)'::regprocedure",
    "'pg_catalog'::regnamespace",
    "'english'::regconfig",
    "'a fat cat''s \"q\":1A,2'::tsvector",
    "''::tsvector",
    "'fat & (rat | !cat:AB*)'::tsquery",
    "array['a b'::tsvector, 'c']",
    "'$.a[*] ? (@ > 1)'::jsonpath",
    "'1 2 3'::int2vector",
    "'1 2'::oidvector",
    "'10:20:10,14,15'::pg_snapshot",
    "'cursor one'::refcursor",
    "array[array['a', null], array['NULL', '주문']]",
    "(select c from (values (1, 'x')) c)",
];

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_types_print_as_the_server_prints_them() {
    let rig = Rig::postgres();
    let mut different = Vec::new();
    for zone in ["Europe/Berlin", "Asia/Seoul", "UTC", "America/St_Johns", "<+05>-05"] {
        let options = format!("options=-c%20TimeZone%3D{}", zone.replace('+', "%2B"));
        let separator = if rig.url().contains('?') { '&' } else { '?' };
        let source = rig.source_at(&format!("{}{separator}{options}", rig.url()));
        for expression in POSTGRES_TYPES {
            let sql = format!("select {expression} as v, format('%s', {expression}) as t");
            match rig.table(&*source, &sql).await {
                Ok(table) if printed(&table)[0][0] == printed(&table)[0][1] => {}
                Ok(table) => different.push(format!("{expression} in {zone}: {:?}", printed(&table)[0])),
                Err(error) => different.push(format!("{expression} in {zone}: {error}")),
            }
        }
        source.close().await;
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_prints_in_one_style_whatever_the_role_prefers() {
    let (rig, role) = (Rig::postgres(), "rowcall_contract_styled");
    let style =
        ["datestyle = 'German'", "intervalstyle = 'iso_8601'", "bytea_output = 'escape'", "extra_float_digits = -3"];
    let styled = style.map(|setting| format!("alter role {role} set {setting}; ")).concat();
    rig.execute(&format!("drop role if exists {role}; create role {role} login password 'styled'; {styled}")).await;
    let (scheme, rest) = rig.url().split_once("://").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a URL");
    let (_, place) = rest.split_once('@').expect("a user");
    let source = rig.source_at(&format!("{scheme}://{role}:styled@{place}"));
    let sql = "select date '2026-11-20' as d, date '2026-11-20'::text as dt, (interval '36:00')::text as i, \
               '\\xff'::bytea::text as b, 0.1::float8::text as f, array[row(0.1::float8, interval '1 day')] as r";
    let expected = ["2026-11-20", "2026-11-20", "36:00:00", "\\xff", "0.1", "{\"(0.1,\\\"1 day\\\")\"}"];
    for _ in 0..3 {
        let table = rig.table(&*source, sql).await.expect("rows");
        assert_eq!(printed(&table), [expected]);
    }
    source.close().await;
    rig.execute(&format!("drop role {role}")).await;
}

/// A pooler hands the session to others between two transactions: theirs may write, and print as their role prefers.
#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_sessions_are_left_as_they_were() {
    let rig = Rig::postgres();
    let source = rig.source_of(&Settings { max_concurrent: 1, ..rig.settings() });
    let sql = "select current_setting('transaction_read_only'), current_setting('default_transaction_read_only'), \
               (select count(*) from pg_settings where source = 'session' and name not in \
                ('client_connection_check_interval', 'statement_timeout', 'transaction_read_only'))";
    // The first statement finds out what the session is like.
    rig.cell(&*source, "select 1").await;
    for _ in 0..2 {
        let table = rig.table(&*source, sql).await.expect("rows");
        assert_eq!(printed(&table), [["on", "off", "0"]]);
    }
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_types_of_ones_own_print_too() {
    let (rig, name) = (Rig::postgres(), "rowcall_contract_type");
    rig.execute(&format!("drop domain if exists {name}_d; drop type if exists {name}_e")).await;
    rig.execute(&format!("create type {name}_e as enum ('low', 'high'); create domain {name}_d as numeric(5,2)")).await;
    let sql = format!("select 'low'::{name}_e as e, array['high']::{name}_e[] as es, 1.5::{name}_d as d");
    let table = rig.table(&*rig.source(), &sql).await.expect("rows");
    assert_eq!(printed(&table), [["low", "{high}", "1.50"]]);
    let types: Vec<&str> = table.columns().iter().map(|column| column.type_name.as_str()).collect();
    assert_eq!(types, [&format!("{name}_e"), &format!("{name}_e[]"), "numeric"]);
    rig.execute(&format!(
        "drop type if exists {name}_o, {name}_i, {name}_r; create type {name}_i as (level {name}_e, at {name}_d); \
         create type {name}_o as (inner_ {name}_i, about regclass); create type {name}_r as range (subtype = {name}_d); \
         select pg_advisory_xact_lock(4713); create extension if not exists hstore; create extension if not exists ltree"
    ))
    .await;
    let expressions = [
        format!("row('low', 1.5)::{name}_i"),
        format!("array[row('low', 1.5)::{name}_i, null]"),
        format!("row(row('low', 1.5), 'pg_class')::{name}_o"),
        format!("array[row(row('low', null), 'pg_class')::{name}_o]"),
        format!("'[1.50,2.25)'::{name}_r"),
        format!("'{{[1.50,2.25)}}'::{name}_r_multirange"),
        "'a=>1, \"b c\"=>NULL, d=>\"\"'::hstore".to_owned(),
        "array['a=>1'::hstore]".to_owned(),
        "'top.science.x_1'::ltree".to_owned(),
    ];
    for expression in expressions {
        let sql = format!("select {expression} as v, format('%s', {expression}) as t");
        let printed = printed(&rig.table(&*rig.source(), &sql).await.expect(&expression));
        assert_eq!(printed[0][0], printed[0][1], "{expression}");
    }
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_types_that_cannot_be_shown_name_the_cast() {
    let rig = Rig::postgres();
    let source = rig.source_of(&Settings { max_concurrent: 1, ..rig.settings() });
    let sql = "select 1, 'rowcall_admin=r/rowcall_admin'::aclitem as odd";
    let error = rig.table(&*source, sql).await.expect_err("has no binary format");
    assert_eq!(error.cause, Cause::Value);
    assert_eq!(error.problem, "column `odd` has the type `aclitem`, which cannot be shown");
    assert_eq!(error.hint.as_deref(), Some("write `odd::text` in the statement"));
    let sql = "select ev_action as odd from pg_rewrite limit 1";
    let error = rig.table(&*source, sql).await.expect_err("is not taken back");
    assert_eq!((error.cause, error.hint.as_deref()), (Cause::Value, Some("write `odd::text` in the statement")));
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_prints_what_only_it_can_print_in_order_and_beside_parameters() {
    let rig = Rig::postgres();
    let source = rig.source_of(&Settings { max_concurrent: 1, ..rig.settings() });
    let sql = "select n, case when n % 3 > 0 then n::regtype end as asked, array[n::text::money, null] as many, n + :more \
               from generate_series(1, 1001) as n";
    let rows = source.fetch(rig.request(sql, &[("more", Value::Int(1))])).await.expect("columns");
    let table = rows.collect(usize::MAX).await.expect("rows");
    assert_eq!(table.len(), 1_001);
    let plain = "select n, coalesce(case when n % 3 > 0 then n::regtype end::text, ''), \
                 array[n::text::money, null]::text, n + 1 from generate_series(1, 1001) as n";
    assert_eq!(printed(&table), printed(&rig.table(&*source, plain).await.expect("rows")));
    let empty = rig.table(&*source, "select 'pg_class'::regclass as c where false").await.expect("no rows");
    assert_eq!((empty.len(), empty.columns()[0].type_name.as_str()), (0, "regclass"));
    let failing = "select 'pg_class'::regclass, 1 / (500 - n) from generate_series(1, 1001) as n";
    let error = rig.table(&*source, failing).await.expect_err("fails among its rows");
    assert_eq!((error.cause, error.problem.as_str()), (Cause::Statement, "division by zero (22012)"));
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_converts_parameters_to_the_type_it_found() {
    let rig = Rig::postgres();
    let date = rowcall::value::Date::from_civil(2026, 11, 20).expect("a date");
    let values = [
        ("day", Value::Date(date)),
        ("amount", Value::Decimal("0.10".into())),
        ("flag", Value::Bool(true)),
        ("list", Value::Text("{1,2}".into())),
    ];
    let sql = "select :day::date + 1 as a, :amount * 2.0 as b, not :flag as c, 2 = any(:list::int4[]) as d";
    let rows = rig.source().fetch(rig.request(sql, &values)).await.expect("rows");
    assert_eq!(printed(&rows.collect(1).await.expect("a row")), [["2026-11-21", "0.200", "false", "true"]]);
    let wrong = [("n", Value::Text("twelve".into()))];
    let error = rig.source().fetch(rig.request("select :n + 1", &wrong)).await.expect("columns").collect(1).await;
    let problem = error.expect_err("not a number").problem;
    assert_eq!(problem, "invalid input syntax for type integer: \"twelve\" (22P02)");
}

#[tokio::test]
async fn postgres_never_falls_back_to_a_line_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let (mut line, _) = listener.accept().expect("a client");
        let mut asked = [0; 8];
        line.read_exact(&mut asked).expect("asks for TLS");
        line.write_all(b"N").expect("answers");
        let mut more = Vec::new();
        line.read_to_end(&mut more).expect("reads");
        more
    });
    let rig = Rig::Postgres(format!("postgres://u:canary-5ecret@{place}/x?sslmode=require"));
    let error = rig.source().ping(PATIENCE).await.expect_err("no TLS");
    assert_eq!(error.cause, Cause::Refused, "{error:?}");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("sslmode=disable")), "{error:?}");
    assert_eq!(server.join().expect("ends"), b"");
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mysql_types_print_as_the_server_prints_them() {
    let (rig, table) = (Rig::mysql(), "rowcall_contract_types");
    rig.execute(&format!("drop table if exists {table}")).await;
    rig.execute(&format!(
        "create table {table} (a tinyint, b smallint unsigned, c mediumint, d int, e bigint, f bigint unsigned, \
         g decimal(65,30), h double, i year, j date, k datetime(3), l timestamp(6) null, m time(1), \
         n enum('low','high'), o set('x','y'), p varchar(10), q text, r datetime, s decimal(5,2), t json)"
    ))
    .await;
    rig.execute(&format!(
        "set sql_mode = ''; insert into {table} values \
         (-128, 65535, -8388608, 1, -9223372036854775808, 18446744073709551615, \
          '12345678901234567890123456789012345.123456789012345678901234567890', 0.1, 2026, '2026-11-20', \
          '2026-11-20 01:02:03.500', '2026-11-20 01:02:03.000001', '-838:59:59.5', 'high', 'x,y', '주문', \
          'text', '2026-11-20 01:02:03', 0.10, '{{\"a\": 1.10}}'), \
         (0, 0, 0, 0, 0, 0, 0, 0, 1970, '0000-00-00', '0000-00-00', '0000-00-00', 0, 'low', '', '', '', '0000-00-00', 0, '1')"
    ))
    .await;
    let source = rig.source();
    let columns = "abcdefghijklmnopqrst".chars();
    let casts: Vec<String> = columns.map(|c| format!("{c}, cast({c} as char) as {c}_text")).collect();
    let read = rig.table(&*source, &format!("select {} from {table}", casts.join(", "))).await.expect("rows");
    assert_eq!(read.len(), 2);
    for row in printed(&read) {
        for pair in row.chunks(2) {
            assert_eq!(pair[0], pair[1], "{row:?}");
        }
    }
    assert_eq!(read.columns()[10].type_name, "bigint unsigned");
    assert_eq!(rig.cell(&*source, &format!("select f from {table}")).await, Value::UInt(u64::MAX));
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mysql_bytes_and_bits_are_told_from_text() {
    let rig = Rig::mysql();
    let cases = [
        ("select x'00ff'", Value::Bytes(vec![0, 255].into())),
        ("select cast('a' as binary)", Value::Bytes(b"a".to_vec().into())),
        ("select 'a'", Value::Text("a".into())),
        ("select null", Value::Null),
        ("select cast(1.10 as decimal(5,2))", Value::Decimal("1.10".into())),
        ("select 1 = 1", Value::Int(1)),
        ("select cast(1.5 as float)", Value::Real(1.5)),
    ];
    for (sql, value) in cases {
        assert_eq!(rig.cell(&*rig.source(), sql).await, value, "{sql}");
    }
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mysql_parameters_have_types() {
    let rig = Rig::mysql();
    let date = rowcall::value::Date::from_civil(2026, 11, 20).expect("a date");
    let values =
        [("day", Value::Date(date)), ("amount", Value::Decimal("0.10".into())), ("big", Value::UInt(u64::MAX))];
    let sql = "select date_add(:day, interval 1 day) as a, cast(:amount as decimal(5,2)) as b, :big as c";
    let rows = rig.source().fetch(rig.request(sql, &values)).await.expect("rows");
    let printed = printed(&rows.collect(1).await.expect("a row"));
    assert_eq!(printed[0][1..], ["0.10", "18446744073709551615"]);
    assert!(printed[0][0].starts_with("2026-11-21"), "{printed:?}");
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mysql_compares_moments_by_the_clock_of_the_session() {
    let rig = Rig::mysql();
    let noon = 1_763_640_000_500_000;
    for offset in [0, 32_400, -12_600] {
        let at = rowcall::value::Timestamp::new(noon, Some(offset));
        let sql = "select :at = cast('2025-11-20 12:00:00.5' as datetime(6)) as same, unix_timestamp(:at) as seconds, \
                   @@session.time_zone as zone";
        let rows = rig.source().fetch(rig.request(sql, &[("at", Value::Timestamp(at))])).await.expect("rows");
        assert_eq!(printed(&rows.collect(1).await.expect("a row")), [["1", "1763640000.500000", "+00:00"]], "{offset}");
    }
}

#[tokio::test]
async fn sqlite_cells_have_the_class_they_are_stored_in() {
    let rig = Rig::sqlite().await;
    rig.execute(
        "create table odd (n decimal(10,2), t text); insert into odd values (1.10, 1), ('x', x'ff'), (7, null)",
    )
    .await;
    let source = rig.source();
    let cases = [
        ("select n from odd where rowid = 1", Value::Float(1.1)),
        ("select n from odd where rowid = 2", Value::Text("x".into())),
        ("select n from odd where rowid = 3", Value::Int(7)),
        ("select t from odd where rowid = 1", Value::Text("1".into())),
        ("select t from odd where rowid = 2", Value::Bytes(vec![255].into())),
        ("select cast(x'ff' as text)", Value::Bytes(vec![255].into())),
        ("select x''", Value::Bytes(vec![].into())),
        ("select 9223372036854775807", Value::Int(i64::MAX)),
        ("select 1e999", Value::Float(f64::INFINITY)),
    ];
    for (sql, value) in cases {
        assert_eq!(rig.cell(&*source, sql).await, value, "{sql}");
    }
    let table = rig.table(&*source, "select * from stock").await.expect("no rows");
    let types: Vec<&str> = table.columns().iter().map(|column| column.type_name.as_str()).collect();
    assert_eq!(types, ["text", "integer"]);
}

#[tokio::test]
async fn a_sqlite_file_that_is_missing_is_named_and_not_created() {
    let rig = Rig::sqlite().await;
    let Rig::Sqlite(folder) = &rig else { unreachable!("a SQLite rig") };
    let error = rig.source_at("sqlite:missing.db?mode=ro").ping(PATIENCE).await.expect_err("missing");
    let file = folder.path().join("missing.db");
    assert_eq!(error.cause, Cause::Unreachable);
    assert_eq!(error.problem, format!("there is no file `{}`", file.display()));
    assert!(!file.exists());
    std::fs::write(&file, "no database at all, just a text that is long enough").expect("written");
    let error = rig.source_at("sqlite:missing.db").ping(PATIENCE).await.expect_err("no database");
    assert_eq!((error.cause, error.problem.contains("not a database")), (Cause::Unreachable, true), "{error:?}");
}

fn memory(setup: &str) -> Settings {
    Settings {
        name: rowcall::name::Name::new("demo").expect("a name"),
        engine: Engine::Sqlite,
        url: Secret::parse("sqlite::memory:", "`url`").expect("reads"),
        password: None,
        ca_file: None,
        max_concurrent: 4,
        setup: Some(setup.to_owned()),
    }
}

#[tokio::test]
async fn a_database_in_memory_is_filled_once_and_then_only_read() {
    let rig = Rig::sqlite().await;
    let source = rig.source_of(&memory("create table t (n); insert into t values (random()), (2)"));
    let first = rig.cell(&*source, "select n from t").await;
    assert_eq!(rig.cell(&*source, "select n from t").await, first);
    rig.table(&*source, "with x as (select 1) insert into t select * from x").await.expect_err("only read");
    assert_eq!(rig.cell(&*source, "select count(*) from t").await, Value::Int(2));
}

#[tokio::test]
async fn a_setup_that_fails_says_so() {
    let rig = Rig::sqlite().await;
    let error = rig.source_of(&memory("create tabel t (n)")).ping(PATIENCE).await.expect_err("a typing error");
    assert_eq!(error.cause, Cause::Settings);
    assert_eq!(error.problem, "`setup` failed: near \"tabel\": syntax error");
}
