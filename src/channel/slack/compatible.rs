//! Servers that take Slack's messages without its blocks: one text, in which everything that may come from a row stands
//! in a fence.

use serde_json::{Value, json};

use super::Compatible;
use super::answer::Reading;
use super::door::Slack;
use super::webhook::post;
use crate::channel::http::Address;
use crate::channel::measure::{units, within};
use crate::channel::{DeliveryError, Retry, text};
use crate::message::{Message, Receipt};
use crate::secret::Secret;

/// The most rows that are tried.
const MOST_ROWS: usize = 50;

pub(super) async fn send(
    door: &Slack,
    url: &Secret,
    server: Compatible,
    message: &Message,
) -> Result<Receipt, DeliveryError> {
    let hook = Address::new("webhook", &door.reveal(url).await?, false)?;
    match post(door, &hook, &payload(message, server)).await? {
        Reading::Delivered => Ok(Receipt::default()),
        Reading::BlocksRefused(word) => {
            Err(DeliveryError { retry: Retry::Never, problem: format!("the server refused the text with `{word}`") })
        }
        Reading::Failed(error) => Err(error),
    }
}

fn payload(message: &Message, server: Compatible) -> Value {
    let (longest, bold) = match server {
        Compatible::Mattermost => (12_000, "**"),
        Compatible::RocketChat => (4000, "*"),
        Compatible::Discord => (1900, "**"),
    };
    // A title may come from a row: it stands in the fence, with everything else.
    let head = [message.kind.headword(), &message.alert].join(" ");
    let head = format!("{bold}{}{bold}", head.trim());
    // As many rows as there is room for, beside words that are cut to leave them some.
    let message = shortened(message, longest / 8);
    let texts = (0..=MOST_ROWS).rev().map(|rows| safe(&text::plain(&message, rows)));
    let text = texts.into_iter().find(|text| units(text) <= longest);
    let text = text.unwrap_or_else(|| within(&safe(&text::plain(&message, 0)), longest));
    json!({ "text": format!("{head}\n```\n{}\n```", text.trim_end()) })
}

/// A fence ends at three back-ticks; servers look for `@here` and `<!channel>` even inside one.
fn safe(text: &str) -> String {
    text.replace('`', "'").replace('@', "@\u{200b}").replace('<', "<\u{200b}")
}

/// The message with no text of its own longer than `share`, and all its facts together not much longer.
fn shortened(message: &Message, share: usize) -> Message {
    let fact = |(label, value): &(String, String)| (within(label, share / 8), within(value, share / 4));
    Message {
        summary: within(&message.summary, share),
        title: message.title.as_ref().map(|title| within(title, share)),
        description: message.description.as_ref().map(|description| within(description, share)),
        body: message.body.as_ref().map(|body| within(body, 2 * share)),
        facts: message.facts.iter().take(6).map(fact).collect(),
        ..message.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{payload, units};
    use crate::channel::sample::{hostile, low_stock};
    use crate::channel::slack::Compatible;

    #[test]
    fn a_message_is_one_text() {
        let expected = "*FIRING low_stock*\n```\nFIRING low_stock: 1 of 3 rows: on_hand <\u{200b} 5\n  \
            Stock that runs out this week\n  since     2026-11-20 12:00:00 UTC\n  severity  warning\n\n  sku  on_hand\n  \
            A-1        3\n\n  more: rowcall query low_stock\n```";
        assert_eq!(payload(&low_stock(), Compatible::RocketChat), serde_json::json!({ "text": expected }));
    }

    proptest! {
        #[test]
        fn no_row_breaks_out(message in hostile()) {
            let payload = payload(&message, Compatible::Discord);
            let text = payload["text"].as_str().unwrap();
            assert!(units(text) <= 2000 && text.matches("```").count() == 2);
            assert!(text.match_indices(['@', '<']).all(|(at, _)| text[at + 1..].starts_with('\u{200b}')));
        }
    }
}
