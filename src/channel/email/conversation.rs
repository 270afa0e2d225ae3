//! A conversation with a mail server: greeting, encryption, login, one mail.
//!
//! The library's own transport gives up a whole mail when one recipient is refused, and has no deadline on an answer;
//! so the steps are taken here one by one, each under its own deadline and with its own reading of a refusal.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::ClientId;

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
pub(super) struct Conversation<'a> {
    connection: AsyncSmtpConnection,
    server: &'a Server,
}

/// What a server made of the recipients of a mail.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Who gets the mail.
    pub(super) accepted: Vec<Address>,
    /// Who does not, and why.
    pub(super) refused: Vec<(Address, DeliveryError)>,
}

impl<'a> Conversation<'a> {
    /// Connects, and encrypts the connection when there are `tls` parameters.
    pub(super) async fn open(server: &'a Server, tls: Option<TlsParameters>) -> Result<Self, DeliveryError> {
        let hello = hello();
        let (wrapper, starttls) = match server.scheme {
            Scheme::Smtp => (None, tls),
            Scheme::Smtps => (tls, None),
        };
        let place = (server.host.as_str(), server.port);
        let connect = AsyncSmtpConnection::connect_tokio1(place, Some(CONNECT), &hello, wrapper, None);
        let connection = within(STEP, server, Stage::Greeting, connect).await?;
        let mut this = Self { connection, server };
        if let Some(tls) = starttls {
            if !this.connection.can_starttls() {
                let problem = format!(
                    "`{server}` offers no STARTTLS, so nothing was sent; use `smtps://`, or write `tls = \"none\"` if the network is trusted"
                );
                return Err(DeliveryError { retry: Retry::Broken, problem });
            }
            within(STEP, server, Stage::Greeting, this.connection.starttls(tls, &hello)).await?;
        }
        Ok(this)
    }

    /// Shows user and password.
    pub(super) async fn login(&mut self, credentials: &Credentials) -> Result<(), DeliveryError> {
        if self.connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            let problem = format!("`{}` offers neither the login PLAIN nor LOGIN; check `server`", self.server);
            return Err(DeliveryError { retry: Retry::Broken, problem });
        }
        let login = self.connection.auth(&MECHANISMS, credentials);
        within(STEP, self.server, Stage::Login, login).await.map(|_| ())
    }

    /// Gives one mail to the server, for as many of `recipients` as it will take.
    pub(super) async fn send(&mut self, letter: &Letter, recipients: &[Address]) -> Result<Taken, DeliveryError> {
        let mail = Mail::new(Some(letter.from.clone()), vec![]);
        within(STEP, self.server, Stage::Sender, self.connection.command(mail)).await?;
        let mut taken = Taken::default();
        for recipient in recipients {
            let rcpt = self.connection.command(Rcpt::new(recipient.clone(), vec![]));
            match timed(STEP, self.server, rcpt).await? {
                Ok(_) => taken.accepted.push(recipient.clone()),
                Err(error) => {
                    let lost = matches!(error.status().map(u16::from), None | Some(421));
                    let refusal = failure(self.server, Stage::Recipient, &error);
                    if lost || refusal.retry == Retry::Broken {
                        return Err(refusal);
                    }
                    taken.refused.push((recipient.clone(), refusal));
                }
            }
        }
        if !taken.accepted.is_empty() {
            within(STEP, self.server, Stage::Content, self.connection.command(Data)).await?;
            within(TAKING, self.server, Stage::Content, self.connection.message(&letter.bytes)).await?;
        }
        Ok(taken)
    }

    /// Says goodbye. The mail is where it is, whatever the answer.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(GOODBYE, self.connection.command(Quit)).await;
    }
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
