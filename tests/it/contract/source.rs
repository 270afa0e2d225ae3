//! What every source promises, asked of all three engines; then what each engine alone has.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rowcall::name::Name;
use rowcall::secret::Secret;
use rowcall::source::{Argument, Bound, Cause, Request, Settings, SourceError};
use rowcall::sql::Statement;
use rowcall::value::Value;

use rig::{Line, Rig, printed};

mod connections;
mod engines;
mod left;
mod login;
mod rig;
mod torture;

/// Longer than a statement that is meant to be broken off may take.
const SHORT: Duration = Duration::from_millis(300);
/// What cancelling may add to a deadline.
const CANCELLING: Duration = Duration::from_millis(2_500);

/// 200,000 rows of two columns, on any engine.
const MANY: &str = "with d as (select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 \
     union all select 5 union all select 6 union all select 7 union all select 8 union all select 9) \
     select a.n + 10 * b.n + 100 * c.n + 1000 * e.n + 10000 * f.n as id, 'a text of some length' as filler \
     from d a, d b, d c, d e, d f, (select 0 as n union all select 1) g";

/// Statements that run until they are broken off.
const ENDLESS: [&str; 3] = [
    "select pg_sleep(60)",
    "select sleep(60)",
    "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) from c, stock",
];

macro_rules! contract {
    (every { $($every:ident)* } servers { $($server:ident)* }) => {
        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
            async fn $every() {
                super::$every(&super::Rig::postgres()).await;
            })*
            $(#[tokio::test]
            #[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
            async fn $server() {
                super::$server(&super::Rig::postgres()).await;
            })*
        }
        mod mysql {
            $(#[tokio::test]
            #[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
            async fn $every() {
                super::$every(&super::Rig::mysql()).await;
            })*
            $(#[tokio::test]
            #[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
            async fn $server() {
                super::$server(&super::Rig::mysql()).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $every() {
                super::$every(&super::Rig::sqlite().await).await;
            })*
        }
    };
}

contract! {
    every {
        values_come_as_the_database_means_them
        an_empty_result_has_columns
        duplicate_column_names_stay
        parameters_are_bound
        lists_are_bound
        writes_are_refused
        an_error_carries_the_words_and_the_place
        a_connection_survives_a_statement_error
        a_lapsed_deadline_cancels
        dropped_rows_cancel
        a_cut_table_cancels
        a_large_result_comes_in_small_batches
        connections_are_limited
        a_closed_source_opens_again
        closing_breaks_off_what_is_running
        a_ping_is_answered
        a_question_takes_the_connection_that_was_made_ahead
        a_secret_that_is_not_set_is_named
    }
    servers {
        a_wrong_password_is_refused_and_not_shown
        a_closed_port_is_named
        a_server_that_says_nothing_is_named
        what_is_connected_ahead_is_one_connection
        a_connection_is_used_again
        a_killed_idle_connection_is_replaced
        a_connection_killed_among_its_rows_is_an_error
        the_statement_says_whose_it_is
        the_server_knows_the_limit
        a_line_that_went_dead_ends_by_the_deadline
    }
}

async fn values_come_as_the_database_means_them(rig: &Rig) {
    let sql = rig.of([
        "select 1 as i, 'é 주문' as t, null as n, 1.5::float8 as f, '' as e, -9223372036854775808 as low",
        "select 1 as i, 'é 주문' as t, null as n, 1.5e0 as f, '' as e, -9223372036854775808 as low",
        "select 1 as i, 'é 주문' as t, null as n, 1.5 as f, '' as e, -9223372036854775808 as low",
    ]);
    let table = rig.table(&*rig.source(), sql).await.expect("rows");
    let names: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["i", "t", "n", "f", "e", "low"]);
    let row: Vec<Value<'_>> = table.rows().next().expect("a row").values().collect();
    let text = |text: &'static str| Value::Text(text.into());
    let (low, float) = (Value::Int(i64::MIN), Value::Float(1.5));
    assert_eq!(row, [Value::Int(1), text("é 주문"), Value::Null, float, text(""), low]);
}

