//! `Secret`: a text of the catalogue that may hold what nobody should read.
//!
//! `${ENV}`, `${ENV:-default}`, `${file:/run/secrets/x}` and `${cmd:pass show x}` are understood anywhere in the text and
//! resolved when a door opens, never before. `Debug` and `Display` mask it; what [`Secret::reveal`] gives masks itself
//! too and is wiped from memory when dropped. Knows no other room.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use zeroize::Zeroizing;

/// How long the command of a `${cmd:..}` may take.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// A secret shorter than this many bytes is not looked for in error texts: it would mask ordinary words.
const SHORTEST_REDACTED: usize = 4;

/// The environment variables a secret may name, taken once at the front door.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process; variables that are not Unicode are left out.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// One variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// A text that may name secrets, and the place in the catalogue it was written at.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    parts: Vec<Part>,
    place: String,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Literal(Zeroizing<String>),
    Variable { name: String, default: Option<Zeroizing<String>> },
    File(PathBuf),
    Command(Vec<String>),
}

/// What a secret refers to, by name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference<'a> {
    /// An environment variable.
    Variable {
        /// Its name.
        name: &'a str,
        /// Whether there is a default.
        optional: bool,
    },
    /// A file.
    File(&'a Path),
    /// A command, by its program.
    Command(&'a str),
}

/// A `${..}` that cannot be read: the byte offset in the text and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SecretSyntaxError {
    /// Byte offset of the `${` in the text.
    pub offset: usize,
    /// One sentence.
    pub problem: String,
}

/// Why a secret could not be resolved. No variant carries the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// An environment variable is not set.
    #[error("environment variable `{name}` is not set (needed by {place})")]
    Unset {
        /// The variable.
        name: String,
        /// Where the catalogue names it.
        place: String,
    },
    /// A file cannot be read.
    #[error("secret file `{}` cannot be read: {cause} (needed by {place})", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        cause: String,
        /// Where the catalogue names it.
        place: String,
    },
    /// A command cannot be run, fails or takes too long.
    #[error("secret command `{program}` {cause} (needed by {place})")]
    Command {
        /// The program, without its arguments.
        program: String,
        /// What happened, with the command's own words on standard error.
        cause: String,
        /// Where the catalogue names it.
        place: String,
    },
}

