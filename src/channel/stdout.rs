//! Messages on standard output: for crontab, whose mail they become, and for trying a catalogue out.

use std::io::{self, ErrorKind};
use std::sync::PoisonError;

use futures_util::future::BoxFuture;

use super::{Channel, DeliveryError, Printer, Probe, Retry, text};
use crate::message::{Message, Receipt};

/// The door to a [`Printer`]. Every message is written whole, with a blank line after it. A reader that went away, as
/// in `rowcall check --notify | head -1`, is no failure.
pub struct Stdout {
    printer: Printer,
}

impl Stdout {
    /// A door to this printer.
    #[must_use]
    pub fn new(printer: Printer) -> Self {
        Self { printer }
    }

    fn print(&self, message: &Message) -> io::Result<()> {
        let mut printer = self.printer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut whole = text::plain(message, usize::MAX);
        whole.push('\n');
        printer.write_all(whole.as_bytes())?;
        printer.flush()
    }
}

impl Channel for Stdout {
    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        Box::pin(async move {
            match self.print(message) {
                Ok(()) => Ok(Receipt::default()),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Receipt::default()),
                Err(error) => {
                    let problem = format!("cannot write to standard output: {error}");
                    Err(DeliveryError { retry: Retry::After(None), problem })
                }
            }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, DeliveryError>> {
        Box::pin(async { Ok(Probe::of("writes to standard output")) })
    }
}
