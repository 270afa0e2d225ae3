//! Many messages told in one, for a channel that takes only so many in a while.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::message::{Attachment, Excerpt, Kind, Message, Severity, ascii, one_line};
use crate::name::Name;
use crate::store::Waiting;

/// How many of the messages are listed.
const MOST_LISTED: usize = 50;

/// How many files travel along: those of the gravest messages. Whoever looks into one incident wants its rows at hand;
/// nobody wants a hundred files below one message.
const MOST_FILES: usize = 10;

/// How many commands are named that give the rows of files that do not travel along.
const MOST_COMMANDS: usize = 5;

/// One message for all of `waiting`, which stand in the order of the outbox: how many of each kind, then the gravest
/// first. Its id is the same for the same messages. Of their files the first few come along where the channel carries
/// any; it says of the others how to get what is in them.
#[must_use]
pub fn compose(channel: &Name, waiting: &[Waiting], carries_files: bool, now: Timestamp) -> Message {
    let mut gravest: Vec<&Message> = waiting.iter().map(|waiting| &waiting.message).collect();
    gravest.sort_by_key(|message| (message.kind.is_good_news(), Reverse(message.severity)));
    let begins = gravest.iter().any(|message| message.kind == Kind::Firing);
    let bad = gravest.iter().filter(|message| !message.kind.is_good_news());
    let id = format!("digest-{}-{}", ascii(channel.as_str()), ends(waiting));
    let summary = format!("{} messages in one: {}", gravest.len(), counts(&gravest));
    let files: Vec<&Attachment> = gravest.iter().flat_map(|message| &message.attachments).collect();
    let (here, absent) = files.split_at(if carries_files { files.len().min(MOST_FILES) } else { 0 });
    let remark = "more messages waited than this channel takes at once; none is left out".to_owned();
    Message {
        thread: id.clone(),
        id,
        severity: bad.map(|message| message.severity).max().unwrap_or(Severity::Info),
        excerpt: Some(excerpt(&gravest)),
        command: Some("rowcall history --since 1h".into()),
        attachments: here.iter().copied().cloned().collect(),
        remarks: std::iter::once(remark).chain(left_out(absent)).collect(),
        ..Message::new(if begins { Kind::Digest } else { Kind::Roundup }, channel.as_str(), now, summary)
    }
}

