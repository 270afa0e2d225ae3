//! `Conninfo`: where a server is and how to log in, in the keywords and values that every client of PostgreSQL knows.
//!
//! Read from a URL or from `host=.. dbname=..`; what it leaves out is filled in from elsewhere, and what the driver
//! does not know is taken out before it gets the rest.

use std::fmt::Write;

use tokio_postgres::Config;

use crate::source::url::parts;

/// Keywords and values, each keyword once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conninfo(Vec<(String, String)>);

impl Conninfo {
    /// Reads a URL, or keywords and values.
    ///
    /// # Errors
    /// One sentence that shows nothing of the text.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Ok(Self::of_url(text));
        }
        let mut read = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (key, after) = rest.split_once('=').ok_or("a keyword has no `=` and no value")?;
            let (value, after) = value(after.trim_start())?;
            read.set(key.trim_end(), &value);
            rest = after.trim_start();
        }
        Ok(read)
    }

    fn of_url(text: &str) -> Self {
        let (url, mut read) = (parts(text), Self::default());
        let authority = url.authority();
        let list = |of: fn(&(String, String)) -> &str| authority.hosts.iter().map(of).collect::<Vec<_>>().join(",");
        let (hosts, ports) = (list(|(host, _)| host), list(|(_, port)| port));
        let ports = if ports.chars().all(|c| c == ',') { String::new() } else { ports };
        let written = [
            ("user", authority.user.as_deref()),
            ("password", authority.password.as_deref()),
            ("host", Some(hosts.as_str())),
            ("port", Some(ports.as_str())),
            ("dbname", authority.database.as_deref()),
        ];
        for (key, value) in written {
            read.fill(key, value.unwrap_or_default());
        }
        for (key, value) in &url.pairs {
            read.set(key, value);
        }
        read
    }

    /// The value of a keyword.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Takes a keyword out.
    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// Gives a keyword its value, whatever it was before.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.take(key);
        self.0.push((key.to_owned(), value.to_owned()));
    }

    /// Gives a keyword a value unless it has one. An empty value is none.
    pub(super) fn fill(&mut self, key: &str, value: &str) {
        if self.get(key).is_none() && !value.is_empty() {
            self.0.push((key.to_owned(), value.to_owned()));
        }
    }

    /// Every server: host and port.
    pub(super) fn servers(&self) -> Vec<(&str, &str)> {
        let ports: Vec<&str> = self.get("port").unwrap_or_default().split(',').collect();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().filter(|port| !port.is_empty());
        let hosts = self.get("host").or(self.get("hostaddr")).unwrap_or_default();
        hosts.split(',').enumerate().map(|(index, host)| (host, port(index).unwrap_or("5432"))).collect()
    }

    /// What the driver makes of it.
    pub(super) fn config(&self) -> Result<Config, tokio_postgres::Error> {
        let mut text = String::new();
        for (key, value) in &self.0 {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            write!(text, "{key}='{value}' ").expect("memory");
        }
        text.parse()
    }
}

/// A value at the head of a text, quoted or not, and what follows it.
fn value(text: &str) -> Result<(String, &str), String> {
    let quoted = text.starts_with('\'');
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices().skip(usize::from(quoted)) {
        match c {
            _ if std::mem::take(&mut escaped) => value.push(c),
            '\\' => escaped = true,
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            c if c.is_whitespace() && !quoted => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted { Err("a quoted value is not closed".into()) } else { Ok((value, "")) }
}

#[cfg(test)]
mod tests {
    use super::Conninfo;

    fn pairs(text: &str) -> Vec<String> {
        let read = Conninfo::read(text).expect(text);
        read.0.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn urls_and_keywords_say_the_same() {
        let cases: [(&str, &[&str]); 7] = [
            ("postgres://", &[]),
            (
                "postgresql://u:p@h:1/d?sslmode=require",
                &["user=u", "password=p", "host=h", "port=1", "dbname=d", "sslmode=require"],
            ),
            ("postgres://a,b:2/d", &["host=a,b", "port=,2", "dbname=d"]),
            ("postgres://u@x/d?host=/run/pg&user=v", &["dbname=d", "host=/run/pg", "user=v"]),
            ("host=h port = 1 dbname='a b' user=o\\'x", &["host=h", "port=1", "dbname=a b", "user=o'x"]),
            ("host=h password='it\\'s \\\\ x'", &["host=h", "password=it's \\ x"]),
            ("  host=''  ", &["host="]),
        ];
        for (text, expected) in cases {
            assert_eq!(pairs(text), expected, "{text}");
        }
        for text in ["host", "host='x", "host=h word"] {
            assert!(Conninfo::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_server_has_a_host_and_a_port() {
        let servers = |text| {
            let read = Conninfo::read(text).expect(text);
            read.servers().iter().map(|(host, port)| format!("{host} {port}")).collect::<Vec<_>>()
        };
        assert_eq!(servers("postgres://a,b:2"), ["a 5432", "b 2"]);
        assert_eq!(servers("host=a,b port=7"), ["a 7", "b 7"]);
    }

    #[test]
    fn the_driver_gets_what_was_written() {
        let config = Conninfo::read("user='o\\'x\\\\' host=h dbname='a b'").expect("reads");
        let config = config.config().expect("the driver reads it");
        assert_eq!((config.get_user(), config.get_dbname()), (Some("o'x\\"), Some("a b")));
    }
}
