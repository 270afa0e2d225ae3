//! Who may know whom: the order of the rooms, and what is said in which room only.
//!
//! The sources are read as words; each law below names the file and the line that breaks it.

use std::fs;
use std::path::{Path, PathBuf};

use self::words::{Word, words};

mod words;

/// The rooms. Each may import from those before it.
const ORDER: [&str; 21] = [
    "name",
    "secret",
    "value",
    "table",
    "sql",
    "predicate",
    "schedule",
    "incident",
    "chart",
    "render",
    "page",
    "message",
    "clock",
    "source",
    "channel",
    "store",
    "catalogue",
    "job",
    "scheduler",
    "cli",
    "main",
];

/// Names of drawers, not of rooms.
const DRAWERS: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];

/// Crates, and the beginnings of the paths where they may be named.
const CRATES: [(&[&str], &[&str]); 5] = [
    (&["clap", "clap_complete", "clap_mangen"], &["src/cli.rs", "src/cli/", "src/main.rs"]),
    (&["toml"], &["src/catalogue.rs", "src/catalogue/"]),
    (
        &["sqlx", "tokio_postgres", "tokio_postgres_rustls", "postgres_protocol", "mysql_async"],
        &["src/source.rs", "src/source/", "src/store.rs", "src/store/"],
    ),
    (&["reqwest", "lettre"], &["src/channel.rs", "src/channel/"]),
    (&["chrono", "cron"], &["src/schedule/crontab.rs"]),
];

/// Macros that write past the writer that was passed in.
const PRINTERS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Types whose `now` reads the clock of the machine, and the one file that may ask.
const CLOCKS: [&str; 3] = ["Timestamp", "SystemTime", "Zoned"];
const CLOCK: &str = "src/clock.rs";

/// The most lines of a file, its tests at the end not counted.
const LONGEST: usize = 500;

#[test]
fn the_house_is_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    let found: Vec<_> = files
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).expect("a source is text");
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            broken(&name, &text)
        })
        .collect();
    assert!(files.len() >= 4, "only {} sources were found", files.len());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// A line and the law it breaks.
type Found = (usize, String);

/// The laws that a file breaks, one line each.
fn broken(path: &str, text: &str) -> Vec<String> {
    let file = File { path, words: words(text) };
    let mut found = [file.place(), file.imports(), file.uses(), file.manners()].concat();
    let body = text.rfind("\n#[cfg(test)]\nmod tests {").map_or(text, |tests| &text[..tests]);
    if body.lines().count() > LONGEST {
        found.push((LONGEST + 1, format!("more than {LONGEST} lines: a second noun has moved in")));
    }
    found.sort();
    found.iter().map(|(line, law)| format!("{path}:{line}: {law}")).collect()
}

struct File<'a> {
    path: &'a str,
    words: Vec<Word<'a>>,
}

