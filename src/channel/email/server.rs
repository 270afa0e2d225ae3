//! The URL of a mail server.

use std::fmt;

use crate::secret::Revealed;

/// A mail server as its URL names it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<Revealed>,
}

/// When the encryption begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `smtp://`: after STARTTLS.
    Smtp,
    /// `smtps://`: with the first byte.
    Smtps,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Server {
    /// Reads `smtp[s]://[user[:password]@]host[:port][/]`.
    ///
    /// # Errors
    /// Says what is wrong, without a word of the URL in it: there may be a password anywhere in a broken one.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let url = url.trim();
        let (scheme, rest) = match url.split_once("://") {
            Some(("smtp", rest)) => (Scheme::Smtp, rest),
            Some(("smtps", rest)) => (Scheme::Smtps, rest),
            _ => return Err("it must begin with `smtp://` or `smtps://`"),
        };
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#']) {
            return Err("nothing may follow the port; use the keys of the channel");
        }
        let (host, port) = host_and_port(place)?;
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (decoded(user)?, decoded(password)?),
            None => (String::new(), String::new()),
        };
        let default = match scheme {
            Scheme::Smtp => 587,
            Scheme::Smtps => 465,
        };
        Ok(Self {
            scheme,
            host: host.to_owned(),
            port: port.unwrap_or(default),
            user: Some(user).filter(|user| !user.is_empty()),
            password: Some(password).filter(|password| !password.is_empty()).map(|password| Revealed::new(&password)),
        })
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match place.strip_prefix('[') {
        Some(inside) => {
            let (host, after) = inside.split_once(']').ok_or("the `[` of its address is not closed by `]`")?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| "the part in `[]` is not an IPv6 address")?;
            (host, after.strip_prefix(':'))
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it names no host");
    }
    let port = port
        .map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or("its port is not a number up to 65535"));
    Ok((host, port.transpose()?))
}

/// `text` without its percent-encoding.
fn decoded(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.split_at_checked(2).and_then(|(digits, after)| {
            rest = after;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        });
        bytes.push(digits.ok_or("a `%` in its user or password is not followed by two hexadecimal digits")?);
    }
    let text = String::from_utf8(bytes).map_err(|_| "its user or password is not UTF-8")?;
    match text.contains(|c: char| c.is_control()) {
        true => Err("its user or password holds a control character"),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{Scheme, Server};

    #[test]
    fn urls_name_a_server() {
        let cases = [
            ("smtp://mail.example.com", Scheme::Smtp, "mail.example.com:587", None, None),
            ("smtps://mail.example.com/", Scheme::Smtps, "mail.example.com:465", None, None),
            ("smtp://bot@mail.example.com:25\n", Scheme::Smtp, "mail.example.com:25", Some("bot"), None),
            ("smtp://bot%40example.com@[::1]:2525", Scheme::Smtp, "[::1]:2525", Some("bot@example.com"), None),
            ("smtps://b:p%2F@ss@h", Scheme::Smtps, "h:465", Some("b"), Some("p/@ss")),
        ];
        for (url, scheme, place, user, password) in cases {
            let server = Server::parse(url).expect(url);
            assert_eq!((server.scheme, server.to_string().as_str(), server.user.as_deref()), (scheme, place, user));
            assert_eq!(server.password.as_ref().map(|password| password.expose()), password, "{url}");
        }
    }

    #[test]
    fn broken_urls_are_named_without_a_word_of_them() {
        for bad in [
            "mail.example.com",
            "http://mail.example.com",
            "smtp://",
            "smtp://user@",
            "smtp://h:0",
            "smtp://h:99999",
            "smtp://h:25?tls=none",
            "smtp://h/path",
            "smtp://u%zz@h",
            "smtp://u%f@h",
            "smtp://u%0d%0a@h",
            "smtp://[::1",
            "smtp://[nonsense]",
            "smtp://a b",
        ] {
            Server::parse(bad).expect_err(bad);
        }
    }
}
