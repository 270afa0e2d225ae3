//! A crontab: a line for each job, in the zone of the job where cron knows zones.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Entry, File, Plan};

pub(super) fn file(plan: &Plan<'_>) -> File {
    let mut text = format!("# Jobs by {}.\n", plan.origin());
    text.push_str("# Each line runs a job for the latest slot of its own schedule, unless that has had its run.\n");
    text.push_str(
        "# Cron makes up for nothing that was due while the machine was off; the next line in time is the next run.\n",
    );
    if plan.entries.iter().any(|entry| zone_of(entry) != "UTC") {
        text.push_str(
            "# cronie reads CRON_TZ. Other crons, Debian's among them, take all lines in the zone of the machine.\n",
        );
    }
    if !plan.needs.variables.is_empty() {
        writeln!(text, "# The jobs need these variables: {}.", plan.needs.variables()).expect("text");
        text.push_str("# Set them above the lines, as NAME=value, in a file that nobody else may read.\n");
    }
    let mut zones: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in &plan.entries {
        zones.entry(zone_of(entry)).or_default().push(entry);
    }
    for (zone, entries) in zones {
        writeln!(text, "\nCRON_TZ={zone}").expect("text");
        entries.iter().for_each(|entry| lines(plan, entry, &mut text));
    }
    File { name: "rowcall.crontab".to_owned(), text }
}

fn zone_of<'a>(entry: &'a Entry<'_>) -> &'a str {
    match &entry.lines {
        Ok(lines) if lines.utc => "UTC",
        Ok(_) | Err(_) => &entry.zone,
    }
}

fn lines(plan: &Plan<'_>, entry: &Entry<'_>, text: &mut String) {
    writeln!(text, "# {}: {}", entry.title(), entry.when()).expect("text");
    entry.splay().iter().for_each(|remark| writeln!(text, "# {remark}").expect("text"));
    match &entry.lines {
        Ok(lines) => {
            let command = [plan.program, "--config", &plan.path, "run-job", &entry.word].map(word).join(" ");
            lines.lines.iter().for_each(|line| writeln!(text, "{line} {command}").expect("text"));
        }
        Err(problem) => writeln!(text, "# not exported: {problem}").expect("text"),
    }
}

/// A word for the shell that cron starts. Cron itself ends the command at `%`, even between quotes.
fn word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | '@' | '+' | ',');
    let quoted = if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    quoted.replace('%', r"\%")
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_survive_cron_and_the_shell() {
        let cases = [
            ("low_stock", "low_stock"),
            ("/etc/rowcall/rowcall.toml", "/etc/rowcall/rowcall.toml"),
            ("/home/a b/x.toml", "'/home/a b/x.toml'"),
            ("/tmp/100%/x", r"'/tmp/100\%/x'"),
            ("it's", r"'it'\''s'"),
            ("재고", "'재고'"),
            ("$HOME", "'$HOME'"),
        ];
        for (plain, quoted) in cases {
            assert_eq!(word(plain), quoted);
        }
    }
}