impl<'a> File<'a> {
    /// The word at a place, or none of any text.
    fn text(&self, at: usize) -> &'a str {
        self.words.get(at).map_or("", |word| word.text)
    }

    fn before(&self, at: usize, back: usize) -> &'a str {
        at.checked_sub(back).map_or("", |at| self.text(at))
    }

    fn follows(&self, at: usize, expected: &[&str]) -> bool {
        expected.iter().enumerate().all(|(offset, text)| self.text(at + offset) == *text)
    }

    /// The folders and the file below `src`: the path of the module.
    fn modules(&self) -> Vec<&'a str> {
        self.path.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect()
    }

    fn room(&self) -> &'a str {
        self.modules()[0]
    }

    /// Modules that have no place in the house.
    fn place(&self) -> Vec<Found> {
        let mut found = Vec::new();
        if self.room() != "lib" && rank(self.room()).is_none() {
            found.push((1, format!("`{}` is not a room of the order", self.room())));
        }
        let files = self.modules().into_iter().map(|name| (1, name));
        let declared =
            self.words.windows(2).filter(|pair| pair[0].text == "mod").map(|pair| (pair[1].line, pair[1].text));
        let drawers = files.chain(declared).filter(|(_, name)| DRAWERS.contains(name));
        found.extend(drawers.map(|(line, name)| (line, format!("`{name}` is a drawer, not a room"))));
        found
    }

    /// Imports from rooms to the right, by `use` or by an inline path.
    fn imports(&self) -> Vec<Found> {
        if self.room() == "lib" {
            return Vec::new();
        }
        let roots = self.depths().into_iter().enumerate().filter_map(|(at, depth)| self.behind_root(at, depth));
        let mut found = Vec::new();
        for Word { text, line } in roots.flat_map(|at| self.heads(at)) {
            match (rank(text), rank(self.room())) {
                (Some(theirs), Some(ours)) if theirs > ours => {
                    found.push((line, format!("`{}` imports from `{text}`, a room on its right", self.room())));
                }
                (None, _) => found.push((line, format!("`{text}` is not a room of the order"))),
                (Some(_), _) => {}
            }
        }
        found
    }

    /// How many modules each word stands in, the crate itself not counted.
    fn depths(&self) -> Vec<usize> {
        let mut depth = self.modules().len();
        let mut braces = Vec::new();
        let mut depths = Vec::with_capacity(self.words.len());
        for (at, word) in self.words.iter().enumerate() {
            match word.text {
                "{" => {
                    braces.push(self.before(at, 2) == "mod");
                    depth += usize::from(self.before(at, 2) == "mod");
                }
                "}" => depth -= usize::from(braces.pop().unwrap_or_default()),
                _ => {}
            }
            depths.push(depth);
        }
        depths
    }

    /// Where a path goes on behind the root of the crate, if one begins at `at` and leads there.
    fn behind_root(&self, at: usize, depth: usize) -> Option<usize> {
        if !self.begins_path(at) && self.before(at, 2) != "self" {
            return None;
        }
        match self.text(at) {
            "crate" | "rowcall" if self.text(at + 1) == "::" => Some(at + 2),
            "super" => {
                let steps = (0..).take_while(|step| self.follows(at + 2 * step, &["super", "::"])).count();
                (steps >= depth).then_some(at + 2 * steps)
            }
            _ => None,
        }
    }

    /// Whether the word is the first of a path: `a` of `a::b` and of `::a::b`, not of `b::a`.
    fn begins_path(&self, at: usize) -> bool {
        let name = self.before(at, 2).chars().all(|c| c.is_alphanumeric() || c == '_');
        self.before(at, 1) != "::" || !name || matches!(self.before(at, 2), "" | "use")
    }

    /// The first names of a path, or of each path of a group.
    fn heads(&self, at: usize) -> Vec<Word<'a>> {
        if self.text(at) != "{" {
            let named = |word: &&Word<'_>| {
                word.text != "self" && word.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
            };
            return self.words.get(at).filter(named).copied().into_iter().collect();
        }
        let mut heads = Vec::new();
        let mut depth = 0_usize;
        for here in at..self.words.len() {
            match self.text(here) {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            match (self.text(here), depth) {
                (_, 0) => break,
                ("{" | ",", 1) => heads.extend(self.heads(here + 1)),
                _ => {}
            }
        }
        heads
    }

    /// Globs anywhere, and re-exports at the root.
    fn uses(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let uses = |at: &usize| self.text(*at) == "use" && self.text(at + 1) != "<";
        for at in (0..self.words.len()).filter(uses) {
            let tree = self.words[at..].iter().take_while(|word| word.text != ";");
            let globs = tree.filter(|word| word.text == "*");
            found.extend(globs.map(|word| (word.line, "a glob import hides who is known".to_owned())));
            if self.room() == "lib" && matches!(self.before(at, 1), "pub" | ")") {
                found.push((self.words[at].line, "a re-export at the root of the crate".to_owned()));
            }
        }
        found
    }

    /// What may be said in one room only.
    fn manners(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for (at, Word { text, line }) in self.words.iter().copied().enumerate() {
            let as_crate = self.begins_path(at) && (self.text(at + 1) == "::" || self.before(at, 1) == "use");
            let away = |(crates, places): &&(&[&str], &[&str])| {
                as_crate && crates.contains(&text) && !places.iter().any(|place| self.path.starts_with(place))
            };
            if let Some((_, places)) = CRATES.iter().find(away) {
                found.push((line, format!("`{text}` is named outside {}", places.join(", "))));
            }
            if PRINTERS.contains(&text) && self.text(at + 1) == "!" {
                found.push((line, format!("`{text}!` writes past the writer")));
            }
            if CLOCKS.contains(&text) && self.follows(at + 1, &["::", "now"]) && self.path != CLOCK {
                found.push((line, format!("`{text}::now` is asked outside {CLOCK}")));
            }
        }
        found
    }
}

fn rank(room: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == room)
}

