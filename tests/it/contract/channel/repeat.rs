//! What is told in one message because the channel is slow, and what may have been told before.

use rowcall::channel::Retry;
use rowcall::job::deliver::digest;
use rowcall::message::{Kind, MAY_REPEAT, Message};
use rowcall::name::Name;
use rowcall::store::Waiting;

use super::{DOORS, Door, Fault, bad, message};

fn waiting(seq: i64, message: Message) -> Waiting {
    let expires = message.at;
    let lane = message.alert.clone();
    Waiting { seq, lane, message, attempts: 0, may_repeat: false, expires, earlier: None, problem: None }
}

#[tokio::test]
async fn a_digest_of_anything_is_short_harmless_and_counts_all() {
    let channel = Name::new("ops").expect("a name");
    for door in DOORS {
        for text in &bad() {
            let kinds = [Kind::Firing, Kind::Resolved, Kind::Unwell, Kind::SourceDown, Kind::Repeat];
            let all = (1..).zip(kinds.into_iter().cycle().take(120)).map(|(seq, kind)| {
                let title = (seq == 3).then(|| text.clone());
                waiting(seq, Message { kind, title, summary: text.clone(), ..message() })
            });
            let digest = digest::compose(&channel, &all.collect::<Vec<_>>(), true, message().at);
            let bench = door.bench(Fault::Nothing).expect("no fault");
            bench.deliver(&digest).await.unwrap_or_else(|error| panic!("{door:?} {text:?}: {error}"));
            let received = bench.only();
            assert!(
                received.headline.starts_with("DIGEST ops: 120 messages in one: 24 FIRING, "),
                "{door:?}: {received:?}"
            );
            assert!(received.text.contains("rowcall history"), "{door:?} {text:?}: {received:?}");
            assert!(received.text.contains(" more rows"), "{door:?} {text:?}: {received:?}");
            received.is_harmless(&format!("{door:?} {text:?}"));
        }
    }
}

#[tokio::test]
async fn a_message_that_may_be_a_repeat_says_so_in_every_door() {
    for (door, kind) in DOORS.into_iter().flat_map(|door| Kind::ALL.map(|kind| (door, kind))) {
        let bench = door.bench(Fault::Nothing).expect("no fault");
        let message = Message { kind, ..message() };
        let sent = bench.deliver(&message.sent(true)).await;
        if door == Door::PagerDuty && kind == Kind::Report {
            assert_eq!(sent.map_err(|error| error.retry), Err(Retry::Never));
            continue;
        }
        sent.unwrap_or_else(|error| panic!("{door:?} {kind:?}: {error}"));
        // The end of an incident there is the same however often it is told.
        let resolves = door == Door::PagerDuty && kind.is_good_news();
        let received = bench.received();
        assert!(resolves || received[0].text.contains(MAY_REPEAT), "{door:?} {kind:?}: {received:?}");
    }
}
