//! By a bot: messages of one incident form a thread.

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::api::{self, Reading};
use super::door::Slack;
use super::payload::{self, Dress};
use super::{BASE_URL, Mention, upload};
use crate::channel::http::{Address, broken};
use crate::channel::{DeliveryError, Probe, Retry};
use crate::message::{Kind, Message, Receipt, one_line};
use crate::secret::{Revealed, Secret};

/// A bot for the time of one delivery.
pub(super) struct Bot<'a> {
    pub(super) door: &'a Slack,
    pub(super) base: Address,
    token: Revealed,
    channel: &'a str,
    update: bool,
}

/// Where a message of a bot is. The time stamp is its name, and no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) channel: String,
    pub(super) ts: String,
}

impl Place {
    /// Reads the reference of a receipt: the place stands first, whatever follows.
    fn of(receipt: &Receipt) -> Option<Self> {
        let (channel, ts) = receipt.reference.as_deref()?.split(", ").next()?.split_once('/')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_ts = ts.split_once('.').is_some_and(|(seconds, rest)| digits(seconds) && digits(rest));
        is_ts.then(|| Self { channel: channel.to_owned(), ts: ts.to_owned() })
    }

    fn reference(&self) -> String {
        format!("{}/{}", self.channel, self.ts)
    }
}

impl<'a> Bot<'a> {
    pub(super) async fn open(
        door: &'a Slack,
        token: &Secret,
        channel: &'a str,
        base_url: Option<&str>,
        update: bool,
    ) -> Result<Self, DeliveryError> {
        let revealed = door.reveal(token).await?;
        let token = Revealed::new(revealed.expose().trim());
        let base = base_url.unwrap_or(BASE_URL).trim();
        let base = Revealed::new(&format!("{}/", base.trim_end_matches('/')));
        let mut base = Address::new("base_url", &base, false)?;
        base.hide(&token);
        Ok(Self { door, base, token, channel, update })
    }

    /// Posts the message, below the first of its incident where there is one, marks the first when it is over, and puts
    /// pictures and files into the thread.
    pub(super) async fn send(&self, message: &Message, earlier: Option<&Receipt>) -> Result<Receipt, DeliveryError> {
        let files = upload::files(message);
        let message = &Message { attachments: Vec::new(), ..message.clone() };
        // The health of an alert has one thread for ever, in which news would be found by nobody.
        let follows = matches!(message.kind, Kind::Firing | Kind::Repeat | Kind::Resolved);
        let mut first = earlier.filter(|_| follows).and_then(Place::of);
        let is_own = earlier.is_some_and(|receipt| !receipt.digest);
        let mut notes = Vec::new();
        let posted = match self.post(message, first.as_ref()).await? {
            Ok(posted) => posted,
            Err(word) => {
                notes.push(format!("outside its thread: Slack answered `{word}`"));
                first = None;
                self.post(message, None).await?.map_err(|word| broken(format!("Slack answered `{word}`")))?
            }
        };
        notes.splice(0..0, posted.note);
        let is_over = message.kind == Kind::Resolved && message.ended().contains(&message.thread.as_str());
        if let Some(first) = first.as_ref().filter(|_| self.update && is_own && is_over) {
            notes.extend(self.mark(message, first).await);
        }
        // From here on the message is delivered, whatever becomes of its files: it must not be said twice for them.
        notes.extend(self.upload(&files, first.as_ref().or(posted.place.as_ref())).await);
        let place = posted.place.as_ref().map(Place::reference);
        let parts: Vec<String> = place.into_iter().chain(notes).collect();
        Ok(Receipt { reference: (!parts.is_empty()).then(|| parts.join(", ")), ..Receipt::default() })
    }

    /// Posts the message in the richest dress that Slack does not refuse; the inner error says that there is no such
    /// thread.
    async fn post(&self, message: &Message, first: Option<&Place>) -> Result<Result<Posted, String>, DeliveryError> {
        let mut refusals: Vec<String> = Vec::new();
        for dress in Dress::of(message).iter().copied() {
            let mut payload = self.payload(message, dress, &self.door.settings.mention, &refusals);
            payload["channel"] = first.map_or(self.channel, |first| &first.channel).into();
            if let Some(first) = first {
                payload["thread_ts"] = first.ts.as_str().into();
            }
            match self.call("chat.postMessage", &payload).await? {
                Reading::Posted(place) => return Ok(Ok(Posted { place, note: payload::note(dress, &refusals) })),
                Reading::BlocksRefused(word) => refusals.push(word),
                Reading::ThreadGone(word) if first.is_some() => return Ok(Err(word)),
                Reading::ThreadGone(word) => return Err(broken(format!("Slack answered `{word}`"))),
                Reading::Failed(error) => return Err(error),
            }
        }
        Err(DeliveryError { retry: Retry::Never, problem: payload::all_refused(&refusals) })
    }

