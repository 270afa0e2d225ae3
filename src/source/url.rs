//! The URL of a source, taken apart as far as we read it ourselves; the rest is the driver's.

/// A URL without its query, and the pairs of the query, decoded.
#[derive(PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Everything before the `?`.
    pub(super) base: &'a str,
    /// What the query says, in order.
    pub(super) pairs: Vec<(String, String)>,
}

/// Whom to be, where, and for which database; what the URL leaves out is none or empty.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) struct Authority {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// Host and port, as they are written.
    pub(super) hosts: Vec<(String, String)>,
    pub(super) database: Option<String>,
}

/// Takes a URL apart.
pub(super) fn parts(url: &str) -> Parts<'_> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let pair = |text: &str| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        (decode(key), decode(value))
    };
    Parts { base, pairs: query.split('&').filter(|text| !text.is_empty()).map(pair).collect() }
}

impl Parts<'_> {
    /// Takes out the pairs whose key is one of `keys`; the last of several counts.
    pub(super) fn take(&mut self, keys: &[&str]) -> Option<String> {
        let mut taken = None;
        self.pairs.retain_mut(|(key, value)| {
            let wanted = keys.contains(&key.as_str());
            if wanted {
                taken = Some(std::mem::take(value));
            }
            !wanted
        });
        taken
    }

    /// The query with the pairs that were not taken out, with its `?`; empty without one.
    #[cfg(feature = "mysql")]
    pub(super) fn query(&self) -> String {
        let pairs: Vec<String> =
            self.pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// What stands before the query, decoded.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn authority(&self) -> Authority {
        let rest = self.base.split_once("://").map_or("", |(_, rest)| rest);
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let host = |text: &str| {
            let end = text.rfind(']').map_or(0, |bracket| bracket + 1);
            let (host, port) = match text[end..].split_once(':') {
                Some((before, port)) => (&text[..end + before.len()], port),
                None => (text, ""),
            };
            (decode(host.trim_start_matches('[').trim_end_matches(']')), port.to_owned())
        };
        let written = |text: &str| (!text.is_empty()).then(|| decode(text));
        Authority {
            user: written(user),
            password: written(password),
            hosts: hosts.split(',').map(host).filter(|(host, port)| !(host.is_empty() && port.is_empty())).collect(),
            database: written(database),
        }
    }

    /// The password before the host, as it is written and decoded: both forms may turn up in a driver's words.
    pub(super) fn passwords(&self) -> Vec<String> {
        let authority = self.base.split_once("://").map_or(self.base, |(_, rest)| rest);
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        match user.split_once(':') {
            Some((_, password)) if !password.is_empty() => vec![password.to_owned(), decode(password)],
            _ => Vec::new(),
        }
    }
}

/// Replaces `%xx` by its byte; what is no such thing stays.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let hex = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = (*byte == b'%').then(|| Some((hex(bytes.get(at + 1)?)?, hex(bytes.get(at + 2)?)?))).flatten();
        decoded.push(digits.map_or(*byte, |(high, low)| high * 16 + low));
        at += if digits.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Whether a host is this machine.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

#[cfg(feature = "mysql")]
fn encode(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/' | b',');
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match plain(&byte) {
            true => encoded.push(byte.into()),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::{decode, parts};

    #[test]
    fn our_own_keys_are_taken_out_and_the_others_left() {
        let mut url = parts("postgres://u:p%40ss@h/db?sslmode=require&options=-c%20a%3Db&sslrootcert=%2Fca.pem");
        assert_eq!(url.take(&["sslmode"]).as_deref(), Some("require"));
        assert_eq!(url.take(&["sslrootcert"]).as_deref(), Some("/ca.pem"));
        assert_eq!(url.take(&["sslmode"]), None);
        #[cfg(feature = "mysql")]
        assert_eq!(url.query(), "?options=-c%20a%3Db");
        assert_eq!(url.passwords(), ["p%40ss", "p@ss"]);
    }

    #[test]
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    fn what_stands_before_the_query_is_decoded() {
        type Read<'a> = (Option<&'a str>, Option<&'a str>, &'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: [(&str, Read<'_>); 7] = [
            ("postgres://", (None, None, &[], None)),
            ("postgres:///shop", (None, None, &[], Some("shop"))),
            ("postgres://u:p%40s@h:1/a%20b?x=y", (Some("u"), Some("p@s"), &[("h", "1")], Some("a b"))),
            ("postgres://u@[::1]:5/d", (Some("u"), None, &[("::1", "5")], Some("d"))),
            ("postgres://[::1]", (None, None, &[("::1", "")], None)),
            ("postgres://%2Frun%2Fpg,b:2/d", (None, None, &[("/run/pg", ""), ("b", "2")], Some("d"))),
            ("postgres://:6432/", (None, None, &[("", "6432")], None)),
        ];
        for (url, (user, password, hosts, database)) in cases {
            let read = parts(url).authority();
            assert_eq!((read.user.as_deref(), read.password.as_deref()), (user, password), "{url}");
            let read_hosts: Vec<_> = read.hosts.iter().map(|(host, port)| (host.as_str(), port.as_str())).collect();
            assert_eq!((read_hosts.as_slice(), read.database.as_deref()), (hosts, database), "{url}");
        }
    }

    #[test]
    fn a_url_without_a_password_has_none() {
        for url in ["mysql://u@h/db", "sqlite:x.db", "postgres://h:5432/db", "postgres://u:@h"] {
            assert!(parts(url).passwords().is_empty(), "{url}");
        }
    }

    #[test]
    fn escapes_are_decoded_and_anything_else_stays() {
        for (text, decoded) in [("a%20b", "a b"), ("%ED%95%9C", "한"), ("100%", "100%"), ("%zz%4", "%zz%4")] {
            assert_eq!(decode(text), decoded);
        }
    }
}
