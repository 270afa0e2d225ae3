//! From a slot that waits to a run: who has a place is claimed, and who is claimed runs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Scheduler;
use super::lanes::Turn;
use super::runs::{How, Plan, Wanted};
use crate::job::run::Ours;
use crate::job::{Job, JobId};
use crate::name::Name;

/// With so many claims in hand no slot is claimed that has no place yet: on SQLite each is an open file.
const MOST_HELD: usize = 512;

impl Scheduler {
    /// Starts whatever may run now, and claims what may soon.
    pub(super) fn pump(&mut self) {
        let now = self.runner.clock.now();
        let mut wanted = Vec::new();
        while let Some(turn) = self.lanes.take() {
            match turn {
                Turn::Claim(source, id, slot) => self.want(&mut wanted, Wanted { source, id, slot, has_place: true }),
                Turn::Run(source, id, slot, ours) => self.start(source, id, slot, ours, now),
            }
        }
        for (source, id, slot) in self.lanes.ahead(MOST_HELD.saturating_sub(self.held)) {
            self.want(&mut wanted, Wanted { source, id, slot, has_place: false });
        }
        if !wanted.is_empty() {
            self.held += wanted.len();
            self.runner.claim(&self.plan, wanted);
        }
    }

    /// A job of an earlier catalogue may be gone.
    fn want(&mut self, all: &mut Vec<Wanted>, wanted: Wanted) {
        match Job::find(&self.plan.catalogue, &wanted.id) {
            Some(_) => all.push(wanted),
            None => {
                self.give_up(&wanted);
                self.active.remove(&wanted.id);
            }
        }
    }

    fn start(&mut self, source: Name, id: JobId, slot: Timestamp, ours: Box<Ours>, now: Timestamp) {
        let delay = Job::find(&self.plan.catalogue, &id).map_or(SignedDuration::ZERO, Job::delay);
        self.metrics.began(now.duration_since(slot) - delay);
        self.runner.start(&self.plan, source, id, slot, ours);
    }

    /// What is claimed runs where it has a place; what was claimed for an earlier catalogue is given back and waits anew.
    pub(super) async fn begun(&mut self, plan: &Arc<Plan>, begun: Vec<(Wanted, Result<Box<Ours>, How>)>) {
        let (now, is_current) = (self.runner.clock.now(), Arc::ptr_eq(plan, &self.plan));
        for (wanted, begun) in begun {
            match begun {
                Ok(ours) if is_current => {
                    let Wanted { source, id, slot, has_place } = wanted;
                    match has_place {
                        true => self.start(source, id, slot, ours, now),
                        false => self.lanes.claimed(&source, id, slot, ours),
                    }
                }
                Ok(_) => {
                    self.held -= 1;
                    self.give_up(&wanted);
                    match Job::find(&self.plan.catalogue, &wanted.id) {
                        Some(job) => self.lanes.wait(job.source(), wanted.id, wanted.slot),
                        None => drop(self.active.remove(&wanted.id)),
                    }
                }
                Err(how) => {
                    self.give_up(&wanted);
                    self.ended(wanted.id, wanted.slot, how).await;
                }
            }
        }
    }

    /// A slot that was to be claimed needs no place.
    fn give_up(&mut self, wanted: &Wanted) {
        match wanted.has_place {
            true => self.lanes.leave(&wanted.source, None),
            false => self.lanes.refused(&wanted.source),
        }
    }
}
