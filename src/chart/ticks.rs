//! Nice numbers: where an axis of numbers begins and ends, and the steps between.

use super::number::exponent;

/// An axis of numbers: its ends are ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) step: f64,
    pub(super) ticks: Vec<f64>,
}

/// What a step may be, times a power of ten.
const STEPS: [f64; 5] = [1.0, 2.0, 2.5, 5.0, 10.0];

impl Scale {
    /// An axis for values from `low` to `high` with about `count` steps; `whole` values have no halves between them.
    pub(super) fn nice(low: f64, high: f64, count: usize, whole: bool) -> Self {
        let (low, high) = widened(low, high);
        let tried = (count.max(2) - 1..=count + 2).map(|count| Self::stepped(low, high, count));
        // Room that no value fills is worse than a step more or less.
        let worth = |scale: &Self| {
            let off = as_f64(scale.ticks.len() - 1) - as_f64(count);
            // And so is a digit more in every label.
            let quarters = scale.step / 10_f64.powi(exponent(scale.step)) % 1.0 != 0.0;
            let halves = whole && scale.step.fract() != 0.0;
            let cost = 0.04 * off.abs() + if quarters { 0.03 } else { 0.0 } + if halves { 1.0 } else { 0.0 };
            (high - low) / (scale.high - scale.low) - cost
        };
        tried.max_by(|a, b| worth(a).total_cmp(&worth(b))).expect("several are tried")
    }

    /// An axis of the nice step that makes about `count` of them.
    fn stepped(low: f64, high: f64, count: usize) -> Self {
        let step = step((high - low) / as_f64(count));
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few steps span low to high")]
        let steps = (last - first).max(1.0) as usize;
        let ticks: Vec<f64> = (0..=steps).map(|n| rounded((first + as_f64(n)) * step, step)).collect();
        Self { low: ticks[0], high: ticks[steps], step, ticks }
    }

    /// An axis for these values: from nothing where it must, or where nothing is near enough.
    pub(super) fn of(values: impl Iterator<Item = f64>, from_zero: bool, count: usize) -> Self {
        let none = (f64::INFINITY, f64::NEG_INFINITY, true);
        let (mut low, mut high, whole) = values.fold(none, |(l, h, w), v| (l.min(v), h.max(v), w && v.fract() == 0.0));
        if low > high {
            return Self::nice(0.0, 1.0, count, true);
        }
        let near = |least: f64, most: f64| least >= 0.0 && least <= 0.6 * most;
        if from_zero || low == high || near(low, high) || near(-high, -low) {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        Self::nice(low, high, count, whole)
    }

    /// Where a value stands: 0 at the low end, 1 at the high one.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// Counts of a picture are far below the precision of a float.
pub(super) fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Ends far enough apart to have digits between them.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if size < 1e-290 {
        return (0.0, 1.0);
    }
    if high - low > size * 1e-9 { (low, high) } else { (low - size * 1e-6, high + size * 1e-6) }
}

/// The nice step nearest above.
fn step(rough: f64) -> f64 {
    let power = 10_f64.powi(exponent(rough));
    let found = STEPS.iter().find(|step| **step * power >= rough * 0.999);
    found.copied().unwrap_or(10.0) * power
}

/// Without the dust of the multiplication: what is nothing is exactly nothing.
fn rounded(tick: f64, step: f64) -> f64 {
    if tick.abs() < step / 2.0 { 0.0 } else { tick }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::Scale;

    #[test]
    fn steps_are_numbers_that_people_count_in() {
        let cases = [
            ((0.0, 100.0), 5, "0 20 40 60 80 100"),
            ((3.0, 97.0), 5, "0 20 40 60 80 100"),
            ((0.0, 1.0), 4, "0 0.25 0.5 0.75 1"),
            ((-30.0, 70.0), 5, "-40 -20 0 20 40 60 80"),
            ((1_000_000.0, 1_000_007.0), 4, "1000000 1000002 1000004 1000006 1000008"),
            ((0.0, 0.0), 2, "0 0.5 1"),
        ];
        for ((low, high), count, expected) in cases {
            let ticks: Vec<String> =
                Scale::nice(low, high, count, false).ticks.iter().map(|n| format!("{n}")).collect();
            assert_eq!(ticks.join(" "), expected);
        }
    }

    #[test]
    fn an_axis_begins_at_nothing_where_that_is_fair() {
        let ends = |values: &[f64], from_zero| {
            let scale = Scale::of(values.iter().copied(), from_zero, 5);
            (scale.low, scale.high)
        };
        assert_eq!(ends(&[20.0, 100.0], false), (0.0, 100.0));
        assert_eq!(ends(&[80.0, 100.0], false), (80.0, 100.0));
        assert_eq!(ends(&[80.0, 100.0], true), (0.0, 100.0));
        assert_eq!(ends(&[-100.0, -20.0], false), (-100.0, 0.0));
        assert_eq!(ends(&[7.0], false), (0.0, 7.0));
        assert_eq!(ends(&[], false), (0.0, 1.0));
        let ticks = |values: &[f64]| Scale::of(values.iter().copied(), true, 4).ticks;
        assert_eq!(ticks(&[0.0, 1.0, 2.0]), [0.0, 1.0, 2.0]);
        assert_eq!(ticks(&[0.0, 0.9]), [0.0, 0.25, 0.5, 0.75, 1.0]);
    }

    proptest! {
        #[test]
        fn ticks_rise_evenly_around_the_values(a in any::<f64>(), b in any::<f64>(), count in 1_usize..12, whole in any::<bool>()) {
            let fits = |n: f64| if n.abs() <= 1e300 { n } else { 0.0 };
            let (low, high) = (fits(a).min(fits(b)), fits(a).max(fits(b)));
            let scale = Scale::nice(low, high, count, whole);
            assert!(scale.ticks.windows(2).all(|pair| pair[0] < pair[1]), "{scale:?}");
            assert!(scale.ticks.iter().all(|tick| tick.is_finite()));
            assert!((2..=count + 5).contains(&scale.ticks.len()), "{scale:?}");
            let slack = scale.step * 1e-6;
            assert!(scale.low <= low + slack && high <= scale.high + slack, "{scale:?}");
            assert!((0.0..=1.0).contains(&scale.place(scale.ticks[1])));
        }
    }
}
