//! The door to a receiver of HTTP requests.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::body::{JSON, Posted};
use super::signature::Key;
use super::v1::Body;
use super::{Form, Method, Own, Settings, discord, pagerduty, reading, teams, telegram};
use crate::channel::http::{Address, Answer, Line, broken};
use crate::channel::{Channel, DeliveryError, Manners, Probe, World};
use crate::clock::Clock;
use crate::message::{Message, Receipt};
use crate::secret::{Revealed, Secret};

/// What is said of a message for which there is nothing to post.
const NOTHING_OVER: &str = "nothing was sent: other keys of the incident still fire";

/// How many requests are on their way at once.
const ABREAST: usize = 16;

/// The door to one receiver. Each delivery reveals its secrets anew, so that a rotated one is taken up without a restart.
pub struct Webhook {
    settings: Settings,
    world: World,
    line: Line,
    /// What time a signature is of: a receiver refuses an old one, so it is that of the attempt, not of the message.
    clock: Arc<dyn Clock>,
}

impl Webhook {
    /// A door by these settings. Connects to nothing.
    #[must_use]
    pub fn new(settings: Settings, world: World) -> Self {
        let line = Line::new(settings.ca_file.as_deref());
        let clock = Arc::clone(&world.clock);
        Self { settings, world, line, clock }
    }

    async fn send(&self, message: &Message, earlier: Option<&Receipt>) -> Result<Receipt, DeliveryError> {
        let mut address = Address::new("url", &self.url().await?, self.settings.allow_http)?;
        let headers = self.headers(&mut address).await?;
        let posts = self.posts(message, earlier, &headers, &mut address).await?;
        if posts.is_empty() {
            return Ok(Receipt { reference: Some(NOTHING_OVER.into()), ..Receipt::default() });
        }
        let mut receipt = Receipt::default();
        for posted in posts {
            receipt = self.post(message, posted, headers.clone(), &mut address).await?;
        }
        Ok(receipt)
    }

    async fn post(
        &self,
        message: &Message,
        posted: Posted,
        mut headers: HeaderMap,
        address: &mut Address,
    ) -> Result<Receipt, DeliveryError> {
        if !posted.as_announced || !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        if let Form::Own(Own { secret: Some(secret), .. }) = &self.settings.form {
            self.sign(secret, message, &posted.text, &mut headers, address).await?;
        }
        let client = self.line.client(address, &self.world.folder).await?;
        let request = client.request(self.method(), address.url.clone()).headers(headers).body(posted.text);
        let reply = address.send(request).await?;
        let reference = self.read(reply.answer()).map_err(|error| address.redacted(error))?;
        Ok(Receipt { reference: posted.note.or(reference), ..Receipt::default() })
    }

    /// Makes a request of everything but a message, and sends nothing.
    async fn look(&self) -> Result<Probe, DeliveryError> {
        let mut address = Address::new("url", &self.url().await?, self.settings.allow_http)?;
        self.headers(&mut address).await?;
        if let Form::Own(Own { secret: Some(secret), .. }) = &self.settings.form {
            Key::parse(self.reveal(secret).await?.expose()).ok_or_else(unusable_key)?;
        }
        self.line.client(&address, &self.world.folder).await?;
        let plain = address.url.scheme() == "http" && !address.is_loopback();
        let weak = plain.then(|| "everything goes in plain text (`allow_http = true`)".to_owned());
        let found = format!("`{}` is not called without a message", address.host());
        Ok(Probe { found, weak: weak.into_iter().collect() })
    }

    async fn reveal(&self, secret: &Secret) -> Result<Revealed, DeliveryError> {
        Ok(secret.reveal(&self.world.environment, &self.world.folder).await?)
    }

    async fn url(&self) -> Result<Revealed, DeliveryError> {
        match (&self.settings.url, &self.settings.form) {
            (Some(url), _) => self.reveal(url).await,
            (None, Form::PagerDuty { .. }) => Ok(Revealed::new(pagerduty::URL)),
            (None, Form::Own(_) | Form::Teams | Form::Discord | Form::Telegram { .. }) => {
                Err(broken("there is no `url`".into()))
            }
        }
    }

