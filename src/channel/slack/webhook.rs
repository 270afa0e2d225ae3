//! The door to an incoming webhook.

use futures_util::future::BoxFuture;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::answer::{Reading, Said};
use super::{Settings, payload};
use crate::channel::http::{Address, Line};
use crate::channel::{Channel, DeliveryError, Retry, World};
use crate::message::{Message, Receipt};

/// The door to one webhook. Each delivery reveals the URL anew, so that a rotated one is taken up without a restart.
pub struct Slack {
    settings: Settings,
    world: World,
    line: Line,
}

impl Slack {
    /// A door by these settings. Connects to nothing.
    #[must_use]
    pub fn new(settings: Settings, world: World) -> Self {
        let line = Line::new(settings.ca_file.as_deref());
        Self { settings, world, line }
    }

    async fn send(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        let revealed = self.settings.webhook.reveal(&self.world.environment, &self.world.folder).await?;
        let hook = Address::new("webhook", &revealed, false)?;
        let client = self.line.client(&hook, &self.world.folder).await?;
        let refusal = match post(client, &hook, &payload::rich(message)).await? {
            Reading::Delivered => return Ok(Receipt::default()),
            Reading::BlocksRefused(word) => word,
            Reading::Failed(error) => return Err(error),
        };
        match post(client, &hook, &payload::text_only(message, &refusal)).await? {
            Reading::Delivered => {
                Ok(Receipt { reference: Some(format!("text only: Slack refused the blocks with `{refusal}`")) })
            }
            Reading::BlocksRefused(word) => {
                let problem = format!("Slack refused the message with `{refusal}` and its text alone with `{word}`");
                Err(DeliveryError { retry: Retry::Never, problem })
            }
            Reading::Failed(error) => Err(error),
        }
    }
}

impl Channel for Slack {
    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        Box::pin(self.send(message))
    }
}

async fn post(client: &Client, hook: &Address, payload: &Value) -> Result<Reading, DeliveryError> {
    let request = client.post(hook.url.clone()).header(CONTENT_TYPE, "application/json").body(payload.to_string());
    let reply = hook.send(request).await?;
    Ok(match Said(reply.answer()).read() {
        Reading::Failed(error) => Reading::Failed(hook.redacted(error)),
        Reading::BlocksRefused(word) => Reading::BlocksRefused(hook.redact(&word)),
        Reading::Delivered => Reading::Delivered,
    })
}
