//! Moments on the clock of another zone.

use jiff::tz::TimeZone;

use crate::table::Batch;

/// Prints every timestamp with time zone of the batch as the clocks of `zone` show it; the moment stays the same. What
/// lies beyond the years -9999 to 9999, and timestamps without time zone, stay as the database gave them.
pub fn in_zone(batch: &mut Batch, zone: &TimeZone) {
    for timestamp in batch.timestamps_mut() {
        if timestamp.offset.is_some()
            && let Ok(moment) = jiff::Timestamp::from_microsecond(timestamp.micros)
        {
            timestamp.offset = Some(zone.to_offset(moment).seconds());
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::in_zone;
    use crate::table::Table;
    use crate::value::{Array, Dimension, Timestamp, Value};

    #[test]
    fn only_moments_are_moved() {
        let (summer, winter) = (1_750_000_000_000_000, 1_735_000_000_000_000);
        let at = |micros, offset| Value::Timestamp(Timestamp::new(micros, offset));
        let dimensions = vec![Dimension { length: 1, lower: 1 }];
        let array = Array { dimensions, items: vec![at(summer, Some(0))] };
        let cells = vec![
            at(summer, Some(0)),
            at(winter, Some(32_400)),
            at(summer, None),
            at(Timestamp::INFINITY, Some(0)),
            Value::Array(std::borrow::Cow::Owned(array)),
        ];
        let mut batch = Table::of(&["a", "b", "c", "d", "e"], &[cells]).batches()[0].clone();
        in_zone(&mut batch, &TimeZone::get("Europe/Berlin").expect("a zone"));
        let shown: Vec<String> = batch.row(0).values().map(|value| value.to_string()).collect();
        let expected = [
            "2025-06-15 17:06:40+02",
            "2024-12-24 01:26:40+01",
            "2025-06-15 15:06:40",
            "infinity",
            "{\"2025-06-15 17:06:40+02\"}",
        ];
        assert_eq!(shown, expected);
    }
}
