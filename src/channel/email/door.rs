//! The door to a mail server.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::response::Response;

use super::conversation::{Conversation, Taken, Untaken};
use super::letter::Letter;
use super::parking::{Key, Parking};
use super::server::{Scheme, Server};
use super::{Settings, Tls};
use crate::channel::{Channel, DeliveryError, Manners, Probe, Retry, World};
use crate::message::{Message, Receipt, size};
use crate::secret::Revealed;

/// How many half-delivered mails are remembered.
const REMEMBERED: usize = 100;

/// How many mails are sent before it is written that they were taken.
const BURST: usize = 8;

/// The door to one mail server. Each delivery reveals the secrets anew, so that a rotated password is taken up without a
/// restart; mails of a burst share a connection as long as the secrets stay the same.
pub struct Email {
    settings: Settings,
    world: World,
    /// Who already has which mail, when others of its recipients have to wait: nobody gets it twice from this process.
    served: Mutex<BTreeMap<String, Vec<Address>>>,
    parking: Parking,
}

impl Email {
    /// A door by these settings. Connects to nothing.
    #[must_use]
    pub fn new(settings: Settings, world: World) -> Self {
        Self { settings, world, served: Mutex::default(), parking: Parking::default() }
    }

    async fn send(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        let letter = Letter::write(message, &self.settings)?;
        let (server, login) = self.server().await?;
        let hidden = login.as_ref().map(Login::hidden).unwrap_or_default();
        let redact = |text: &str| hidden.iter().fold(text.to_owned(), |text, secret| secret.redact(&text));
        let result = self.talk(message, &letter, &server, login.as_ref()).await;
        let result = result.and_then(|taken| self.settle(&letter, taken));
        match result {
            Ok(receipt) => Ok(Receipt { reference: receipt.reference.as_deref().map(redact), ..receipt }),
            Err(error) => Err(DeliveryError { retry: error.retry, problem: redact(&error.problem) }),
        }
    }

    /// Greets, encrypts, logs in and says goodbye.
    async fn look(&self) -> Result<Probe, DeliveryError> {
        let (server, login) = self.server().await?;
        let hidden = login.as_ref().map(Login::hidden).unwrap_or_default();
        let met = async {
            let mut conversation = Conversation::open(&server, self.tls(&server).await?).await?;
            if let Some(login) = &login {
                conversation.login(&login.credentials(), self.settings.auth).await?;
            }
            conversation.close().await;
            Ok(())
        };
        met.await.map_err(|error: DeliveryError| DeliveryError {
            retry: error.retry,
            problem: hidden.iter().fold(error.problem, |text, secret| secret.redact(&text)),
        })?;
        let who =
            login.map_or("without a login".to_owned(), |login| format!("and takes the login of `{}`", login.user));
        let plain = self.settings.tls == Tls::None;
        let weak = plain.then(|| "everything goes in plain text, the password too (`tls = \"none\"`)".to_owned());
        Ok(Probe { found: format!("`{server}` answers {who}"), weak: weak.into_iter().collect() })
    }

    async fn talk(
        &self,
        message: &Message,
        letter: &Letter,
        server: &Server,
        login: Option<&Login>,
    ) -> Result<Taken, DeliveryError> {
        let served = self.served().get(&letter.id).cloned().unwrap_or_default();
        let waiting: Vec<Address> = letter.recipients.iter().filter(|who| !served.contains(who)).cloned().collect();
        let taken = self.give((message, letter), &waiting, server, login).await;
        taken.map(|taken| Taken { accepted: [served, taken.accepted].concat(), refused: taken.refused })
    }

    /// Gives a mail to the conversation that waits, else to a new one: a server may have ended the old one meanwhile.
    async fn give(
        &self,
        mail: (&Message, &Letter),
        recipients: &[Address],
        server: &Server,
        login: Option<&Login>,
    ) -> Result<Taken, DeliveryError> {
        let key = Key::new(server, login);
        if let Some(mut conversation) = self.parking.take(&key) {
            match self.fitting(&mut conversation, mail, recipients).await {
                Err(Untaken { unheard: true, .. }) => {}
                result => return self.keep(key, conversation, result),
            }
        }
        let mut conversation = Conversation::open(server, self.tls(server).await?).await?;
        if let Some(login) = login {
            conversation.login(&login.credentials(), self.settings.auth).await?;
        }
        let result = self.fitting(&mut conversation, mail, recipients).await;
        self.keep(key, conversation, result)
    }

    /// Gives a mail as it is, or without its files when it is too large for the server, be it that the server says so
    /// beforehand or by refusing it: what fires matters more than the rows behind it.
    async fn fitting(
        &self,
        conversation: &mut Conversation,
        (message, letter): (&Message, &Letter),
        recipients: &[Address],
    ) -> Result<Taken, Untaken> {
        let limit = conversation.limit;
        if !Letter::is_heavy(message) || limit.is_none_or(|limit| letter.bytes.len() <= limit) {
            match conversation.send(letter, recipients).await {
                Err(Untaken { too_large: true, usable: true, .. }) if Letter::is_heavy(message) => {}
                result => return result,
            }
        }
        let takes = limit.map(|limit| format!(", which takes mails of at most {}", size(limit))).unwrap_or_default();
        let why = format!("too large for `{}`{takes}", conversation.server);
        let smaller = Letter::smaller(message, &self.settings, &why, limit).map_err(Untaken::unwritten)?;
        conversation.send(&smaller, recipients).await
    }

    /// Lets a conversation that can go on wait for the next mail.
    fn keep(
        &self,
        key: Key,
        conversation: Conversation,
        result: Result<Taken, Untaken>,
    ) -> Result<Taken, DeliveryError> {
        if !matches!(result, Err(Untaken { usable: false, .. })) {
            self.parking.park(key, conversation);
        }
        result.map_err(|untaken| untaken.error)
    }

