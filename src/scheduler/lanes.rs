//! Who may run now: a lane for each source, and a limit over all of them.
//!
//! Pure. Whatever waits for one source waits in its lane, so that a source that hangs holds up its own jobs and nobody
//! else's: of the places there are in all, one source may take at most half. A slot is claimed when there is a place for
//! it; where a source answers fast, as many more are claimed with it as will run within a blink, for a claim costs about
//! as much as a hundred. A slow source never has claims in hand that another machine could be at work on.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::catalogue::Catalogue;
use crate::job::JobId;
use crate::name::Name;

/// How long a claim may wait for its place.
const BLINK: SignedDuration = SignedDuration::from_millis(100);
/// At most so many slots of a source are claimed before there are places for them.
const MOST_AHEAD: usize = 256;

/// Slots that wait and runs that go on; a slot that is claimed waits with what its claim gave.
#[derive(Debug)]
pub(super) struct Lanes<C> {
    lanes: HashMap<Name, Lane<C>>,
    /// Lanes in which something waits and may go on, in the order in which they get their turn.
    turns: VecDeque<Name>,
    /// How many runs go on.
    open: usize,
    /// How many may.
    most: usize,
}

#[derive(Debug)]
struct Lane<C> {
    waiting: VecDeque<(JobId, Timestamp)>,
    claimed: VecDeque<(JobId, Timestamp, C)>,
    /// How many are being claimed for which there is no place yet.
    asked: usize,
    open: usize,
    most: usize,
    /// Whether it stands among the turns.
    listed: bool,
    /// How long its runs take, the latest above all; none before the first has ended.
    length: Option<SignedDuration>,
}

/// A slot that has a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn<C> {
    /// It is to be claimed.
    Claim(Name, JobId, Timestamp),
    /// It is claimed and may run.
    Run(Name, JobId, Timestamp, C),
}

impl<C> Lanes<C> {
    /// No lane yet; at most so many runs at once.
    pub(super) fn new(most: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), open: 0, most: most.max(1) }
    }

    /// Takes the limits of the sources of a catalogue. What was claimed for an earlier one is to be claimed anew; gives how
    /// many claims are given back.
    pub(super) fn limit(&mut self, catalogue: &Catalogue) -> usize {
        let mut given_back = 0;
        for lane in self.lanes.values_mut() {
            given_back += lane.claimed.len();
            let claimed = lane.claimed.drain(..).rev().map(|(id, slot, _)| (id, slot));
            claimed.for_each(|slot| lane.waiting.push_front(slot));
        }
        self.lanes.retain(|name, lane| catalogue.sources.contains_key(name) || !lane.is_idle());
        for (name, source) in &catalogue.sources {
            let most = source.settings.max_concurrent.min(self.most.div_ceil(2)).max(1);
            self.lanes.entry(name.clone()).or_insert_with(|| Lane::new(most)).most = most;
            self.list(name);
        }
        given_back
    }

    /// Puts a slot at the end of the lane of a source.
    pub(super) fn wait(&mut self, source: &Name, id: JobId, slot: Timestamp) {
        self.lanes.entry(source.clone()).or_insert_with(|| Lane::new(1)).waiting.push_back((id, slot));
        self.list(source);
    }

    /// Takes the next slot that has a place; its lane is one fuller until [`Lanes::leave`].
    pub(super) fn take(&mut self) -> Option<Turn<C>> {
        while self.open < self.most {
            let source = self.turns.pop_front()?;
            let lane = self.lanes.get_mut(&source)?;
            lane.listed = false;
            if let Some(turn) = lane.take(&source) {
                lane.open += 1;
                self.open += 1;
                self.list(&source);
                return Some(turn);
            }
        }
        None
    }

    /// Takes slots that are to be claimed although there is no place for them yet, in each lane as many as will run within
    /// a blink and at most `room` in all; each is told of by [`Lanes::claimed`] or [`Lanes::refused`].
    pub(super) fn ahead(&mut self, mut room: usize) -> Vec<(Name, JobId, Timestamp)> {
        let mut ahead = Vec::new();
        for (source, lane) in &mut self.lanes {
            let wanted = lane.within_a_blink().min(MOST_AHEAD);
            if lane.waiting.is_empty() || lane.asked > 0 || lane.claimed.len() > wanted / 2 {
                continue;
            }
            let count = (wanted - lane.claimed.len()).min(lane.waiting.len()).min(room);
            ahead.extend(lane.waiting.drain(..count).map(|(id, slot)| (source.clone(), id, slot)));
            lane.asked = count;
            room -= count;
        }
        ahead
    }

    /// A slot is claimed, and waits for a place.
    pub(super) fn claimed(&mut self, source: &Name, id: JobId, slot: Timestamp, claimed: C) {
        if let Some(lane) = self.lanes.get_mut(source) {
            lane.asked = lane.asked.saturating_sub(1);
            lane.claimed.push_back((id, slot, claimed));
        }
        self.list(source);
    }

    /// A slot for which there was no place has no claim.
    pub(super) fn refused(&mut self, source: &Name) {
        if let Some(lane) = self.lanes.get_mut(source) {
            lane.asked = lane.asked.saturating_sub(1);
        }
        self.list(source);
    }

    /// A place of a source is free again, after a run of this length where there was one.
    pub(super) fn leave(&mut self, source: &Name, length: Option<SignedDuration>) {
        self.open = self.open.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(source) {
            lane.open = lane.open.saturating_sub(1);
            lane.learn(length);
        }
        self.list(source);
    }

    /// Drops whatever waits.
    pub(super) fn clear(&mut self) {
        for lane in self.lanes.values_mut() {
            lane.waiting.clear();
            lane.claimed.clear();
        }
    }

    /// How many slots wait.
    pub(super) fn waiting(&self) -> usize {
        self.lanes.values().map(|lane| lane.waiting.len() + lane.asked + lane.claimed.len()).sum()
    }

    fn list(&mut self, source: &Name) {
        if let Some(lane) = self.lanes.get_mut(source)
            && !lane.listed
            && lane.open < lane.most
            && (!lane.claimed.is_empty() || lane.asked == 0 && !lane.waiting.is_empty())
        {
            lane.listed = true;
            self.turns.push_back(source.clone());
        }
    }
}