async fn an_empty_result_has_columns(rig: &Rig) {
    let table = rig.table(&*rig.source(), "select 1 as a, 'x' as b where 1 = 0").await.expect("no rows");
    assert_eq!((table.columns().len(), table.len(), table.is_cut()), (2, 0, false));
    assert_eq!(table.columns()[1].name, "b");
}

async fn duplicate_column_names_stay(rig: &Rig) {
    let table = rig.table(&*rig.source(), "select 1 as a, 2 as a").await.expect("rows");
    assert_eq!(printed(&table), [["1", "2"]]);
    assert!(table.columns().iter().all(|column| column.name == "a"));
}

async fn parameters_are_bound(rig: &Rig) {
    let source = rig.source();
    let sql = rig.of([
        "select :word::text as a, :word::text as b, :number + 1 as c, :none::text as d",
        "select :word as a, :word as b, :number + 1 as c, :none as d",
        "select :word as a, :word as b, :number + 1 as c, :none as d",
    ]);
    for word in ["plain", "it's", "'; drop table stock; --", "\\' or 1=1 #", "$1 ? :word", "주문 \u{1F980}", ""] {
        let values = [("word", Value::Text(word.to_owned().into())), ("number", Value::Int(41)), ("none", Value::Null)];
        let rows = source.fetch(rig.request(sql, &values)).await.expect(word);
        let table = rows.collect(10).await.expect(word);
        assert_eq!(printed(&table), [[word, word, "42", ""]]);
        assert!(table.rows().next().expect("a row").get(3).is_null());
    }
}

async fn lists_are_bound(rig: &Rig) {
    let statement = "select n from (select 1 as n union all select 2 union all select 3) t \
         where n in (:ids) and n not in (:others) and :word = 'it''s' order by n";
    let statement = Statement::parse(statement, rig.engine().dialect()).expect("one statement");
    let list = |ids: std::ops::RangeInclusive<i64>| Argument::List(ids.map(Value::Int).collect());
    for (ids, others, expected) in [(1..=3, 2..=2, vec!["1", "3"]), (3..=9_000, 5..=6, vec!["3"])] {
        let name = |word| Name::new(word).expect("a name");
        let word = Argument::One(Value::Text("it's".into()));
        let arguments = vec![(name("others"), list(others)), (name("word"), word), (name("ids"), list(ids))];
        let bound = Bound::new(statement.clone(), arguments).expect("fits");
        let request = Request { bound, timeout: rig::PATIENCE, label: "contract".into() };
        let table = rig.source().fetch(request).await.expect("rows").collect(10).await.expect("rows");
        assert_eq!(printed(&table).concat(), expected);
    }
}

async fn writes_are_refused(rig: &Rig) {
    let name = "rowcall_contract_writes";
    rig.execute(&format!("drop table if exists {name}")).await;
    rig.execute(&format!("create table {name} (n int)")).await;
    // What the database alone can see to be a write.
    let hidden = match rig {
        Rig::Postgres(_) => {
            let function = format!("create or replace function {name}_f() returns int language sql as");
            rig.execute(&format!("{function} 'insert into {name} values (1) returning n'")).await;
            format!("select {name}_f()")
        }
        Rig::Mysql(_) => {
            rig.execute(&format!("drop function if exists {name}_f")).await;
            let body = format!("begin insert into {name} values (1); return 1; end");
            rig.execute(&format!("create function {name}_f() returns int {body}")).await;
            format!("select {name}_f()")
        }
        Rig::Sqlite(_) => format!("with x as (select 1) insert into {name} select * from x"),
    };
    let source = rig.source();
    let open = [format!("insert into {name} values (1)"), format!("drop table {name}"), hidden];
    for (index, sql) in open.iter().enumerate() {
        let error = rig.table(&*source, sql).await.expect_err(sql);
        let by_the_gate = index < 2;
        assert!(matches!((error.cause, by_the_gate), (Cause::Settings, _) | (Cause::Statement, false)), "{error:?}");
        assert!(error.hint.expect("a hint").contains("read-only"), "{sql}");
    }
    assert_eq!(rig.cell(&*source, &format!("select count(*) from {name}")).await, Value::Int(0));
}

