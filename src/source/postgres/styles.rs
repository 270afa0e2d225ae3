//! The styles that the server prints values in, where it prints them: one way on every server.
//!
//! They are set in each transaction and gone with it. A pooler hands a session to others between two transactions, and
//! what was set for the session would change their work.

use tokio_postgres::SimpleQueryMessage;

/// The settings and the server's own defaults, which a role or a database may have changed.
const STYLES: [(&str, &str); 5] = [
    ("datestyle", "ISO"),
    ("intervalstyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("xmloption", "content"),
];

/// What a session has to be told about styles.
#[derive(Debug)]
pub(super) struct Styles {
    /// Statements, each with a semicolon before it.
    local: String,
    is_known: bool,
}

impl Styles {
    /// Everything, as long as the server was not asked.
    pub(super) fn unknown() -> Self {
        Self { local: STYLES.map(set).concat(), is_known: false }
    }

    /// The question that finds out what need not be told; none once it was answered.
    pub(super) fn question(&self) -> Option<String> {
        let setting = |(name, _)| format!("pg_catalog.current_setting('{name}', true)");
        (!self.is_known).then(|| format!("select {}", STYLES.map(setting).join(", ")))
    }

    /// Learns from the answer to the question.
    pub(super) fn learn(&mut self, answer: &[SimpleQueryMessage]) {
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let Some(row) = row else { return };
        let found: Vec<Option<&str>> = (0..STYLES.len()).map(|index| row.try_get(index).ok().flatten()).collect();
        *self = Self::of(&found);
    }

    /// From what the server has; a setting that it does not know cannot be set either.
    fn of(found: &[Option<&str>]) -> Self {
        let differs = |((_, wanted), found): &((&str, &str), &Option<&str>)| {
            found.is_some_and(|found| found.split(',').next() != Some(wanted))
        };
        let local = STYLES.into_iter().zip(found).filter(differs).map(|(style, _)| set(style)).collect();
        Self { local, is_known: true }
    }

    /// What follows `begin`, with a semicolon before each statement.
    pub(super) fn local(&self) -> &str {
        &self.local
    }
}

fn set((name, value): (&str, &str)) -> String {
    format!("; set local {name} = '{value}'")
}

#[cfg(test)]
mod tests {
    use super::Styles;

    #[test]
    fn only_what_differs_is_told() {
        let cases = [
            ([Some("ISO, MDY"), Some("postgres"), Some("hex"), Some("1"), Some("content")], ""),
            (
                [Some("German, DMY"), Some("postgres"), Some("hex"), Some("0"), None],
                "; set local datestyle = 'ISO'; set local extra_float_digits = '1'",
            ),
        ];
        for (found, told) in cases {
            let styles = Styles::of(&found);
            assert_eq!((styles.local(), styles.question()), (told, None));
        }
        assert_eq!(Styles::unknown().local().matches("set local").count(), 5);
    }
}