impl<C> Lane<C> {
    fn new(most: usize) -> Self {
        let (waiting, claimed) = (VecDeque::new(), VecDeque::new());
        Self { waiting, claimed, asked: 0, open: 0, most, listed: false, length: None }
    }

    fn take(&mut self, source: &Name) -> Option<Turn<C>> {
        match self.claimed.pop_front() {
            Some((id, slot, claimed)) => Some(Turn::Run(source.clone(), id, slot, claimed)),
            // What is on its way comes first.
            None if self.asked > 0 => None,
            None => self.waiting.pop_front().map(|(id, slot)| Turn::Claim(source.clone(), id, slot)),
        }
    }

    fn learn(&mut self, length: Option<SignedDuration>) {
        let Some(length) = length.map(SignedDuration::abs) else { return };
        self.length = Some(self.length.map_or(length, |known| (known * 3 + length) / 4));
    }

    /// How many of its runs end within a blink.
    fn within_a_blink(&self) -> usize {
        let Some(length) = self.length else { return 0 };
        let count = (self.most as f64) * BLINK.as_secs_f64() / length.as_secs_f64().max(1e-9);
        // A cast of floats stops at the largest number.
        count as usize
    }

    fn is_idle(&self) -> bool {
        self.open == 0 && self.asked == 0 && self.waiting.is_empty() && self.claimed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lanes, MOST_AHEAD, Turn};
    use crate::job::JobId;
    use crate::name::Name;
    use jiff::{SignedDuration, Timestamp};

    fn name(word: &str) -> Name {
        Name::new(word).expect("a name")
    }

