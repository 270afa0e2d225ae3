//! The door to one Slack channel, whichever way leads there.

use futures_util::future::BoxFuture;

use super::pace::Pace;
use super::{Settings, Way, bot, compatible, webhook};
use crate::channel::http::{Address, Line};
use crate::channel::{Channel, DeliveryError, Manners, Probe, World};
use crate::message::{Message, Receipt};
use crate::secret::{Revealed, Secret};

/// The door to one channel. Each delivery reveals its secret anew, so that a rotated one is taken up without a restart.
pub struct Slack {
    pub(super) settings: Settings,
    pub(super) world: World,
    pub(super) line: Line,
    pub(super) pace: Pace,
}

impl Slack {
    /// A door by these settings. Connects to nothing.
    #[must_use]
    pub fn new(settings: Settings, world: World) -> Self {
        let line = Line::new(settings.ca_file.as_deref());
        Self { settings, world, line, pace: Pace::default() }
    }

    pub(super) async fn reveal(&self, secret: &Secret) -> Result<Revealed, DeliveryError> {
        Ok(secret.reveal(&self.world.environment, &self.world.folder).await?)
    }

    /// Asks Slack who the bot is; a webhook is only made ready, since whatever it is sent is a message.
    async fn look(&self) -> Result<Probe, DeliveryError> {
        match &self.settings.way {
            Way::Webhook { url, .. } => {
                let hook = Address::new("webhook", &self.reveal(url).await?, false)?;
                self.line.client(&hook, &self.world.folder).await?;
                Ok(Probe::of(format!("`{}` is not called without a message", hook.host())))
            }
            Way::Bot { token, channel, base_url, update } => {
                bot::Bot::open(self, token, channel, base_url.as_deref(), *update).await?.introduce().await
            }
        }
    }

    async fn send(&self, message: &Message, earlier: Option<&Receipt>) -> Result<Receipt, DeliveryError> {
        match &self.settings.way {
            Way::Webhook { url, compatible: None } => webhook::send(self, url, message).await,
            Way::Webhook { url, compatible: Some(server) } => compatible::send(self, url, *server, message).await,
            Way::Bot { token, channel, base_url, update } => {
                let bot = bot::Bot::open(self, token, channel, base_url.as_deref(), *update).await?;
                bot.send(message, earlier).await
            }
        }
    }
}

impl Channel for Slack {
    fn manners(&self) -> Manners {
        Manners { carries_files: matches!(self.settings.way, Way::Bot { .. }), ..Manners::SLOW }
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        earlier: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        Box::pin(self.send(message, earlier))
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, DeliveryError>> {
        Box::pin(self.look())
    }
}
