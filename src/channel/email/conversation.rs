//! A conversation with a mail server: greeting, encryption, login, one mail after the other.
//!
//! The library's own transport gives up a whole mail when one recipient is refused, and has no deadline on an answer;
//! so the steps are taken here one by one, each under its own deadline and with its own reading of a refusal.

use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Auth as Show, Data, Ehlo, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;

use super::Auth;
use super::letter::Letter;
use super::reply::{self, Stage};
use super::server::{Scheme, Server};
use crate::channel::{DeliveryError, Retry};
use crate::message::one_line;

/// How long one address of the server may take to accept a connection, before the next one is tried.
const CONNECT: Duration = Duration::from_secs(20);

/// How long connecting to all of them and each answer may take.
const STEP: Duration = Duration::from_secs(60);

/// How long a server may think about a whole mail before it says that it took it.
const TAKING: Duration = Duration::from_secs(300);

/// How long a goodbye is waited for.
const GOODBYE: Duration = Duration::from_secs(5);

/// How much of a server's words is shown, in characters.
const SHOWN: usize = 300;

/// PLAIN where it is offered, else LOGIN.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A server that has greeted us and takes mail.
pub(super) struct Conversation {
    connection: AsyncSmtpConnection,
    pub(super) server: Server,
    /// The most bytes that a mail may have, where the server says so.
    pub(super) limit: Option<usize>,
}

/// A mail was not taken.
#[derive(Debug)]
pub(super) struct Untaken {
    /// Why.
    pub(super) error: DeliveryError,
    /// Whether the conversation has come to an end before the server had said a word of this mail.
    pub(super) unheard: bool,
    /// Whether the conversation can go on with another mail.
    pub(super) usable: bool,
    /// Whether the mail is too large for the server.
    pub(super) too_large: bool,
}

impl Untaken {
    /// There was no mail to give.
    pub(super) fn unwritten(error: DeliveryError) -> Self {
        Self { error, unheard: false, usable: true, too_large: false }
    }
}

/// What a server made of the recipients of a mail.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Who gets the mail.
    pub(super) accepted: Vec<Address>,
    /// Who does not, and why.
    pub(super) refused: Vec<(Address, DeliveryError)>,
}

impl Conversation {
    /// Connects, and encrypts the connection when there are `tls` parameters.
    pub(super) async fn open(server: &Server, tls: Option<TlsParameters>) -> Result<Self, DeliveryError> {
        let hello = hello();
        let (wrapper, starttls) = match server.scheme {
            Scheme::Smtp => (None, tls),
            Scheme::Smtps => (tls, None),
        };
        let place = (server.host.as_str(), server.port);
        let connect = AsyncSmtpConnection::connect_tokio1(place, Some(CONNECT), &hello, wrapper, None);
        let connection = within(STEP, server, Stage::Greeting, connect).await?;
        let mut this = Self { connection, server: server.clone(), limit: None };
        if let Some(tls) = starttls {
            if !this.connection.can_starttls() {
                let problem = format!(
                    "`{server}` offers no STARTTLS, so nothing was sent; use `smtps://`, or write `tls = \"none\"` if the network is trusted"
                );
                return Err(DeliveryError { retry: Retry::Broken, problem });
            }
            within(STEP, server, Stage::Greeting, this.connection.starttls(tls, &hello)).await?;
        }
        // The library keeps the names of some extensions, and not what they say: it is asked for once more.
        let offers = within(STEP, server, Stage::Greeting, this.connection.command(Ehlo::new(hello))).await?;
        this.limit = offers.message().find_map(largest);
        Ok(this)
    }

