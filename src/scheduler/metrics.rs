//! What the loop counts, in the text format of Prometheus.
//!
//! Names carry their unit; a label holds a name of the catalogue or a word of a closed set, never a text of a row.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Alive;
use crate::catalogue::Catalogue;
use crate::job::JobId;
use crate::name::Name;
use crate::store::{Backlog, SkipReason};

/// The upper ends of the buckets of how long runs take, in seconds.
const DURATIONS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];
/// The upper ends of the buckets of how late runs begin, in seconds.
const LAGS: [f64; 10] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0];

/// Everything the loop counts.
#[derive(Debug)]
pub struct Metrics(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    started: Timestamp,
    runs: BTreeMap<(&'static str, &'static str), u64>,
    durations: BTreeMap<&'static str, Histogram<{ DURATIONS.len() }>>,
    lag: Histogram<{ LAGS.len() }>,
    skipped: BTreeMap<&'static str, u64>,
    served: BTreeMap<JobId, Timestamp>,
    loaded: (bool, Timestamp),
}

/// How many values are not above each end, and what all of them are together.
#[derive(Clone, Debug)]
struct Histogram<const N: usize> {
    counts: [u64; N],
    all: u64,
    sum: f64,
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self { counts: [0; N], all: 0, sum: 0.0 }
    }
}

impl<const N: usize> Histogram<N> {
    fn count(&mut self, ends: &[f64; N], value: f64) {
        self.all += 1;
        self.sum += value;
        self.counts.iter_mut().zip(ends).filter(|(_, end)| value <= **end).for_each(|(count, _)| *count += 1);
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Counts {
            started: now,
            runs: BTreeMap::new(),
            durations: BTreeMap::new(),
            lag: Histogram::default(),
            skipped: BTreeMap::new(),
            served: BTreeMap::new(),
            loaded: (true, now),
        }))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run began so much later than it was to.
    pub(super) fn began(&self, late: SignedDuration) {
        self.counts().lag.count(&LAGS, late.as_secs_f64().max(0.0));
    }

    /// A run ended like this; when it did its work, that took so long.
    pub(super) fn ended(&self, id: &JobId, result: &'static str, took: Option<Duration>) {
        let mut counts = self.counts();
        *counts.runs.entry((id.kind(), result)).or_default() += 1;
        if let Some(took) = took {
            counts.durations.entry(id.kind()).or_default().count(&DURATIONS, took.as_secs_f64());
        }
    }

    /// A run did its work for this slot.
    pub(super) fn served(&self, id: &JobId, slot: Timestamp) {
        let mut counts = self.counts();
        match counts.served.get_mut(id) {
            Some(known) => *known = slot.max(*known),
            None => {
                counts.served.insert(id.clone(), slot);
            }
        }
    }

    /// So many slots had no run.
    pub(super) fn skipped(&self, reason: SkipReason, count: u64) {
        *self.counts().skipped.entry(reason.as_str()).or_default() += count;
    }

    /// A catalogue was read anew, with or without mistakes.
    pub fn loaded(&self, sound: bool, now: Timestamp) {
        let mut counts = self.counts();
        counts.loaded = (sound, if sound { now } else { counts.loaded.1 });
    }

    /// What was counted, and how things stand at `now`.
    #[must_use]
    pub fn render(&self, standing: &Standings<'_>, now: Timestamp) -> String {
        let mut page = Page::default();
        self.counts().render(&mut page);
        standing.render(&mut page, now);
        page.0
    }
}

/// How things stand, asked for when somebody looks.
#[derive(Clone, Copy, Debug)]
pub struct Standings<'a> {
    /// What the loop says of itself; none when it does not answer.
    pub alive: Option<Alive>,
    /// The catalogue it goes by.
    pub catalogue: &'a Catalogue,
    /// What waits for each channel; none when the store does not answer.
    pub backlog: Option<&'a [Backlog]>,
    /// The sources that someone was told are down; none when the store does not answer.
    pub sources_down: Option<&'a [(Name, Timestamp)]>,
}

