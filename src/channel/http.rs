//! Requests over HTTP, as every door that speaks it makes them.
//!
//! An address is a secret as a whole: errors name its host and nothing else. A redirect is never followed, since a
//! POST would arrive as an empty GET; names and numbers that stand for this machine's own metadata service are refused,
//! after resolution, so that no name can point there. An answer is read to a limit.

use std::error::Error;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, Client, RequestBuilder, Response, Url, redirect};
use tokio::sync::OnceCell;

pub(super) use self::answer::Answer;
use self::forbidden::{Forbidden, Guard};
use super::{DeliveryError, Retry};
use crate::secret::Revealed;

mod answer;
mod forbidden;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const WHOLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of an answer is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A part of a URL shorter than this many bytes is no secret, and masking it would mask ordinary words.
const SHORTEST_HIDDEN: usize = 8;

/// The client of a door, made when it is first needed: one for this machine, which no proxy is asked for, and one for
/// the rest of the world.
pub(super) struct Line {
    ca_file: Option<PathBuf>,
    near: OnceCell<Client>,
    far: OnceCell<Client>,
}

impl Line {
    /// A line that trusts the certificates of `ca_file` instead of the system's, where there is one. Connects to
    /// nothing.
    pub(super) fn new(ca_file: Option<&Path>) -> Self {
        Self { ca_file: ca_file.map(Path::to_owned), near: OnceCell::new(), far: OnceCell::new() }
    }

    /// The client for an address; a relative `ca_file` is looked for in `folder`.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(super) async fn client(&self, address: &Address, folder: &Path) -> Result<&Client, DeliveryError> {
        let near = address.is_loopback();
        let cell = if near { &self.near } else { &self.far };
        cell.get_or_try_init(|| self.build(near, folder)).await
    }

    async fn build(&self, near: bool, folder: &Path) -> Result<Client, DeliveryError> {
        // The front door installs a provider; whoever came first is right.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(WHOLE_TIMEOUT)
            .dns_resolver(Guard)
            .user_agent(concat!("rowcall/", env!("CARGO_PKG_VERSION")));
        if near {
            builder = builder.no_proxy();
        }
        if let Some(file) = &self.ca_file {
            let path = folder.join(file);
            let unusable = |cause: String| broken(format!("`ca_file` `{}` {cause}", path.display()));
            let pem = tokio::fs::read(&path).await.map_err(|error| unusable(format!("cannot be read: {error}")))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or_else(|| unusable("holds no certificate in PEM".into()))?;
            builder = builder.tls_certs_only(certificates);
        }
        builder.build().map_err(|error| broken(format!("cannot set HTTP up: {}", root(&error.without_url()))))
    }
}

/// A revealed address: the URL, and what of it and beside it nobody may see.
pub(super) struct Address {
    pub(super) url: Url,
    hidden: Vec<Revealed>,
}

impl Address {
    /// Reads the URL that the catalogue has at `key`. Plain HTTP is for this machine, unless `allow_http`.
    ///
    /// # Errors
    /// Says what is wrong with it, without a word of it.
    pub(super) fn new(key: &str, revealed: &Revealed, allow_http: bool) -> Result<Self, DeliveryError> {
        let text = revealed.expose().trim();
        let url = Url::parse(text).map_err(|error| broken(format!("`{key}` is not a URL: {error}")))?;
        // The first part of a path is a plain word, such as `services`, or `bot` and the token.
        let plain = |segment: &str| segment.chars().all(|c| c.is_ascii_lowercase());
        let segments = url.path().split('/').enumerate().filter(|(n, segment)| *n > 1 || !plain(segment));
        let segments = segments.flat_map(|(_, segment)| [Some(segment), segment.strip_prefix("bot")]).flatten();
        let parts = [text, url.as_str(), url.path()].into_iter().chain(url.query()).chain(segments);
        let hidden = parts.filter(|part| part.len() >= SHORTEST_HIDDEN).map(Revealed::new).collect();
        let address = Self { url, hidden };
        if let Some(problem) = forbidden::literal(&address.url) {
            return Err(broken(format!("`{key}` points to {problem}, which is never called")));
        }
        match address.url.scheme() {
            "https" => Ok(address),
            "http" if allow_http || address.is_loopback() => Ok(address),
            "http" => {
                Err(broken(format!("`{key}` is `http://`, which shows the secret to the network; use `https://`")))
            }
            other => Err(broken(format!("`{key}` begins with `{other}:`, not with `https:`"))),
        }
    }

    /// Hides one more secret, which travels with the requests.
    pub(super) fn hide(&mut self, secret: &Revealed) {
        self.hidden.push(secret.clone());
    }

