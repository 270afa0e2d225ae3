//! The time zone that a session prints `timestamp with time zone` in.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schedule::zone_rules;

/// A time zone by the server's name for it. It is looked up when the first instant is printed: that reads the folders of
/// the zone database, and most statements print none.
#[derive(Debug)]
pub(super) struct Zone {
    name: Option<String>,
    found: OnceLock<Found>,
}

/// The zone of that name.
#[derive(Debug)]
struct Found {
    zone: TimeZone,
    /// The offset, when it is the same at every instant.
    fixed: Option<i32>,
}

impl Zone {
    /// The zone that the server reports; UTC when it reports none, or one that nobody here knows.
    pub(super) fn new(name: Option<&str>) -> Self {
        Self { name: name.map(str::to_owned), found: OnceLock::new() }
    }

    /// Seconds east of UTC at an instant in microseconds; beyond the years of the calendar, those of its last instant.
    pub(super) fn offset(&self, micros: i64) -> i32 {
        let Found { zone, fixed } = self.found.get_or_init(|| Found::of(self.name.as_deref().unwrap_or("UTC")));
        fixed.unwrap_or_else(|| {
            let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
            let instant = Timestamp::from_microsecond(micros).unwrap_or(nearest);
            zone.to_offset(instant).seconds()
        })
    }
}

impl Found {
    fn of(name: &str) -> Self {
        let zone = zone_rules().zone(name).or_else(|| TimeZone::posix(name).ok()).unwrap_or(TimeZone::UTC);
        let fixed = zone.to_fixed_offset().ok().map(jiff::tz::Offset::seconds);
        Self { zone, fixed }
    }
}

#[cfg(test)]
mod tests {
    use super::Zone;

    #[test]
    fn offsets_follow_the_zone_at_the_instant() {
        let (winter, summer) = (1_768_435_200_000_000, 1_784_073_600_000_000);
        let cases = [
            (None, winter, 0),
            (Some("Etc/UTC"), summer, 0),
            (Some("Asia/Seoul"), winter, 32_400),
            (Some("Europe/Berlin"), winter, 3_600),
            (Some("Europe/Berlin"), summer, 7_200),
            (Some("<+05>-05"), winter, 18_000),
            (Some("Nowhere/At-All?"), winter, 0),
            (Some("Asia/Seoul"), i64::MIN, 30_472),
            (Some("Asia/Seoul"), i64::MAX, 32_400),
        ];
        for (name, micros, seconds) in cases {
            assert_eq!(Zone::new(name).offset(micros), seconds, "{name:?} {micros}");
        }
    }
}
