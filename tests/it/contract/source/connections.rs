//! How a server is reached: certificates, sockets, and what is taken from the surroundings of the user.

use std::path::Path;

use mysql_async::prelude::Queryable;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rowcall::secret::Secret;
use rowcall::source::{Cause, Settings, SourceError};
use rowcall::value::Value;

use super::rig::{PATIENCE, Rig};
use crate::rig::{Ran, Rig as Program};

/// The URL of a test's server, taken apart.
struct Login {
    scheme: String,
    user: String,
    password: String,
    port: String,
    database: String,
}

impl Login {
    fn of(rig: &Rig) -> Self {
        let url = rig.url();
        let mut words = url.split(['/', ':', '@']).filter(|word| !word.is_empty()).map(str::to_owned);
        let mut next = || words.next().expect("scheme://user:password@host:port/database");
        let (scheme, user, password, _host) = (next(), next(), next(), next());
        Self { scheme, user, password, port: next(), database: next() }
    }

    /// The same server by another name, and more in the query.
    fn at(&self, host: &str, query: &str) -> String {
        let Self { scheme, user, password, port, database } = self;
        format!("{scheme}://{user}:{password}@{host}:{port}/{database}?{query}")
    }
}

/// The authority of the servers' certificates, which are for `localhost`.
fn authority() -> String {
    std::env::var("ROWCALL_TEST_CA").expect("ROWCALL_TEST_CA names a certificate: the servers speak TLS")
}

/// An authority that signed nothing.
fn stranger() -> tempfile::NamedTempFile {
    let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("signs");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), issuer.pem()).expect("written");
    file
}

async fn reached(rig: &Rig, url: &str, ca_file: Option<&Path>) -> Result<(), SourceError> {
    let url = Secret::parse(url, "`url`").expect("reads");
    let source = rig.source_of(&Settings { url, ca_file: ca_file.map(Path::to_owned), ..rig.settings() });
    let done = source.ping(PATIENCE).await;
    source.close().await;
    done
}

