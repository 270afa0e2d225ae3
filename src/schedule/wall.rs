//! From the wall clock to instants: what a change of the clock does to a line.

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil};

use super::crontab::WallClock;
use super::line::Line;

/// A gap this long is not a summer time but a lost day: what falls into it is not made up for.
const LOST: SignedDuration = SignedDuration::from_hours(3);

/// A wall clock in a zone.
#[derive(Clone, Debug)]
pub(super) struct Wall {
    clock: WallClock,
    zone: TimeZone,
    fixed: bool,
}

impl Wall {
    pub(super) fn new(line: &Line, zone: TimeZone) -> Self {
        Self { clock: WallClock::new(line), zone, fixed: line.is_fixed() }
    }

    pub(super) fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        if self.fixed { self.next_fixed(instant) } else { self.next_flowing(instant) }
    }

    /// The next fixed time. Times of the second pass of an overlap map to the first and are skipped.
    fn next_fixed(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut wall = self.zone.to_datetime(instant);
        loop {
            wall = self.clock.next_after(wall)?;
            if let Some(due) = self.instant_of(wall).filter(|due| *due > instant) {
                return Some(due);
            }
        }
    }

    /// The one instant at which a fixed time is due; none for a time of a lost day.
    fn instant_of(&self, wall: civil::DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(wall).ok()
            }
            AmbiguousOffset::Gap { before, after } if after.duration_since(before) >= LOST => None,
            // By the later offset the time lies before the change, by at most the length of the gap.
            AmbiguousOffset::Gap { after, .. } => {
                let before_change = after.to_timestamp(wall).ok()?;
                self.zone.following(before_change).next().map(|change| change.timestamp())
            }
        }
    }

    /// The next time in the flow of real time: the wall clock is read under one offset up to the next change, where it
    /// is set anew, forward or back.
    fn next_flowing(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut offset = self.zone.to_offset(instant);
        let mut wall = offset.to_datetime(instant);
        for change in self.zone.following(instant) {
            let due = self.due_at(offset, wall)?;
            if due < change.timestamp() {
                return Some(due);
            }
            offset = change.offset();
            // The instant of the change is itself a candidate.
            wall = offset.to_datetime(change.timestamp()).checked_sub(1.second()).ok()?;
        }
        self.due_at(offset, wall)
    }

    fn due_at(&self, offset: jiff::tz::Offset, wall: civil::DateTime) -> Option<Timestamp> {
        offset.to_timestamp(self.clock.next_after(wall)?).ok()
    }
}
