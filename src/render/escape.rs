//! Strings of JSON. What a terminal would obey is escaped too, so that no JSON does harm on its way past one.

use std::fmt::Write;

use super::visible::hidden;

/// The bytes that may begin something to escape: controls, the quote, the backslash, and what C1 and direction marks
/// begin with in UTF-8.
const SUSPECT: [bool; 256] = suspect();

const fn suspect() -> [bool; 256] {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        suspect[byte] = true;
        byte += 1;
    }
    suspect[b'"' as usize] = true;
    suspect[b'\\' as usize] = true;
    suspect[0x7f] = true;
    suspect[0xc2] = true;
    suspect[0xd8] = true;
    suspect[0xe2] = true;
    suspect[0xef] = true;
    suspect
}

/// Appends `text` as a string of JSON.
pub(super) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    push_with(out, text, |c| c == '"' || c == '\\' || hidden(c));
    out.push('"');
}

/// Appends a document that is known to be JSON, on one line.
///
/// Outside of its strings it has no character to escape but the ends of lines, which become spaces.
pub(super) fn push_document(out: &mut String, document: &str) {
    for (index, line) in document.split(['\n', '\r']).enumerate() {
        if index > 0 {
            out.push(' ');
        }
        push_with(out, line, |c| c != '\t' && hidden(c));
    }
}

/// Appends `text`, escaping what is `special`; every such character begins with a suspect byte.
fn push_with(out: &mut String, text: &str, special: impl Fn(char) -> bool) {
    let bytes = text.as_bytes();
    let (mut start, mut at) = (0, 0);
    while let Some(offset) = bytes[at..].iter().position(|byte| SUSPECT[usize::from(*byte)]) {
        at += offset;
        let c = text[at..].chars().next().expect("a suspect byte begins a character");
        if special(c) {
            out.push_str(&text[start..at]);
            push_escape(out, c);
            start = at + c.len_utf8();
        }
        at += c.len_utf8();
    }
    out.push_str(&text[start..]);
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // Everything hidden stands below U+10000.
        c => write!(out, "\\u{:04x}", u32::from(c)).expect("memory takes everything"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{SUSPECT, hidden, push_document, push_quoted};

    fn quoted(text: &str) -> String {
        let mut out = String::new();
        push_quoted(&mut out, text);
        out
    }

    #[test]
    fn every_character_reads_back_and_none_is_hidden() {
        for c in '\0'..=char::MAX {
            if c == '"' || c == '\\' || hidden(c) {
                assert!(SUSPECT[usize::from(c.to_string().as_bytes()[0])], "{c:?}");
                assert!(u32::from(c) < 0x10000);
            }
        }
        let all: String = ('\0'..='\u{ffff}').collect();
        let json = quoted(&all);
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), all);
        assert!(!json.contains(hidden));
    }

    #[test]
    fn a_document_keeps_its_meaning_on_one_line() {
        let mut out = String::new();
        push_document(&mut out, "{\"a\" :\n\t[1.10,\r\n\"\u{9b}\\n\u{202e}\"]}");
        assert_eq!(out, "{\"a\" : \t[1.10,  \"\\u009b\\n\\u202e\"]}");
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in any::<String>()) {
            assert_eq!(serde_json::from_str::<String>(&quoted(&text)).expect("JSON"), text);
        }

        #[test]
        fn any_document_means_the_same(text in any::<String>()) {
            let value = serde_json::json!({ text.clone(): [text] });
            let mut out = String::new();
            push_document(&mut out, &serde_json::to_string_pretty(&value).expect("JSON"));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&out).expect("JSON"), value);
            assert!(!out.contains(['\n', '\r']));
        }
    }
}
