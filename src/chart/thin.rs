//! Fewer points with the same look: largest triangle three buckets.

use super::ticks::as_f64;

/// Beyond so many points of a series nobody sees one by one.
pub(super) const MOST: usize = 2_000;

/// At most `most` of the points, rising in x; the first and the last stay, and of those between the ones that stand out.
pub(super) fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let most = most.max(3);
    if points.len() <= most {
        return points.to_vec();
    }
    let every = as_f64(points.len() - 2) / as_f64(most - 2);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below the number of points")]
    let edge = |bucket: usize| 1 + (as_f64(bucket) * every) as usize;
    let mut kept = vec![points[0]];
    for bucket in 0..most - 2 {
        let (begin, end) = (edge(bucket), edge(bucket + 1).min(points.len() - 1));
        let next = centre(&points[end..edge(bucket + 2).clamp(end + 1, points.len())]);
        let last = kept[kept.len() - 1];
        let size = |point: &(f64, f64)| {
            ((last.0 - next.0) * (point.1 - last.1) - (last.0 - point.0) * (next.1 - last.1)).abs()
        };
        kept.extend(points[begin..end].iter().max_by(|a, b| size(a).total_cmp(&size(b))).copied());
    }
    kept.push(points[points.len() - 1]);
    kept
}

fn centre(points: &[(f64, f64)]) -> (f64, f64) {
    let sum = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (sum.0 / as_f64(points.len()), sum.1 / as_f64(points.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, proptest};

    use super::{as_f64, thinned};

    #[test]
    fn a_peak_survives() {
        let mut points: Vec<(f64, f64)> = (0..50_000).map(|n| (as_f64(n), as_f64(n % 7))).collect();
        points[31_007].1 = 1_000.0;
        let thin = thinned(&points, 2_000);
        assert_eq!(thin.len(), 2_000);
        assert!(thin.contains(&(31_007.0, 1_000.0)));
        assert_eq!((thin[0], thin[1_999]), (points[0], points[49_999]));
    }

    proptest! {
        #[test]
        fn what_is_kept_was_there_in_that_order(values in prop::collection::vec(-1e9..1e9, 0..400), most in 0_usize..90) {
            let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(n, value)| (as_f64(n), *value)).collect();
            let thin = thinned(&points, most);
            assert!(thin.len() <= most.max(3).max(3));
            assert!(thin.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert!(thin.iter().all(|point| points.contains(point)));
        }
    }
}
