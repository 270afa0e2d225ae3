//! The program under a clock that is set forward and back while it runs: libfaketime shows it another wall clock, and
//! leaves the clock that only counts alone, as an administrator or a resumed machine would.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::rig::Rig;

/// Far from any slot but those of `beat`.
const START: &str = "2026-11-20T12:20:30Z";
/// A jump is noticed within two seconds; the rest is for a busy machine to start a run and to write.
const NOTICED: Duration = Duration::from_secs(4);

const JOBS: &str = r#"
[sources.demo]
url = "sqlite::memory:"
[alerts.beat]
source = "demo"
sql = "select 1 as n"
when = "n > 1"
schedule = "every 1s"
[alerts.latest]
source = "demo"
sql = "select 1 as n"
when = "n > 1"
schedule = "0 * * * *"
[alerts.skip]
source = "demo"
sql = "select 1 as n"
when = "n > 1"
schedule = "0 * * * *"
missed = "skip"
[alerts.all]
source = "demo"
sql = "select 1 as n"
when = "n > 1"
schedule = "0 * * * *"
missed = "all"
"#;

/// The loop, and the hand on its clock.
struct Scene {
    rig: Rig,
    child: Child,
    lines: Receiver<String>,
}

/// The library that stands between the program and its clock; `tests/run` installs it.
fn libfaketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("there").map(|folder| folder.expect("read").path());
    let library = |folder: PathBuf| folder.join("faketime/libfaketimeMT.so.1");
    folders.map(library).find(|library| library.is_file()).expect("libfaketime is installed: run tests/run")
}

/// Writes how far the shown clock is from the real one.
fn show(control: &Path, shown: Timestamp) {
    let ahead = Timestamp::now().duration_until(shown).as_secs();
    let part = control.with_extension("part");
    std::fs::write(&part, format!("{ahead:+}\n")).expect("written");
    std::fs::rename(part, control).expect("renamed");
}

impl Scene {
    /// Starts the loop at [`START`] and waits for its first run.
    fn start() -> Self {
        let rig = Rig::new().catalogue(JOBS);
        let control = rig.path().join("clock");
        show(&control, START.parse().expect(START));
        let mut command = rig.command(&["schedule"]);
        command.env("LD_PRELOAD", libfaketime()).env("FAKETIME_TIMESTAMP_FILE", &control);
        command.env("FAKETIME_NO_CACHE", "1").env("DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        let (sender, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let scene = Self { rig, child, lines };
        scene.hears(&[("alert beat: ok", 1)], Duration::from_secs(20));
        scene
    }

    /// Sets the clock to so long after [`START`].
    fn set(&self, after: SignedDuration) -> Instant {
        show(&self.rig.path().join("clock"), START.parse::<Timestamp>().expect(START) + after);
        while self.lines.try_recv().is_ok() {}
        Instant::now()
    }

    /// Waits until each of these words was said so many times.
    fn hears(&self, wanted: &[(&str, usize)], patience: Duration) {
        let (begun, mut heard) = (Instant::now(), Vec::<String>::new());
        let said = |heard: &[String], words: &str| heard.iter().filter(|line| line.contains(words)).count();
        while wanted.iter().any(|(words, times)| said(&heard, words) < *times) {
            match self.lines.recv_timeout(patience.saturating_sub(begun.elapsed())) {
                Ok(line) => heard.push(line),
                Err(_) => panic!("{wanted:?} was not said within {patience:?}:\n{}", heard.join("\n")),
            }
        }
    }

    /// Listens for so long: these words are said at most so many times.
    fn is_quiet(&self, words: &str, most: usize, length: Duration) {
        let (begun, mut times) = (Instant::now(), 0);
        while let Ok(line) = self.lines.recv_timeout(length.saturating_sub(begun.elapsed())) {
            times += usize::from(line.contains(words));
            assert!(times <= most, "{line}");
        }
    }

    fn stop(&mut self) {
        let stopped = std::process::Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(stopped.expect("kill is there").success());
        assert_eq!(self.child.wait().expect("ends").code(), Some(0), "a clean end");
    }

    /// The slots of an alert that were run, oldest first.
    fn slots(&self, alert: &str) -> Vec<Timestamp> {
        let history = self.rig.run(&["history", alert, "--limit", "100000", "--json"]).exits(0).stdout;
        let slot = |line: &str| line.trim().strip_prefix("\"slot\": \"")?.strip_suffix("\",")?.parse().ok();
        let (runs, _) = history.split_once("\"skips\"").expect("slots without a run stand apart");
        runs.lines().filter_map(slot).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Already gone unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn is_set_apart(slots: &[Timestamp]) -> bool {
    slots.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
#[ignore = "needs libfaketime: run tests/run"]
fn a_clock_three_hours_ahead_is_noticed_and_bursts_nothing() {
    let mut scene = Scene::start();
    let jumped = scene.set(SignedDuration::from_hours(3));
    scene.hears(&[("alert beat: ok", 2), ("alert latest: ok", 1), ("alert all: ok", 3)], NOTICED);
    scene.stop();
    let passed = i64::try_from(jumped.elapsed().as_secs()).expect("small");
    assert_eq!(scene.slots("latest"), [at("2026-11-20T15:00:00Z")]);
    assert_eq!(scene.slots("all"), ["13", "14", "15"].map(|hour| at(&format!("2026-11-20T{hour}:00:00Z"))));
    assert_eq!(scene.slots("skip"), []);
    let beats = scene.slots("beat");
    assert!(is_set_apart(&beats), "{beats:?}");
    let (missed, back): (Vec<Timestamp>, Vec<Timestamp>) = beats
        .iter()
        .copied()
        .filter(|slot| *slot > at(START) + 1.hour())
        .partition(|slot| *slot < at(START) + 3.hours());
    assert!(missed.len() <= 1, "only the latest of those that were missed: {missed:?}");
    assert!(i64::try_from(back.len()).expect("small") <= passed + 2, "one a second: {back:?}");
}

#[test]
#[ignore = "needs libfaketime: run tests/run"]
fn a_clock_one_hour_back_runs_nothing_again() {
    let mut scene = Scene::start();
    scene.set(SignedDuration::from_hours(-1));
    // A run that began before the jump may still end.
    scene.is_quiet("alert beat: ok", 1, Duration::from_secs(3));
    scene.set(SignedDuration::from_secs(60));
    scene.hears(&[("alert beat: ok", 2)], NOTICED);
    scene.stop();
    let beats = scene.slots("beat");
    assert!(is_set_apart(&beats), "{beats:?}");
    assert!(beats.iter().all(|slot| *slot >= at(START)), "{beats:?}");
    for alert in ["latest", "skip", "all"] {
        assert_eq!(scene.slots(alert), [], "{alert}");
    }
}

#[test]
#[ignore = "needs libfaketime: run tests/run"]
fn a_clock_two_days_ahead_runs_what_the_window_still_wants() {
    let mut scene = Scene::start();
    scene.set(SignedDuration::from_hours(48));
    scene.hears(&[("alert beat: ok", 1), ("alert latest: ok", 1), ("alert all: ok", 24)], NOTICED);
    scene.stop();
    assert_eq!(scene.slots("latest"), [at("2026-11-22T12:00:00Z")]);
    let day: Vec<Timestamp> = (0..24).map(|hour| at("2026-11-21T13:00:00Z") + hour.hours()).collect();
    assert_eq!(scene.slots("all"), day);
    assert_eq!(scene.slots("skip"), []);
    assert!(is_set_apart(&scene.slots("beat")));
}