    async fn headers(&self, address: &mut Address) -> Result<HeaderMap, DeliveryError> {
        let mut headers = HeaderMap::new();
        for (name, secret) in &self.settings.headers {
            let revealed = self.reveal(secret).await?;
            let unusable = || broken(format!("the header `{}` cannot be sent", name.escape_debug()));
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
            let mut value = HeaderValue::from_str(revealed.expose().trim()).map_err(|_| unusable())?;
            if key != CONTENT_TYPE {
                value.set_sensitive(true);
                address.hide(&revealed);
            }
            headers.insert(key, value);
        }
        Ok(headers)
    }

    /// What is posted, one after the other.
    async fn posts(
        &self,
        message: &Message,
        earlier: Option<&Receipt>,
        headers: &HeaderMap,
        address: &mut Address,
    ) -> Result<Vec<Posted>, DeliveryError> {
        Ok(vec![match &self.settings.form {
            Form::Own(Own { body: None, .. }) => Posted::json(&Body::new(message)),
            Form::Own(Own { body: Some(template), .. }) => {
                let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                Posted::templated(template, content_type, message)
            }
            Form::Teams => Posted::json(&teams::payload(message)),
            Form::Discord => Posted::json(&discord::payload(message)),
            Form::PagerDuty { routing_key } => {
                let key = self.reveal(routing_key).await?;
                address.hide(&key);
                let events = pagerduty::events(message, key.expose().trim())?;
                return Ok(events.iter().map(Posted::json).collect());
            }
            Form::Telegram { chat } => {
                let earlier = earlier.and_then(|receipt| receipt.reference.as_deref()?.parse().ok());
                Posted::json(&telegram::payload(message, chat, earlier))
            }
        }])
    }

    async fn sign(
        &self,
        secret: &Secret,
        message: &Message,
        body: &str,
        headers: &mut HeaderMap,
        address: &mut Address,
    ) -> Result<(), DeliveryError> {
        let revealed = self.reveal(secret).await?;
        address.hide(&revealed);
        let key = Key::parse(revealed.expose()).ok_or_else(unusable_key)?;
        let seconds = self.clock.now().as_second();
        let signature = key.sign(&message.id, seconds, body);
        let ours = [
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signature),
        ];
        for (name, value) in ours {
            let value = HeaderValue::try_from(value).map_err(|_| broken(format!("`{name}` cannot be sent")))?;
            headers.insert(name, value);
        }
        Ok(())
    }

    fn method(&self) -> reqwest::Method {
        match &self.settings.form {
            Form::Own(Own { method: Method::Put, .. }) => reqwest::Method::PUT,
            Form::Own(Own { method: Method::Patch, .. }) => reqwest::Method::PATCH,
            Form::Own(Own { method: Method::Post, .. })
            | Form::Teams
            | Form::Discord
            | Form::PagerDuty { .. }
            | Form::Telegram { .. } => reqwest::Method::POST,
        }
    }

    fn read(&self, answer: Answer<'_>) -> Result<Option<String>, DeliveryError> {
        match &self.settings.form {
            Form::Own(own) => reading::own(answer, &own.success).map(|()| None),
            Form::Teams => teams::read(answer),
            Form::Discord => discord::read(answer),
            Form::PagerDuty { .. } => pagerduty::read(answer),
            Form::Telegram { .. } => telegram::read(answer),
        }
    }
}

impl Channel for Webhook {
    /// A receiver of one's own takes many requests at once. A chat takes a few in a while, and no page of an incident may
    /// be told together with another: each has its own key.
    fn manners(&self) -> Manners {
        match &self.settings.form {
            Form::Own(_) => Manners { begun: ABREAST, abreast: ABREAST, ..Manners::ONE_BY_ONE },
            Form::PagerDuty { .. } => Manners::ONE_BY_ONE,
            Form::Teams | Form::Discord | Form::Telegram { .. } => Manners::SLOW,
        }
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

fn unusable_key() -> DeliveryError {
    broken("`secret` must be `whsec_` and 24 to 64 bytes in base64".into())
}