#[test]
fn each_law_is_kept_by_force() {
    let right = "`value` imports from `source`, a room on its right";
    let glob = "a glob import hides who is known";
    let root = "a re-export at the root of the crate";
    let cases = [
        ("src/value.rs", "use crate::source::Source;", right),
        ("src/value.rs", "use crate::name::Name;\nuse crate::{name::Name, source::{Source, Row}};", right),
        ("src/value.rs", "use {std::fmt, crate::{name, source as s}};", right),
        ("src/value.rs", "fn f() -> crate::source::Row { todo() }", right),
        ("src/value.rs", "use super::source::Row;", right),
        ("src/value.rs", "use self::super::source::Row;", right),
        ("src/value.rs", "mod tests { use super::super::source::Row; }", right),
        ("src/value/time.rs", "use super::super::{name, source};", right),
        ("src/value/time.rs", "pub(crate) use crate::source::Row;", right),
        ("src/store.rs", "use crate::utils::x;", "`utils` is not a room of the order"),
        ("src/value.rs", "use crate::Value;", "`Value` is not a room of the order"),
        ("src/value.rs", "use crate::name::*;", glob),
        ("src/value.rs", "use std::{fmt::{self, *}};", glob),
        ("src/value.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n", glob),
        ("src/lib.rs", "pub mod name;\npub use name::Name;", root),
        ("src/lib.rs", "pub(crate) use self::name::Name;", root),
        ("src/engine.rs", "", "`engine` is not a room of the order"),
        ("src/bin/tool.rs", "", "`bin` is not a room of the order"),
        ("src/value/utils.rs", "", "`utils` is a drawer, not a room"),
        ("src/helpers/value.rs", "", "`helpers` is a drawer, not a room"),
        ("src/value.rs", "mod common;", "`common` is a drawer, not a room"),
        ("src/value.rs", &"//\n".repeat(LONGEST + 1), "more than 500 lines: a second noun has moved in"),
        ("src/job.rs", "use clap::Parser;", "`clap` is named outside src/cli.rs, src/cli/, src/main.rs"),
        ("src/cli.rs", "let x: toml::Value;", "`toml` is named outside src/catalogue.rs, src/catalogue/"),
        ("src/cli.rs", "use toml;", "`toml` is named outside src/catalogue.rs, src/catalogue/"),
        (
            "src/job.rs",
            "::sqlx::query(x)",
            "`sqlx` is named outside src/source.rs, src/source/, src/store.rs, src/store/",
        ),
        ("src/source.rs", "use ::reqwest::Client;", "`reqwest` is named outside src/channel.rs, src/channel/"),
        ("src/schedule.rs", "use chrono::Utc;", "`chrono` is named outside src/schedule/crontab.rs"),
        ("src/cli.rs", "println!();", "`println!` writes past the writer"),
        ("src/job.rs", "let now = jiff::Timestamp::now();", "`Timestamp::now` is asked outside src/clock.rs"),
        ("src/job.rs", "std::time::SystemTime::now", "`SystemTime::now` is asked outside src/clock.rs"),
    ];
    for (path, text, law) in cases {
        let found = broken(path, text);
        assert!(found.iter().any(|line| line.starts_with(path) && line.ends_with(law)), "{path}: {text}\n{found:?}");
    }
    assert_eq!(
        broken("src/value.rs", "\n\nuse crate::cli;"),
        ["src/value.rs:3: `value` imports from `cli`, a room on its right"]
    );
}

#[test]
fn what_breaks_no_law_is_left_alone() {
    let tested = format!("fn f() {{}}\n\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    //\n".repeat(LONGEST));
    let cases = [
        (
            "src/source.rs",
            "use crate::{name::Name, value::{self, Value}};\nuse crate::source::binding::{Binding, source};",
        ),
        ("src/value/time.rs", "use super::{store, Value};\npub(super) fn f() {}\nuse self::store::write;"),
        ("src/value.rs", "mod tests { use super::store; mod inner { use super::super::store; } }"),
        ("src/value.rs", "// use crate::cli;\n/* println!() */ const X: &str = \"use crate::cli::*;\";"),
        ("src/value.rs", "fn f(x: &impl Iterator<Item = u8> + use<'_>) -> u8 { 2 * 3 }"),
        ("src/lib.rs", "pub mod name;\nuse crate::cli::x;"),
        ("src/main.rs", "use rowcall::{cli, clock};\nuse clap::Parser;"),
        ("src/cli/check.rs", "use clap::Args;\nlet toml = doc.toml();\nlet sqlx = 1;"),
        ("src/schedule/crontab.rs", "use chrono::Utc;\nuse cron::Schedule;"),
        ("src/clock.rs", "Timestamp::now()"),
        ("src/value.rs", tested.as_str()),
    ];
    for (path, text) in cases {
        assert_eq!(broken(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}