impl Secret {
    /// Reads a text of the catalogue; `place` says where it stands (`` `password` at rowcall.toml:12 ``).
    ///
    /// # Errors
    /// An unknown or unfinished `${..}`.
    pub fn parse(text: &str, place: &str) -> Result<Self, SecretSyntaxError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let offset = text.len() - rest.len() + start;
            let inside = &rest[start + 2..];
            let Some(end) = inside.find('}') else {
                return Err(SecretSyntaxError { offset, problem: "`${` is not closed by `}`".into() });
            };
            if start > 0 {
                parts.push(Part::Literal(rest[..start].to_owned().into()));
            }
            parts.push(Part::parse(&inside[..end]).map_err(|problem| SecretSyntaxError { offset, problem })?);
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(rest.to_owned().into()));
        }
        Ok(Self { parts, place: place.to_owned() })
    }

    /// Whether it stands in the catalogue as it is, all of it.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// The text up to the first `${`: enough to see the scheme of a URL without resolving anything.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        match self.parts.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }

    /// What it refers to, in order.
    pub fn references(&self) -> impl Iterator<Item = Reference<'_>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable { name, default } => Some(Reference::Variable { name, optional: default.is_some() }),
            Part::File(path) => Some(Reference::File(path)),
            Part::Command(words) => Some(Reference::Command(&words[0])),
        })
    }

    /// Where it stands: `` `sources.shop.password` at rowcall.toml:3 ``.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether whoever reads the catalogue reads what nobody should: a text that refers to nothing, or a password in the
    /// URL of a database or a mail server. An address on the web is a secret: whoever has it may post there.
    #[must_use]
    pub fn is_in_the_open(&self) -> bool {
        const ELSEWHERE: &str = "\0";
        let parts = self.parts.iter().map(|part| match part {
            Part::Literal(text) => text.as_str(),
            Part::Variable { default: Some(default), .. } if !default.is_empty() => default.as_str(),
            Part::Variable { .. } | Part::File(_) | Part::Command(_) => ELSEWHERE,
        });
        let text: Zeroizing<String> = parts.collect::<String>().into();
        let server = text.split_once("://").filter(|(scheme, _)| !matches!(*scheme, "http" | "https"));
        let Some((_, rest)) = server else { return !text.contains(ELSEWHERE) && !text.starts_with("sqlite:") };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let login = authority.rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
        let parameter = rest.split(['?', '&']).skip(1).find_map(|pair| pair.strip_prefix("password="));
        [login.map(|(_, password)| password), parameter]
            .into_iter()
            .flatten()
            .any(|word| !matches!(word, "" | ELSEWHERE))
    }

    /// Resolves every part. Relative files are looked for beside the catalogue, in `folder`.
    ///
    /// # Errors
    /// Names the variable, file or command, and the place in the catalogue that needs it.
    pub async fn reveal(&self, environment: &Environment, folder: &Path) -> Result<Revealed, SecretError> {
        let mut whole = Zeroizing::new(String::new());
        for part in &self.parts {
            match part {
                Part::Literal(text) => whole.push_str(text),
                Part::Variable { name, default } => match (environment.get(name), default) {
                    (Some(text), _) => whole.push_str(text),
                    (None, Some(text)) => whole.push_str(text),
                    (None, None) => {
                        return Err(SecretError::Unset { name: name.clone(), place: self.place.clone() });
                    }
                },
                Part::File(path) => whole.push_str(&self.read(&folder.join(path))?),
                Part::Command(words) => whole.push_str(&self.run(words, folder).await?),
            }
        }
        Ok(Revealed(whole))
    }

    fn read(&self, path: &Path) -> Result<Zeroizing<String>, SecretError> {
        let text = std::fs::read_to_string(path).map_err(|error| SecretError::File {
            path: path.to_owned(),
            cause: error.to_string(),
            place: self.place.clone(),
        })?;
        Ok(without_last_newline(text))
    }

    async fn run(&self, words: &[String], folder: &Path) -> Result<Zeroizing<String>, SecretError> {
        let failed =
            |cause: String| SecretError::Command { program: words[0].clone(), cause, place: self.place.clone() };
        let mut command = tokio::process::Command::new(&words[0]);
        command.args(&words[1..]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(COMMAND_TIMEOUT, command.output())
            .await
            .map_err(|_| failed(format!("took longer than {} seconds", COMMAND_TIMEOUT.as_secs())))?
            .map_err(|error| failed(format!("cannot be run: {error}")))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(failed(format!("failed with {}: {}", output.status, words.trim())));
        }
        let text = String::from_utf8(output.stdout).map_err(|_| failed("printed text that is not UTF-8".into()))?;
        Ok(without_last_newline(text))
    }
}

impl Part {
    fn parse(inside: &str) -> Result<Self, String> {
        if let Some(path) = inside.strip_prefix("file:") {
            return match path {
                "" => Err("`${file:}` names no file".into()),
                _ => Ok(Self::File(path.into())),
            };
        }
        if let Some(words) = inside.strip_prefix("cmd:") {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            return if words.is_empty() { Err("`${cmd:}` names no command".into()) } else { Ok(Self::Command(words)) };
        }
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default.to_owned().into())),
            None => (inside, None),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!(
                "`${{{inside}}}` is none of ${{VARIABLE}}, ${{VARIABLE:-default}}, ${{file:PATH}} and ${{cmd:PROGRAM ARGUMENTS}}"
            ));
        }
        Ok(Self::Variable { name: name.to_owned(), default })
    }
}

