//! The door to an incoming webhook.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, Url, redirect};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::answer::{Answer, Reading};
use super::{Settings, payload};
use crate::channel::{Channel, DeliveryError, Retry, World};
use crate::message::{Message, Receipt};
use crate::secret::Revealed;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const WHOLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of an answer is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A part of the URL shorter than this many bytes is no secret, and masking it would mask ordinary words.
const SHORTEST_HIDDEN: usize = 8;

/// The door to one webhook. Each delivery reveals the URL anew, so that a rotated one is taken up without a restart.
pub struct Slack {
    settings: Settings,
    world: World,
    client: OnceCell<Client>,
}

impl Slack {
    /// A door by these settings. Connects to nothing.
    #[must_use]
    pub fn new(settings: Settings, world: World) -> Self {
        Self { settings, world, client: OnceCell::new() }
    }

    async fn send(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        let revealed = self.settings.webhook.reveal(&self.world.environment, &self.world.folder).await?;
        let hook = Hook::new(&revealed)?;
        let client = self.client.get_or_try_init(|| self.client(&hook)).await?;
        let refusal = match hook.post(client, &payload::rich(message)).await? {
            Reading::Delivered => return Ok(Receipt::default()),
            Reading::BlocksRefused(word) => word,
            Reading::Failed(error) => return Err(error),
        };
        match hook.post(client, &payload::text_only(message, &refusal)).await? {
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

    async fn client(&self, hook: &Hook) -> Result<Client, DeliveryError> {
        // The front door installs a provider; whoever came first is right.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(WHOLE_TIMEOUT)
            .user_agent(concat!("rowcall/", env!("CARGO_PKG_VERSION")));
        if hook.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some(file) = &self.settings.ca_file {
            let path = self.world.folder.join(file);
            let unusable = |cause: String| broken(format!("`ca_file` `{}` {cause}", path.display()));
            let pem = tokio::fs::read(&path).await.map_err(|error| unusable(format!("cannot be read: {error}")))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or_else(|| unusable("holds no certificate in PEM".into()))?;
            builder = builder.tls_certs_only(certificates);
        }
        builder.build().map_err(|error| hook.unsent(error))
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

/// A revealed webhook: the URL, and the parts of it that nobody may see.
struct Hook {
    url: Url,
    hidden: Vec<Revealed>,
}

impl Hook {
    fn new(revealed: &Revealed) -> Result<Self, DeliveryError> {
        let text = revealed.expose().trim();
        let url = Url::parse(text).map_err(|error| broken(format!("`webhook` is not a URL: {error}")))?;
        let segments = url.path().split('/').filter(|segment| !segment.is_empty()).skip(1);
        let parts = [text, url.as_str(), url.path()].into_iter().chain(url.query()).chain(segments);
        let hidden = parts.filter(|part| part.len() >= SHORTEST_HIDDEN).map(Revealed::new).collect();
        let hook = Self { url, hidden };
        match hook.url.scheme() {
            "https" => Ok(hook),
            "http" if hook.is_loopback() => Ok(hook),
            "http" => {
                Err(broken("`webhook` is `http://`, which shows the secret to the network; use `https://`".into()))
            }
            other => Err(broken(format!("`webhook` begins with `{other}:`, not with `https:`"))),
        }
    }

    fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    async fn post(&self, client: &Client, payload: &Value) -> Result<Reading, DeliveryError> {
        let request = client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(payload.to_string());
        let mut response = request.send().await.map_err(|error| self.unsent(error))?;
        let body = body(&mut response).await.map_err(|error| self.unsent(error))?;
        let headers = response.headers();
        let answer = Answer {
            status: response.status().as_u16(),
            body: &body,
            retry_after: header(headers, &RETRY_AFTER),
            date: header(headers, &DATE),
            location: header(headers, &LOCATION),
        };
        Ok(match answer.read() {
            Reading::Failed(error) => {
                Reading::Failed(DeliveryError { retry: error.retry, problem: self.redact(&error.problem) })
            }
            Reading::BlocksRefused(word) => Reading::BlocksRefused(self.redact(&word)),
            Reading::Delivered => Reading::Delivered,
        })
    }

    /// What became of a request that got no whole answer. Slack may have taken it; a passing failure either way.
    fn unsent(&self, error: reqwest::Error) -> DeliveryError {
        let retry = if error.is_builder() { Retry::Broken } else { Retry::After(None) };
        let host = self.url.host_str().unwrap_or_default();
        let problem = if error.is_timeout() {
            format!("`{host}` did not answer in time")
        } else {
            format!("no answer from `{host}`: {}", root(&error.without_url()))
        };
        DeliveryError { retry, problem: self.redact(&problem) }
    }

    fn redact(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, part| part.redact(&text))
    }
}

/// At most [`LONGEST_ANSWER`] bytes of the body as text.
async fn body(response: &mut Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = LONGEST_ANSWER - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == LONGEST_ANSWER {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The words of the innermost cause: `Connection refused`, rather than `error sending request`.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn broken(problem: String) -> DeliveryError {
    DeliveryError { retry: Retry::Broken, problem }
}

#[cfg(test)]
mod tests {
    use super::Hook;
    use crate::channel::Retry;
    use crate::secret::Revealed;

    #[test]
    fn a_webhook_is_secure_or_local() {
        let cases = [
            ("https://hooks.slack.com/services/T0/B0/XXXXXXXX", None),
            ("https://hooks.slack-gov.com/services/T0/B0/XXXXXXXX\n", None),
            ("http://127.0.0.1:8080/x", None),
            ("http://localhost/x", None),
            ("http://[::1]/x", None),
            ("http://hooks.slack.com/services/x", Some("shows the secret to the network")),
            ("http://localhost.example.com/x", Some("shows the secret to the network")),
            ("ftp://127.0.0.1/x", Some("begins with `ftp:`")),
            ("hooks.slack.com/services/x", Some("not a URL")),
            ("", Some("not a URL")),
        ];
        for (url, problem) in cases {
            match (Hook::new(&Revealed::new(url)), problem) {
                (Ok(_), None) => {}
                (Err(error), Some(problem)) => {
                    assert!(error.problem.contains(problem) && error.retry == Retry::Broken, "{url}: {error}");
                }
                (result, _) => panic!("{url}: {:?}", result.err()),
            }
        }
    }

    #[test]
    fn no_part_of_the_url_is_shown() {
        let hook = Hook::new(&Revealed::new("https://hooks.slack.com/services/T0/B0/S3CR3T-canary/+=?token=x"));
        let hook = hook.unwrap_or_else(|error| panic!("{error}"));
        for text in [
            "cannot open https://hooks.slack.com/services/T0/B0/S3CR3T-canary/+=?token=x",
            "GET /services/T0/B0/S3CR3T-canary/+=?token=x",
            "no such path: /services/T0/B0/S3CR3T-canary/+=",
            "no such token: S3CR3T-canary",
        ] {
            assert!(!hook.redact(text).contains("S3CR3T"), "{}", hook.redact(text));
        }
    }
}
