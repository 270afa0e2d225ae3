//! A year of 200 jobs in 20 zones, through the real loop under a clock moved by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, civil};
use proptest::prelude::Strategy;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rowcall::clock::ManualClock;
use rowcall::job::Doors;
use rowcall::schedule::zone;
use rowcall::scheduler::Scheduler;
use rowcall::secret::Environment;
use rowcall::{catalogue, channel, source};
use tokio_util::sync::CancellationToken;

use self::ledger::Ledger;
use crate::cronie::{self, Crontab};
use crate::rig::Rig;

mod ledger;

/// Half hours, quarters, midnights that are skipped, a summer time that is winter time, Ramadan, and a day that never was.
const ZONES: [&str; 20] = [
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Seoul",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
];
const JOBS_A_ZONE: usize = 10;
/// The year in which Apia had no 30th of December and Morocco its first Ramadan out of summer time; it has a leap day.
const START: &str = "2011-11-15T00:00:00Z";
const DAYS: i64 = 366;

/// A job, and when it is to run by somebody else's reckoning.
struct Job {
    zone: &'static str,
    line: String,
    daily: bool,
    slots: Vec<Timestamp>,
}

/// Four jobs of each zone have one fixed time a day, one counts from 1970, the others are anything that is due at most a
/// dozen times a day.
fn jobs(start: Timestamp) -> Vec<Job> {
    let mut runner = TestRunner::deterministic();
    let mut any = |wanted: &dyn Fn(&Crontab) -> bool| -> Crontab {
        let lines = cronie::crontab();
        let fresh = |_: usize| lines.new_tree(&mut runner).expect("a line").current();
        (0..).map(fresh).find(wanted).expect("there is no end of lines")
    };
    let sound = |line: &Crontab| rowcall::schedule::Schedule::parse(&line.text, &TimeZone::UTC).is_ok();
    let few = |line: &Crontab| sound(line) && line.times_a_day() <= 12;
    let mut jobs = Vec::new();
    for (index, name) in ZONES.into_iter().enumerate() {
        let minutes =
            cronie::minutes(&zone(name).expect(name), start, usize::try_from(DAYS).expect("small") * 1440 + 1);
        for n in 0..JOBS_A_ZONE - 1 {
            let daily = n < 4;
            let line = if daily { any(&Crontab::is_daily) } else { any(&few) };
            jobs.push(Job { zone: name, slots: cronie::runs(&line, &minutes), line: line.text, daily });
        }
        let hours = 5 + i64::try_from(index).expect("small");
        let beat = (start.as_second() / 3600 / hours + 1..).map(|beat| beat * hours * 3600);
        let end = (start + (DAYS * 24).hours()).as_second();
        let slots = beat.take_while(|at| *at <= end).map(|at| Timestamp::from_second(at).expect("in range")).collect();
        jobs.push(Job { zone: name, slots, line: format!("every {hours}h"), daily: false });
    }
    jobs
}

fn catalogue_of(jobs: &[Job]) -> String {
    let mut text = "[state]\nurl = \"sqlite::memory:\"\n[sources.demo]\nurl = \"sqlite::memory:\"\n".to_owned();
    for (index, Job { zone, line, .. }) in jobs.iter().enumerate() {
        let rule = "source = \"demo\"\nsql = \"select 1 as n\"\nwhen = \"n > 1\"";
        writeln!(text, "[alerts.j{index:03}]\n{rule}\nschedule = \"{line}\"\ntimezone = \"{zone}\"").expect("text");
    }
    text
}

/// Runs the loop over the year; gives the slots that were claimed, by job.
async fn live(text: &str, start: Timestamp) -> BTreeMap<String, Vec<Timestamp>> {
    let rig = Rig::new().catalogue(text);
    let catalogue = Arc::new(catalogue::load(&rig.path().join("rowcall.toml")).expect("sound"));
    let folder: Arc<std::path::Path> = rig.path().into();
    let (clock, ledger) = (Arc::new(ManualClock::new(start)), Arc::new(Ledger::default()));
    let sources = source::World { environment: Environment::default(), folder: Arc::clone(&folder) };
    let printer = Arc::new(Mutex::new(std::io::sink()));
    let channels = channel::World { environment: Environment::default(), folder, printer, clock: clock.clone() };
    let doors = Arc::new(Doors::new(&catalogue, &sources, &channels));
    let scheduler = Scheduler::new(catalogue, doors, ledger.clone(), clock.clone());
    let stop = CancellationToken::new();
    let token = stop.clone();
    let ended = tokio::spawn(async move { scheduler.run(&token).await });
    let end = start + (DAYS * 24).hours();
    loop {
        match clock.idle().await {
            next if next > end => break,
            next => clock.set(next),
        }
    }
    stop.cancel();
    ended.await.expect("the loop ends");
    ledger.claimed()
}

/// The days that a zone had between two instants, those at the ends left out.
fn days(zone: &TimeZone, start: Timestamp, end: Timestamp) -> impl Iterator<Item = civil::Date> {
    let (first, last) = (zone.to_datetime(start).date(), zone.to_datetime(end).date());
    let noon = |day: &civil::Date| day.at(12, 0, 0, 0);
    let was = move |day: &civil::Date| zone.to_datetime(zone.to_timestamp(noon(day)).expect("in range")) == noon(day);
    first.series(1.day()).skip(1).take_while(move |day| *day < last).filter(was)
}

#[tokio::test]
async fn in_a_year_of_two_hundred_jobs_no_slot_is_lost_doubled_or_moved() {
    let start: Timestamp = START.parse().expect(START);
    let jobs = jobs(start);
    let claimed = live(&catalogue_of(&jobs), start).await;
    let mut runs = 0;
    for (index, Job { zone: name, line, daily, slots }) in jobs.iter().enumerate() {
        let ran = claimed.get(&format!("alert j{index:03}")).map_or(&[][..], Vec::as_slice);
        assert_eq!(ran, slots, "`{line}` in {name}");
        runs += ran.len();
        let zone = zone(name).expect(name);
        let shown: Vec<civil::Date> = ran.iter().map(|at| zone.to_datetime(*at).date()).collect();
        for day in days(&zone, start, start + (DAYS * 24).hours()).filter(|_| *daily) {
            let times = shown.iter().filter(|shown| **shown == day).count();
            assert_eq!(times, 1, "`{line}` in {name} on {day}");
        }
    }
    assert_eq!(jobs.len(), 200);
    assert!(runs > 80_000, "{runs} runs");
}
