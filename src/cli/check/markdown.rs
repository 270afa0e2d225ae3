//! For the summary of a job: a table of the alerts, then the rows that were asked for.

use super::account::Account;
use crate::render::visible;

pub(super) fn report(account: &Account<'_>) -> String {
    let heading = ["alert", "state", "severity", "why"].map(str::to_owned);
    let rows: Vec<Vec<String>> = account
        .lines
        .iter()
        .map(|line| {
            [line.alert.name.as_str(), line.state(), line.alert.severity.as_str(), line.why()].map(escaped).to_vec()
        })
        .collect();
    let mut text = format!("### {}\n\n{}", account.headline(), table(&heading, &rows));
    for line in &account.lines {
        let Some(sample) = &line.checked.sample else { continue };
        let cell = |cell: &Option<String>| cell.as_deref().map_or_else(|| "*NULL*".into(), escaped);
        let columns: Vec<String> = sample.columns.iter().map(|column| escaped(column)).collect();
        let rows: Vec<Vec<String>> = sample.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        text.push_str(&format!("\n#### {}\n\n{}", escaped(line.alert.name.as_str()), table(&columns, &rows)));
        if sample.more > 0 {
            text.push_str(&format!("\n…and {} more\n", sample.more));
        }
    }
    text
}

fn table(heading: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(heading.len()));
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{rule}{rows}", line(heading))
}

/// A cell that shows its text and means nothing else, on one line.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in visible(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' | '&' | '@' | '$') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_cell_is_text_and_nothing_else() {
        assert_eq!(escaped("a|b\n<script> @all [x](y) `z`"), r"a\|b\\n\<script\> \@all \[x\](y) \`z\`");
    }
}
