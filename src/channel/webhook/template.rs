//! A body that the user wrote himself, in MiniJinja.
//!
//! A name that nothing has is an error and not an empty text; work and output are bounded. What a value is put into
//! decides how it is escaped: in JSON `"{{ summary }}"` stays inside its quotes, and `{{ rows | tojson }}` is a whole
//! value.

use std::error::Error as _;

use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, UndefinedBehavior};
use serde::Serialize;

use super::{TemplateError, VARIABLES};

/// How many steps a template may take.
const FUEL: u64 = 200_000;

/// The longest body, in bytes.
const LONGEST: usize = 256 * 1024;

const NAME: &str = "body";

/// What a body is, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
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
    pub(super) fn of(content_type: &str) -> Self {
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

/// The body that a template makes of a message.
///
/// # Errors
/// Says what is wrong, with the line of the template.
pub(super) fn render(text: &str, medium: Medium, message: &impl Serialize) -> Result<String, String> {
    let environment = environment(medium);
    let template = environment.template_from_named_str(NAME, text).map_err(|error| words(&error))?;
    let mut body = Bounded(Vec::new());
    template.render_captured_to(Serde(message), &mut body).map_err(|error| words(&error))?;
    let body = String::from_utf8(body.0).map_err(|_| "what it makes is not UTF-8".to_owned())?;
    if medium == Medium::Json
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body)
    {
        return Err(format!("what it makes is not JSON: {error}"));
    }
    Ok(body)
}

/// Finds what is wrong with a template before there is a message.
pub(super) fn check(text: &str) -> Result<(), TemplateError> {
    let environment = environment(Medium::Text);
    let template = environment.template_from_named_str(NAME, text).map_err(|error| TemplateError {
        problem: detail(&error),
        span: error.range().unwrap_or(0..text.len()),
        unknown: None,
    })?;
    let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    unknown
        .retain(|name| !VARIABLES.contains(&name.as_str()) && !environment.globals().any(|(known, _)| known == name));
    unknown.sort_by_key(|name| text.find(name.as_str()));
    match unknown.into_iter().next() {
        None => Ok(()),
        Some(name) => {
            let start = text.find(&name).unwrap_or(0);
            let span = start..start + name.len();
            Err(TemplateError { problem: format!("no message has a `{name}`"), span, unknown: Some(name) })
        }
    }
}

fn environment<'a>(medium: Medium) -> Environment<'a> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
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

/// A buffer that takes no more than [`LONGEST`] bytes.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(std::io::Error::other(format!("what it makes is longer than {LONGEST} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Medium, check, render};
    use crate::channel::sample::low_stock;
    use crate::channel::webhook::v1::Body;
    use crate::message::{Excerpt, Message};

    fn rendered(text: &str, medium: Medium) -> Result<String, String> {
        let excerpt =
            Excerpt { columns: vec!["a".into()], rows: vec![vec![Some("\"x\"\n&".into())], vec![None]], more: 2 };
        let message = Message { summary: "a \"b\" & <c>\n".into(), excerpt: Some(excerpt), ..low_stock() };
        render(text, medium, &Body::new(&message))
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
        assert_eq!(check("{% for f in facts %}{{ f.label }} {{ loop.index }} {{ range(3) }}{% endfor %}"), Ok(()));
        let error = check("{{ alert }} {{ sumary }}").expect_err("unknown");
        assert_eq!((error.unknown.as_deref(), error.span), (Some("sumary"), 15..21));
        let error = check("{{ alert }").expect_err("unfinished");
        assert!(error.problem.contains("syntax error") && error.unknown.is_none(), "{error:?}");
    }
}