fn refused(done: Result<(), SourceError>, words: &str, hint: &str) {
    let error = done.expect_err(words);
    assert_eq!(error.cause, Cause::Refused, "{error:?}");
    assert!(error.problem.contains(words), "{error:?}");
    assert!(error.hint.as_ref().is_some_and(|text| text.contains(hint)), "{error:?}");
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_certificates_are_checked_as_far_as_the_url_asks() {
    let (rig, own, other) = (Rig::postgres(), authority(), stranger());
    let (login, own) = (Login::of(&rig), Path::new(&own));
    let by_file = format!("sslrootcert={}", own.display());
    for (host, query, file) in [
        ("localhost", "sslmode=verify-full", Some(own)),
        ("localhost", "", Some(own)),
        ("localhost", &*format!("sslmode=verify-full&{by_file}"), None),
        ("127.0.0.1", "sslmode=verify-ca", Some(own)),
        ("127.0.0.1", "sslmode=require", Some(own)),
        ("127.0.0.1", "sslmode=require", None),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "sslmode=disable", None),
    ] {
        let done = reached(&rig, &login.at(host, query), file).await;
        assert_eq!(done, Ok(()), "{host} {query} {file:?}");
    }
    let done = async |host, query, file| reached(&rig, &login.at(host, query), file).await;
    refused(done("127.0.0.1", "sslmode=verify-full", Some(own)).await, "not valid for name", "sslmode=verify-ca");
    for query in ["", "sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"] {
        refused(done("localhost", query, Some(other.path())).await, "UnknownIssuer", "set `ca_file`");
    }
    refused(done("localhost", "sslrootcert=system", None).await, "certificate", "set `ca_file`");
    let source = rig.source_at(&login.at("127.0.0.1", "sslmode=require"));
    let encrypted = rig.cell(&*source, "select ssl from pg_stat_ssl where pid = pg_backend_pid()").await;
    assert_eq!(encrypted, Value::Bool(true));
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mysql_certificates_are_checked_as_far_as_the_url_asks() {
    let (rig, own, other) = (Rig::mysql(), authority(), stranger());
    let (login, own) = (Login::of(&rig), Path::new(&own));
    let by_file = format!("ssl-ca={}", own.display());
    for (host, query, file) in [
        ("localhost", "ssl-mode=verify_identity", Some(own)),
        ("localhost", "", Some(own)),
        ("localhost", &*by_file, None),
        ("127.0.0.1", "ssl-mode=required", None),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "ssl-mode=disabled", None),
    ] {
        let done = reached(&rig, &login.at(host, query), file).await;
        assert_eq!(done, Ok(()), "{host} {query} {file:?}");
    }
    let done = async |host, query, file| reached(&rig, &login.at(host, query), file).await;
    refused(done("127.0.0.1", "", Some(own)).await, "not valid for name", "name the host as the certificate does");
    refused(done("localhost", "", Some(other.path())).await, "UnknownIssuer", "set `ca_file`");
    refused(done("localhost", "ssl-mode=verify_identity", None).await, "UnknownIssuer", "set `ca_file`");
    let source = rig.source_at(&login.at("127.0.0.1", "ssl-mode=required"));
    let cipher = rig.cell(&*source, "show session status like 'ssl_cipher'").await;
    assert_eq!(cipher, Value::Text("Ssl_cipher".into()));
    let sql = "select variable_value from information_schema.session_status where variable_name = 'ssl_cipher'";
    assert!(matches!(rig.cell(&*source, sql).await, Value::Text(cipher) if !cipher.is_empty()));
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_answers_at_its_socket() {
    let rig = Rig::postgres();
    let login = Login::of(&rig);
    let folder = rig.cell(&*rig.source(), "select current_setting('unix_socket_directories')").await.to_string();
    let Login { user, password, port, .. } = &login;
    for url in [
        format!("postgres://{user}:{password}@{}:{port}/postgres", folder.replace('/', "%2F")),
        format!("postgres://{user}:{password}@/postgres?host={folder}&port={port}"),
        format!("postgres:///postgres?host={folder}&port={port}&user={user}&password={password}&sslmode=verify-full"),
        format!("host='{folder}' port={port} user={user} password={password} dbname=postgres"),
    ] {
        let source = rig.source_at(&url);
        assert!(rig.cell(&*source, "select inet_client_addr()").await.is_null(), "{url}");
    }
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mysql_answers_at_its_socket() {
    let rig = Rig::mysql();
    let Login { user, password, database, .. } = Login::of(&rig);
    let socket = rig.cell(&*rig.source(), "select @@socket").await.to_string();
    for url in [
        format!("mysql://{user}:{password}@{}/{database}", socket.replace('/', "%2F")),
        format!("mysql://{user}:{password}@/{database}?socket={socket}"),
    ] {
        let host = rig.cell(&*rig.source_at(&url), "select substring_index(user(), '@', -1)").await;
        assert_eq!(host, Value::Text("localhost".into()), "{url}");
    }
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mariadb_logs_in_by_ed25519_and_by_certificate() {
    let rig = Rig::mysql();
    let login = Login::of(&rig);
    let socket = rig.cell(&*rig.source(), "select @@socket").await.to_string();
    let root = mysql_async::OptsBuilder::default().socket(Some(socket)).user(Some("root")).pass(Some(&login.password));
    let mut root = mysql_async::Conn::new(root).await.expect("root comes by the socket");
    // It may be there already.
    let installed = root.query_drop("install soname 'auth_ed25519'").await;
    assert!(installed.is_ok() || matches!(installed, Err(mysql_async::Error::Server(error)) if error.code == 1968));
    for sql in [
        "create or replace user rowcall_ed25519@'%' identified via ed25519 using password('p@ss word')",
        "create or replace user rowcall_x509@'%' identified by 'p' require x509",
        "grant select on rowcall.* to rowcall_ed25519@'%', rowcall_x509@'%'",
    ] {
        root.query_drop(sql).await.expect(sql);
    }
    let port = &login.port;
    let ed25519 = |password| format!("mysql://rowcall_ed25519:{password}@127.0.0.1:{port}/rowcall");
    assert_eq!(reached(&rig, &ed25519("p%40ss%20word"), None).await, Ok(()));
    refused(reached(&rig, &ed25519("wrong"), None).await, "Access denied", "password");
    // Those of the servers serve as ours.
    let folder = Path::new(&authority()).parent().expect("a folder").display().to_string();
    let x509 = |more| format!("mysql://rowcall_x509:p@localhost:{port}/rowcall?ssl-mode=required{more}");
    let identity = format!("&ssl-cert={folder}/server.pem&ssl-key={folder}/server.key");
    assert_eq!(reached(&rig, &x509(identity.as_str()), None).await, Ok(()));
    refused(reached(&rig, &x509(""), None).await, "Access denied", "password");
    for user in ["rowcall_ed25519", "rowcall_x509"] {
        root.query_drop(format!("drop user {user}@'%'")).await.expect("there");
    }
    root.disconnect().await.expect("ends well");
}

/// A program with a home of its own, and one source.
fn program(source: &str) -> Program {
    Program::new()
        .catalogue(&format!("[sources.shop]\n{source}\n[queries.q]\nsource = \"shop\"\nsql = \"select 1 as one\"\n"))
}

fn asks(program: &Program) -> Ran {
    program.run(&["query", "q", "--format", "csv"])
}

fn private(program: Program, name: &str, text: &str, mode: u32) -> Program {
    use std::os::unix::fs::PermissionsExt;
    let program = program.file(name, text);
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(program.path().join(name), permissions).expect("ours");
    program
}

#[test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
fn postgres_alone_means_what_psql_means_by_it() {
    let Login { user, password, port, .. } = Login::of(&Rig::postgres());
    let bare = || program("url = \"postgres://\"").env("PGHOST", "127.0.0.1").env("PGPORT", &port).env("PGUSER", &user);
    let bare = || bare().env("PGDATABASE", "postgres").env("PGCONNECT_TIMEOUT", "10");
    assert_eq!(asks(&bare().secret("PGPASSWORD", &password)).exits(0).stdout, "one\n1\n");
    let line = format!("127.0.0.1:{port}:*:{user}:{password}\n");
    assert_eq!(asks(&private(bare(), ".pgpass", &line, 0o600)).exits(0).stdout, "one\n1\n");
    let elsewhere = private(bare().env("PGPASSFILE", "pass"), "pass", &format!("*:*:*:*:{password}\n"), 0o600);
    assert_eq!(asks(&elsewhere).exits(0).stdout, "one\n1\n");
    insta::assert_snapshot!(asks(&private(bare(), ".pgpass", &line, 0o644)), @r#"
    exit 3
    --- stderr
    error: source `shop`: invalid configuration: password missing
      next: password file `[DIR]/.pgpass` is ignored: others may read it; run `chmod 600` on it
    "#);
    insta::assert_snapshot!(asks(&bare()), @r#"
    exit 3
    --- stderr
    error: source `shop`: invalid configuration: password missing
      next: set `password` beside `url`, or write it into ~/.pgpass
    "#);
    // What the URL says goes before the variables, and the password of the source before all.
    let said =
        program(&format!("url = \"postgres://{user}:wrong@127.0.0.1:{port}/postgres\"\npassword = \"${{RIGHT}}\""));
    let said = said.env("PGHOST", "nowhere.example.com").env("PGPORT", "1").env("PGPASSWORD", "wrong");
    assert_eq!(asks(&said.secret("RIGHT", &password)).exits(0).stdout, "one\n1\n");
}

#[test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
fn postgres_services_are_found() {
    let Login { user, password, port, .. } = Login::of(&Rig::postgres());
    let file = format!("[shop]\nhost=127.0.0.1\nport={port}\nuser={user}\npassword={password}\ndbname=postgres\n");
    let by_url = program("url = \"postgres://?service=shop\"").file(".pg_service.conf", &file);
    assert_eq!(asks(&by_url).exits(0).stdout, "one\n1\n");
    let by_variable = program("type = \"postgres\"\nurl = \"dbname=template1\"").env("PGSERVICE", "shop");
    let by_variable = by_variable.env("PGSERVICEFILE", "services").file("services", &file);
    assert_eq!(asks(&by_variable).exits(0).stdout, "one\n1\n");
    insta::assert_snapshot!(asks(&program("url = \"postgres://?service=shpo\"")), @r#"
    exit 2
    --- stderr
    error: source `shop`: no service file defines `shpo`
    "#);
}

#[test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
fn mysql_reads_the_option_file_of_its_clients() {
    let Login { user, password, port, database, .. } = Login::of(&Rig::mysql());
    let file = format!(
        "[client]\nhost=127.0.0.1\nport={port}\nuser={user}\npassword=\"{password}\"\n[mysql]\ndatabase={database}\n"
    );
    let bare = || program("url = \"mysql://\"");
    assert_eq!(asks(&private(bare(), ".my.cnf", &file, 0o600)).exits(0).stdout, "one\n1\n");
    // What the URL says goes before the file.
    let other =
        private(program(&format!("url = \"mysql://rowcall_nobody@127.0.0.1:{port}\"")), ".my.cnf", &file, 0o600);
    let ran = asks(&other).exits(3);
    assert!(ran.stderr.contains("rowcall_nobody") && !ran.stderr.contains(&password), "{ran}");
    let authority = authority();
    let wrong = format!("{file}[client]\nssl-ca={authority}\n");
    let ran = asks(&private(bare(), ".my.cnf", &wrong, 0o600)).exits(3);
    assert!(ran.stderr.contains("not valid for name"), "{ran}");
    let open = program(&format!("url = \"mysql://{user}@127.0.0.1:{port}\""));
    let ran = asks(&private(open, ".my.cnf", &file, 0o666)).exits(3);
    assert!(ran.stderr.contains("next: option file `[DIR]/.my.cnf` is ignored"), "{ran}");
}