async fn an_error_carries_the_words_and_the_place(rig: &Rig) {
    let source = rig.source();
    let cases = [
        (
            "select '주문' as a,\n       1 as b wrong wrongly",
            rig.of(["at or near", "near 'wrong wrongly'", "near \"wrong\""]),
        ),
        ("select *\nfrom rowcall_nowhere", "rowcall_nowhere"),
        ("select :word as x,\n rowcall_nothing from (select 1 as a) t", "rowcall_nothing"),
    ];
    for (sql, words) in cases {
        let values = [("word", Value::Text("x".into()))];
        let values = if sql.contains(":word") { &values[..] } else { &[] };
        let error = source.fetch(rig.request(sql, values)).await.map(|_| ()).expect_err(sql);
        assert_eq!(error.cause, Cause::Statement, "{error:?}");
        assert!(error.problem.contains(words), "{error:?}");
        let place = sql.find("wrong").or(sql.find("rowcall_"));
        assert_eq!(error.offset, place, "{error:?}");
    }
}

async fn a_connection_survives_a_statement_error(rig: &Rig) {
    let source = rig.source_of(&Settings { max_concurrent: 1, ..rig.settings() });
    for _ in 0..3 {
        rig.table(&*source, "select * from rowcall_nowhere").await.expect_err("no such table");
        assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
    }
}

/// A request that runs for as long as it may.
fn endless(rig: &Rig, label: &str, timeout: Duration) -> Request {
    Request { timeout, label: label.to_owned(), ..rig.request(rig.of(ENDLESS), &[]) }
}

async fn stocked(rig: &Rig) {
    if let Rig::Sqlite(_) = rig {
        rig.execute("insert into stock values ('A-1', 3)").await;
    }
}

