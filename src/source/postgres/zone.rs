//! The time zone that a session prints `timestamp with time zone` in.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schedule::zone_rules;

/// A time zone by the server's name for it.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    zone: TimeZone,
    /// The offset, when it is the same at every instant.
    fixed: Option<i32>,
}

impl Zone {
    /// The zone that the server reports; UTC when it reports none, or one that nobody here knows.
    pub(super) fn new(name: Option<&str>) -> Self {
        let name = name.unwrap_or("UTC");
        let zone = zone_rules().zone(name).or_else(|| TimeZone::posix(name).ok()).unwrap_or(TimeZone::UTC);
        let fixed = zone.to_fixed_offset().ok().map(jiff::tz::Offset::seconds);
        Self { zone, fixed }
    }

    /// Seconds east of UTC at an instant in microseconds; beyond the years of the calendar, those of its last instant.
    pub(super) fn offset(&self, micros: i64) -> i32 {
        self.fixed.unwrap_or_else(|| {
            let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
            let instant = Timestamp::from_microsecond(micros).unwrap_or(nearest);
            self.zone.to_offset(instant).seconds()
        })
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