    fn lanes(most: usize, sources: &[(&str, usize)]) -> Lanes<()> {
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

    fn wait(lanes: &mut Lanes<()>, source: &str, jobs: usize) {
        for n in 0..jobs {
            lanes.wait(&name(source), JobId::Alert(name(&format!("{source}_{n}"))), Timestamp::UNIX_EPOCH);
        }
    }

    fn word(turn: &Turn<()>) -> String {
        let (Turn::Claim(_, id, _) | Turn::Run(_, id, ..)) = turn;
        id.name().to_string()
    }

    fn started(lanes: &mut Lanes<()>) -> Vec<String> {
        std::iter::from_fn(|| lanes.take()).map(|turn| word(&turn)).collect()
    }

    fn millis(length: i64) -> Option<SignedDuration> {
        Some(SignedDuration::from_millis(length))
    }

    #[test]
    fn a_source_has_its_own_limit_and_all_of_them_one_together() {
        let mut lanes = lanes(8, &[("slow", 2), ("fast", 100)]);
        wait(&mut lanes, "slow", 9);
        wait(&mut lanes, "fast", 9);
        assert_eq!(started(&mut lanes), ["slow_0", "fast_0", "slow_1", "fast_1", "fast_2", "fast_3"]);
        assert_eq!(lanes.waiting(), 12, "half of all places are for the others");
        lanes.leave(&name("fast"), None);
        lanes.leave(&name("fast"), None);
        assert_eq!(started(&mut lanes), ["fast_4", "fast_5"], "the slow one holds up its own jobs only");
    }

    #[test]
    fn lanes_take_turns_when_places_are_few() {
        let mut lanes = lanes(1, &[("a", 4), ("b", 4)]);
        wait(&mut lanes, "a", 3);
        wait(&mut lanes, "b", 2);
        let mut order = Vec::new();
        while let Some(turn) = lanes.take() {
            order.push(word(&turn));
            assert_eq!(lanes.take(), None, "one at a time");
            let (Turn::Claim(source, ..) | Turn::Run(source, ..)) = turn;
            lanes.leave(&source, None);
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
        lanes.leave(&name("a"), None);
        assert_eq!(started(&mut lanes).len(), 0);
    }

    /// How many claims were in hand at most without a place, when every run takes so many milliseconds.
    fn most_ahead(places: usize, jobs: usize, length: i64) -> usize {
        let mut lanes = lanes(64, &[("s", places)]);
        wait(&mut lanes, "s", jobs);
        let (mut ran, mut most) = (0, 0);
        while ran < jobs {
            let open = started(&mut lanes).len();
            assert!(open <= places && open > 0, "{open} at once");
            let ahead = lanes.ahead(usize::MAX);
            most = most.max(ahead.len());
            for (source, id, slot) in ahead {
                lanes.claimed(&source, id, slot, ());
            }
            ran += open;
            (0..open).for_each(|_| lanes.leave(&name("s"), millis(length)));
        }
        assert_eq!((started(&mut lanes), lanes.waiting()), (Vec::new(), 0));
        most
    }

    #[test]
    fn as_many_are_claimed_ahead_as_run_within_a_blink() {
        for (length, expected) in [(30_000, 0), (401, 0), (100, 4), (20, 20), (1, MOST_AHEAD), (0, MOST_AHEAD)] {
            assert_eq!(most_ahead(4, 2_000, length), expected, "runs of {length} ms");
        }
    }

    #[test]
    fn one_slow_run_ends_the_claims_ahead() {
        let mut lanes = lanes(64, &[("s", 4)]);
        wait(&mut lanes, "s", 100);
        assert_eq!(started(&mut lanes).len(), 4);
        for (length, expected) in [(1, 60), (5_000, 0), (1, 0)] {
            lanes.leave(&name("s"), millis(length));
            let ahead = lanes.ahead(60);
            assert_eq!(ahead.len(), expected, "after {length} ms");
            ahead.iter().for_each(|(source, ..)| lanes.refused(source));
        }
    }

    #[test]
    fn what_was_claimed_ahead_runs_first_and_what_was_refused_is_not_waited_for() {
        let mut lanes = lanes(64, &[("s", 1)]);
        wait(&mut lanes, "s", 5);
        assert_eq!(started(&mut lanes), ["s_0"]);
        lanes.leave(&name("s"), millis(0));
        let ahead = lanes.ahead(2);
        assert_eq!(ahead.len(), 2);
        assert_eq!(lanes.waiting(), 4);
        assert_eq!(started(&mut lanes), Vec::<String>::new(), "what is on its way comes first");
        lanes.refused(&name("s"));
        let (source, id, slot) = ahead[1].clone();
        lanes.claimed(&source, id, slot, ());
        assert_eq!(started(&mut lanes), ["s_2"]);
        lanes.leave(&name("s"), None);
        assert_eq!(started(&mut lanes), ["s_3"]);
    }

    #[test]
    fn another_catalogue_claims_anew() {
        let mut lanes = lanes(64, &[("s", 1)]);
        wait(&mut lanes, "s", 4);
        assert_eq!(started(&mut lanes).len(), 1);
        lanes.leave(&name("s"), millis(20));
        for (source, id, slot) in lanes.ahead(9) {
            lanes.claimed(&source, id, slot, ());
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rowcall.toml");
        std::fs::write(&path, "[sources.s]\nurl = \"sqlite::memory:\"\n").expect("writes");
        assert_eq!(lanes.limit(&crate::catalogue::load(&path).expect("sound")), 3);
        let turns: Vec<Turn<()>> = std::iter::from_fn(|| lanes.take()).collect();
        assert_eq!(turns.iter().map(word).collect::<Vec<_>>(), ["s_1", "s_2", "s_3"]);
        assert!(turns.iter().all(|turn| matches!(turn, Turn::Claim(..))));
    }
}
