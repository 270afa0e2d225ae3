//! What is due: a heap of instants, and for each job the last slot that is settled.
//!
//! Pure. Slots of a job leave in order and each at most once, however the clock jumps: a slot is taken only when it is
//! later than every slot of that job that left before.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::missed::{Slots, share};
use crate::catalogue::Catalogue;
use crate::job::{Job, JobId};

/// The next instant of every job of a catalogue.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Timestamp, u32)>>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: JobId,
    /// No slot up to this one leaves any more.
    last: Timestamp,
    /// How much later than its slots the job begins.
    delay: SignedDuration,
}

/// Slots of a job that are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) id: JobId,
    pub(super) slots: Slots,
}

impl Agenda {
    /// The agenda of a catalogue at `now`. `settled` gives the last slot of a job that is settled; a job without one
    /// begins with what is due after `now` less `grace`.
    pub(super) fn new(
        catalogue: &Catalogue,
        settled: impl Fn(&JobId) -> Option<Timestamp>,
        grace: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let jobs: Vec<Job<'_>> = Job::scheduled(catalogue).collect();
        let mut agenda = Self { heap: BinaryHeap::with_capacity(jobs.len()), entries: Vec::with_capacity(jobs.len()) };
        for job in jobs {
            let (id, delay) = (job.id(), job.delay());
            let last = settled(&id).or_else(|| now.checked_sub(grace).ok()).unwrap_or(now);
            let index = u32::try_from(agenda.entries.len()).expect("fewer jobs than that");
            agenda.heap.extend(next(job, last, delay, index));
            agenda.entries.push(Entry { id, last, delay });
        }
        agenda
    }

    /// The agenda of another catalogue from `now` on: what was settled stays so, and a schedule that is new or has changed
    /// begins with what is due after `now`.
    pub(super) fn renewed(&self, old: &Catalogue, new: &Catalogue, now: Timestamp) -> Self {
        let lasts: HashMap<&JobId, Timestamp> = self.entries.iter().map(|entry| (&entry.id, entry.last)).collect();
        let settled = |id: &JobId| {
            let last = *lasts.get(id)?;
            let line = |catalogue| {
                let timing = Job::find(catalogue, id)?.timing();
                Some((timing.active()?.text().to_owned(), timing.zone.clone(), timing.splay))
            };
            Some(if line(old) == line(new) { last } else { last.max(now) })
        };
        Self::new(new, settled, SignedDuration::ZERO, now)
    }

    /// How many jobs have a schedule.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((instant, _))| *instant)
    }

    /// Takes what is due at `now`.
    pub(super) fn due(&mut self, catalogue: &Catalogue, now: Timestamp) -> Vec<Due> {
        let mut due = Vec::new();
        while self.next().is_some_and(|instant| instant <= now) {
            let Some(Reverse((_, index))) = self.heap.pop() else { break };
            let entry = &mut self.entries[index as usize];
            let Some(job) = Job::find(catalogue, &entry.id) else { continue };
            let slots = share(job.timing(), entry.last, now.checked_sub(entry.delay).unwrap_or(now));
            let newest = slots.run.last().copied().max(slots.missed.map(|(slot, _)| slot));
            entry.last = newest.unwrap_or(entry.last);
            self.heap.extend(next(job, entry.last, entry.delay, index));
            // Slots that nobody wants are no news by themselves when they are as old as the window.
            due.push(Due { id: entry.id.clone(), slots });
        }
        due
    }
}

fn next(job: Job<'_>, last: Timestamp, delay: SignedDuration, index: u32) -> Option<Reverse<(Timestamp, u32)>> {
    let slot = job.timing().next_after(last)?;
    Some(Reverse((slot.checked_add(delay).unwrap_or(Timestamp::MAX), index)))
}