async fn a_lapsed_deadline_cancels(rig: &Rig) {
    stocked(rig).await;
    let (source, started) = (rig.source(), Instant::now());
    let outcome = match source.fetch(endless(rig, "contract lapsed", SHORT)).await {
        Ok(rows) => rows.collect(1).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let error = outcome.expect_err("lapses");
    assert!(started.elapsed() >= SHORT && started.elapsed() < SHORT + CANCELLING, "{:?}", started.elapsed());
    assert_eq!(
        (error.cause, error.problem.as_str()),
        (Cause::Timeout, "no answer within 300ms; the statement was cancelled")
    );
    rig.expect_nothing_running("contract lapsed").await;
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
}

async fn dropped_rows_cancel(rig: &Rig) {
    stocked(rig).await;
    let source = rig.source();
    let started = Instant::now();
    let asked = source.fetch(endless(rig, "contract dropped", rig::PATIENCE));
    let waited = tokio::time::timeout(SHORT, async { asked.await.expect("columns").next().await.map(|_| ()) }).await;
    waited.expect_err("nobody waits for the rows any more");
    source.close().await;
    assert!(started.elapsed() < SHORT + CANCELLING, "{:?}", started.elapsed());
    rig.expect_nothing_running("contract dropped").await;
}

async fn a_cut_table_cancels(rig: &Rig) {
    let source = rig.source_of(&Settings { max_concurrent: 1, ..rig.settings() });
    let request = Request { label: "contract cut".into(), ..rig.request(MANY, &[]) };
    let table = source.fetch(request).await.expect("rows").collect(5).await.expect("rows");
    assert_eq!((table.len(), table.is_cut()), (5, true));
    // The only connection: its successor waits until the statement has ended.
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
    rig.expect_nothing_running("contract cut").await;
}

async fn a_large_result_comes_in_small_batches(rig: &Rig) {
    let source = rig.source();
    let mut rows = rig.fetch(&*source, MANY).await.expect("rows");
    let (mut count, mut sum) = (0, 0);
    while let Some(batch) = rows.next().await.expect("rows") {
        assert!(batch.len() <= 1_000 && batch.size() < 128 * 1024, "{} rows, {} bytes", batch.len(), batch.size());
        count += batch.len();
        for row in batch.rows() {
            match row.get(0) {
                Value::Int(id) => sum += id,
                other => panic!("{other:?}"),
            }
        }
        // Lets the writer run ahead as far as it may.
        tokio::task::yield_now().await;
    }
    assert_eq!((count, sum), (200_000, 2 * 4_999_950_000));
}

async fn connections_are_limited(rig: &Rig) {
    let source = rig.source_of(&Settings { max_concurrent: 2, ..rig.settings() });
    let first = rig.fetch(&*source, MANY).await.expect("rows");
    let second = rig.fetch(&*source, MANY).await.expect("rows");
    let third = Request { timeout: SHORT, ..rig.request("select 1", &[]) };
    let error = source.fetch(third).await.map(|_| ()).expect_err("no connection is free");
    assert_eq!((error.cause, error.problem.as_str()), (Cause::Timeout, "all 2 connections were busy for 300ms"));
    drop(first);
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
    assert_eq!(second.collect(usize::MAX).await.expect("rows").len(), 200_000);
}

async fn a_closed_source_opens_again(rig: &Rig) {
    let source = rig.source();
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
    source.close().await;
    assert_eq!(rig.cell(&*source, "select 2").await, Value::Int(2));
}

async fn closing_breaks_off_what_is_running(rig: &Rig) {
    let source = rig.source();
    let mut rows =
        source.fetch(Request { label: "contract closing".into(), ..rig.request(MANY, &[]) }).await.expect("rows");
    source.close().await;
    rig.expect_nothing_running("contract closing").await;
    let error = loop {
        match rows.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a table that was cut short passes for a whole one"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.problem, "the work was broken off");
}

async fn a_ping_is_answered(rig: &Rig) {
    let source = rig.source();
    assert_eq!(source.ping(rig::PATIENCE).await, Ok(()));
    assert_eq!(source.ping(rig::PATIENCE).await, Ok(()));
    source.close().await;
}

async fn a_secret_that_is_not_set_is_named(rig: &Rig) {
    let password = Secret::parse("${ROWCALL_CONTRACT_UNSET}", "`password`").expect("reads");
    let source = rig.source_of(&Settings { password: Some(password), ..rig.settings() });
    let error = source.ping(rig::PATIENCE).await.expect_err("not set");
    let problem = "environment variable `ROWCALL_CONTRACT_UNSET` is not set (needed by `password`)";
    assert_eq!((error.cause, error.problem.as_str()), (Cause::Settings, problem));
}

async fn a_wrong_password_is_refused_and_not_shown(rig: &Rig) {
    let url = rig.url();
    let (before, after) = url.split_once('@').expect("a user");
    let (user, right) = before.rsplit_once(':').expect("a password");
    let error = rig.source_at(&format!("{user}:wr0ng-canary@{after}")).ping(rig::PATIENCE).await.expect_err("refused");
    assert_eq!(error.cause, Cause::Refused, "{error:?}");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("password")), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary") && !shown.contains(right), "{shown}");
}

async fn a_closed_port_is_named(rig: &Rig) {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = free.local_addr().expect("an address").to_string();
    drop(free);
    let source = rig.source_at(&format!("{}://u:canary-5ecret@{place}/x", rig.engine()));
    let error = source.ping(rig::PATIENCE).await.expect_err("nobody listens");
    assert_eq!(error.cause, Cause::Unreachable, "{error:?}");
    assert!(error.problem.contains(&place) && error.problem.contains("refused"), "{error:?}");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains(&place)), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

async fn a_server_that_says_nothing_is_named(rig: &Rig) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = silent.local_addr().expect("an address").to_string();
    let source = rig.source_at(&format!("{}://u:canary-5ecret@{place}/x", rig.engine()));
    let error = source.ping(SHORT).await.expect_err("nobody answers");
    assert_eq!((error.cause, error.problem), (Cause::Unreachable, format!("no connection to {place} within 300ms")));
}

async fn a_question_takes_the_connection_that_was_made_ahead(rig: &Rig) {
    let source = rig.source();
    source.ahead();
    source.ahead();
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
    source.ahead();
    source.close().await;
    source.ahead();
    source.close().await;
    assert_eq!(rig.cell(&*source, "select 2").await, Value::Int(2));
}