/// A page of samples.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if index == 0 { '{' } else { ',' }, escaped(text));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn histogram<const N: usize>(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        ends: &[f64; N],
        histogram: &Histogram<N>,
    ) {
        let bucket = format!("{name}_bucket");
        let ends = ends.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (end, count) in ends.zip(histogram.counts.iter().chain([&histogram.all])) {
            self.sample(&bucket, &[labels, &[("le", end.as_str())]].concat(), count);
        }
        self.sample(&format!("{name}_sum"), labels, histogram.sum);
        self.sample(&format!("{name}_count"), labels, histogram.all);
    }
}

impl Counts {
    fn render(&self, page: &mut Page) {
        page.family("rowcall_build_info", "gauge", "Which rowcall runs.");
        page.sample("rowcall_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        page.family("rowcall_start_time_seconds", "gauge", "When the loop was started, since 1970.");
        page.sample("rowcall_start_time_seconds", &[], seconds(self.started));
        page.family(
            "rowcall_catalogue_last_load_successful",
            "gauge",
            "Whether the catalogue was sound when it was last read.",
        );
        page.sample("rowcall_catalogue_last_load_successful", &[], u8::from(self.loaded.0));
        page.family(
            "rowcall_catalogue_last_load_success_timestamp_seconds",
            "gauge",
            "When the catalogue was last sound.",
        );
        page.sample("rowcall_catalogue_last_load_success_timestamp_seconds", &[], seconds(self.loaded.1));
        page.family("rowcall_runs_total", "counter", "Runs that ended, by kind of job and by how they ended.");
        for ((kind, result), count) in &self.runs {
            page.sample("rowcall_runs_total", &[("kind", kind), ("result", result)], count);
        }
        page.family(
            "rowcall_run_duration_seconds",
            "histogram",
            "How long runs took, from the question to the judgement.",
        );
        for (kind, histogram) in &self.durations {
            page.histogram("rowcall_run_duration_seconds", &[("kind", kind)], &DURATIONS, histogram);
        }
        page.family(
            "rowcall_schedule_lag_seconds",
            "histogram",
            "How much later than their slot and splay runs began.",
        );
        page.histogram("rowcall_schedule_lag_seconds", &[], &LAGS, &self.lag);
        page.family("rowcall_slots_skipped_total", "counter", "Slots that had no run, by reason.");
        for (reason, count) in &self.skipped {
            page.sample("rowcall_slots_skipped_total", &[("reason", reason)], count);
        }
        page.family("rowcall_last_success_slot_timestamp_seconds", "gauge", "The latest slot whose run did its work.");
        for (id, slot) in &self.served {
            let labels = [("kind", id.kind()), ("job", id.name().as_str())];
            page.sample("rowcall_last_success_slot_timestamp_seconds", &labels, seconds(*slot));
        }
    }
}

impl Standings<'_> {
    fn render(&self, page: &mut Page, now: Timestamp) {
        page.family("rowcall_loop_up", "gauge", "Whether the loop answers.");
        page.sample("rowcall_loop_up", &[], u8::from(self.alive.is_some()));
        if let Some(Alive { jobs, active, waiting, late }) = self.alive {
            page.family(
                "rowcall_jobs",
                "gauge",
                "Jobs with a schedule: all, those that run or wait for a place, and others.",
            );
            for (state, count) in [("scheduled", jobs), ("active", active), ("waiting", waiting), ("late", late)] {
                page.sample("rowcall_jobs", &[("state", state)], count);
            }
        }
        if let Some(backlog) = self.backlog {
            self.channels(backlog, page, now);
        }
        if let Some(down) = self.sources_down {
            page.family("rowcall_source_up", "gauge", "Whether a source could be reached, as its owners were told.");
            for source in self.catalogue.sources.keys() {
                let up = down.iter().all(|(name, _)| name != source);
                page.sample("rowcall_source_up", &[("source", source.as_str())], u8::from(up));
            }
        }
    }

