//! Files that travel with a message.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::one_line;

/// The longest name of a file, in characters: every mail reader and file system takes it.
const LONGEST_NAME: usize = 120;

/// A file that travels with a message, where the channel carries files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name: `late_orders-20261120T120000Z.csv`.
    pub name: String,
    /// What it is: `text/csv; charset=utf-8`.
    pub media_type: String,
    /// Its content.
    pub content: Bytes,
    /// A command that makes such a file, for channels that cannot carry it; ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Attachment {
    /// The name as a header or a disk takes it: one line, no folder, no hidden file, never empty.
    #[must_use]
    pub fn file_name(&self) -> String {
        let safe = |c: char| if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '-' } else { c };
        let name: String = one_line(&self.name).chars().map(safe).collect();
        match name.trim_start_matches(['.', ' ']).trim_end() {
            "" => "file".into(),
            name if name.chars().count() <= LONGEST_NAME => name.to_owned(),
            // What a file is stands at the end of its name.
            name => name.chars().skip(name.chars().count() - LONGEST_NAME).collect(),
        }
    }

    /// `late_orders.csv (1.2 kB)`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({})", self.file_name(), size(self.content.len()))
    }
}

/// A number of bytes for people: `812 B`, `1.2 kB`, `23.4 MB`.
#[must_use]
pub fn size(bytes: usize) -> String {
    // One digit after the point, cut and not rounded: nothing looks larger than it is.
    let tenths = |unit: usize| format!("{}.{}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => tenths(1000) + " kB",
        _ => tenths(1_000_000) + " MB",
    }
}

/// Content of a file, shared by the messages of all channels; base64 in JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(Arc<[u8]>);

impl Bytes {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self::from).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Attachment, Bytes, size};

    fn named(name: &str) -> Attachment {
        Attachment { name: name.into(), media_type: "text/csv".into(), content: vec![0, 255].into(), command: None }
    }

    #[test]
    fn a_name_is_a_name_and_nothing_else() {
        let long = "x".repeat(300) + ".csv";
        for (name, expected) in [
            ("late_orders.csv", "late_orders.csv"),
            ("늦은 주문.csv", "늦은 주문.csv"),
            ("../../etc/passwd", "-..-etc-passwd"),
            ("a\r\nBcc: evil@example.net\u{202e}vsc.exe", "a Bcc- evil@example.net vsc.exe"),
            ("", "file"),
            (" .. ", "file"),
            (".bashrc", "bashrc"),
            ("a\"b", "a-b"),
            (long.as_str(), &long[184..]),
        ] {
            assert_eq!(named(name).file_name(), expected, "{name}");
        }
    }

    #[test]
    fn a_file_is_text_in_json() {
        let text = serde_json::to_string(&named("a.csv")).unwrap();
        assert_eq!(text, r#"{"name":"a.csv","media_type":"text/csv","content":"AP8="}"#);
        assert_eq!(serde_json::from_str::<Attachment>(&text).unwrap(), named("a.csv"));
        assert!(serde_json::from_str::<Bytes>("\"A P8=\"").is_err());
        assert_eq!(format!("{:?}", named("a").content), "Bytes(2)");
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1999, "1.9 kB"), (23_456_789, "23.4 MB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