async fn what_is_connected_ahead_is_one_connection(rig: &Rig) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = silent.local_addr().expect("an address").to_string();
    let source = rig.source_at(&format!("{}://u:canary-5ecret@{place}/x", rig.engine()));
    source.ahead();
    let error = source.ping(SHORT).await.expect_err("nobody answers");
    assert_eq!(error.problem, format!("no connection to {place} within 300ms"));
    silent.set_nonblocking(true).expect("is ours");
    silent.accept().expect("one connection");
    assert_eq!(silent.accept().map(drop).map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock));
    source.close().await;
}

const CONNECTION: [&str; 3] = ["select pg_backend_pid()", "select connection_id()", ""];

async fn kill(rig: &Rig, connection: &Value<'_>) {
    match rig {
        Rig::Postgres(_) => rig.execute(&format!("select pg_terminate_backend({connection}, 5000)")).await,
        Rig::Mysql(_) => rig.execute(&format!("kill {connection}")).await,
        Rig::Sqlite(_) => unreachable!("has no connections to kill"),
    }
}

async fn a_connection_is_used_again(rig: &Rig) {
    let source = rig.source();
    let first = rig.cell(&*source, rig.of(CONNECTION)).await;
    assert_eq!(source.ping(rig::PATIENCE).await, Ok(()));
    assert_eq!(rig.cell(&*source, rig.of(CONNECTION)).await, first);
}

async fn a_killed_idle_connection_is_replaced(rig: &Rig) {
    let source = rig.source();
    let first = rig.cell(&*source, rig.of(CONNECTION)).await;
    kill(rig, &first).await;
    assert_ne!(rig.cell(&*source, rig.of(CONNECTION)).await, first);
}

async fn a_connection_killed_among_its_rows_is_an_error(rig: &Rig) {
    let source = rig.source_of(&Settings { max_concurrent: 1, ..rig.settings() });
    let connection = rig.cell(&*source, rig.of(CONNECTION)).await;
    let mut rows = rig.fetch(&*source, MANY).await.expect("rows");
    rows.next().await.expect("a first batch");
    kill(rig, &connection).await;
    let error: SourceError = loop {
        match rows.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a table that was cut short passes for a whole one"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.cause, Cause::Unreachable, "{error:?}");
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
}

async fn the_statement_says_whose_it_is(rig: &Rig) {
    let sql = rig.of([
        "select query from pg_stat_activity where pid = pg_backend_pid()",
        "select info from information_schema.processlist where id = connection_id()",
        "",
    ]);
    let request = Request { label: "alert late_orders */ drop".into(), ..rig.request(sql, &[]) };
    let table = rig.source().fetch(request).await.expect("rows").collect(1).await.expect("a row");
    assert_eq!(printed(&table), [[format!("/* rowcall: alert late_orders  drop */ {sql}")]]);
}

async fn the_server_knows_the_limit(rig: &Rig) {
    let sql = rig.of([
        "select extract(epoch from current_setting('statement_timeout')::interval)::int",
        "select cast(@@max_statement_time as int)",
        "",
    ]);
    let source = rig.source_of(&Settings { max_concurrent: 1, ..rig.settings() });
    for seconds in [7, 7, 30] {
        let request = Request { timeout: Duration::from_secs(seconds), ..rig.request(sql, &[]) };
        let table = source.fetch(request).await.expect("rows").collect(1).await.expect("a row");
        assert_eq!(printed(&table), [[seconds.to_string()]]);
    }
}

async fn a_line_that_went_dead_ends_by_the_deadline(rig: &Rig) {
    let line = Line::to(&rig.url()).await;
    let source = rig.source_at(&line.url);
    assert_eq!(rig.cell(&*source, "select 1").await, Value::Int(1));
    line.dead.cancel();
    let started = Instant::now();
    let request = Request { timeout: SHORT, ..rig.request("select 2", &[]) };
    let error = match source.fetch(request).await {
        Ok(rows) => rows.collect(1).await.map(|_| ()).expect_err("no rows come"),
        Err(error) => error,
    };
    assert_eq!(error.cause, Cause::Timeout, "{error:?}");
    source.close().await;
    assert!(started.elapsed() < SHORT + CANCELLING, "{:?}", started.elapsed());
}
