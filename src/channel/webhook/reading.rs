//! What the answer of a receiver means: a pure reading.

use std::ops::RangeInclusive;

use crate::channel::http::Answer;
use crate::channel::{DeliveryError, Retry};

/// Whether a receiver of the user's own took the message: the code alone says so.
pub(super) fn own(answer: Answer<'_>, success: &[RangeInclusive<u16>]) -> Result<(), DeliveryError> {
    let taken = match success {
        [] => (200..300).contains(&answer.status),
        codes => codes.iter().any(|codes| codes.contains(&answer.status)),
    };
    match answer.status {
        _ if taken => Ok(()),
        200..300 => Err(failed(Retry::After(None), answer.said("the webhook") + ", which `success` does not name")),
        _ => Err(refused(answer, "the webhook", "check `url` and `headers`")),
    }
}

/// What a code other than of success means, for want of anything better.
pub(super) fn refused(answer: Answer<'_>, who: &str, hint: &str) -> DeliveryError {
    match answer.status {
        300..400 => failed(Retry::Broken, answer.redirect(who, "url")),
        400 | 409 | 413 | 422 => failed(Retry::Never, answer.said(who)),
        407 => failed(Retry::Broken, answer.said(who) + "; the proxy wants a login"),
        408 | 425 | 429 | 500..600 => failed(Retry::After(answer.wait()), answer.said(who)),
        _ => failed(Retry::Broken, format!("{}; {hint}", answer.said(who))),
    }
}

/// An answer of 200 to 299 that is a page, or anything else that the service does not say.
pub(super) fn stranger(answer: Answer<'_>, who: &str) -> DeliveryError {
    failed(Retry::After(None), answer.said(who) + ": is that the service, or a proxy or a login page before it?")
}

pub(super) fn failed(retry: Retry, problem: String) -> DeliveryError {
    DeliveryError { retry, problem }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::own;
    use crate::channel::Retry::{After, Broken, Never};
    use crate::channel::http::Answer;

    #[test]
    fn every_answer_has_its_class() {
        let cases = [
            (200, "", &[][..], Ok(())),
            (204, "", &[], Ok(())),
            (202, "<html>whatever</html>", &[], Ok(())),
            (200, "", &[202..=202][..], Err(After(None))),
            (202, "", &[202..=202], Ok(())),
            (409, "", &[200..=299, 409..=409], Ok(())),
            (301, "", &[], Err(Broken)),
            (400, "bad", &[], Err(Never)),
            (401, "", &[], Err(Broken)),
            (403, "", &[], Err(Broken)),
            (404, "", &[], Err(Broken)),
            (405, "", &[], Err(Broken)),
            (407, "", &[], Err(Broken)),
            (408, "", &[], Err(After(None))),
            (409, "", &[], Err(Never)),
            (410, "", &[], Err(Broken)),
            (413, "", &[], Err(Never)),
            (415, "", &[], Err(Broken)),
            (422, "", &[], Err(Never)),
            (425, "", &[], Err(After(None))),
            (429, "", &[], Err(After(None))),
            (429, r#"{"retry_after": 1.25}"#, &[], Err(After(Some(Duration::from_secs(2))))),
            (429, r#"{"parameters": {"retry_after": 7}}"#, &[], Err(After(Some(Duration::from_secs(7))))),
            (429, r#"{"retry_after": -1e300}"#, &[], Err(After(None))),
            (429, r#"{"retry_after": "soon"}"#, &[], Err(After(None))),
            (500, "", &[], Err(After(None))),
            (503, "<html>", &[], Err(After(None))),
        ];
        for (status, body, success, expected) in cases {
            let result = own(Answer { status, body, ..Answer::default() }, success);
            assert_eq!(result.map_err(|error| error.retry), expected, "{status} {body}");
        }
    }
}