    /// What the answers for all recipients come to: the mail is delivered when somebody has it and nobody is to be tried
    /// again.
    fn settle(&self, letter: &Letter, taken: Taken) -> Result<Receipt, DeliveryError> {
        let passing = taken.refused.iter().find(|(_, error)| error.retry != Retry::Never);
        let mut retry = passing.map_or(Retry::Never, |(_, error)| error.retry);
        let list: Vec<String> = taken.refused.iter().map(|(who, error)| format!("{who}: {error}")).collect();
        if passing.is_some() && !taken.accepted.is_empty() {
            // Another process does not know who has it already.
            retry = Retry::Repeat;
            self.remember(&letter.id, taken.accepted);
        } else {
            self.served().remove(&letter.id);
            if list.is_empty() {
                return Ok(Receipt { reference: Some(letter.id.clone()), ..Receipt::default() });
            }
            if !taken.accepted.is_empty() {
                let reference = format!("{}, but not for {}", letter.id, list.join("; "));
                return Ok(Receipt { reference: Some(reference), ..Receipt::default() });
            }
        }
        Err(DeliveryError { retry, problem: list.join("; ") })
    }

    fn remember(&self, id: &str, accepted: Vec<Address>) {
        let mut served = self.served();
        served.insert(id.to_owned(), accepted);
        while served.len() > REMEMBERED {
            served.pop_first();
        }
    }

    fn served(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Address>>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server, and who we are there.
    async fn server(&self) -> Result<(Server, Option<Login>), DeliveryError> {
        let World { environment, folder, .. } = &self.world;
        let url = self.settings.server.reveal(environment, folder).await?;
        let server =
            Server::parse(url.expose()).map_err(|problem| broken(format!("`server` cannot be used: {problem}")))?;
        if server.scheme == Scheme::Smtps && self.settings.tls == Tls::None {
            return Err(broken("`server` is `smtps://`, which is encrypted; remove `tls = \"none\"`".into()));
        }
        let password = match &self.settings.password {
            Some(password) => Some(password.reveal(environment, folder).await?),
            None => server.password.clone(),
        };
        let login = match (&server.user, password) {
            (Some(user), Some(password)) => Some(Login { user: user.clone(), password }),
            (None, None) => None,
            (Some(user), None) => {
                return Err(broken(format!("`server` names the user `{user}` but there is no `password`")));
            }
            (None, Some(_)) => {
                return Err(broken(
                    "there is a `password` but `server` names no user; write `smtp://USER@HOST`".into(),
                ));
            }
        };
        Ok((server, login))
    }

    async fn tls(&self, server: &Server) -> Result<Option<TlsParameters>, DeliveryError> {
        if self.settings.tls == Tls::None {
            return Ok(None);
        }
        let mut builder = TlsParameters::builder(server.host.clone());
        if let Some(file) = &self.settings.ca_file {
            let path = self.world.folder.join(file);
            let unusable = |cause: String| broken(format!("`ca_file` `{}` {cause}", path.display()));
            let pem = tokio::fs::read(&path).await.map_err(|error| unusable(format!("cannot be read: {error}")))?;
            if !pem.windows(11).any(|window| window == b"-----BEGIN ") {
                return Err(unusable("holds no certificate in PEM".into()));
            }
            let certificate =
                Certificate::from_pem(&pem).map_err(|error| unusable(format!("cannot be used: {error}")))?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
        }
        builder.build().map(Some).map_err(|error| broken(format!("cannot set TLS up: {error}")))
    }
}

impl Channel for Email {
    /// The mails of a burst follow each other over one connection.
    fn manners(&self) -> Manners {
        Manners { begun: BURST, carries_files: true, ..Manners::ONE_BY_ONE }
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        Box::pin(self.send(message))
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, DeliveryError>> {
        Box::pin(self.look())
    }
}

/// A user and a password.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Revealed,
}

impl Login {
    fn credentials(&self) -> Credentials {
        Credentials::new(self.user.clone(), self.password.expose().to_owned())
    }

    /// The password in every form in which a server could repeat it: as it is, and as the logins encode it.
    fn hidden(&self) -> Vec<Revealed> {
        let challenge = "334 UGFzc3dvcmQ6\r\n".parse::<Response>().ok();
        let login =
            challenge.and_then(|asked| Auth::new_from_response(Mechanism::Login, self.credentials(), &asked).ok());
        let plain = Auth::new(Mechanism::Plain, self.credentials(), None).ok();
        let token = Auth::new(Mechanism::Xoauth2, self.credentials(), None).ok();
        let encoded = [plain, login, token].into_iter().flatten().map(|auth| auth.to_string());
        let encoded = encoded.filter_map(|line| line.split_whitespace().last().map(Revealed::new));
        std::iter::once(self.password.clone()).chain(encoded).collect()
    }
}

fn broken(problem: String) -> DeliveryError {
    DeliveryError { retry: Retry::Broken, problem }
}

#[cfg(test)]
mod tests {
    use super::Login;
    use crate::secret::Revealed;

    #[test]
    fn a_password_is_hidden_in_every_form() {
        let login = Login { user: "bot".into(), password: Revealed::new("S3CR3T-canary/+=") };
        let hidden = login.hidden();
        let shown: Vec<&str> = hidden.iter().map(Revealed::expose).collect();
        let token = "dXNlcj1ib3QBYXV0aD1CZWFyZXIgUzNDUjNULWNhbmFyeS8rPQEB";
        assert_eq!(shown, ["S3CR3T-canary/+=", "AGJvdABTM0NSM1QtY2FuYXJ5Lys9", "UzNDUjNULWNhbmFyeS8rPQ==", token]);
    }
}
