//! Who may run now: a lane for each source, and a limit over all of them.
//!
//! Pure. Whatever waits for one source waits in its lane, so that a source that hangs holds up its own jobs and nobody
//! else's: of the places there are in all, one source may take at most half.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::job::JobId;
use crate::name::Name;

/// Slots that wait and runs that go on.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: HashMap<Name, Lane>,
    /// Lanes in which something waits and may go on, in the order in which they get their turn.
    turns: VecDeque<Name>,
    /// How many runs go on.
    open: usize,
    /// How many may.
    most: usize,
}

#[derive(Debug)]
struct Lane {
    waiting: VecDeque<(JobId, Timestamp)>,
    open: usize,
    most: usize,
    /// Whether it stands among the turns.
    listed: bool,
}

impl Lanes {
    /// No lane yet; at most so many runs at once.
    pub(super) fn new(most: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), open: 0, most: most.max(1) }
    }

    /// Takes the limits of the sources of a catalogue.
    pub(super) fn limit(&mut self, catalogue: &Catalogue) {
        self.lanes
            .retain(|name, lane| catalogue.sources.contains_key(name) || lane.open > 0 || !lane.waiting.is_empty());
        for (name, source) in &catalogue.sources {
            let most = source.settings.max_concurrent.min(self.most.div_ceil(2)).max(1);
            let fresh = || Lane { waiting: VecDeque::new(), open: 0, most, listed: false };
            self.lanes.entry(name.clone()).or_insert_with(fresh).most = most;
            self.list(name);
        }
    }

    /// Puts a slot at the end of the lane of a source.
    pub(super) fn wait(&mut self, source: &Name, id: JobId, slot: Timestamp) {
        let fresh = || Lane { waiting: VecDeque::new(), open: 0, most: 1, listed: false };
        self.lanes.entry(source.clone()).or_insert_with(fresh).waiting.push_back((id, slot));
        self.list(source);
    }

    /// Takes the next slot that may run; its lane is one fuller until [`Lanes::leave`].
    pub(super) fn take(&mut self) -> Option<(Name, JobId, Timestamp)> {
        if self.open >= self.most {
            return None;
        }
        let source = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&source)?;
        lane.listed = false;
        let (id, slot) = lane.waiting.pop_front()?;
        lane.open += 1;
        self.open += 1;
        self.list(&source);
        Some((source, id, slot))
    }

    /// A run no longer needs its source.
    pub(super) fn leave(&mut self, source: &Name) {
        self.open = self.open.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(source) {
            lane.open = lane.open.saturating_sub(1);
        }
        self.list(source);
    }

    /// Drops whatever waits.
    pub(super) fn clear(&mut self) {
        self.lanes.values_mut().for_each(|lane| lane.waiting.clear());
    }

    /// How many slots wait.
    pub(super) fn waiting(&self) -> usize {
        self.lanes.values().map(|lane| lane.waiting.len()).sum()
    }

    fn list(&mut self, source: &Name) {
        if let Some(lane) = self.lanes.get_mut(source)
            && !lane.listed
            && lane.open < lane.most
            && !lane.waiting.is_empty()
        {
            lane.listed = true;
            self.turns.push_back(source.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;
    use crate::job::JobId;
    use crate::name::Name;
    use jiff::Timestamp;

    fn name(word: &str) -> Name {
        Name::new(word).expect("a name")
    }

    fn lanes(most: usize, sources: &[(&str, usize)]) -> Lanes {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rowcall.toml");
        let source = |(name, most): &(&str, usize)| {
            format!("[sources.{name}]\nurl = \"sqlite::memory:\"\nmax_concurrent = {most}\n")
        };
        std::fs::write(&path, sources.iter().map(source).collect::<String>()).expect("writes");
        let mut lanes = Lanes::new(most);
        lanes.limit(&crate::catalogue::load(&path).expect("sound"));
        lanes
    }

    fn wait(lanes: &mut Lanes, source: &str, jobs: usize) {
        for n in 0..jobs {
            lanes.wait(&name(source), JobId::Alert(name(&format!("{source}_{n}"))), Timestamp::UNIX_EPOCH);
        }
    }

    fn started(lanes: &mut Lanes) -> Vec<String> {
        std::iter::from_fn(|| lanes.take()).map(|(_, id, _)| id.to_string().replace("alert ", "")).collect()
    }

    #[test]
    fn a_source_has_its_own_limit_and_all_of_them_one_together() {
        let mut lanes = lanes(8, &[("slow", 2), ("fast", 100)]);
        wait(&mut lanes, "slow", 9);
        wait(&mut lanes, "fast", 9);
        assert_eq!(started(&mut lanes), ["slow_0", "fast_0", "slow_1", "fast_1", "fast_2", "fast_3"]);
        assert_eq!(lanes.waiting(), 12, "half of all places are for the others");
        lanes.leave(&name("fast"));
        lanes.leave(&name("fast"));
        assert_eq!(started(&mut lanes), ["fast_4", "fast_5"], "the slow one holds up its own jobs only");
    }

    #[test]
    fn lanes_take_turns_when_places_are_few() {
        let mut lanes = lanes(1, &[("a", 4), ("b", 4)]);
        wait(&mut lanes, "a", 3);
        wait(&mut lanes, "b", 2);
        let mut order = Vec::new();
        while let Some((source, id, _)) = lanes.take() {
            order.push(id.to_string().replace("alert ", ""));
            assert_eq!(lanes.take(), None, "one at a time");
            lanes.leave(&source);
        }
        assert_eq!(order, ["a_0", "b_0", "a_1", "b_1", "a_2"]);
    }

    #[test]
    fn limits_of_another_catalogue_count_from_the_next_run_on() {
        let mut lanes = lanes(100, &[("a", 1)]);
        wait(&mut lanes, "a", 5);
        assert_eq!(started(&mut lanes).len(), 1);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rowcall.toml");
        std::fs::write(&path, "[sources.a]\nurl = \"sqlite::memory:\"\nmax_concurrent = 3\n").expect("writes");
        lanes.limit(&crate::catalogue::load(&path).expect("sound"));
        assert_eq!(started(&mut lanes).len(), 2);
        lanes.clear();
        lanes.leave(&name("a"));
        assert_eq!(started(&mut lanes).len(), 0);
    }
}
