//! Stories of `rowcall export`, and what systemd makes of the timers.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use rowcall::schedule::{Dialect, Schedule};

use crate::cronie;
use crate::rig::Rig;

const JOBS: &str = r#"
timezone = "Europe/Berlin"
[sources.shop]
url = "postgres://report@db.example.com/shop"
password = "${SHOP_PASSWORD}"
[queries.stock]
source = "shop"
sql = "select on_hand from stock"
[alerts.low_stock]
query = "stock"
description = "Goods that\nrun out"
when = "on_hand < 5"
schedule = "0 9 1-7 * mon"
tags = ["stock"]
notify = ["ops"]
[alerts.beat]
query = "stock"
when = "on_hand < 5"
schedule = "every 90m"
missed = "skip"
splay = "5m"
[alerts."재고"]
query = "stock"
when = "on_hand < 5"
schedule = "0 12 */2 * 1"
timezone = "Asia/Seoul"
missed = "all"
[alerts.fast]
query = "stock"
when = "on_hand < 5"
schedule = "every 30s"
[alerts.off]
query = "stock"
when = "on_hand < 5"
schedule = "@daily"
enabled = false
[alerts.by_hand]
query = "stock"
when = "on_hand < 5"
[channels.ops]
type = "slack"
webhook = "${SLACK_WEBHOOK:-}"
"#;

const THERE: [&str; 2] = ["--catalogue", "/etc/rowcall/rowcall.toml"];

fn rig() -> Rig {
    Rig::new().catalogue(JOBS)
}

