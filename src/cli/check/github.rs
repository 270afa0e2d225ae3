//! For GitHub Actions: workflow commands that put a remark on the alert's line of the catalogue.
//!
//! What makes the exit code is an error, what fires below `--fail-on` or is not yet an incident is a warning.

use super::account::{Account, Grade, Line};

pub(super) fn report(account: &Account<'_>) -> String {
    let file = account.file();
    account.lines.iter().filter_map(|line| annotation(line, &file)).collect()
}

fn annotation(line: &Line<'_>, file: &str) -> Option<String> {
    let command = match line.grade {
        Grade::Calm => return None,
        Grade::Noted => "warning",
        Grade::Found | Grade::Unjudged => "error",
    };
    let title = format!("{}: {}", line.alert.name, line.state());
    let (file, title) = (property(file), property(&title));
    Some(format!("::{command} file={file},line={},title={title}::{}\n", line.alert.line, escaped(&line.story())))
}

/// The text of a command: it ends with the line.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: it ends with `,` or `::`.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{escaped, property};

    #[test]
    fn no_text_ends_a_command_or_begins_another() {
        assert_eq!(escaped("50%: a, b\r\n::error::x"), "50%25: a, b%0D%0A::error::x");
        assert_eq!(property("C:\\a,b%\n"), "C%3A\\a%2Cb%25%0A");
    }
}
