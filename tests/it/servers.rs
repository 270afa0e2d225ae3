//! The private servers that `tests/run` starts and names in the environment.

/// A server and how to reach it.
pub(crate) struct Server {
    url: String,
}

impl Server {
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Runs statements, in a thread of its own: the test may already run inside a runtime.
    pub(crate) fn execute(&self, statements: &[String]) {
        let (url, statements) = (self.url(), statements.to_vec());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                if url.starts_with("postgres") {
                    let (client, connection) =
                        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connects");
                    let connection = tokio::spawn(connection);
                    client.batch_execute(&statements.join(";\n")).await.expect("runs");
                    drop(client);
                    connection.await.expect("ends").expect("ends well");
                } else {
                    use mysql_async::prelude::Queryable;
                    let mut connection = mysql_async::Conn::from_url(&url).await.expect("connects");
                    for statement in &statements {
                        connection.query_drop(statement).await.expect("runs");
                    }
                    connection.disconnect().await.expect("ends well");
                }
            });
        })
        .join()
        .expect("the statements run");
    }

    /// The same server for someone else; an empty password leaves it out.
    pub(crate) fn url_with(&self, user: &str, password: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("a URL");
        let (_, host) = rest.rsplit_once('@').expect("a user");
        let password = if password.is_empty() { String::new() } else { format!(":{password}") };
        format!("{scheme}://{user}{password}@{host}")
    }
}

pub(crate) fn postgres() -> Server {
    named("ROWCALL_TEST_POSTGRES")
}

pub(crate) fn mysql() -> Server {
    named("ROWCALL_TEST_MYSQL")
}

fn named(variable: &str) -> Server {
    let url = std::env::var(variable);
    Server { url: url.unwrap_or_else(|_| panic!("{variable} is not set: this test needs a server, run tests/run")) }
}
