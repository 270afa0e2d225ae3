//! By incoming webhook.

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::answer::{Reading, Said};
use super::door::Slack;
use super::payload::{self, Dress};
use crate::channel::http::Address;
use crate::channel::{DeliveryError, Retry};
use crate::message::{Message, Receipt};
use crate::secret::Secret;

/// Posts the message in the richest dress that Slack does not refuse.
pub(super) async fn send(door: &Slack, url: &Secret, message: &Message) -> Result<Receipt, DeliveryError> {
    let hook = Address::new("webhook", &door.reveal(url).await?, false)?;
    let mut refusals: Vec<String> = Vec::new();
    for dress in Dress::of(message).iter().copied() {
        let payload = payload::dressed(message, dress, &door.settings.mention, refusals.last().map(String::as_str));
        match post(door, &hook, &payload).await? {
            Reading::Delivered => {
                return Ok(Receipt { reference: payload::note(dress, &refusals), ..Receipt::default() });
            }
            Reading::BlocksRefused(word) => refusals.push(word),
            Reading::Failed(error) => return Err(error),
        }
    }
    Err(DeliveryError { retry: Retry::Never, problem: payload::all_refused(&refusals) })
}

pub(super) async fn post(door: &Slack, hook: &Address, payload: &Value) -> Result<Reading, DeliveryError> {
    let client = door.line.client(hook, &door.world.folder).await?;
    door.pace.turn().await;
    let request = client.post(hook.url.clone()).header(CONTENT_TYPE, "application/json").body(payload.to_string());
    let reply = hook.send(request).await?;
    Ok(match Said(reply.answer()).read() {
        Reading::Failed(error) => Reading::Failed(hook.redacted(error)),
        Reading::BlocksRefused(word) => Reading::BlocksRefused(hook.redact(&word)),
        Reading::Delivered => Reading::Delivered,
    })
}
