//! Messages for the tests of what is decided about them.

use jiff::Timestamp;

use crate::message::{Kind, Message, Severity};
use crate::store::Waiting;

/// An instant, so many seconds after the first.
pub(super) fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_176_000 + n).expect("in range")
}

/// A message in a lane, wanted for a day.
pub(super) fn waiting(seq: i64, lane: &str) -> Waiting {
    Waiting {
        seq,
        lane: lane.into(),
        message: Message {
            id: format!("{lane}-{seq}"),
            thread: format!("{lane}-1"),
            severity: Severity::Warning,
            ..Message::new(Kind::Firing, lane, second(0), "1 of 3 rows: on_hand < 5".into())
        },
        attempts: 0,
        may_repeat: false,
        expires: second(86_400),
        earlier: None,
        problem: None,
    }
}
