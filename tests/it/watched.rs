//! Stories of a loop that is watched: by systemd, over HTTP, by a dead man's switch, and by those who ask for its status;
//! and of one that takes up another catalogue while it runs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;

use crate::rig::Rig;
use crate::schedule::{Program, program};

const QUIET: &str = r#"
timezone = "UTC"
[sources.demo]
url = "sqlite::memory:"
[alerts.first]
source = "demo"
sql = "select 1 as n"
when = "n > 1"
schedule = "every 1s"
"#;

/// The same with an alert of this name instead.
fn renamed(name: &str) -> String {
    QUIET.replace("first", name)
}

/// Puts another catalogue in the place of the one there is.
fn write(rig: &Rig, text: &str) {
    std::fs::write(rig.path().join("rowcall.toml"), text).expect("writes");
}

/// Ends the program and gives what is left of its log.
fn end(program: Program) -> Vec<String> {
    program.signal("-TERM");
    let (code, rest) = program.end();
    assert_eq!(code, Some(0), "{rest:#?}");
    rest
}

#[test]
fn a_hangup_takes_up_another_catalogue_and_a_broken_one_changes_nothing() {
    let rig = Rig::new().catalogue(QUIET);
    let mut loops = program(&rig, &[], &[]);
    loops.wait_for("alert first: ok");
    write(&rig, &renamed("second").replace("select 1", "selectt 1").replace("when", "whenn"));
    loops.signal("-HUP");
    loops.wait_for("the catalogue is broken; the one before stays in force");
    loops.wait_for("unknown key `whenn`");
    loops.wait_for("alert first: ok");
    write(&rig, &renamed("second"));
    loops.signal("-HUP");
    loops.wait_for("the catalogue is new: 1 scheduled jobs");
    loops.wait_for("alert second: ok");
    let rest = end(loops);
    assert!(!rest.iter().any(|line| line.contains("alert first")), "{rest:#?}");
}

#[test]
fn a_hundred_reloads_under_load_lose_no_slot_and_leave_nothing_open() {
    let jobs = |reload: usize| -> String {
        let job = |n| {
            format!(
                "[alerts.a{n:02}]\nsource = \"demo\"\nsql = \"select {n} as n\"\nwhen = \"n > 99\"\nschedule = \"every 1s\"\n"
            )
        };
        let jobs: String = (0..20).map(job).collect();
        format!("{jobs}[sources.demo]\nurl = \"sqlite::memory:\"\n[sources.s{reload}]\nurl = \"sqlite::memory:\"\n")
    };
    // A slot that had no run because the machine was busy is kept as such.
    let look = "with kept as (select job, slot, 1 as n from runs union all select job, slot, count from skips)
        select count(*), min(known = due) from
        (select sum(n) as known, (max(slot) - min(slot)) / 1000000 + 1 as due from kept group by job)";
    let rig = Rig::new()
        .catalogue(&jobs(0))
        .file("look.toml", "[sources.state]\nurl = \"sqlite:.rowcall/state.db\"\n[state]\nurl = \"sqlite::memory:\"\n");
    let mut loops = program(&rig, &[], &[]);
    loops.wait_for("alert a19: ok");
    let before = loops.open_files();
    for reload in 1..=100 {
        write(&rig, &jobs(reload));
        loops.signal("-HUP");
        loops.wait_for("the catalogue is new: 20 scheduled jobs");
    }
    loops.wait_for("alert a19: ok");
    // Each run that goes on has a file of its own.
    let after = loops.open_files();
    assert!(after <= before + 20, "{before} files were open, now {after}");
    end(loops);
    let seen =
        rig.run(&["--config", "look.toml", "query", "-s", "state", "-c", look, "--format", "csv", "--no-header"]);
    assert_eq!(seen.exits(0).stdout, "20,1\n");
}

#[test]
fn a_file_that_changes_is_taken_up_by_itself() {
    let rig = Rig::new().catalogue(QUIET);
    let mut loops = program(&rig, &["--watch-config"], &[]);
    loops.wait_for("alert first: ok");
    write(&rig, &renamed("another"));
    loops.wait_for("alert another: ok");
    end(loops);
}

#[test]
fn a_log_of_objects_holds_one_to_a_line() {
    let rig = Rig::new().catalogue(QUIET);
    let mut loops = program(&rig, &["--log-format", "json"], &[]);
    loops.wait_for("\"message\":\"alert first: ok");
    for line in end(loops) {
        let object: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(object["level"].is_string() && object["message"].is_string(), "{line}");
    }
    let socket = UnixDatagram::bind(rig.path().join("notify")).expect("binds");
    let path = rig.path().join("notify").display().to_string();
    let quiet = program(&rig, &["--log-level", "error"], &[("NOTIFY_SOCKET", &path)]);
    socket.recv(&mut [0; 99]).expect("it is ready");
    assert_eq!(end(quiet), Vec::<String>::new());
}

