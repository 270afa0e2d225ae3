//! The private servers that `tests/run` starts and names in the environment.

/// A server and how to reach it.
pub(crate) struct Server {
    url: String,
}

impl Server {
    pub(crate) fn url(&self) -> String {
        self.url.clone()
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