#[cfg(test)]
mod tests {
    use super::Agenda;
    use crate::catalogue::{self, Catalogue};
    use crate::job::{Job, JobId};
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_oneof, proptest};
    use std::collections::HashMap;

    const LINES: [&str; 6] = ["every 7s", "* * * * *", "*/10 * * * *", "0 * * * *", "30 2 * * *", "0 0 1 * *"];
    const MISSED: [&str; 3] = ["latest", "skip", "all"];

    fn catalogue(jobs: &[(usize, usize, u64)]) -> Catalogue {
        let job = |(n, (line, missed, splay)): (usize, &(usize, usize, u64))| {
            format!(
                "[alerts.a{n}]\nsource = \"s\"\nsql = \"select 1\"\nwhen = \"value > 1\"\nschedule = \"{}\"\n\
                 missed = \"{}\"\nsplay = \"{splay}s\"\ntimezone = \"Europe/Berlin\"\n",
                LINES[*line], MISSED[*missed],
            )
        };
        let text =
            format!("[sources.s]\nurl = \"sqlite::memory:\"\n{}", jobs.iter().enumerate().map(job).collect::<String>());
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rowcall.toml");
        std::fs::write(&path, text).expect("writes");
        catalogue::load(&path).unwrap_or_else(|error| panic!("{error}"))
    }

    fn start() -> Timestamp {
        "2026-10-24T20:00:00Z".parse().expect("an instant")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Seconds, minutes, a suspended night, a clock set forth by two days, back by an hour: whatever the clock does, a
        /// slot leaves once, in order, not before it is due, and none is left behind that is not accounted for.
        #[test]
        fn no_slot_leaves_twice_whatever_the_clock_does(
            jobs in prop::collection::vec((0..LINES.len(), 0..MISSED.len(), 0..40_u64), 1..8),
            jumps in prop::collection::vec(
                prop_oneof![8 => 0..90_i64, 2 => -7200..0_i64, 1 => 90..50_000_i64, 1 => 100_000..200_000_i64], 1..60),
        ) {
            let catalogue = catalogue(&jobs);
            let mut now = start();
            let mut agenda = Agenda::new(&catalogue, |_| None, SignedDuration::ZERO, now);
            let mut seen: HashMap<JobId, Vec<Timestamp>> = HashMap::new();
            let mut accounted: HashMap<JobId, u64> = HashMap::new();
            for jump in jumps {
                now += SignedDuration::from_secs(jump);
                for due in agenda.due(&catalogue, now) {
                    let job = Job::find(&catalogue, &due.id).expect("there");
                    let mine = seen.entry(due.id.clone()).or_default();
                    for slot in &due.slots.run {
                        prop_assert!(mine.last().is_none_or(|last| last < slot), "{} {slot} after {mine:?}", due.id);
                        prop_assert!(*slot + job.delay() <= now, "{} {slot} before its time {now}", due.id);
                        mine.push(*slot);
                    }
                    let missed = due.slots.missed.map_or(0, |(_, count)| count);
                    *accounted.entry(due.id).or_default() += due.slots.run.len() as u64 + missed;
                }
                if let Some(next) = agenda.next() {
                    prop_assert!(next > now, "what is due has left");
                }
            }
            for (id, slots) in &seen {
                let schedule = Job::find(&catalogue, id).expect("there").timing().active().expect("scheduled");
                let Some(last) = slots.last() else { continue };
                let all = schedule.due_between(start(), *last).count() as u64;
                // Of many missed slots a hundred are counted.
                let accounted = accounted[id];
                prop_assert!(accounted <= all + 1000 && (accounted >= all || accounted >= 100), "{id}: {accounted} of {all}");
            }
        }
    }

    #[test]
    fn another_catalogue_loses_no_slot_and_repeats_none() {
        let (minutely, hourly) = (catalogue(&[(1, 0, 0)]), catalogue(&[(3, 0, 0), (1, 0, 0)]));
        let at = |seconds: i64| start() + SignedDuration::from_secs(seconds);
        let mut agenda = Agenda::new(&minutely, |_| None, SignedDuration::ZERO, at(0));
        assert_eq!(agenda.due(&minutely, at(60))[0].slots.run, [at(60)]);
        // The same line: the slot of the second minute is due, not lost.
        let mut same = agenda.renewed(&minutely, &minutely, at(125));
        assert_eq!(same.due(&minutely, at(125))[0].slots.run, [at(120)]);
        // Another line and a new job: from now on.
        let mut other = agenda.renewed(&minutely, &hourly, at(90));
        assert_eq!(other.next(), Some(at(120)), "the new job");
        assert_eq!(other.due(&hourly, at(120)).len(), 1);
        assert_eq!(other.due(&hourly, at(3599)).len(), 1);
        assert_eq!(other.due(&hourly, at(3600)).len(), 2);
        // Back again within the minute that has had its run.
        let back = agenda.renewed(&minutely, &hourly, at(60)).renewed(&hourly, &minutely, at(60));
        assert_eq!(back.next(), Some(at(120)));
    }
}