fn without_last_newline(mut text: String) -> Zeroizing<String> {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text.into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A resolved secret: for the hands of a door only.
#[derive(Clone)]
pub struct Revealed(Zeroizing<String>);

impl Revealed {
    /// A secret that was found inside another, such as the password of a URL.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned().into())
    }

    /// The text itself. Give it to the driver and to nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with every occurrence of this secret replaced by `***`.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.0.len() < SHORTEST_REDACTED { text.to_owned() } else { text.replace(self.0.as_str(), "***") }
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Reference, Secret, SecretError};
    use std::path::Path;

    fn environment() -> Environment {
        [("SHOP_PASSWORD".to_owned(), "hunter22".to_owned())].into_iter().collect()
    }

    async fn reveal(text: &str) -> Result<String, SecretError> {
        let secret = Secret::parse(text, "`password` at rowcall.toml:3").expect("reads");
        secret.reveal(&environment(), Path::new("/")).await.map(|revealed| revealed.expose().to_owned())
    }

    #[tokio::test]
    async fn every_kind_of_part_is_resolved() {
        assert_eq!(reveal("plain").await, Ok("plain".into()));
        assert_eq!(reveal("").await, Ok(String::new()));
        assert_eq!(reveal("a${SHOP_PASSWORD}b").await, Ok("ahunter22b".into()));
        assert_eq!(reveal("${NOT_SET:-fallback}").await, Ok("fallback".into()));
        assert_eq!(reveal("${cmd:printf %s swordfish}").await, Ok("swordfish".into()));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "from file\n").expect("written");
        assert_eq!(reveal(&format!("${{file:{}}}", file.path().display())).await, Ok("from file".into()));
    }

    #[tokio::test]
    async fn what_cannot_be_resolved_says_who_needs_it() {
        let unset = reveal("${NOT_SET}").await.expect_err("not set").to_string();
        assert_eq!(unset, "environment variable `NOT_SET` is not set (needed by `password` at rowcall.toml:3)");
        let failed = reveal("${cmd:false}").await.expect_err("fails").to_string();
        assert!(failed.starts_with("secret command `false` failed with exit status: 1"), "{failed}");
        let missing = reveal("${file:/does/not/exist}").await.expect_err("missing").to_string();
        assert!(missing.contains("`/does/not/exist` cannot be read"), "{missing}");
    }

    #[test]
    fn broken_references_are_pointed_at() {
        let offset = |text| Secret::parse(text, "x").expect_err(text).offset;
        assert_eq!(offset("ab${open"), 2);
        assert_eq!(offset("${file:}"), 0);
        assert_eq!(offset("x${a b}"), 1);
    }

    #[test]
    fn what_a_secret_refers_to_is_known_without_resolving_it() {
        let secret = Secret::parse("${USER:-me}:${file:/run/x}${cmd:pass show x}", "x").expect("reads");
        let references: Vec<Reference<'_>> = secret.references().collect();
        let variable = Reference::Variable { name: "USER", optional: true };
        assert_eq!(references, [variable, Reference::File(Path::new("/run/x")), Reference::Command("pass")]);
        let cases = [
            ("hunter22", true),
            ("${PASSWORD}", false),
            ("${PASSWORD:-}", false),
            ("${PASSWORD:-hunter22}", true),
            ("Bearer ${TOKEN}", false),
            ("postgres://report@db.example.com/shop", false),
            ("postgres://report:hunter22@db.example.com/shop", true),
            ("postgres://report:${PASSWORD}@db.example.com/shop", false),
            ("postgres://db.example.com/shop?sslmode=require&password=hunter22", true),
            ("postgres://db.example.com/shop?password=${PASSWORD}", false),
            ("sqlite:metrics.db", false),
            ("https://hooks.slack.com/services/T0/B0/x", true),
            ("https://hooks.slack.com/services/${TOKEN}", false),
        ];
        for (text, open) in cases {
            assert_eq!(Secret::parse(text, "x").expect("reads").is_in_the_open(), open, "{text}");
        }
    }

    #[test]
    fn nothing_shows_a_secret() {
        let secret = Secret::parse("hunter22", "x").expect("reads");
        assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
        let revealed = super::Revealed::new("hunter22");
        assert_eq!(format!("{revealed:?}"), "Revealed(***)");
        assert_eq!(revealed.redact("login hunter22 failed"), "login *** failed");
    }
}
