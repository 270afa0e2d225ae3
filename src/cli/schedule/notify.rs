//! What systemd is told of the loop, where systemd started it (`Type=notify-reload`, `WatchdogSec=`): a line to a socket.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The socket of whoever started us; nothing where nobody listens.
#[derive(Debug)]
pub(super) struct Notify {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// Reads `NOTIFY_SOCKET` and `WATCHDOG_USEC` as `variable` gives them.
    pub(super) fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let address = variable("NOTIFY_SOCKET").and_then(|path| match path.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(path).ok(),
        });
        let socket = address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address)));
        let ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let length = variable("WATCHDOG_USEC").and_then(|text| text.parse().ok()).map(Duration::from_micros);
        Self { socket, watchdog: length.filter(|_| ours) }
    }

    /// How often a sign of life is wanted: twice in the time after which we are taken for dead.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|length| length / 2)
    }

    /// The loop goes by its catalogue.
    pub(super) fn ready(&self) {
        self.say("READY=1");
    }

    /// The catalogue is being read anew.
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The loop ends.
    pub(super) fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// The loop is alive.
    pub(super) fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, words: &str) {
        if let Some((socket, address)) = &self.socket {
            // Who started us may have gone; the loop goes on.
            let _ = socket.send_to_addr(words.as_bytes(), address);
        }
    }
}