    /// Shows user and password, in the way that is asked for or else in one that the server offers.
    pub(super) async fn login(&mut self, credentials: &Credentials, auth: Option<Auth>) -> Result<(), DeliveryError> {
        let wanted: &[Mechanism] = match auth {
            None => &MECHANISMS,
            Some(Auth::Plain) => &[Mechanism::Plain],
            Some(Auth::Login) => &[Mechanism::Login],
            Some(Auth::Xoauth2) => &[Mechanism::Xoauth2],
        };
        if self.connection.server_info().get_auth_mechanism(wanted).is_none() {
            let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
            let problem = format!("`{}` does not offer the login {}; check `server`", self.server, names.join(" or "));
            return Err(DeliveryError { retry: Retry::Broken, problem });
        }
        let server = &self.server;
        match auth {
            Some(Auth::Xoauth2) => {
                within(STEP, server, Stage::Login, show_token(&mut self.connection, credentials)).await
            }
            _ => within(STEP, server, Stage::Login, self.connection.auth(wanted, credentials)).await.map(|_| ()),
        }
    }

    /// Gives one mail to the server, for as many of `recipients` as it will take.
    pub(super) async fn send(&mut self, letter: &Letter, recipients: &[Address]) -> Result<Taken, Untaken> {
        let result = self.give(letter, recipients).await;
        match result {
            // A mail without recipients is none, and the next one cannot begin inside it. When this fails, that one
            // will find the conversation ended.
            Ok(taken) if taken.accepted.is_empty() => {
                self.reset().await;
                Ok(taken)
            }
            Err(untaken) if untaken.usable => {
                let usable = self.reset().await;
                Err(Untaken { usable, ..untaken })
            }
            result => result,
        }
    }

    async fn give(&mut self, letter: &Letter, recipients: &[Address]) -> Result<Taken, Untaken> {
        let mail = Mail::new(Some(letter.from.clone()), vec![]);
        self.step(STEP, Stage::Sender, mail).await?;
        let mut taken = Taken::default();
        for recipient in recipients {
            match self.step(STEP, Stage::Recipient, Rcpt::new(recipient.clone(), vec![])).await {
                Ok(()) => taken.accepted.push(recipient.clone()),
                Err(refusal) if !refusal.usable || refusal.error.retry == Retry::Broken => return Err(refusal),
                Err(refusal) => taken.refused.push((recipient.clone(), refusal.error)),
            }
        }
        if !taken.accepted.is_empty() {
            self.step(STEP, Stage::Content, Data).await?;
            self.hand_over(&letter.bytes).await?;
        }
        Ok(taken)
    }

    async fn step(&mut self, limit: Duration, stage: Stage, command: impl Display) -> Result<(), Untaken> {
        let answer = timed(limit, &self.server, self.connection.command(command)).await;
        untaken(&self.server, stage, answer)
    }

    /// Gives the content. Once it is on its way, a server that says nothing more may have taken it.
    async fn hand_over(&mut self, mail: &[u8]) -> Result<(), Untaken> {
        let answer = timed(TAKING, &self.server, self.connection.command(content(mail))).await;
        let refused = matches!(&answer, Ok(Err(error)) if error.status().is_some());
        let retry =
            |error: DeliveryError| if refused { error } else { DeliveryError { retry: Retry::Repeat, ..error } };
        let taken = untaken(&self.server, Stage::Content, answer);
        taken.map_err(|untaken| Untaken { error: retry(untaken.error), ..untaken })
    }

    /// Forgets a mail that was begun; whether the conversation can go on.
    async fn reset(&mut self) -> bool {
        matches!(tokio::time::timeout(GOODBYE, self.connection.command(Rset)).await, Ok(Ok(_)))
    }

    /// Says goodbye. The mail is where it is, whatever the answer.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(GOODBYE, self.connection.command(Quit)).await;
    }
}

/// Shows an access token. A server that refuses it says why in a challenge, and waits for an empty line before it says
/// no.
async fn show_token(connection: &mut AsyncSmtpConnection, credentials: &Credentials) -> Step<()> {
    let answer = connection.command(Show::new(Mechanism::Xoauth2, credentials.clone(), None)?).await?;
    if answer.has_code(334) {
        connection.command("\r\n").await?;
    }
    Ok(())
}

