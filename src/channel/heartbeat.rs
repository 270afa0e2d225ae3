//! A dead man's switch: an address that is asked again and again for as long as the loop is alive, and whose owner calls
//! when that ends.

use std::path::Path;
use std::time::Duration;

use super::DeliveryError;
use crate::secret::{Environment, Secret};

/// The `[heartbeat]` table.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address: whoever knows it can keep the switch quiet.
    pub url: Secret,
    /// How often it is asked.
    pub every: Duration,
}

/// Asks the address once.
///
/// # Errors
/// There was no answer, or one that is no success.
#[cfg(any(feature = "slack", feature = "webhook"))]
pub async fn beat(settings: &Settings, environment: &Environment, folder: &Path) -> Result<(), DeliveryError> {
    use super::http::{Address, Line, broken};
    let address = Address::new("heartbeat.url", &settings.url.reveal(environment, folder).await?, false)?;
    let line = Line::new(None);
    let client = line.client(&address, folder).await?;
    let reply = address.send(client.get(address.url.clone())).await?;
    let status = reply.answer().status;
    if (200..300).contains(&status) {
        return Ok(());
    }
    Err(broken(format!("`{}` answered {status}", address.host())))
}

/// Says that this build has no HTTP.
///
/// # Errors
/// Always.
#[cfg(not(any(feature = "slack", feature = "webhook")))]
pub async fn beat(_: &Settings, _: &Environment, _: &Path) -> Result<(), DeliveryError> {
    let problem = "this rowcall was built without `slack` and `webhook`, and so without HTTP".into();
    Err(DeliveryError { retry: super::Retry::Never, problem })
}