    fn channels(&self, backlog: &[Backlog], page: &mut Page, now: Timestamp) {
        let of = |channel: &Name| backlog.iter().find(|backlog| backlog.channel == *channel);
        let channels = || self.catalogue.channels.keys().map(|channel| (channel.as_str(), of(channel)));
        page.family("rowcall_outbox_messages", "gauge", "Messages that wait or were given up.");
        for (channel, backlog) in channels() {
            let (waiting, dead) = backlog.map_or((0, 0), |backlog| (backlog.waiting, backlog.dead));
            for (state, count) in [("waiting", waiting), ("dead", dead)] {
                page.sample("rowcall_outbox_messages", &[("channel", channel), ("state", state)], count);
            }
        }
        page.family("rowcall_outbox_oldest_age_seconds", "gauge", "The age of the oldest message that waits.");
        for (channel, backlog) in channels() {
            let age = backlog.and_then(|backlog| backlog.oldest).map_or(0.0, |at| now.duration_since(at).as_secs_f64());
            page.sample("rowcall_outbox_oldest_age_seconds", &[("channel", channel)], age);
        }
        page.family("rowcall_channel_up", "gauge", "Whether a channel takes messages.");
        for (channel, backlog) in channels() {
            let up = backlog.is_none_or(|backlog| backlog.trouble.is_none());
            page.sample("rowcall_channel_up", &[("channel", channel)], u8::from(up));
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}

/// A label value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{Metrics, Page, Standings};
    use crate::job::JobId;
    use crate::name::Name;
    use crate::store::SkipReason;
    use jiff::{SignedDuration, Timestamp};
    use std::time::Duration;

    #[test]
    fn what_was_counted_is_a_page_of_samples() {
        let metrics = Metrics::new(Timestamp::UNIX_EPOCH);
        let id = JobId::Alert(Name::new("주문").expect("a name"));
        metrics.began(SignedDuration::from_millis(60));
        metrics.ended(&id, "firing", Some(Duration::from_millis(7)));
        metrics.ended(&id, "firing", Some(Duration::from_millis(700)));
        metrics.served(&id, Timestamp::from_second(60).expect("in range"));
        metrics.skipped(SkipReason::Overlap, 3);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rowcall.toml");
        std::fs::write(&path, "[sources.s]\nurl = \"sqlite::memory:\"\n[channels.c]\ntype = \"stdout\"\n")
            .expect("writes");
        let catalogue = crate::catalogue::load(&path).expect("sound");
        let down = [(Name::new("s").expect("a name"), Timestamp::UNIX_EPOCH)];
        let standing = Standings { alive: None, catalogue: &catalogue, backlog: Some(&[]), sources_down: Some(&down) };
        let page = metrics.render(&standing, Timestamp::UNIX_EPOCH);
        for line in [
            "rowcall_runs_total{kind=\"alert\",result=\"firing\"} 2",
            "rowcall_run_duration_seconds_bucket{kind=\"alert\",le=\"0.005\"} 0",
            "rowcall_run_duration_seconds_bucket{kind=\"alert\",le=\"0.01\"} 1",
            "rowcall_run_duration_seconds_bucket{kind=\"alert\",le=\"1\"} 2",
            "rowcall_run_duration_seconds_bucket{kind=\"alert\",le=\"+Inf\"} 2",
            "rowcall_run_duration_seconds_count{kind=\"alert\"} 2",
            "rowcall_schedule_lag_seconds_bucket{le=\"0.05\"} 0",
            "rowcall_schedule_lag_seconds_bucket{le=\"0.1\"} 1",
            "rowcall_slots_skipped_total{reason=\"overlap\"} 3",
            "rowcall_last_success_slot_timestamp_seconds{kind=\"alert\",job=\"주문\"} 60",
            "rowcall_loop_up 0",
            "rowcall_outbox_messages{channel=\"c\",state=\"waiting\"} 0",
            "rowcall_channel_up{channel=\"c\"} 1",
            "rowcall_source_up{source=\"s\"} 0",
        ] {
            assert!(page.lines().any(|own| own == line), "{line} in\n{page}");
        }
        let told = page.lines().filter(|line| line.starts_with("# TYPE")).count();
        assert_eq!(told, page.lines().filter(|line| line.starts_with("# HELP")).count());
    }

    #[test]
    fn a_label_cannot_end_early() {
        let mut page = Page::default();
        page.sample("a", &[("b", "x\"} 1\n\\")], 2);
        assert_eq!(page.0, "a{b=\"x\\\"} 1\\n\\\\\"} 2\n");
    }
}
