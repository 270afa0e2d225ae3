//! Names of zones.

use jiff::tz::TimeZone;

use super::ScheduleError;
use super::tzdata::zone_rules;
use crate::name::nearest;

/// Names that mean another thing on each machine, or nothing.
const REFUSED: [&str; 4] = ["localtime", "posixrules", "Factory", "Etc/Unknown"];

/// The zone of an IANA name such as `Asia/Seoul`, or `UTC`, by the [`zone_rules`].
///
/// # Errors
/// Says which zone was most likely meant: by a near spelling, or by the city alone.
pub fn zone(name: &str) -> Result<TimeZone, ScheduleError> {
    let refused = REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(name));
    match zone_rules().zone(name) {
        Some(zone) if !refused => Ok(zone),
        Some(_) | None => {
            let error = ScheduleError::new(0..name.len(), format!("`{name}` is not a time zone"));
            let known = zone_rules().names();
            Err(match meant(name, known.iter().map(String::as_str).filter(|known| !REFUSED.contains(known))) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("write an IANA name such as `Asia/Seoul`, or `UTC`"),
            })
        }
    }
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let city = name.trim().replace([' ', '-'], "_");
    let same_city = |known: &&str| known.rsplit_once('/').is_some_and(|(_, last)| last.eq_ignore_ascii_case(&city));
    known.clone().find(same_city).or_else(|| nearest(name, known))
}

#[cfg(test)]
mod tests {
    use super::zone;

    #[test]
    fn a_zone_has_a_name() {
        for name in ["UTC", "Asia/Seoul", "europe/berlin", "America/Argentina/Buenos_Aires", "Etc/GMT-9"] {
            assert!(zone(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_unknown_zone_gets_a_near_one() {
        let cases = [
            ("Asia/Soul", "did you mean `Asia/Seoul`?"),
            ("Europe/Belrin", "did you mean `Europe/Berlin`?"),
            ("seoul", "did you mean `Asia/Seoul`?"),
            ("New York", "did you mean `America/New_York`?"),
            ("UTZ", "did you mean `UTC`?"),
            ("", "write an IANA name such as `Asia/Seoul`, or `UTC`"),
            ("localtime", "write an IANA name such as `Asia/Seoul`, or `UTC`"),
            ("../../etc/passwd", "write an IANA name such as `Asia/Seoul`, or `UTC`"),
        ];
        for (name, hint) in cases {
            let error = zone(name).expect_err(name);
            assert_eq!(error.problem, format!("`{name}` is not a time zone"));
            assert_eq!(error.hint.as_deref(), Some(hint));
        }
    }
}