/// A mail as it goes over the wire: dots at the beginning of a line doubled, and a dot of its own at the end. In one
/// piece: the library writes the end by itself, which then waits 40 milliseconds for the receipt of what was before it.
fn content(mail: &[u8]) -> String {
    let text = String::from_utf8_lossy(mail).replace("\r\n.", "\r\n..");
    let first = if text.starts_with('.') { "." } else { "" };
    let last = if text.ends_with("\r\n") { ".\r\n" } else { "\r\n.\r\n" };
    format!("{first}{text}{last}")
}

/// What a step of a mail came to.
fn untaken<T>(server: &Server, stage: Stage, answer: Result<Step<T>, DeliveryError>) -> Result<(), Untaken> {
    let unheard = stage == Stage::Sender;
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            let code = error.status().map(u16::from);
            let lost = matches!(code, None | Some(421));
            let too_large = code == Some(552) && stage != Stage::Recipient;
            let error = failure(server, stage, &error);
            Err(Untaken { error, unheard: unheard && lost, usable: !lost, too_large })
        }
        Err(error) => Err(Untaken { error, unheard: false, usable: false, too_large: false }),
    }
}

/// What a line of a server's offers says of the largest mail: `SIZE 10485760`; nothing when it says none.
fn largest(line: &str) -> Option<usize> {
    let (word, size) = line.trim().split_once(' ')?;
    let size = size.trim().parse().ok().filter(|size| *size > 0);
    size.filter(|_| word.eq_ignore_ascii_case("SIZE"))
}

/// The name we greet with: our full host name, else an address, as RFC 5321 wants it.
fn hello() -> ClientId {
    match ClientId::default() {
        ClientId::Domain(name) if name.contains('.') && name.is_ascii() => ClientId::Domain(name),
        _ => ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST),
    }
}

type Step<T> = Result<T, smtp::Error>;

/// Takes one step under a deadline and reads its refusal.
async fn within<T>(
    limit: Duration,
    server: &Server,
    stage: Stage,
    step: impl Future<Output = Step<T>>,
) -> Result<T, DeliveryError> {
    timed(limit, server, step).await?.map_err(|error| failure(server, stage, &error))
}

async fn timed<T>(
    limit: Duration,
    server: &Server,
    step: impl Future<Output = Step<T>>,
) -> Result<Step<T>, DeliveryError> {
    tokio::time::timeout(limit, step).await.map_err(|_| DeliveryError {
        retry: Retry::After(None),
        problem: format!("`{server}` did not answer within {} seconds", limit.as_secs()),
    })
}

/// What a failed step means. The flags of the library tell resets, timeouts and TLS failures apart from nothing: only a
/// code is trusted, and whatever has none may pass.
fn failure(server: &Server, stage: Stage, error: &smtp::Error) -> DeliveryError {
    let words: String = one_line(&root(error)).chars().take(SHOWN).collect();
    match error.status().map(u16::from) {
        Some(code) => DeliveryError {
            retry: reply::retry(stage, code, &words),
            problem: format!("`{server}` answered {code} to {stage}: `{words}`{}", reply::hint(stage, code, &words)),
        },
        None => DeliveryError {
            retry: Retry::After(None),
            problem: format!("the connection to `{server}` failed at {stage}: {words}"),
        },
    }
}

/// The words of the innermost cause: `Connection refused`, rather than `Connection error`.
fn root(error: &smtp::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::{content, largest};

    #[test]
    fn a_server_says_how_large_a_mail_may_be() {
        let cases = [
            ("SIZE 10485760", Some(10_485_760)),
            ("size 5", Some(5)),
            ("SIZE 0", None),
            ("SIZE", None),
            ("SIZE much", None),
            ("STARTTLS", None),
            ("AUTH 5", None),
        ];
        for (line, expected) in cases {
            assert_eq!(largest(line), expected, "{line}");
        }
    }

    #[test]
    fn no_line_of_a_mail_ends_it() {
        assert_eq!(content(b"a\r\n.\r\n..b\r\n"), "a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(content(b".a"), "..a\r\n.\r\n");
    }
}
