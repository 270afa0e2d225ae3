//! A folder of its own, a clean environment and the real binary: what every story about the command line begins with.

use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A folder with a catalogue, and the environment to run in.
pub(crate) struct Rig {
    folder: TempDir,
    environment: Vec<(String, String)>,
    secrets: Vec<String>,
    times: bool,
    input: Option<String>,
}

/// What a run left behind. `Display` is the whole of it, with what varies from run to run replaced by placeholders.
pub(crate) struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, environment: Vec::new(), secrets: Vec::new(), times: false, input: None }
    }

    /// Writes the catalogue.
    pub(crate) fn catalogue(self, text: &str) -> Self {
        self.file("rowcall.toml", text)
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).expect("written");
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A variable whose value must never be seen: every run of this rig is searched for it.
    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.push(value.to_owned());
        self.env(name, value)
    }

    /// Leaves the times in what a run prints as they are: the story is about them.
    pub(crate) fn keep_times(mut self) -> Self {
        self.times = true;
        self
    }

    /// What the program finds on standard input.
    pub(crate) fn input(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program with its arguments, ready to start.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rowcall"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.path());
        command.env("COLUMNS", "100");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        if let Some(input) = &self.input {
            stdin.write_all(input.as_bytes()).expect("the program reads");
        }
        drop(stdin);
        self.ran(child)
    }

    fn ran(&self, child: Child) -> Ran {
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints text");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        for secret in &self.secrets {
            assert!(!stdout.contains(secret.as_str()), "a secret on standard output:\n{stdout}");
            assert!(!stderr.contains(secret.as_str()), "a secret on standard error:\n{stderr}");
        }
        assert!(!stderr.contains("stack backtrace") && !stderr.contains("panicked"), "a backtrace:\n{stderr}");
        let place = self.folder.path().display().to_string();
        let placed = |text: String| text.replace(&place, "[DIR]");
        let clean = |text| if self.times { placed(text) } else { without_times(&placed(text)) };
        Ran { code: output.status.code().unwrap_or(-1), stdout: clean(stdout), stderr: clean(stderr) }
    }
}

impl Ran {
    /// Fails, showing everything, unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit {}", self.code)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {name}\n{text}")?;
            }
        }
        Ok(())
    }
}

/// `12 ms` and ` 3 ms` become `[TOOK]`, and a listing stays a listing.
pub(crate) fn without_lengths(text: &str) -> String {
    let words = text.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()));
    let lines = words.map(|cells| {
        let cell = |cell: &str| if cell.ends_with(" ms") { "[TOOK]".to_owned() } else { cell.to_owned() };
        cells.map(cell).collect::<Vec<_>>().join(" | ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `2026-11-20 21:02:34` becomes `[TIME]`, and so does the slot in the name of a file.
pub(crate) fn without_times(text: &str) -> String {
    const SHAPES: [&str; 2] = ["dddd-dd-dd dd:dd:dd", "ddddddddTddddddZ"];
    let is = |shape: &str, bytes: &[u8]| {
        let mut pairs = shape.bytes().zip(bytes);
        bytes.len() >= shape.len()
            && pairs.all(|(shape, byte)| if shape == b'd' { byte.is_ascii_digit() } else { shape == *byte })
    };
    let (mut clean, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        if let Some(shape) = SHAPES.into_iter().find(|shape| is(shape, rest.as_bytes())) {
            clean.push_str("[TIME]");
            rest = &rest[shape.len()..];
        } else {
            clean.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    clean
}

impl Rig {
    /// Changes a SQLite database of the folder.
    pub(crate) fn sqlite(&self, name: &str, sql: &str) {
        let (path, sql) = (self.path().join(name), sql.to_owned());
        // A thread of its own: the test may already run inside a runtime.
        std::thread::spawn(move || Self::change(&path, &sql)).join().expect("the change is made");
    }

    /// Changes a SQLite database by a connection of the test's own.
    pub(crate) fn change(path: &Path, sql: &str) {
        use sqlx::{ConnectOptions, Connection};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async move {
            let mut connection = options.connect().await.expect("opens");
            sqlx::raw_sql(sql).execute(&mut connection).await.expect("runs");
            connection.close().await.expect("closes");
        });
    }
}

/// The text of one member of a workbook.
pub(crate) fn member(book: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book)).expect("a zip file");
    let mut text = String::new();
    archive.by_name(name).expect("a member").read_to_string(&mut text).expect("text");
    text
}
