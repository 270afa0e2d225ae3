//! Which jobs are late: those with a deadline whose slot passed it before a run did its work. Pure.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::missed::latest;
use crate::catalogue::{Catalogue, Timing};
use crate::job::{Job, JobId};
use crate::store::Stand;

/// Slots whose deadline is still to come, and what is known of their jobs.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Timestamp, JobId, Timestamp)>>,
    succeeded: HashMap<JobId, Timestamp>,
    /// The jobs whose owners were told, and the slot since which they are late.
    late: HashMap<JobId, Timestamp>,
    paused: HashSet<JobId>,
}

impl Deadlines {
    /// Takes up a job at `now` as the store knows it: the last slot whose deadline has passed counts, so that nothing is
    /// overlooked because nobody ran at its deadline.
    pub(super) fn take_up(&mut self, job: Job<'_>, stand: &Stand, now: Timestamp) {
        let (id, timing) = (job.id(), job.timing());
        self.succeeded.extend(stand.succeeded.map(|slot| (id.clone(), slot)));
        self.late.extend(stand.late.map(|slot| (id.clone(), slot)));
        let (Some(schedule), Some(length), Some(last)) = (timing.active(), length(timing), stand.last) else { return };
        let since = stand.succeeded.unwrap_or(last);
        for until in [now.checked_sub(length).unwrap_or(now), now] {
            if let Some(slot) = latest(schedule, since, until) {
                self.expect(job, slot);
            }
        }
    }

    /// A slot of a job has come.
    pub(super) fn expect(&mut self, job: Job<'_>, slot: Timestamp) {
        if let Some(at) = length(job.timing()).and_then(|length| slot.checked_add(length).ok()) {
            self.heap.push(Reverse((at, job.id(), slot)));
        }
    }

    /// When something may be late next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// The jobs that are late at `now` and were not before: the slot, and the last one that was served.
    pub(super) fn late(&mut self, catalogue: &Catalogue, now: Timestamp) -> Vec<(JobId, Timestamp, Option<Timestamp>)> {
        let mut late = Vec::new();
        while self.next().is_some_and(|at| at <= now) {
            let Some(Reverse((_, id, slot))) = self.heap.pop() else { break };
            let wanted = Job::find(catalogue, &id).is_some_and(|job| length(job.timing()).is_some());
            let served = self.succeeded.get(&id).copied();
            if wanted
                && served.is_none_or(|served| served < slot)
                && !self.late.contains_key(&id)
                && !self.paused.contains(&id)
            {
                self.late.insert(id.clone(), slot);
                late.push((id, slot, served));
            }
        }
        late
    }

    /// A run has done its work for a slot; gives the slot since which the job was late.
    pub(super) fn served(&mut self, id: &JobId, slot: Timestamp) -> Option<Timestamp> {
        let newest = self.succeeded.get(id).map_or(slot, |served| slot.max(*served));
        self.succeeded.insert(id.clone(), newest);
        self.late.remove(id)
    }

    /// The jobs of which nothing is expected while they are paused.
    pub(super) fn pause(&mut self, paused: HashSet<JobId>) {
        self.paused = paused;
    }

    /// How many jobs are late.
    pub(super) fn count(&self) -> usize {
        self.late.len()
    }
}

fn length(timing: &Timing) -> Option<SignedDuration> {
    timing.deadline.map(|length| SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX))
}

#[cfg(test)]
mod tests {
    use super::Deadlines;
    use crate::catalogue::{Catalogue, load};
    use crate::job::{Job, JobId};
    use crate::store::Stand;
    use jiff::Timestamp;

    fn catalogue() -> Catalogue {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rowcall.toml");
        let text = "[sources.s]\nurl = \"sqlite::memory:\"\n[alerts.low]\nsource = \"s\"\nsql = \"select 1\"\n\
                    when = \"value > 1\"\nschedule = \"0 * * * *\"\ndeadline = \"30m\"\n";
        std::fs::write(&path, text).expect("writes");
        load(&path).expect("sound")
    }

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(n * 60).expect("in range")
    }

    #[test]
    fn a_job_is_late_once_and_on_time_again_once() {
        let catalogue = catalogue();
        let job = Job::scheduled(&catalogue).next().expect("one");
        let id: JobId = job.id();
        let mut deadlines = Deadlines::default();
        for (slot, served) in [(60, true), (120, false), (180, false), (240, true)] {
            deadlines.expect(job, minute(slot));
            assert_eq!(deadlines.next(), Some(minute(slot + 30)));
            if served {
                let since = deadlines.served(&id, minute(slot));
                assert_eq!(since, (slot == 240).then(|| minute(120)), "slot {slot}");
            }
            let late = deadlines.late(&catalogue, minute(slot + 30));
            let expected = (slot == 120).then(|| (id.clone(), minute(120), Some(minute(60))));
            assert_eq!(late, expected.into_iter().collect::<Vec<_>>(), "slot {slot}");
        }
    }

    #[test]
    fn what_passed_while_nobody_ran_is_late_and_what_is_paused_is_not() {
        let catalogue = catalogue();
        let job = Job::scheduled(&catalogue).next().expect("one");
        let late = |stand: &Stand, now: i64| {
            let mut deadlines = Deadlines::default();
            deadlines.take_up(job, stand, minute(now));
            deadlines.late(&catalogue, minute(now)).into_iter().map(|(_, slot, _)| slot).collect::<Vec<_>>()
        };
        let served = |slot: i64| Stand { last: Some(minute(slot)), succeeded: Some(minute(slot)), late: None };
        assert_eq!(late(&served(60), 620), [minute(540)]);
        assert_eq!(late(&served(600), 620), []);
        assert_eq!(late(&served(540), 620), [], "its deadline is still to come");
        assert_eq!(late(&Stand { late: Some(minute(60)), ..served(60) }, 620), [], "known");
        assert_eq!(late(&Stand::default(), 620), [], "it never ran");
        let mut paused = Deadlines::default();
        paused.pause([job.id()].into());
        paused.expect(job, minute(60));
        assert_eq!(paused.late(&catalogue, minute(600)), []);
    }
}
