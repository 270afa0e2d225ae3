//! `Resolved`: the settings of a source with their secrets, and errors that do not show them.

use super::url::parts;
use super::{Cause, Settings, SourceError, World};
use crate::name::Name;
use crate::secret::Revealed;

/// The URL and the password of a source, for as long as it takes to connect.
pub(super) struct Resolved {
    url: Revealed,
    password: Option<Revealed>,
    speaker: Speaker,
}

/// Makes the errors of one source: names it, and takes its secrets out of a driver's words.
#[derive(Clone)]
pub(super) struct Speaker {
    name: Name,
    secrets: Vec<Revealed>,
}

impl Resolved {
    /// Resolves the secrets of a source.
    pub(super) async fn of(settings: &Settings, world: &World) -> Result<Self, SourceError> {
        let failed = |error| SourceError::secret(&settings.name, &error);
        let url = settings.url.reveal(&world.environment, &world.folder).await.map_err(failed)?;
        let password = match &settings.password {
            Some(secret) => Some(secret.reveal(&world.environment, &world.folder).await.map_err(failed)?),
            None => None,
        };
        let mut secrets: Vec<Revealed> = password.iter().cloned().collect();
        let mut parts = parts(url.expose());
        secrets.extend(parts.passwords().iter().map(|text| Revealed::new(text)));
        secrets.extend(parts.take(&["password"]).map(|text| Revealed::new(&text)));
        Ok(Self { speaker: Speaker { name: settings.name.clone(), secrets }, url, password })
    }

    /// The URL as it is.
    #[cfg(feature = "postgres")]
    pub(super) fn text(&self) -> &str {
        self.url.expose()
    }

    /// The URL, taken apart.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(super) fn url(&self) -> super::url::Parts<'_> {
        parts(self.url.expose())
    }

    /// The password of the settings; it goes before the one in the URL.
    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_ref().map(Revealed::expose)
    }

    /// Who makes errors about this source.
    pub(super) fn speaker(&self) -> &Speaker {
        &self.speaker
    }
}

impl Speaker {
    /// The same, who also keeps a secret that was found elsewhere.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn keeping(mut self, secret: &str) -> Self {
        self.secrets.push(Revealed::new(secret));
        self
    }

    /// An error whose words hold no secret of this source.
    pub(super) fn error(&self, cause: Cause, problem: &str) -> SourceError {
        SourceError::new(&self.name, cause, self.redact(problem))
    }

    /// The same with the next step, when there is one.
    pub(super) fn hinted(&self, cause: Cause, problem: &str, hint: Option<&str>) -> SourceError {
        SourceError { hint: hint.map(|hint| self.redact(hint)), ..self.error(cause, problem) }
    }

    fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }
}

/// Everything an error says, outermost first; drivers keep the reason in the sources of an error.
#[cfg(feature = "postgres")]
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = inner.source();
    }
    text
}

/// Whether the certificate of the server is what failed, anywhere in the sources of an error.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn is_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(inner) = next {
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner.downcast_ref::<rustls::Error>();
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => inner.source(),
        };
    }
    false
}
