//! Templates: words that the user wrote himself, in MiniJinja.
//!
//! A name that nothing has is an error and not an empty text; work and output are bounded. What a value is put into
//! decides how it is escaped: in JSON `"{{ summary }}"` stays inside its quotes, and `{{ rows | tojson }}` is a whole
//! value. Plain text is not escaped here: the door that shows it escapes all of it.

use std::error::Error as _;
use std::ops::Range;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, UndefinedBehavior};
use serde::Serialize;

/// How many steps a template may take.
const FUEL: u64 = 200_000;

/// The name of every template, in its own messages.
const NAME: &str = "template";

/// A mistake in a template, found without a message: what it is, and the bytes it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// A lowercase fragment.
    pub problem: String,
    /// Bytes of the template.
    pub span: Range<usize>,
    /// A name that nothing has.
    pub unknown: Option<String>,
}

/// What a template makes, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// JSON, and what a body is when nothing is said.
    Json,
    /// A form: values are percent-encoded.
    Form,
    /// HTML or XML.
    Html,
    /// Anything else: values as they are.
    Text,
}

impl Medium {
    /// What a content type means.
    #[must_use]
    pub fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            kind if kind == "application/json" || kind.ends_with("+json") => Self::Json,
            kind if ["text/html", "text/xml", "application/xml"].contains(&kind) || kind.ends_with("+xml") => {
                Self::Html
            }
            _ => Self::Text,
        }
    }
}

/// What a template makes of these values, in at most `longest` bytes.
///
/// # Errors
/// Says what is wrong, with the line of the template.
pub fn render(text: &str, medium: Medium, longest: usize, values: &impl Serialize) -> Result<String, String> {
    let environment = environment(medium);
    let template = environment.template_from_named_str(NAME, text).map_err(|error| words(&error))?;
    let mut made = Bounded { longest, bytes: Vec::new() };
    template.render_captured_to(Serde(values), &mut made).map_err(|error| words(&error))?;
    let made = String::from_utf8(made.bytes).map_err(|_| "what it makes is not UTF-8".to_owned())?;
    if medium == Medium::Json
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&made)
    {
        return Err(format!("what it makes is not JSON: {error}"));
    }
    Ok(made)
}

/// Finds what is wrong with a template before there are any values; `known` are the names that it may use, `alert.name`
/// for a part of one.
///
/// # Errors
/// What is wrong with its syntax, or the first name in it that is not known.
pub fn check(text: &str, known: &[&str]) -> Result<(), TemplateError> {
    let environment = environment(Medium::Text);
    let template = environment.template_from_named_str(NAME, text).map_err(|error| TemplateError {
        problem: detail(&error),
        span: error.range().unwrap_or(0..text.len()),
        unknown: None,
    })?;
    let unknown = template.undeclared_variables(true).into_iter().filter_map(|name| stranger(&name, known));
    let unknown = unknown.filter(|name| !environment.globals().any(|(known, _)| known == name));
    let mut unknown: Vec<(Range<usize>, String)> = unknown.map(|name| (place(text, &name), name)).collect();
    unknown.sort_by_key(|(span, _)| span.start);
    match unknown.into_iter().next() {
        None => Ok(()),
        Some((span, name)) => {
            Err(TemplateError { problem: format!("no message has a `{name}`"), span, unknown: Some(name) })
        }
    }
}

/// As much of a name as is needed to see that it is not known; none when it is. Only names whose parts are known are
/// looked into.
fn stranger(name: &str, known: &[&str]) -> Option<String> {
    let mut parts = name.split('.');
    let root = parts.next().unwrap_or_default();
    let has_parts = known.iter().any(|known| known.strip_prefix(root).is_some_and(|rest| rest.starts_with('.')));
    match parts.next() {
        Some(part) if has_parts => {
            let whole = format!("{root}.{part}");
            (!known.contains(&whole.as_str())).then_some(whole)
        }
        _ if has_parts || known.contains(&root) => None,
        _ => Some(root.to_owned()),
    }
}

/// Where a name stands in a template: as a whole word and inside of braces.
fn place(text: &str, name: &str) -> Range<usize> {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_whole = |start: usize, end: usize| {
        let before = text[..start].chars().next_back();
        !before.is_some_and(|c| of_word(c) || c == '.') && !text[end..].starts_with(of_word)
    };
    let is_inside = |start: usize| {
        let last = |marks: [&str; 2]| marks.iter().filter_map(|mark| text[..start].rfind(mark)).max();
        last(["{{", "{%"]) > last(["}}", "%}"])
    };
    let mut found = text.match_indices(name).map(|(start, _)| start..start + name.len());
    found.find(|span| is_whole(span.start, span.end) && is_inside(span.start)).unwrap_or(0..text.len())
}

fn environment<'a>(medium: Medium) -> Environment<'a> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // A tag on a line of its own leaves no line.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the marks of the language itself"));
    environment.set_auto_escape_callback(move |_| match medium {
        Medium::Json => AutoEscape::Json,
        Medium::Form => AutoEscape::Custom("form".into()),
        Medium::Html => AutoEscape::Html,
        Medium::Text => AutoEscape::None,
    });
    environment.set_formatter(move |out, state, value| match medium {
        _ if value.is_safe() => Ok(write!(out, "{value}")?),
        Medium::Json => json(out, value),
        Medium::Form => form(out, value),
        Medium::Html | Medium::Text if value.is_none() => Ok(out.write_str("NULL")?),
        Medium::Html | Medium::Text => minijinja::escape_formatter(out, state, value),
    });
    environment
}

