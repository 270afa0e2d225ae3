//! Instants as people write them on the command line.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::failure::Failure;

/// Reads an instant: RFC 3339 with an offset, or a date or a date and time on the wall clock of `zone`.
pub(super) fn read(text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let wrong = || {
        Failure::usage(format!("`{text}` is no instant"))
            .hint("write it like 2026-11-20, \"2026-11-20 12:00\" or 2026-11-20T12:00:00+09:00")
    };
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let date = || text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0));
    let wall = text.parse::<jiff::civil::DateTime>().or_else(|_| date()).map_err(|_| wrong())?;
    wall.to_zoned(zone.clone()).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}