#[test]
fn a_crontab_has_a_line_for_each_job_in_its_zone() {
    insta::assert_snapshot!(rig().run(&[&["export", "crontab"], &THERE[..]].concat()), @r#"
    exit 1
    --- stdout
    # Jobs by rowcall 0.1.0 of /etc/rowcall/rowcall.toml.
    # Each line runs a job for the latest slot of its own schedule, unless that has had its run.
    # Cron makes up for nothing that was due while the machine was off; the next line in time is the next run.
    # cronie reads CRON_TZ. Other crons, Debian's among them, take all lines in the zone of the machine.
    # The jobs need these variables: SHOP_PASSWORD, SLACK_WEBHOOK.
    # Set them above the lines, as NAME=value, in a file that nobody else may read.

    CRON_TZ=Asia/Seoul
    # alert 재고: `0 12 */2 * 1` in Asia/Seoul
    0 12 */2 * 1 /usr/local/bin/rowcall --config /etc/rowcall/rowcall.toml run-job '재고'

    CRON_TZ=Europe/Berlin
    # alert fast: `every 30s`
    # not exported: cron knows no seconds
    # alert low_stock, Goods that run out: `0 9 1-7 * mon` in Europe/Berlin
    0 9 1-7 * 1 /usr/local/bin/rowcall --config /etc/rowcall/rowcall.toml run-job low_stock

    CRON_TZ=UTC
    # alert beat: `every 90m`
    # splay of 5m has no counterpart here
    0 */3 * * * /usr/local/bin/rowcall --config /etc/rowcall/rowcall.toml run-job beat
    30 1,4,7,10,13,16,19,22 * * * /usr/local/bin/rowcall --config /etc/rowcall/rowcall.toml run-job beat
    --- stderr
    not exported: alert fast: `every 30s`: cron knows no seconds
    "#);
}

#[test]
fn systemd_gets_a_timer_and_a_service_for_each_job() {
    insta::assert_snapshot!(rig().run(&[&["export", "systemd", "@stock", "beat"], &THERE[..]].concat()), @r#"
    exit 0
    --- stdout
    # /etc/systemd/system/rowcall-alert-beat.timer
    # alert beat: `every 90m`, by rowcall 0.1.0 of /etc/rowcall/rowcall.toml.
    [Unit]
    Description=When rowcall runs alert beat

    [Timer]
    OnCalendar=*-*-* 00/3:00:00 UTC
    OnCalendar=*-*-* 01,04,07,10,13,16,19,22:30:00 UTC
    AccuracySec=1s
    RandomizedDelaySec=300000ms
    FixedRandomDelay=yes
    Persistent=no

    [Install]
    WantedBy=timers.target

    # /etc/systemd/system/rowcall-alert-beat.service
    # alert beat, by rowcall 0.1.0 of /etc/rowcall/rowcall.toml.
    [Unit]
    Description=rowcall: alert beat
    Wants=network-online.target
    After=network-online.target

    [Service]
    Type=oneshot
    ExecStart=/usr/local/bin/rowcall --config /etc/rowcall/rowcall.toml run-job beat
    # NAME=value for SHOP_PASSWORD, SLACK_WEBHOOK; readable for root only. As a credential,
    # which children do not inherit: LoadCredential=x:/etc/credstore/x here, and in the catalogue
    # "${file:/run/credentials/rowcall-alert-beat.service/x}".
    EnvironmentFile=/etc/rowcall/environment
    # This user must own /etc/rowcall/.rowcall. With url = "sqlite:/var/lib/rowcall/state.db" under [state],
    # no user is needed: export again.
    User=rowcall
    ReadWritePaths=/etc/rowcall/.rowcall
    ProtectHome=yes
    NoNewPrivileges=yes
    CapabilityBoundingSet=
    ProtectSystem=strict
    PrivateTmp=yes
    PrivateDevices=yes
    ProtectClock=yes
    ProtectHostname=yes
    ProtectKernelTunables=yes
    ProtectKernelModules=yes
    ProtectKernelLogs=yes
    ProtectControlGroups=yes
    ProtectProc=invisible
    RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    LockPersonality=yes
    MemoryDenyWriteExecute=yes
    SystemCallArchitectures=native
    SystemCallFilter=@system-service
    UMask=0077

    # /etc/systemd/system/rowcall-alert-low_stock.timer
    # alert low_stock, Goods that run out: `0 9 1-7 * mon` in Europe/Berlin, by rowcall 0.1.0 of /etc/rowcall/rowcall.toml.
    # Where the clock is changed, systemd leaves out what falls into a gap and the second pass of an overlap;
    # rowcall would run a fixed time right after the gap, and what begins with * in both passes.
    [Unit]
    Description=When rowcall runs alert low_stock

    [Timer]
    OnCalendar=*-*-01..07 09:00:00 Europe/Berlin
    OnCalendar=Mon *-*-* 09:00:00 Europe/Berlin
    AccuracySec=1s
    Persistent=yes

    [Install]
    WantedBy=timers.target

    # /etc/systemd/system/rowcall-alert-low_stock.service
    # alert low_stock, Goods that run out, by rowcall 0.1.0 of /etc/rowcall/rowcall.toml.
    [Unit]
    Description=rowcall: alert low_stock
    Wants=network-online.target
    After=network-online.target

    [Service]
    Type=oneshot
    ExecStart=/usr/local/bin/rowcall --config /etc/rowcall/rowcall.toml run-job low_stock
    # NAME=value for SHOP_PASSWORD, SLACK_WEBHOOK; readable for root only. As a credential,
    # which children do not inherit: LoadCredential=x:/etc/credstore/x here, and in the catalogue
    # "${file:/run/credentials/rowcall-alert-low_stock.service/x}".
    EnvironmentFile=/etc/rowcall/environment
    # This user must own /etc/rowcall/.rowcall. With url = "sqlite:/var/lib/rowcall/state.db" under [state],
    # no user is needed: export again.
    User=rowcall
    ReadWritePaths=/etc/rowcall/.rowcall
    ProtectHome=yes
    NoNewPrivileges=yes
    CapabilityBoundingSet=
    ProtectSystem=strict
    PrivateTmp=yes
    PrivateDevices=yes
    ProtectClock=yes
    ProtectHostname=yes
    ProtectKernelTunables=yes
    ProtectKernelModules=yes
    ProtectKernelLogs=yes
    ProtectControlGroups=yes
    ProtectProc=invisible
    RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    LockPersonality=yes
    MemoryDenyWriteExecute=yes
    SystemCallArchitectures=native
    SystemCallFilter=@system-service
    UMask=0077
    "#);
    let all = rig().run(&["export", "systemd", "--catalogue", "/var/lib/x/rowcall.toml"]).exits(0).stdout;
    assert!(all.contains("OnCalendar=Mon *-*-01/2 12:00:00 Asia/Seoul\n"), "{all}");
    assert!(all.contains("OnCalendar=*-*-* *:*:00,30 UTC\n"), "{all}");
    assert!(
        all.contains("ExecStart=/usr/local/bin/rowcall --config /var/lib/x/rowcall.toml run-job \"재고\"\n"),
        "{all}"
    );
}

#[test]
fn kubernetes_gets_a_cron_job_for_each_job_and_the_catalogue() {
    insta::assert_snapshot!(rig().run(&["export", "kubernetes"]), @r#"
    exit 1
    --- stdout
    # The catalogue, and jobs, by rowcall 0.1.0 of /etc/rowcall/rowcall.toml.
    # A time that a clock change skips is not run by Kubernetes before the next day; rowcall would run it after the gap.
    # Secret `rowcall` must have the keys SHOP_PASSWORD, SLACK_WEBHOOK.
    # PersistentVolumeClaim `rowcall-state` must be there for the state in /etc/rowcall/.rowcall.
    # not exported: alert fast: `every 30s`: cron knows no seconds
    # not exported: alert 재고: `0 12 */2 * 1` in Asia/Seoul: `*/2` and `1` must both name the day, and Kubernetes would take either
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: rowcall-catalogue
    data:
      "rowcall.toml": |2

        timezone = "Europe/Berlin"
        [sources.shop]
        url = "postgres://report@db.example.com/shop"
        password = "${SHOP_PASSWORD}"
        [queries.stock]
        source = "shop"
        sql = "select on_hand from stock"
        [alerts.low_stock]
        query = "stock"
        description = "Goods that\nrun out"
        when = "on_hand < 5"
        schedule = "0 9 1-7 * mon"
        tags = ["stock"]
        notify = ["ops"]
        [alerts.beat]
        query = "stock"
        when = "on_hand < 5"
        schedule = "every 90m"
        missed = "skip"
        splay = "5m"
        [alerts."재고"]
        query = "stock"
        when = "on_hand < 5"
        schedule = "0 12 */2 * 1"
        timezone = "Asia/Seoul"
        missed = "all"
        [alerts.fast]
        query = "stock"
        when = "on_hand < 5"
        schedule = "every 30s"
        [alerts.off]
        query = "stock"
        when = "on_hand < 5"
        schedule = "@daily"
        enabled = false
        [alerts.by_hand]
        query = "stock"
        when = "on_hand < 5"
        [channels.ops]
        type = "slack"
        webhook = "${SLACK_WEBHOOK:-}"
    ---
    # alert beat: `every 90m`.
    # splay of 5m has no counterpart here
    apiVersion: batch/v1
    kind: CronJob
    metadata:
      name: rowcall-alert-beat
      labels: {app.kubernetes.io/name: rowcall}
    spec:
      schedule: "0 */3 * * *"
      timeZone: "UTC"
      concurrencyPolicy: Forbid
      startingDeadlineSeconds: 60
      successfulJobsHistoryLimit: 1
      failedJobsHistoryLimit: 3
      jobTemplate:
        spec:
          backoffLimit: 0
          template:
            metadata:
              labels: {app.kubernetes.io/name: rowcall}
            spec:
              restartPolicy: Never
              automountServiceAccountToken: false
              enableServiceLinks: false
              securityContext:
                runAsNonRoot: true
                runAsUser: 65532
                runAsGroup: 65532
                fsGroup: 65532
                seccompProfile: {type: RuntimeDefault}
              containers:
                - name: rowcall
                  image: "rowcall:0.1.0"
                  args: ["--config", "/etc/rowcall/rowcall.toml", "run-job", "beat"]
                  env:
                    - {name: "SHOP_PASSWORD", valueFrom: {secretKeyRef: {name: rowcall, key: "SHOP_PASSWORD"}}}
                    - {name: "SLACK_WEBHOOK", valueFrom: {secretKeyRef: {name: rowcall, key: "SLACK_WEBHOOK", optional: true}}}
                  securityContext:
                    allowPrivilegeEscalation: false
                    readOnlyRootFilesystem: true
                    capabilities: {drop: [ALL]}
                  volumeMounts:
                    - {name: catalogue, mountPath: "/etc/rowcall/rowcall.toml", subPath: "rowcall.toml", readOnly: true}
                    - {name: state, mountPath: "/etc/rowcall/.rowcall"}
              volumes:
                - {name: catalogue, configMap: {name: rowcall-catalogue}}
                - {name: state, persistentVolumeClaim: {claimName: rowcall-state}}
    ---
    # alert beat: `every 90m`.
    # splay of 5m has no counterpart here
    apiVersion: batch/v1
    kind: CronJob
    metadata:
      name: rowcall-alert-beat-2
      labels: {app.kubernetes.io/name: rowcall}
    spec:
      schedule: "30 1,4,7,10,13,16,19,22 * * *"
      timeZone: "UTC"
      concurrencyPolicy: Forbid
      startingDeadlineSeconds: 60
      successfulJobsHistoryLimit: 1
      failedJobsHistoryLimit: 3
      jobTemplate:
        spec:
          backoffLimit: 0
          template:
            metadata:
              labels: {app.kubernetes.io/name: rowcall}
            spec:
              restartPolicy: Never
              automountServiceAccountToken: false
              enableServiceLinks: false
              securityContext:
                runAsNonRoot: true
                runAsUser: 65532
                runAsGroup: 65532
                fsGroup: 65532
                seccompProfile: {type: RuntimeDefault}
              containers:
                - name: rowcall
                  image: "rowcall:0.1.0"
                  args: ["--config", "/etc/rowcall/rowcall.toml", "run-job", "beat"]
                  env:
                    - {name: "SHOP_PASSWORD", valueFrom: {secretKeyRef: {name: rowcall, key: "SHOP_PASSWORD"}}}
                    - {name: "SLACK_WEBHOOK", valueFrom: {secretKeyRef: {name: rowcall, key: "SLACK_WEBHOOK", optional: true}}}
                  securityContext:
                    allowPrivilegeEscalation: false
                    readOnlyRootFilesystem: true
                    capabilities: {drop: [ALL]}
                  volumeMounts:
                    - {name: catalogue, mountPath: "/etc/rowcall/rowcall.toml", subPath: "rowcall.toml", readOnly: true}
                    - {name: state, mountPath: "/etc/rowcall/.rowcall"}
              volumes:
                - {name: catalogue, configMap: {name: rowcall-catalogue}}
                - {name: state, persistentVolumeClaim: {claimName: rowcall-state}}
    ---
    # alert low_stock, Goods that run out: `0 9 1-7 * mon` in Europe/Berlin.
    apiVersion: batch/v1
    kind: CronJob
    metadata:
      name: rowcall-alert-low-stock
      labels: {app.kubernetes.io/name: rowcall}
    spec:
      schedule: "0 9 1-7 * 1"
      timeZone: "Europe/Berlin"
      concurrencyPolicy: Forbid
      startingDeadlineSeconds: 86400
      successfulJobsHistoryLimit: 1
      failedJobsHistoryLimit: 3
      jobTemplate:
        spec:
          backoffLimit: 0
          template:
            metadata:
              labels: {app.kubernetes.io/name: rowcall}
            spec:
              restartPolicy: Never
              automountServiceAccountToken: false
              enableServiceLinks: false
              securityContext:
                runAsNonRoot: true
                runAsUser: 65532
                runAsGroup: 65532
                fsGroup: 65532
                seccompProfile: {type: RuntimeDefault}
              containers:
                - name: rowcall
                  image: "rowcall:0.1.0"
                  args: ["--config", "/etc/rowcall/rowcall.toml", "run-job", "low_stock"]
                  env:
                    - {name: "SHOP_PASSWORD", valueFrom: {secretKeyRef: {name: rowcall, key: "SHOP_PASSWORD"}}}
                    - {name: "SLACK_WEBHOOK", valueFrom: {secretKeyRef: {name: rowcall, key: "SLACK_WEBHOOK", optional: true}}}
                  securityContext:
                    allowPrivilegeEscalation: false
                    readOnlyRootFilesystem: true
                    capabilities: {drop: [ALL]}
                  volumeMounts:
                    - {name: catalogue, mountPath: "/etc/rowcall/rowcall.toml", subPath: "rowcall.toml", readOnly: true}
                    - {name: state, mountPath: "/etc/rowcall/.rowcall"}
              volumes:
                - {name: catalogue, configMap: {name: rowcall-catalogue}}
                - {name: state, persistentVolumeClaim: {claimName: rowcall-state}}
    --- stderr
    not exported: alert fast: `every 30s`: cron knows no seconds
    not exported: alert 재고: `0 12 */2 * 1`: `*/2` and `1` must both name the day, and Kubernetes would take either
    "#);
}

#[test]
fn a_secret_that_is_written_out_is_not_exported() {
    let rig = Rig::new().catalogue(&JOBS.replace("${SHOP_PASSWORD}", "hunter22")).secret("UNUSED", "hunter22");
    insta::assert_snapshot!(rig.run(&["export", "kubernetes"]), @r#"
    exit 2
    --- stderr
    error: a ConfigMap is no place for secrets: `sources.shop.password` at rowcall.toml:5
      next: write each as `${VARIABLE}`, which a Secret sets
    "#);
    rig.run(&["export", "systemd"]).exits(0);
}

#[test]
fn files_are_written_all_or_none() {
    let rig = rig();
    insta::assert_snapshot!(rig.run(&["export", "systemd", "low_stock", "beat", "-o", "units"]), @r#"
    exit 0
    --- stderr
    wrote 4 files to units
    "#);
    let names = || {
        let entries = std::fs::read_dir(rig.path().join("units")).expect("there");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("read").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    };
    let files = [
        "rowcall-alert-beat.service",
        "rowcall-alert-beat.timer",
        "rowcall-alert-low_stock.service",
        "rowcall-alert-low_stock.timer",
    ];
    assert_eq!(names(), files);
    insta::assert_snapshot!(rig.run(&["export", "systemd", "low_stock", "-o", "units"]), @r#"
    exit 0
    --- stderr
    wrote 2 files to units
    left alone: units/rowcall-alert-beat.service, which is no part of this export
    left alone: units/rowcall-alert-beat.timer, which is no part of this export
    "#);
    std::fs::remove_file(rig.path().join("units/rowcall-alert-low_stock.timer")).expect("removed");
    std::fs::create_dir(rig.path().join("units/rowcall-alert-low_stock.timer")).expect("made");
    insta::assert_snapshot!(rig.run(&["export", "systemd", "low_stock", "-o", "units"]), @r#"
    exit 2
    --- stderr
    error: `units/rowcall-alert-low_stock.timer` is a folder
    "#);
    assert_eq!(names(), files, "nothing is left in part");
    insta::assert_snapshot!(rig.run(&["export", "systemd", "by_hand"]), @r#"
    exit 2
    --- stderr
    error: nothing is scheduled
      next: give an alert a `schedule`, such as "*/5 * * * *"
    "#);
    insta::assert_snapshot!(rig.run(&["export", "systemd", "@stok"]), @r#"
    exit 2
    --- stderr
    error: no job has the tag `stok`
    "#);
}

/// A program of systemd, which `tests/run` installs.
fn analyze(arguments: &[&str]) -> String {
    let mut command = Command::new("systemd-analyze");
    let output =
        command.args(arguments).env("TZ", "UTC").env("LC_ALL", "C").output().expect("systemd-analyze is there");
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    assert!(output.status.success(), "systemd-analyze {arguments:?}\n{stdout}\n{stderr}");
    assert!(!stderr.to_lowercase().contains("rowcall"), "{stderr}");
    stdout
}

#[test]
#[ignore = "needs systemd-analyze: run tests/run"]
fn systemd_finds_nothing_wrong_with_the_units() {
    let rig = rig();
    rig.run(&["export", "systemd", "-o", "units", "--program", env!("CARGO_BIN_EXE_rowcall")]).exits(0);
    let folder = rig.path().join("units");
    let units = std::fs::read_dir(&folder).expect("there").map(|unit| unit.expect("read").path());
    let units: Vec<_> = units.map(|unit| unit.to_str().expect("text").to_owned()).collect();
    assert_eq!(units.len(), 8);
    analyze(&[&["verify"], &units.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
}

/// The next due instants of an event, as systemd reckons them.
fn elapses(event: &str, from: Timestamp, count: usize) -> Vec<Timestamp> {
    let from = from.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let shown = analyze(&["calendar", "--iterations", &count.to_string(), "--base-time", &from, event]);
    let instant = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().rev().take(3).collect();
        let [utc, time, date] = words[..] else { return None };
        (utc == "UTC").then(|| format!("{date}T{time}Z").parse().expect("an instant"))
    };
    shown.lines().filter(|line| line.contains("elapse:") || line.contains("Iter")).filter_map(instant).collect()
}

#[test]
#[ignore = "needs systemd-analyze: run tests/run"]
fn a_timer_elapses_when_the_schedule_is_due() {
    const COUNT: usize = 4;
    let mut runner = TestRunner::deterministic();
    let lines = cronie::crontab();
    let random = (0..60).map(|_| lines.new_tree(&mut runner).expect("a line").current().text);
    let beats = ["every 5m", "every 90m", "every 15s", "every 90s", "every 6h", "every 1d", "every 1w", "every 48m"];
    let mut compared = 0;
    for (index, line) in random.chain(beats.map(str::to_owned)).enumerate() {
        // Neither changes its clock; systemd leaves out what falls into a gap, which is said beside each timer.
        let name = if index % 2 == 0 { "UTC" } else { "Asia/Seoul" };
        let Ok(schedule) = Schedule::parse(&line, &TimeZone::get(name).expect(name)) else { continue };
        let written = schedule.written_for(Dialect::Systemd).expect(&line);
        let zone = if written.utc { "UTC" } else { name };
        let from =
            Timestamp::from_second(1_772_000_017 + 86_400 * i64::try_from(index).expect("small")).expect("in range");
        let events = written.lines.iter().flat_map(|event| elapses(&format!("{event} {zone}"), from, COUNT));
        let theirs: Vec<Timestamp> = events.collect::<BTreeSet<_>>().into_iter().take(COUNT).collect();
        let ours: Vec<Timestamp> = schedule.due_between(from, Timestamp::MAX).take(COUNT).collect();
        assert_eq!(ours, theirs, "`{line}` in {name} is {:?}", written.lines);
        compared += 1;
    }
    assert!(compared > 50, "{compared} schedules");
    assert!(Path::new("/usr/share/zoneinfo/Asia/Seoul").exists(), "systemd knows the zone");
}
