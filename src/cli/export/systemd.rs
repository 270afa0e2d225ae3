//! systemd: a timer and a service for each job, with no more rights than it takes.

use std::fmt::Write;
use std::path::Path;

use super::{Entry, File, Plan, safe_name};
use crate::catalogue::Missed;

/// The longest name of a unit without its suffix; systemd takes 255 bytes of a whole one.
const LONGEST: usize = 200;
/// Where a unit with a `StateDirectory=` keeps state.
const STATE: &str = "/var/lib/rowcall";

/// What a service may do: speak to servers, and little else.
const CAGE: &str = "\
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
";

pub(super) fn files(plan: &Plan<'_>) -> Vec<File> {
    let mut files = Vec::new();
    for entry in &plan.entries {
        let Ok(lines) = &entry.lines else { continue };
        let unit = unit(entry);
        let zone = if lines.utc { "UTC" } else { &entry.zone };
        let events = lines.lines.iter().map(|line| format!("OnCalendar={line} {zone}\n")).collect::<String>();
        files.push(File { name: format!("{unit}.timer"), text: timer(plan, entry, &events) });
        files.push(File { name: format!("{unit}.service"), text: service(plan, entry, &unit) });
    }
    files
}

/// `rowcall-alert-low_stock`.
fn unit(entry: &Entry<'_>) -> String {
    let words = entry.job.id().to_string();
    let (kind, name) = words.split_once(' ').unwrap_or(("job", &words));
    let plain = |c: char| (c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).then_some(c);
    format!("rowcall-{kind}-{}", safe_name(name, LONGEST, plain, false))
}

fn timer(plan: &Plan<'_>, entry: &Entry<'_>, events: &str) -> String {
    let mut text = format!("# {}: {}, by {}.\n", entry.title(), entry.when(), plan.origin());
    let changes = entry.job.timing().zone.to_fixed_offset().is_err();
    if changes && !events.contains(" UTC\n") {
        text.push_str("# Where the clock is changed, systemd leaves out what falls into a gap and the second pass of an overlap;\n");
        text.push_str("# rowcall would run a fixed time right after the gap, and what begins with * in both passes.\n");
    }
    let persistent = match entry.job.timing().missed {
        Missed::Skip => "no",
        Missed::Latest => "yes",
        Missed::All => {
            text.push_str(
                "# missed = \"all\" has no counterpart here: of several times that were missed, the latest is run.\n",
            );
            "yes"
        }
    };
    let splay = match entry.job.timing().splay {
        splay if splay.is_zero() => String::new(),
        splay => format!("RandomizedDelaySec={}ms\nFixedRandomDelay=yes\n", splay.as_millis()),
    };
    let id = escaped(&entry.job.id().to_string());
    write!(
        text,
        "[Unit]\nDescription=When rowcall runs {id}\n\n\
         [Timer]\n{events}AccuracySec=1s\n{splay}Persistent={persistent}\n\n\
         [Install]\nWantedBy=timers.target\n"
    )
    .expect("text");
    text
}

fn service(plan: &Plan<'_>, entry: &Entry<'_>, unit: &str) -> String {
    let mut text = format!("# {}, by {}.\n", entry.title(), plan.origin());
    let words = [plan.program, "--config", &plan.path, "run-job", &entry.word].map(word).join(" ");
    let id = escaped(&entry.job.id().to_string());
    write!(
        text,
        "[Unit]\nDescription=rowcall: {id}\nWants=network-online.target\nAfter=network-online.target\n\n\
         [Service]\nType=oneshot\nExecStart={words}\n"
    )
    .expect("text");
    secrets(plan, unit, &mut text);
    state(plan, &mut text);
    let home = ["/home", "/root", "/run/user"].iter().any(|home| Path::new(&plan.path).starts_with(home));
    writeln!(text, "ProtectHome={}", if home { "read-only" } else { "yes" }).expect("text");
    text.push_str(CAGE);
    text
}

/// Where secrets come from, and how they come from better places.
fn secrets(plan: &Plan<'_>, unit: &str, text: &mut String) {
    if !plan.needs.variables.is_empty() {
        writeln!(text, "# NAME=value for {}; readable for root only. As a credential,", plan.needs.variables())
            .expect("text");
        text.push_str(
            "# which children do not inherit: LoadCredential=x:/etc/credstore/x here, and in the catalogue\n",
        );
        writeln!(text, "# \"${{file:/run/credentials/{unit}.service/x}}\".").expect("text");
        let environment = plan.folder().join("environment");
        let must = if plan.needs.variables.values().all(|optional| *optional) { "-" } else { "" };
        writeln!(text, "EnvironmentFile={must}{}", escaped(&environment.to_string_lossy())).expect("text");
    }
    for file in &plan.needs.files {
        let file = plan.folder().join(file);
        let (file, name) = (file.to_string_lossy(), file.file_name().unwrap_or_default().to_string_lossy());
        writeln!(text, "# {file} must be readable for this user, or come as LoadCredential={name}:{file} and be")
            .expect("text");
        writeln!(text, "# read as \"${{file:/run/credentials/{unit}.service/{name}}}\".").expect("text");
    }
}

/// Who runs it, and where it may write.
fn state(plan: &Plan<'_>, text: &mut String) {
    match plan.state_folder() {
        Some(folder) if folder.starts_with(STATE) => {
            text.push_str("DynamicUser=yes\nUser=rowcall\nStateDirectory=rowcall\nStateDirectoryMode=0700\n");
        }
        Some(folder) => {
            let folder = escaped(&folder.to_string_lossy());
            writeln!(text, "# This user must own {folder}. With url = \"sqlite:{STATE}/state.db\" under [state],")
                .expect("text");
            text.push_str("# no user is needed: export again.\n");
            writeln!(text, "User=rowcall\nReadWritePaths={folder}").expect("text");
        }
        None => text.push_str("DynamicUser=yes\nUser=rowcall\n"),
    }
}

/// A word of a command line: systemd has its own quotes, specifiers and variables.
fn word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | '@' | '+' | ',');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let quoted = word.replace('\\', r"\\").replace('"', r#"\""#).replace('$', "$$");
    format!("\"{}\"", escaped(&quoted))
}

/// Specifiers of systemd begin with `%`.
fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_survive_systemd() {
        let cases = [
            ("low_stock", "low_stock"),
            ("/home/a b/x.toml", r#""/home/a b/x.toml""#),
            ("/tmp/100%/$x", r#""/tmp/100%%/$$x""#),
            (r#"a\"b"#, r#""a\\\"b""#),
            ("재고", r#""재고""#),
        ];
        for (plain, quoted) in cases {
            assert_eq!(word(plain), quoted);
        }
    }
}
