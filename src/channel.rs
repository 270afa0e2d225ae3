//! `Channel`: the doors through which messages leave.
//!
//! A [`Message`] enters; a [`Receipt`] leaves, or a [`DeliveryError`] that says whether trying again can help. A door
//! classifies its failure and never retries; retry lives in `job::deliver`. The settings of each kind stand beside
//! its door and are compiled in every build, the doors themselves by feature. Knows `message`, `clock`, `secret` and the
//! words.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::message::{Message, Receipt};
use crate::secret::{Environment, Secret, SecretError};

pub use text::{excerpt_lines, plain, preview};

pub mod email;
pub mod heartbeat;
#[cfg(any(feature = "slack", feature = "webhook"))]
mod http;
#[cfg(any(feature = "slack", feature = "webhook"))]
mod measure;
#[cfg(test)]
mod sample;
pub mod slack;
pub mod stdout;
mod text;
pub mod webhook;

/// How a channel likes to be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// How many messages are begun before it is written how they ended: as many may come twice when the process is
    /// killed.
    pub begun: usize,
    /// How many of these are on their way side by side.
    pub abreast: usize,
    /// When more than this many wait, they are told in one message: the other side takes only so many in a while.
    pub patience: Option<usize>,
    /// Whether files travel along; elsewhere they are named.
    pub carries_files: bool,
}

impl Manners {
    /// One message after the other, each for itself.
    pub const ONE_BY_ONE: Self = Self { begun: 1, abreast: 1, patience: None, carries_files: false };
    /// One message after the other, and one for all when more than ten wait.
    pub const SLOW: Self = Self { patience: Some(10), ..Self::ONE_BY_ONE };
}

/// A place where messages go.
pub trait Channel: Send + Sync {
    /// How it likes to be written to.
    fn manners(&self) -> Manners {
        Manners::ONE_BY_ONE
    }

    /// Delivers one message; `earlier` is the receipt of the first message of the same incident, when there is one.
    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        earlier: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>>;

    /// Goes as far towards a delivery as can be gone without one; what was learned on the way.
    fn probe(&self) -> BoxFuture<'_, Result<Probe, DeliveryError>>;
}

/// What a door found that was tried without a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// How far it went, and who answered.
    pub found: String,
    /// What works, but not as well or as safely as it might.
    pub weak: Vec<String>,
}

impl Probe {
    /// Nothing but how far it went.
    fn of(found: impl Into<String>) -> Self {
        Self { found: found.into(), weak: Vec::new() }
    }
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The message was refused for what it is; the same message will be refused again.
    Never,
    /// Something passing: try again, not before this long when the other side said so.
    After(Option<Duration>),
    /// Something passing, and the message may have arrived all the same: it was on its way and no answer came, or some
    /// of its recipients have it. Try again, and say that it may be a repeat.
    Repeat,
    /// The channel itself does not work (a bad token, an archived channel, a missing setting): keep the message, try
    /// rarely, tell someone.
    Broken,
}

/// Why a message was not delivered. Carries no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct DeliveryError {
    /// Whether trying again can help.
    pub retry: Retry,
    /// What happened, in the other side's words where there are any, and what to do.
    pub problem: String,
}

impl From<SecretError> for DeliveryError {
    fn from(error: SecretError) -> Self {
        Self { retry: Retry::Broken, problem: error.to_string() }
    }
}

/// The settings of a channel, as checked by the catalogue.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Slack.
    Slack(slack::Settings),
    /// Mail.
    Email(email::Settings),
    /// Any receiver of HTTP requests.
    Webhook(webhook::Settings),
    /// Standard output.
    Stdout,
}

impl Settings {
    /// The word of the catalogue for this kind of channel.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack(_) => "slack",
            Self::Email(_) => "email",
            Self::Webhook(_) => "webhook",
            Self::Stdout => "stdout",
        }
    }

    /// What of them is secret, by the key of the catalogue.
    #[must_use]
    pub fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        match self {
            Self::Slack(slack::Settings { way: slack::Way::Webhook { url, .. }, .. }) => vec![("webhook", url)],
            Self::Slack(slack::Settings { way: slack::Way::Bot { token, .. }, .. }) => vec![("token", token)],
            Self::Email(settings) => {
                // The server is no secret, but it may be made of some.
                let server = (!settings.server.is_literal()).then_some(("server", &settings.server));
                server.into_iter().chain(settings.password.iter().map(|password| ("password", password))).collect()
            }
            Self::Webhook(settings) => settings.secrets(),
            Self::Stdout => Vec::new(),
        }
    }

    /// Whether files and pictures travel along; others name them.
    #[must_use]
    pub fn carries_files(&self) -> bool {
        match self {
            Self::Email(_) => true,
            Self::Slack(slack::Settings { way: slack::Way::Bot { .. }, .. }) => true,
            Self::Slack(_) | Self::Webhook(_) | Self::Stdout => false,
        }
    }
}

/// Where the `stdout` channel writes.
pub type Printer = Arc<Mutex<dyn std::io::Write + Send>>;

/// What a channel needs of the world to open.
#[derive(Clone)]
pub struct World {
    /// Variables that secrets may name.
    pub environment: Environment,
    /// The folder of the catalogue: relative files are looked for here.
    pub folder: Arc<Path>,
    /// Where the `stdout` channel writes.
    pub printer: Printer,
    /// What dates a signature: the only use that a door has for the time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Makes the door for these settings. Nothing is connected to and no secret resolved before the first delivery.
#[must_use]
pub fn open(settings: &Settings, world: &World) -> Box<dyn Channel> {
    match settings {
        #[cfg(feature = "slack")]
        Settings::Slack(settings) => Box::new(slack::Slack::new(settings.clone(), world.clone())),
        #[cfg(feature = "email")]
        Settings::Email(settings) => Box::new(email::Email::new(settings.clone(), world.clone())),
        #[cfg(feature = "webhook")]
        Settings::Webhook(settings) => Box::new(webhook::Webhook::new(settings.clone(), world.clone())),
        Settings::Stdout => Box::new(stdout::Stdout::new(Arc::clone(&world.printer))),
        #[cfg(not(all(feature = "slack", feature = "email", feature = "webhook")))]
        absent => Box::new(Absent(absent.kind())),
    }
}

/// The door of a kind that this build leaves out.
#[cfg(not(all(feature = "slack", feature = "email", feature = "webhook")))]
struct Absent(&'static str);

#[cfg(not(all(feature = "slack", feature = "email", feature = "webhook")))]
impl Channel for Absent {
    fn deliver<'a>(&'a self, _: &'a Message, _: Option<&'a Receipt>) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        let problem = format!("this build has no `{0}` channels; build rowcall with `--features {0}`", self.0);
        Box::pin(async move { Err(DeliveryError { retry: Retry::Broken, problem }) })
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, DeliveryError>> {
        Box::pin(async {
            Ok(Probe::of(format!("this build has no `{0}` channels; build rowcall with `--features {0}`", self.0)))
        })
    }
}
