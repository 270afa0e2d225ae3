//! What can be read from any answer: who it points to, what it said, how long it asks to wait.

use std::time::Duration;

use jiff::fmt::rfc2822;

use crate::channel::text;
use crate::message::one_line;

/// The longest wait that is believed, and the shortest.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// How much of a body is shown, in characters.
const SHOWN: usize = 200;

/// An HTTP answer as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::channel) struct Answer<'a> {
    pub(in crate::channel) status: u16,
    pub(in crate::channel) body: &'a str,
    pub(in crate::channel) retry_after: Option<&'a str>,
    /// The `Date` of the answer: what a `Retry-After` with a date counts from.
    pub(in crate::channel) date: Option<&'a str>,
    pub(in crate::channel) location: Option<&'a str>,
}

impl Answer<'_> {
    /// The body as JSON, if it is that.
    pub(in crate::channel) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self.body.trim()).ok()
    }

    /// Who answered what: the beginning of the body on one line, or that there is none.
    pub(in crate::channel) fn said(&self, who: &str) -> String {
        let line = one_line(self.body);
        let body: String = line.chars().take(SHOWN).collect();
        match body.as_str() {
            "" => format!("{who} answered {} and nothing else", self.status),
            body if body.len() < line.len() => format!("{who} answered {} `{}…`", self.status, text::escaped(body)),
            body => format!("{who} answered {} `{}`", self.status, text::escaped(body)),
        }
    }

    /// What to say of an answer that points elsewhere: the host, never the path.
    pub(in crate::channel) fn redirect(&self, who: &str, key: &str) -> String {
        let url = self.location.and_then(|location| reqwest::Url::parse(location).ok());
        let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or("another path of the same host");
        format!("{who} answered {} and points to `{host}`, which is not followed; check `{key}`", self.status)
    }

    /// How long the other side asks to wait: by the header, in whole seconds or as a date, else by its body; nothing
    /// when neither can be read.
    pub(in crate::channel) fn wait(&self) -> Option<Duration> {
        self.header_wait().or_else(|| self.body_wait()).map(|wait| wait.clamp(SHORTEST_WAIT, LONGEST_WAIT))
    }

    fn header_wait(&self) -> Option<Duration> {
        let asked = self.retry_after?.trim();
        match asked.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => {
                let until = rfc2822::parse(asked).ok()?;
                let now = rfc2822::parse(self.date?.trim()).ok()?;
                Some(Duration::try_from(now.duration_until(&until)).unwrap_or_default())
            }
        }
    }

    /// What services write into the body: seconds that may have a fraction.
    fn body_wait(&self) -> Option<Duration> {
        let body = self.json()?;
        let seconds = body.get("retry_after").or_else(|| body.get("parameters")?.get("retry_after"))?.as_f64()?;
        Duration::try_from_secs_f64(seconds.ceil()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Answer;

    #[test]
    fn a_wait_is_believed_within_reason() {
        let seconds = |n| Some(Duration::from_secs(n));
        let date = "Fri, 20 Nov 2026 12:00:00 GMT";
        let cases = [
            ("30", Some(date), seconds(30)),
            (" 30 ", None, seconds(30)),
            ("0", None, seconds(1)),
            ("86400", None, seconds(3600)),
            ("99999999999999999999999", None, None),
            ("-5", None, None),
            ("soon", Some(date), None),
            ("", None, None),
            ("Fri, 20 Nov 2026 12:01:30 GMT", Some(date), seconds(90)),
            ("Fri, 20 Nov 2026 11:00:00 GMT", Some(date), seconds(1)),
            ("Fri, 20 Nov 2026 12:01:30 GMT", None, None),
        ];
        for (retry_after, date, expected) in cases {
            let answer = Answer { status: 429, retry_after: Some(retry_after), date, ..Answer::default() };
            assert_eq!(answer.wait(), expected, "{retry_after}");
        }
    }
}
