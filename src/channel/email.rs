//! Mail, by SMTP.
//!
//! The connection is encrypted unless the catalogue says otherwise in so many words. A mail keeps its Message-ID over
//! every attempt and belongs to the thread of its incident. One refused recipient does not keep the others waiting.

use std::path::PathBuf;

use crate::secret::Secret;

#[cfg(feature = "email")]
pub use door::Email;

#[cfg(feature = "email")]
mod conversation;
#[cfg(feature = "email")]
mod door;
#[cfg(feature = "email")]
mod html;
#[cfg(feature = "email")]
mod letter;
#[cfg(feature = "email")]
mod parking;
#[cfg(feature = "email")]
mod reply;
#[cfg(feature = "email")]
mod server;

/// Where mail goes, and through which server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `smtp://user@host:587` (STARTTLS) or `smtps://user@host:465` (TLS from the first byte); without a port these
    /// two. Characters with a meaning in a URL are percent-encoded in the user.
    pub server: Secret,
    /// The password of the user.
    pub password: Option<Secret>,
    /// The sender: `bot@example.com` or `rowcall <bot@example.com>`.
    pub from: String,
    /// Who gets the mail, at least one.
    pub to: Vec<String>,
    /// Who gets a copy.
    pub cc: Vec<String>,
    /// Who gets the mail without being named in it.
    pub bcc: Vec<String>,
    /// Who gets the answers, when it is not the sender.
    pub reply_to: Option<String>,
    /// What every subject begins with.
    pub subject_prefix: String,
    /// How user and password are shown; what the server offers, when nothing is said.
    pub auth: Option<Auth>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// Certificates in PEM that are trusted instead of the system's; relative to the folder of the catalogue.
    pub ca_file: Option<PathBuf>,
    /// The most bytes of files and pictures in a mail, before they grow by a third on their way.
    pub max_attachment: usize,
}

/// What a mail may carry where nothing else is said, in bytes.
pub const MAX_ATTACHMENT: usize = 10_000_000;

/// What a subject begins with where nothing else is said.
pub const SUBJECT_PREFIX: &str = "[rowcall]";

/// The most recipients of a mail: more than any server has to take at once.
pub const MOST_RECIPIENTS: usize = 100;

/// How user and password are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// PLAIN.
    Plain,
    /// LOGIN.
    Login,
    /// XOAUTH2: the password is an access token.
    Xoauth2,
}

/// Whether the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted, and the server's certificate and name are checked; otherwise nothing is sent.
    #[default]
    Verified,
    /// Everything in plain text, the password too. Only when the catalogue writes `tls = "none"`.
    None,
}

/// Checks one sender or recipient as the catalogue writes it: `bot@example.com` or `Some Name <bot@example.com>`.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_address(text: &str) -> Result<(), String> {
    split(text).map(|_| ())
}

/// The display name and the address of a mailbox. Both are free of control characters, the address is ASCII.
fn split(text: &str) -> Result<(Option<String>, &str), String> {
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(format!("`{}` holds the control character `{}`", text.escape_debug(), c.escape_debug()));
    }
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (Some(unquoted(name.trim())), address),
        None => (None, text),
    };
    check_bare(address).map_err(|problem| format!("`{text}` is not a mail address: {problem}"))?;
    Ok((name.filter(|name| !name.is_empty()), address))
}

/// A display name without the quotes around it.
fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inside) => inside.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_owned(),
    }
}

fn check_bare(address: &str) -> Result<(), String> {
    let Some((user, domain)) = address.split_once('@') else {
        return Err("it has no `@`".into());
    };
    if domain.contains('@') {
        return Err("it has more than one `@`; write one address per entry of the list".into());
    }
    if !address.is_ascii() {
        return Err("only ASCII reaches every mail server; write the domain as `xn--..`".into());
    }
    if let Some(c) = address.chars().find(|c| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"' | '\\')) {
        return Err(format!("it must not hold `{c}`"));
    }
    let dots = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with('.') || part.contains("..");
    if dots(user) {
        return Err("the part before `@` is empty or has a dot too many".into());
    }
    let literal = domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']'));
    let of_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    match literal {
        Some(ip) if ip.trim_start_matches("IPv6:").parse::<std::net::IpAddr>().is_ok() => Ok(()),
        Some(_) => Err("the part in `[]` is not an IP address".into()),
        None if dots(domain) => Err("the part after `@` is empty or has a dot too many".into()),
        None if domain.chars().all(of_domain) => known(address),
        None => Err("the part after `@` is not a domain".into()),
    }
}

/// What the library that writes the mail says of the address.
#[cfg(feature = "email")]
fn known(address: &str) -> Result<(), String> {
    address.parse::<lettre::Address>().map(|_| ()).map_err(|error| error.to_string().to_lowercase())
}

#[cfg(not(feature = "email"))]
fn known(_: &str) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check_address, split};

    #[test]
    fn addresses_are_checked() {
        for good in [
            "data@example.com",
            " data+alerts@mail.example.co.kr ",
            "rowcall <bot@example.com>",
            "\"Row, Call\" <bot@example.com>",
            "행 <bot@xn--9d0b.example>",
            "root@localhost",
            "root@[127.0.0.1]",
        ] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        let cases = [
            ("", "it has no `@`"),
            ("bot", "it has no `@`"),
            ("a@example.com, b@example.com", "more than one `@`"),
            ("@example.com", "before `@` is empty"),
            ("a..b@example.com", "a dot too many"),
            ("a@", "after `@` is empty"),
            ("a@example..com", "a dot too many"),
            ("a b@example.com", "must not hold ` `"),
            ("a@exa mple.com", "must not hold ` `"),
            ("Bot <a@example.com", "must not hold ` `"),
            ("a@exa_mple.com", "not a domain"),
            ("a@[1.2.3]", "not an IP address"),
            ("주문@example.com", "only ASCII"),
            ("a@예.example", "only ASCII"),
            ("a@example.com\r\nBcc: evil@example.net", "control character `\\r`"),
            ("x\ny <a@example.com>", "control character `\\n`"),
        ];
        for (bad, problem) in cases {
            let error = check_address(bad).expect_err(bad);
            assert!(error.contains(problem), "{bad}: {error}");
        }
    }

    #[test]
    fn a_mailbox_is_a_name_and_an_address() {
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(split("a@example.com"), Ok((None, "a@example.com")));
        assert_eq!(split("<a@example.com>"), Ok((None, "a@example.com")));
        assert_eq!(split("Row: Call <a@example.com>"), Ok((name("Row: Call"), "a@example.com")));
        assert_eq!(split("\"A \\\"B\\\"\" <a@example.com>"), Ok((name("A \"B\""), "a@example.com")));
    }
}