#[test]
fn systemd_is_told_when_the_loop_is_ready_reloads_lives_and_stops() {
    let rig = Rig::new().catalogue(QUIET);
    let socket = UnixDatagram::bind(rig.path().join("notify")).expect("binds");
    let path = rig.path().join("notify").display().to_string();
    let loops = program(&rig, &[], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "2000000")]);
    let mut heard = Vec::new();
    let mut hear = |wanted: &str| {
        let mut bytes = [0; 200];
        loop {
            let length = socket.recv(&mut bytes).expect("hears");
            let words = String::from_utf8_lossy(&bytes[..length]).into_owned();
            heard.push(words.clone());
            if words.starts_with(wanted) {
                return words;
            }
        }
    };
    assert_eq!(hear("READY=1"), "READY=1");
    assert_eq!(hear("WATCHDOG=1"), "WATCHDOG=1");
    loops.signal("-HUP");
    let reloading = hear("RELOADING=1");
    let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("the clock of systemd");
    assert!(micros.parse::<u64>().is_ok_and(|micros| micros > 0), "{reloading}");
    hear("READY=1");
    loops.signal("-TERM");
    hear("STOPPING=1");
    assert_eq!(loops.end().0, Some(0));
}

/// The status line and the body of one page.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("connects");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("asks");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("answers");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn whoever_asks_over_http_is_told_how_the_loop_is() {
    let rig = Rig::new().catalogue(QUIET);
    let mut loops = program(&rig, &["--listen", "127.0.0.1:0"], &[]);
    let line = loops.line_with("listening on http://");
    let address = line.rsplit_once("http://").expect("an address").1.trim().to_owned();
    loops.wait_for("alert first: ok");
    loops.wait_for("alert first: ok");
    for page in ["/healthz", "/readyz"] {
        assert_eq!(get(&address, page), ("HTTP/1.1 200 OK".into(), "ok\n".into()), "{page}");
    }
    assert_eq!(get(&address, "/etc/passwd").0, "HTTP/1.1 404 Not Found");
    let (_, page) = get(&address, "/metrics");
    for sample in [
        "rowcall_build_info{version=",
        "rowcall_runs_total{kind=\"alert\",result=\"ok\"} ",
        "rowcall_run_duration_seconds_count{kind=\"alert\"} ",
        "rowcall_schedule_lag_seconds_bucket{le=\"+Inf\"} ",
        "rowcall_last_success_slot_timestamp_seconds{kind=\"alert\",job=\"first\"} ",
        "rowcall_jobs{state=\"scheduled\"} 1",
        "rowcall_source_up{source=\"demo\"} 1",
        "rowcall_loop_up 1",
    ] {
        assert!(page.lines().any(|line| line.starts_with(sample)), "{sample} in\n{page}");
    }
    write(&rig, "nonsense");
    loops.signal("-HUP");
    loops.wait_for("the catalogue is broken");
    assert!(get(&address, "/metrics").1.contains("rowcall_catalogue_last_load_successful 0"));
    end(loops);
    let taken = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = taken.local_addr().expect("bound").to_string();
    write(&rig, QUIET);
    let refused = rig.run(&["schedule", "--listen", &address]).exits(2);
    assert!(refused.stderr.starts_with(&format!("error: cannot listen on `{address}`: ")), "{refused}");
}

#[test]
fn a_dead_man_s_switch_is_asked_again_and_again() {
    let switch = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}/ping/s3cr3t-canary", switch.local_addr().expect("bound"));
    let rig = Rig::new().catalogue(&format!("{QUIET}[heartbeat]\nurl = \"{url}\"\nevery = \"10s\"\n"));
    let mut loops = program(&rig, &[], &[]);
    let (mut stream, _) = switch.accept().expect("is asked");
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes).expect("reads");
    assert!(bytes[..length].starts_with(b"GET /ping/s3cr3t-canary HTTP/1.1\r\n"));
    stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("answers");
    let line = loops.line_with("the heartbeat was not heard");
    assert!(line.contains("answered 500") && !line.contains("canary"), "{line}");
    end(loops);
}

#[test]
fn status_says_whether_a_loop_is_alive() {
    let rig = Rig::new().catalogue(QUIET);
    insta::assert_snapshot!(rig.run(&["status"]), @r#"
    exit 0
    --- stdout
    WHAT  NAME  STATE
    loop        none was ever started on this state
    "#);
    assert_eq!(rig.run(&["status", "--max-age", "5m"]).exits(1).stderr, "");
    let mut loops = program(&rig, &[], &[]);
    loops.wait_for("alert first: ok");
    loops.wait_for("alert first: ok");
    rig.run(&["status", "--max-age", "5m"]).exits(0);
    let told: serde_json::Value = serde_json::from_str(&rig.run(&["status", "--json"]).exits(0).stdout).expect("JSON");
    assert_eq!((&told["schema"], &told["alive"], &told["loops"][0]["jobs"]), (&1.into(), &true.into(), &1.into()));
    end(loops);
    rig.run(&["pause", "first", "--reason", "moving"]).exits(0);
    let stopped = rig.run(&["status", "--max-age", "5m"]).exits(1).stdout;
    assert!(stopped.contains("stopped at") && stopped.contains("alert first"), "{stopped}");
}