/// A value in JSON: a text as it stands between quotes, everything else whole.
fn json(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    let unwritable = |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let whole = serde_json::to_string(value).map_err(unwritable)?;
    let inside = whole.strip_prefix('"').and_then(|whole| whole.strip_suffix('"'));
    Ok(out.write_str(inside.unwrap_or(&whole))?)
}

/// A value in a form, percent-encoded; nothing for none.
fn form(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::None {
        return Ok(());
    }
    for byte in value.to_string().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.write_str(char::from(byte).encode_utf8(&mut [0; 4]))?;
            }
            _ => write!(out, "%{byte:02X}")?,
        }
    }
    Ok(())
}

/// What went wrong, in one line: `line 3: undefined value`.
fn words(error: &Error) -> String {
    match error.line() {
        Some(line) => format!("line {line}: {}", detail(error)),
        None => detail(error),
    }
}

fn detail(error: &Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    match (error.detail(), cause) {
        (_, Some(cause)) => format!("{}: {cause}", error.kind()),
        (Some(detail), None) => format!("{}: {detail}", error.kind()),
        (None, None) => error.kind().to_string(),
    }
}

/// A buffer that takes no more than so many bytes.
struct Bounded {
    longest: usize,
    bytes: Vec<u8>,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.longest {
            return Err(std::io::Error::other(format!("what it makes is longer than {} bytes", self.longest)));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Medium, check, render};

    fn rendered(text: &str, medium: Medium) -> Result<String, String> {
        let values: Value = json!({
            "alert": "low_stock",
            "severity": "warning",
            "firing": true,
            "summary": "a \"b\" & <c>\n",
            "facts": [],
            "rows": [["\"x\"\n&"], [null]],
            "more": 2,
            "link": null,
        });
        render(text, medium, 100_000, &values)
    }

    #[test]
    fn a_value_stays_where_it_is_put() {
        let cases = [
            (Medium::Json, r#"{"text": "{{ alert }}: {{ summary }}"}"#, r#"{"text": "low_stock: a \"b\" & <c>\n"}"#),
            (
                Medium::Json,
                r#"{"n": {{ more }}, "f": {{ firing }}, "l": {{ link }}}"#,
                r#"{"n": 2, "f": true, "l": null}"#,
            ),
            (Medium::Json, "{{ rows | tojson }}", r#"[["\"x\"\n\u0026"], [null]]"#),
            (Medium::Json, "{{ rows }}", r#"[["\"x\"\n&"],[null]]"#),
            (
                Medium::Json,
                r#"[{% for row in rows %}"{{ row[0] or '-' }}"{% if not loop.last %},{% endif %}{% endfor %}]"#,
                r#"["\"x\"\n&","-"]"#,
            ),
            (
                Medium::Form,
                "text={{ summary }}&l={{ link }}&n={{ more }}",
                "text=a%20%22b%22%20%26%20%3Cc%3E%0A&l=&n=2",
            ),
            (Medium::Html, "<p>{{ alert }} {{ summary }}</p>", "<p>low_stock a &quot;b&quot; &amp; &lt;c&gt;\n</p>"),
            (Medium::Text, "{{ severity | upper }} {{ summary }}", "WARNING a \"b\" & <c>\n"),
            (
                Medium::Text,
                "{% for row in rows %}\n  {% if true %}\n{{ row[0] }};\n  {% endif %}\n{% endfor %}",
                "\"x\"\n&;\nNULL;\n",
            ),
        ];
        for (medium, text, expected) in cases {
            assert_eq!(rendered(text, medium).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_used_says_why() {
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        let huge = format!("{{% for a in range(9999) %}}{}{{% endfor %}}", "x".repeat(1000));
        let cases = [
            (Medium::Text, "{{ alert", "line 1: syntax error"),
            (Medium::Text, "\n{{ sumary }}", "line 2: undefined value"),
            (Medium::Text, "{{ facts[7].value }}", "undefined value"),
            (Medium::Text, endless, "ran out of fuel"),
            (Medium::Text, &huge, "longer than"),
            (Medium::Json, "{\"a\": {{ summary }}}", "not JSON"),
            (Medium::Json, "", "not JSON"),
        ];
        for (medium, text, problem) in cases {
            let error = rendered(text, medium).expect_err(problem);
            assert!(error.contains(problem) && error.len() < 200, "{text:.40}: {error}");
        }
    }

    #[test]
    fn mistakes_are_found_before_there_is_a_message() {
        let known = ["alert.name", "alert.severity", "rows", "row"];
        let check = |text| check(text, &known);
        assert_eq!(check("{% for r in rows %}{{ r.label }} {{ loop.index }} {{ range(3) }}{% endfor %}"), Ok(()));
        assert_eq!(check("alrt {{ alert.name }} {{ alert }} {{ rows[0].x }} {{ rows.x }}"), Ok(()));
        let cases = [
            ("{{ rows }} rowz {{ rowz }}", "rowz", 19..23),
            ("{{ row }} {{ rows.rowx }} {{ rowx }}", "rowx", 29..33),
            ("{{ alert.nmae | upper }}", "alert.nmae", 3..13),
            ("{% if secverity %}x{% endif %}", "secverity", 6..15),
        ];
        for (text, name, span) in cases {
            let error = check(text).expect_err(text);
            assert_eq!((error.unknown.as_deref(), error.span), (Some(name), span), "{text}");
        }
        let error = check("{{ alert }").expect_err("unfinished");
        assert!(error.problem.contains("syntax error") && error.unknown.is_none(), "{error:?}");
    }
}
