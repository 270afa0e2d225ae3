//! A database to test against, and a source on it.

use std::path::Path;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use rowcall::name::Name;
use rowcall::secret::{Environment, Secret};
use rowcall::source::{self, Bound, Engine, Request, Rows, Settings, Source, SourceError, World};
use rowcall::sql::Statement;
use rowcall::table::Table;
use rowcall::value::Value;
use sqlx::{ConnectOptions, Connection};
use tokio_util::sync::CancellationToken;

/// Long enough for any statement that is meant to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A database of one engine. The servers are given by the environment: `tests/run` starts them.
pub(super) enum Rig {
    Postgres(String),
    Mysql(String),
    Sqlite(tempfile::TempDir),
}

impl Rig {
    pub(super) fn postgres() -> Self {
        Self::Postgres(std::env::var("ROWCALL_TEST_POSTGRES").expect("ROWCALL_TEST_POSTGRES names a server"))
    }

    pub(super) fn mysql() -> Self {
        Self::Mysql(std::env::var("ROWCALL_TEST_MYSQL").expect("ROWCALL_TEST_MYSQL names a server"))
    }

    pub(super) async fn sqlite() -> Self {
        let rig = Self::Sqlite(tempfile::tempdir().expect("a folder"));
        rig.execute("create table stock (sku text, on_hand int)").await;
        rig
    }

    pub(super) fn engine(&self) -> Engine {
        match self {
            Self::Postgres(_) => Engine::Postgres,
            Self::Mysql(_) => Engine::Mysql,
            Self::Sqlite(_) => Engine::Sqlite,
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Postgres(url) | Self::Mysql(url) => url.clone(),
            Self::Sqlite(_) => "sqlite:test.db".to_owned(),
        }
    }

    /// The one of three texts that is for this engine: PostgreSQL, MySQL, SQLite.
    pub(super) fn of<'a>(&self, [postgres, mysql, sqlite]: [&'a str; 3]) -> &'a str {
        match self {
            Self::Postgres(_) => postgres,
            Self::Mysql(_) => mysql,
            Self::Sqlite(_) => sqlite,
        }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            name: Name::new("shop").expect("a name"),
            engine: self.engine(),
            url: Secret::parse(&self.url(), "`url`").expect("reads"),
            password: None,
            ca_file: None,
            max_concurrent: 4,
            setup: None,
        }
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Postgres(_) | Self::Mysql(_) => Path::new("/"),
            Self::Sqlite(folder) => folder.path(),
        }
    }

    pub(super) fn source(&self) -> Box<dyn Source> {
        self.source_of(&self.settings())
    }

    pub(super) fn source_of(&self, settings: &Settings) -> Box<dyn Source> {
        let world = World { environment: Environment::default(), folder: self.folder().into() };
        source::open(settings, &world)
    }

    pub(super) fn source_at(&self, url: &str) -> Box<dyn Source> {
        self.source_of(&Settings { url: Secret::parse(url, "`url`").expect("reads"), ..self.settings() })
    }

    pub(super) fn request(&self, sql: &str, values: &[(&str, Value<'static>)]) -> Request {
        let statement = Statement::parse(sql, self.engine().dialect()).expect("one statement");
        let values = values.iter().map(|(word, value)| (Name::new(word).expect("a name"), value.clone())).collect();
        let bound = Bound::new(statement, values).expect("every parameter has a value");
        Request { bound, timeout: PATIENCE, label: "contract".into() }
    }

    pub(super) async fn fetch(&self, source: &dyn Source, sql: &str) -> Result<Rows, SourceError> {
        source.fetch(self.request(sql, &[])).await
    }

    /// The whole result of a statement.
    pub(super) async fn table(&self, source: &dyn Source, sql: &str) -> Result<Table, SourceError> {
        self.fetch(source, sql).await?.collect(usize::MAX).await
    }

    /// The only cell of a result.
    pub(super) async fn cell(&self, source: &dyn Source, sql: &str) -> Value<'static> {
        let table = self.table(source, sql).await.expect(sql);
        let row = table.rows().next().expect("a row");
        row.get(0).into_owned()
    }

    /// Runs statements as an owner of the database would, past the source.
    pub(super) async fn execute(&self, sql: &str) {
        match self {
            Self::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connects");
                let moving = tokio::spawn(connection);
                client.batch_execute(sql).await.expect(sql);
                drop(client);
                moving.await.expect("ends").expect("ends well");
            }
            Self::Mysql(url) => {
                let mut conn = mysql_async::Conn::from_url(url).await.expect("connects");
                conn.query_drop(sql).await.expect(sql);
                conn.disconnect().await.expect("ends well");
            }
            Self::Sqlite(folder) => {
                let file = folder.path().join("test.db");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
                let mut connection = options.busy_timeout(Duration::ZERO).connect().await.expect("opens");
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect(sql);
                connection.close().await.expect("closes");
            }
        }
    }

    /// Fails when a statement under this label still runs in the database.
    pub(super) async fn expect_nothing_running(&self, label: &str) {
        let count = match self {
            Self::Postgres(_) => format!(
                "select count(*) from pg_stat_activity \
                 where state = 'active' and query like '/* rowcall: {label} %' and pid <> pg_backend_pid()"
            ),
            Self::Mysql(_) => format!(
                "select count(*) from information_schema.processlist \
                 where info like '/* rowcall: {label} %' and id <> connection_id()"
            ),
            // A statement that still read would hold a lock against this.
            Self::Sqlite(_) => return self.execute("begin exclusive; rollback").await,
        };
        assert_eq!(self.cell(&*self.source(), &count).await, Value::Int(0));
    }
}

/// Every cell as it is printed.
pub(super) fn printed(table: &Table) -> Vec<Vec<String>> {
    table.rows().map(|row| row.values().map(|value| value.to_string()).collect()).collect()
}

/// A line to a server that can go dead: open still, but nothing passes.
pub(super) struct Line {
    /// The server by this line.
    pub(super) url: String,
    pub(super) dead: CancellationToken,
}

impl Line {
    pub(super) async fn to(url: &str) -> Self {
        let (_, rest) = url.rsplit_once('@').expect("a user");
        let place = rest.split('/').next().expect("a place").to_owned();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = url.replace(&place, &listener.local_addr().expect("an address").to_string());
        let dead = CancellationToken::new();
        let passing = dead.clone();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let (place, passing) = (place.clone(), passing.clone());
                open.push(tokio::spawn(async move {
                    let mut far = tokio::net::TcpStream::connect(place).await.expect("the server listens");
                    let passed = tokio::io::copy_bidirectional(&mut near, &mut far);
                    if passing.run_until_cancelled(passed).await.is_none() {
                        // Both ends stay open for as long as the test runs.
                        std::future::pending::<()>().await;
                    }
                }));
            }
        });
        Self { url, dead }
    }
}