    /// Whether it is of this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// The host: the one part that may be shown.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// There was no whole answer; the other side may have taken the request all the same.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Reply, DeliveryError> {
        let mut response = request.send().await.map_err(|error| self.unsent(error))?;
        let body = body(&mut response).await.map_err(|error| self.unsent(error))?;
        Ok(Reply { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }

    /// What became of a request that got no whole answer.
    fn unsent(&self, error: reqwest::Error) -> DeliveryError {
        if let Some(Forbidden(problem)) = cause(&error) {
            return broken(format!("`{}` is {problem}, which is never called", self.host()));
        }
        let retry = match () {
            () if error.is_builder() => Retry::Broken,
            // Nothing was sent yet: nobody listens, or nobody who can be trusted.
            () if error.is_connect() => Retry::After(None),
            () => Retry::Repeat,
        };
        let problem = if error.is_timeout() {
            format!("`{}` did not answer in time", self.host())
        } else {
            format!("no answer from `{}`: {}", self.host(), root(&error.without_url()))
        };
        DeliveryError { retry, problem: self.redact(&problem) }
    }

    /// `text` without anything that nobody may see.
    pub(super) fn redact(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, part| part.redact(&text))
    }

    /// The same failure, without anything that nobody may see.
    pub(super) fn redacted(&self, error: DeliveryError) -> DeliveryError {
        DeliveryError { retry: error.retry, problem: self.redact(&error.problem) }
    }
}

/// An answer that came whole, or to its limit.
pub(super) struct Reply {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Reply {
    /// A header by its name in lower case.
    #[cfg(feature = "slack")]
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The answer as far as it matters.
    pub(super) fn answer(&self) -> Answer<'_> {
        let header = |name: &HeaderName| self.headers.get(name)?.to_str().ok();
        Answer {
            status: self.status,
            body: &self.body,
            retry_after: header(&RETRY_AFTER),
            date: header(&DATE),
            location: header(&LOCATION),
        }
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

/// The cause of this kind, if there is one among the causes.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The words of the innermost cause: `Connection refused`, rather than `error sending request`.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// A failure of the channel itself.
pub(super) fn broken(problem: String) -> DeliveryError {
    DeliveryError { retry: Retry::Broken, problem }
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::channel::Retry;
    use crate::secret::Revealed;

    #[test]
    fn an_address_is_secure_or_local() {
        let cases = [
            ("https://hooks.slack.com/services/T0/B0/XXXXXXXX", None),
            ("https://hooks.slack-gov.com/services/T0/B0/XXXXXXXX\n", None),
            ("http://127.0.0.1:8080/x", None),
            ("http://localhost/x", None),
            ("http://[::1]/x", None),
            ("https://10.1.2.3/x", None),
            ("http://hooks.slack.com/services/x", Some("shows the secret to the network")),
            ("http://localhost.example.com/x", Some("shows the secret to the network")),
            ("ftp://127.0.0.1/x", Some("begins with `ftp:`")),
            ("hooks.slack.com/services/x", Some("not a URL")),
            ("", Some("not a URL")),
            ("https://169.254.169.254/latest", Some("a link-local address")),
            ("https://0xa9fea9fe/latest", Some("a link-local address")),
            ("https://[fe80::1]/", Some("a link-local address")),
            ("https://[::ffff:169.254.169.254]/", Some("a link-local address")),
            ("https://[fd00:ec2::254]/", Some("a metadata service")),
            ("https://metadata.google.internal/", Some("a metadata service")),
            ("https://METADATA.google.internal./", Some("a metadata service")),
        ];
        for (url, problem) in cases {
            match (Address::new("url", &Revealed::new(url), false), problem) {
                (Ok(_), None) => {}
                (Err(error), Some(problem)) => {
                    assert!(error.problem.contains(problem) && error.retry == Retry::Broken, "{url}: {error}");
                }
                (result, _) => panic!("{url}: {:?}", result.err()),
            }
        }
        assert!(Address::new("url", &Revealed::new("http://proxy.example.com/x"), true).is_ok());
        assert!(Address::new("url", &Revealed::new("http://169.254.169.254/x"), true).is_err());
    }

    #[test]
    fn no_part_of_the_url_is_shown() {
        let address = Revealed::new("https://hooks.slack.com/services/T0/B0/S3CR3T-canary/+=?token=x");
        let address = Address::new("webhook", &address, false).unwrap_or_else(|error| panic!("{error}"));
        for text in [
            "cannot open https://hooks.slack.com/services/T0/B0/S3CR3T-canary/+=?token=x",
            "GET /services/T0/B0/S3CR3T-canary/+=?token=x",
            "no such path: /services/T0/B0/S3CR3T-canary/+=",
            "no such token: S3CR3T-canary",
        ] {
            assert!(!address.redact(text).contains("S3CR3T"), "{}", address.redact(text));
        }
    }
}