/// How many files are not here, and the commands that give their rows.
fn left_out(files: &[&Attachment]) -> Option<String> {
    let mut commands: Vec<&str> = Vec::new();
    for command in files.iter().filter_map(|file| file.command.as_deref()) {
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    let count = match files.len() {
        0 => return None,
        1 => "1 file is not here".to_owned(),
        n => format!("{n} files are not here"),
    };
    let named = commands.iter().take(MOST_COMMANDS).map(|command| one_line(command)).collect::<Vec<_>>().join("; ");
    let more = match commands.len().saturating_sub(MOST_COMMANDS) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    Some(if named.is_empty() { count } else { format!("{count}; their rows: {named}{more}") })
}

/// The first and the last number: the same for the same messages.
fn ends(waiting: &[Waiting]) -> String {
    let number = |waiting: Option<&Waiting>| waiting.map_or(0, |waiting| waiting.seq);
    format!("{}-{}", number(waiting.first()), number(waiting.last()))
}

/// `12 FIRING (3 critical), 2 RESOLVED`, the gravest first.
fn counts(gravest: &[&Message]) -> String {
    let mut counts: Vec<(Kind, usize, usize)> = Vec::new();
    for message in gravest {
        let critical = usize::from(message.severity == Severity::Critical && !message.kind.is_good_news());
        match counts.iter_mut().find(|(kind, _, _)| *kind == message.kind) {
            Some((_, count, grave)) => (*count, *grave) = (*count + 1, *grave + critical),
            None => counts.push((message.kind, 1, critical)),
        }
    }
    let words = counts.into_iter().map(|(kind, count, grave)| match grave {
        0 => format!("{count} {}", kind.headword()),
        grave => format!("{count} {} ({grave} critical)", kind.headword()),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn excerpt(gravest: &[&Message]) -> Excerpt {
    let row = |message: &&Message| {
        let cells = [
            message.kind.headword().to_owned(),
            message.severity.to_string(),
            message.alert.clone(),
            one_line(message.title.as_ref().unwrap_or(&message.summary)),
        ];
        cells.map(Some).to_vec()
    };
    Excerpt {
        columns: ["news", "severity", "about", "summary"].map(str::to_owned).to_vec(),
        rows: gravest.iter().take(MOST_LISTED).map(row).collect(),
        more: gravest.len().saturating_sub(MOST_LISTED) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_FILES, MOST_LISTED, compose};
    use crate::job::deliver::sample::{second, waiting};
    use crate::message::{Attachment, Kind, Message, Severity};
    use crate::name::Name;
    use crate::store::Waiting;

    fn digest(kinds: &[(Kind, Severity)]) -> Message {
        let one = |(seq, (kind, severity)): (i64, &(Kind, Severity))| {
            let mut waiting = waiting(seq, &format!("a{seq}"));
            (waiting.message.kind, waiting.message.severity) = (*kind, *severity);
            waiting
        };
        let all: Vec<Waiting> = (1..).zip(kinds).map(one).collect();
        compose(&Name::new("ops").expect("a name"), &all, true, second(9))
    }

    #[test]
    fn the_gravest_stands_first_and_all_are_counted() {
        use Kind::{Firing, Repeat, Resolved, Unwell};
        use Severity::{Critical, Info, Warning};
        let digest =
            digest(&[(Resolved, Critical), (Firing, Warning), (Repeat, Info), (Firing, Critical), (Unwell, Critical)]);
        assert_eq!(
            digest.headline(),
            "DIGEST ops: 5 messages in one: 2 FIRING (1 critical), 1 CANNOT JUDGE (1 critical), 1 STILL FIRING, 1 RESOLVED"
        );
        assert_eq!((digest.kind, digest.severity, digest.id.as_str()), (Kind::Digest, Critical, "digest-ops-1-5"));
        let excerpt = digest.excerpt.expect("rows");
        let about: Vec<&str> = excerpt.rows.iter().map(|row| row[2].as_deref().expect("a name")).collect();
        assert_eq!((about, excerpt.more), (vec!["a4", "a5", "a2", "a3", "a1"], 0));
    }

    #[test]
    fn somebody_is_called_only_when_an_incident_begins() {
        let cases = [
            (vec![Kind::Resolved, Kind::Firing], Kind::Digest, Severity::Warning),
            (vec![Kind::Resolved, Kind::Repeat], Kind::Roundup, Severity::Warning),
            (vec![Kind::Resolved, Kind::Well], Kind::Roundup, Severity::Info),
        ];
        for (kinds, kind, severity) in cases {
            let all: Vec<(Kind, Severity)> = kinds.iter().map(|kind| (*kind, Severity::Warning)).collect();
            let digest = digest(&all);
            assert_eq!((digest.kind, digest.severity), (kind, severity), "{kinds:?}");
        }
    }

    /// A message with a file for each of these, of this severity.
    fn with_files(seq: i64, severity: Severity, files: usize) -> Waiting {
        let mut waiting = waiting(seq, &format!("a{seq}"));
        waiting.message.severity = severity;
        let file = |n: usize| Attachment {
            name: format!("a{seq}-{n}.csv"),
            media_type: "text/csv".into(),
            content: vec![b'x'].into(),
            command: Some(format!("rowcall check a{seq} --samples 4")),
        };
        waiting.message.attachments = (0..files).map(file).collect();
        waiting
    }

    #[test]
    fn the_files_of_the_gravest_come_along_and_of_the_others_it_is_said_how_to_get_them() {
        let ops = Name::new("ops").expect("a name");
        let mut all: Vec<Waiting> = (1..=12).map(|seq| with_files(seq, Severity::Warning, 1)).collect();
        all.push(with_files(13, Severity::Critical, 2));
        let digest = compose(&ops, &all, true, second(9));
        let names: Vec<&str> = digest.attachments.iter().map(|file| file.name.as_str()).collect();
        assert_eq!((names.len(), &names[..3]), (MOST_FILES, &["a13-0.csv", "a13-1.csv", "a1-0.csv"][..]));
        assert_eq!(
            digest.remarks[1],
            "4 files are not here; their rows: rowcall check a9 --samples 4; rowcall check a10 --samples 4; \
             rowcall check a11 --samples 4; rowcall check a12 --samples 4"
        );
        let digest = compose(&ops, &all, false, second(9));
        assert!(digest.attachments.is_empty());
        assert!(digest.remarks[1].starts_with("14 files are not here; their rows: rowcall check a13 --samples 4; "));
        assert!(digest.remarks[1].ends_with("; rowcall check a4 --samples 4; and 8 more"), "{:?}", digest.remarks);
        assert_eq!(compose(&ops, &all[..0], true, second(9)).remarks.len(), 1);
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let excerpt = digest(&[(Kind::Firing, Severity::Info); 300]).excerpt.expect("rows");
        assert_eq!((excerpt.rows.len(), excerpt.more), (MOST_LISTED, 250));
    }
}