    /// Makes the first message of an incident say that it is over. The news itself is in the thread already: a failure
    /// is a remark and no more.
    async fn mark(&self, message: &Message, first: &Place) -> Option<String> {
        let mut payload = self.payload(message, Dress::Code, &[], &[]);
        payload["channel"] = first.channel.as_str().into();
        payload["ts"] = first.ts.as_str().into();
        let problem =
            self.call("chat.update", &payload).await.map_or_else(|error| Some(error.problem), Reading::problem);
        problem.map(|problem| format!("the first message could not be changed: {problem}"))
    }

    fn payload(&self, message: &Message, dress: Dress, mention: &[Mention], refusals: &[String]) -> Value {
        payload::dressed(message, dress, mention, refusals.last().map(String::as_str))
    }

    /// Asks Slack who we are, and whether we may do what we do.
    pub(super) async fn introduce(&self) -> Result<Probe, DeliveryError> {
        let request = self.request("auth.test").await?.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let reply = self.base.send(request).await?;
        match self.redacted(api::read(reply.answer())) {
            Reading::Posted(_) => {}
            Reading::Failed(error) => return Err(error),
            Reading::BlocksRefused(word) | Reading::ThreadGone(word) => {
                return Err(broken(format!("Slack answered `{word}`")));
            }
        }
        let body = reply.answer().json().unwrap_or_default();
        let word = |key: &str| one_line(body[key].as_str().unwrap_or("?"));
        let found = format!("Slack knows the bot `{}` of the workspace `{}`", word("user"), word("team"));
        let scopes = reply.header("x-oauth-scopes").map(|scopes| scopes.split(',').map(str::trim).collect::<Vec<_>>());
        let lacks = |scope: &str| scopes.as_ref().is_some_and(|scopes| !scopes.contains(&scope));
        if lacks("chat:write") {
            let problem = "the bot may not write: it has no scope `chat:write`; give it that and install it again";
            return Err(broken(problem.into()));
        }
        let weak = lacks("files:write").then(|| "the bot has no scope `files:write`: files stay behind".to_owned());
        Ok(Probe { found, weak: weak.into_iter().collect() })
    }

    pub(super) async fn call(&self, method: &str, payload: &Value) -> Result<Reading, DeliveryError> {
        self.door.pace.turn().await;
        let request = self.request(method).await?;
        let request = request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(payload.to_string());
        let reply = self.base.send(request).await?;
        Ok(self.redacted(api::read(reply.answer())))
    }

    /// A request to a method, with the token.
    pub(super) async fn request(&self, method: &str) -> Result<RequestBuilder, DeliveryError> {
        let client = self.door.line.client(&self.base, &self.door.world.folder).await?;
        let url = self.base.url.join(method).map_err(|error| broken(format!("`base_url` cannot be used: {error}")))?;
        Ok(client.post(url).bearer_auth(self.token.expose()))
    }

    pub(super) fn redacted(&self, reading: Reading) -> Reading {
        match reading {
            Reading::Failed(error) => Reading::Failed(self.base.redacted(error)),
            Reading::BlocksRefused(word) => Reading::BlocksRefused(self.base.redact(&word)),
            Reading::ThreadGone(word) => Reading::ThreadGone(self.base.redact(&word)),
            Reading::Posted(place) => Reading::Posted(place),
        }
    }
}

/// What became of a message that was taken.
struct Posted {
    place: Option<Place>,
    note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::message::Receipt;

    #[test]
    fn the_place_of_a_message_is_read_back() {
        let place = |text: &str| {
            Place::of(&Receipt { reference: Some(text.into()), ..Receipt::default() }).map(|place| place.reference())
        };
        let found = Some("C012/1700000000.000100".to_owned());
        assert_eq!(place("C012/1700000000.000100"), found);
        assert_eq!(place("C012/1700000000.000100, text only: Slack refused the blocks"), found);
        for other in ["", "41", "text only: Slack refused", "C012/x.y", "<id@example.com>", "a/1."] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
