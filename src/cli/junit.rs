//! XML for build servers, in the shape that began with `JUnit`: suites, cases, failures and errors.

use std::fmt::Write;

/// A named run of cases.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

/// One case.
pub(super) struct Case {
    pub(super) name: String,
    /// The file it is written in, and the line, from 1.
    pub(super) place: (String, usize),
    pub(super) seconds: f64,
    pub(super) fate: Fate,
    /// More words, whatever the fate.
    pub(super) output: String,
}

/// What became of a case.
pub(super) enum Fate {
    Passed,
    /// What was tested for is not so: the kind, a sentence, and the whole story.
    Failed(String, String, String),
    /// It could not be tested: the same.
    Broken(String, String, String),
}

/// The whole document.
pub(super) fn document(suite: &Suite) -> String {
    let count = |wanted: fn(&Fate) -> bool| suite.cases.iter().filter(|case| wanted(&case.fate)).count();
    let failures = count(|fate| matches!(fate, Fate::Failed(..)));
    let errors = count(|fate| matches!(fate, Fate::Broken(..)));
    let seconds: f64 = suite.cases.iter().map(|case| case.seconds).sum();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"", suite.cases.len());
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put(&mut text, format_args!("<testsuites name=\"rowcall\" {counts} time=\"{seconds:.3}\">\n"));
    let name = attribute(&suite.name);
    put(&mut text, format_args!("  <testsuite name=\"{name}\" {counts} skipped=\"0\" time=\"{seconds:.3}\">\n"));
    for case in &suite.cases {
        push(&mut text, &suite.name, case);
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

fn push(text: &mut String, class: &str, case: &Case) {
    let (file, line) = &case.place;
    put(text, format_args!("    <testcase classname=\"{}\" name=\"{}\"", attribute(class), attribute(&case.name)));
    put(text, format_args!(" file=\"{}\" line=\"{line}\" time=\"{:.3}\">\n", attribute(file), case.seconds));
    let mut told = |element: &str, kind: &str, sentence: &str, story: &str| {
        let (kind, sentence) = (attribute(kind), attribute(sentence));
        let opening = format!("      <{element} type=\"{kind}\" message=\"{sentence}\">");
        put(text, format_args!("{opening}{}</{element}>\n", escaped(story)));
    };
    match &case.fate {
        Fate::Passed => {}
        Fate::Failed(kind, sentence, story) => told("failure", kind, sentence, story),
        Fate::Broken(kind, sentence, story) => told("error", kind, sentence, story),
    }
    if !case.output.is_empty() {
        put(text, format_args!("      <system-out>{}</system-out>\n", escaped(&case.output)));
    }
    text.push_str("    </testcase>\n");
}

fn put(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("memory takes everything");
}

fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Text between tags. A character that XML cannot hold is written out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                put(&mut safe, format_args!("\\u{{{:x}}}", u32::from(c)));
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{Case, Fate, Suite, document};

    #[test]
    fn whatever_a_row_holds_the_document_stays_one() {
        let hostile = "a<b> & \"c\" ]]> \u{1b}[31m\n하나";
        let case = |name: &str, fate: Fate| Case {
            name: name.into(),
            place: ("rowcall.toml".into(), 3),
            seconds: 0.0125,
            fate,
            output: String::new(),
        };
        let cases = vec![
            case("fine", Fate::Passed),
            case("found", Fate::Failed("critical".into(), hostile.into(), hostile.into())),
            case("broken", Fate::Broken("error".into(), "no".into(), "no".into())),
        ];
        insta::assert_snapshot!(document(&Suite { name: "rowcall.toml".into(), cases }), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="rowcall" tests="3" failures="1" errors="1" time="0.038">
          <testsuite name="rowcall.toml" tests="3" failures="1" errors="1" skipped="0" time="0.038">
            <testcase classname="rowcall.toml" name="fine" file="rowcall.toml" line="3" time="0.013">
            </testcase>
            <testcase classname="rowcall.toml" name="found" file="rowcall.toml" line="3" time="0.013">
              <failure type="critical" message="a&lt;b&gt; &amp; &quot;c&quot; ]]&gt; \u{1b}[31m&#10;하나">a&lt;b&gt; &amp; &quot;c&quot; ]]&gt; \u{1b}[31m
        하나</failure>
            </testcase>
            <testcase classname="rowcall.toml" name="broken" file="rowcall.toml" line="3" time="0.013">
              <error type="error" message="no">no</error>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
