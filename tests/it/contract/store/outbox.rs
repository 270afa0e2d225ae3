//! What every store promises of messages that wait.

use std::time::Duration;

use jiff::Timestamp;
use rowcall::message::Receipt;
use rowcall::store::{
    Backlog, Condition, Fate, Letter, Outgoing, Pick, Reach, Settlement, Step, Store, Subject, Trouble, Turn, Waiting,
};

use super::{Place, Scene, name, open, outcome, outgoing, record, scene, second};

const HEADS: Reach = Reach { most: 100, deep: false };
const DEEP: Reach = Reach { most: 100, deep: true };

/// The turn of a channel. A program that another test is just starting may hold our lock file for an instant more.
pub(super) async fn turn(store: &dyn Store, channel: &str) -> Turn {
    for _ in 0..1000 {
        if let Some(turn) = store.turn(&name(channel)).await.expect("answers") {
            return turn;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the turn of {channel} is never free");
}

/// The oldest message of each lane of a channel that may be sent.
pub(super) async fn due(store: &dyn Store, channel: &str, at: i64) -> Vec<Waiting> {
    store.due(&turn(store, channel).await, second(at), HEADS).await.expect("answers")
}

/// Writes how an attempt ended.
pub(super) async fn settle(store: &dyn Store, channel: &str, seq: i64, settlement: Settlement) {
    let step = Step { ended: &[(seq, settlement)], ..Step::default() };
    store.step(&turn(store, channel).await, &step).await.expect("written");
}

/// A store with these messages to `ops`, each named by its alert and a number.
async fn with(place: Place, ids: &[&str]) -> Scene {
    let scene = scene(place).await;
    post(scene.store.as_ref(), ids, 0).await;
    scene
}

async fn post(store: &dyn Store, ids: &[&str], at: i64) {
    for id in ids {
        let alert = &id[..1];
        let mut outcome = outcome(alert, at);
        outcome.messages = vec![outgoing(id, alert, "ops")];
        record(store, &outcome).await;
    }
}

fn ids(due: &[Waiting]) -> Vec<&str> {
    due.iter().map(|waiting| waiting.message.id.as_str()).collect()
}

fn delivered(at: i64) -> Settlement {
    Settlement::Delivered { at: second(at), receipt: Receipt::default() }
}

fn again(at: i64) -> Settlement {
    Settlement::Again { at: second(at), problem: "busy".into(), unsure: false }
}

fn dead(at: i64) -> Settlement {
    Settlement::Dead { at: second(at), problem: "no".into(), unsure: false }
}

fn trouble(until: i64) -> Trouble {
    Trouble { since: second(0), until: second(until), strikes: 2, broken: true, problem: "bad token".into() }
}

async fn messages_wait_in_order_for_each_alert_and_channel(place: Place) {
    let Scene { store, .. } = with(place, &["a1", "a2", "b1"]).await;
    let store = store.as_ref();
    let mut other = outcome("a", 0);
    other.messages = vec![outgoing("a3", "a", "mail")];
    record(store, &other).await;
    let next = async || store.next_attempt(&name("ops")).await.expect("answers");

    let first = due(store, "ops", 0).await;
    assert_eq!(ids(&first), ["a1", "b1"], "{place:?}: the oldest of each alert");
    settle(store, "ops", first[0].seq, again(30)).await;
    assert_eq!(ids(&due(store, "ops", 10).await), ["b1"], "a failing one holds its lane");
    assert_eq!(next().await, Some(second(0)));
    settle(store, "ops", first[1].seq, delivered(11)).await;
    assert_eq!(next().await, Some(second(30)));
    assert_eq!(ids(&due(store, "ops", 30).await), ["a1"]);
    settle(store, "ops", first[0].seq, dead(31)).await;
    assert_eq!(ids(&due(store, "ops", 31).await), ["a2"], "the next one of the lane is free");
    assert_eq!(ids(&due(store, "mail", 31).await), ["a3"], "{place:?}: a channel of its own");
}

async fn a_deep_look_finds_what_waits_behind_the_oldest(place: Place) {
    let Scene { store, .. } = with(place, &["a1", "b1", "a2", "b2"]).await;
    let store = store.as_ref();
    let turn = turn(store, "ops").await;
    let look = async |reach| store.due(&turn, second(10), reach).await.expect("answers");
    assert_eq!(ids(&look(DEEP).await), ["a1", "b1", "a2", "b2"], "{place:?}: in the order of the outbox");
    assert_eq!(ids(&look(Reach { most: 3, ..DEEP }).await), ["a1", "b1", "a2"]);
    assert_eq!(ids(&look(Reach { most: 1, ..HEADS }).await), ["a1"]);
    let first = look(HEADS).await[0].seq;
    store.step(&turn, &Step { ended: &[(first, again(60))], ..Step::default() }).await.expect("written");
    assert_eq!(ids(&look(DEEP).await), ["b1", "b2"], "a lane whose oldest waits for later waits");
}

async fn a_channel_has_one_sender_at_a_time(place: Place) {
    let Scene { folder, store } = with(place, &["a1"]).await;
    let ours = turn(store.as_ref(), "ops").await;
    assert!(ours.stands());
    let none = store.turn(&name("ops")).await.expect("answers");
    assert!(none.is_none(), "{place:?}: {none:?}");
    turn(store.as_ref(), "mail").await;
    if place.is_shared() {
        let second_process = open(&folder, place).await;
        assert!(second_process.turn(&name("ops")).await.expect("answers").is_none());
    }
    drop(ours);
    turn(store.as_ref(), "ops").await;
}

async fn an_attempt_that_nobody_ended_may_have_arrived(place: Place) {
    let Scene { folder, store } = with(place, &["a1", "b1", "c1"]).await;
    let all: Vec<i64> = due(store.as_ref(), "ops", 0).await.iter().map(|waiting| waiting.seq).collect();
    let begin = async |store: &dyn Store, begun: &[i64], ended: &[(i64, Settlement)]| {
        let step = Step { at: second(1), ended, begun, ..Step::default() };
        store.step(&turn(store, "ops").await, &step).await.expect("written");
    };
    begin(store.as_ref(), &all, &[]).await;
    begin(store.as_ref(), &[], &[(all[1], Settlement::Untried)]).await;
    // Whoever comes next finds it so, in this process or after it.
    let store = if place.is_shared() { open(&folder, place).await } else { store };
    let store = store.as_ref();
    let marks = async || -> Vec<(bool, u32)> {
        due(store, "ops", 9).await.iter().map(|waiting| (waiting.may_repeat, waiting.attempts)).collect()
    };
    assert_eq!(marks().await, [(true, 0), (false, 0), (true, 0)], "{place:?}");
    begin(store, &all, &[]).await;
    assert_eq!(marks().await, [(true, 1), (true, 0), (true, 1)], "an attempt that nobody ended was one");
    begin(store, &[], &[(all[0], again(9)), (all[1], Settlement::Untried), (all[2], Settlement::Untried)]).await;
    assert_eq!(marks().await, [(true, 2), (false, 0), (true, 1)], "what may have arrived once stays so");
    begin(store, &[all[1]], &[]).await;
    begin(store, &[], &[(all[1], again(9))]).await;
    assert_eq!(marks().await[1], (false, 1), "an attempt that failed did not arrive");
    begin(store, &[all[1]], &[]).await;
    let unsure = Settlement::Again { at: second(9), problem: "silence".into(), unsure: true };
    begin(store, &[], &[(all[1], unsure)]).await;
    assert_eq!(marks().await[1], (true, 2), "one that got no answer may have");
    let dead = |seq, unsure| (seq, Settlement::Dead { at: second(9), problem: "no".into(), unsure });
    begin(store, &[], &[dead(all[1], false)]).await;
    post(store, &["d1", "e1"], 9).await;
    let new: Vec<i64> = due(store, "ops", 9).await.iter().map(|waiting| waiting.seq).skip(2).collect();
    begin(store, &[], &[dead(new[0], true), dead(new[1], false)]).await;
    let letters = store.outbox(&Pick { dead: true, ..Pick::default() }).await.expect("answers");
    let marks: Vec<bool> = letters.iter().map(|letter| letter.may_repeat).collect();
    assert_eq!(marks, [true, true, false], "what is given up keeps its mark");
}

async fn a_message_finds_the_receipt_of_the_first_of_its_thread(place: Place) {
    let Scene { store, .. } = with(place, &["a1", "a2"]).await;
    let store = store.as_ref();
    let sent = due(store, "ops", 0).await;
    assert_eq!(sent[0].earlier, None);
    let receipt = Receipt { reference: Some("1234.5678".into()), digest: true };
    settle(store, "ops", sent[0].seq, Settlement::Delivered { at: second(1), receipt: receipt.clone() }).await;
    let next = due(store, "ops", 1).await;
    assert_eq!((ids(&next), &next[0].earlier), (vec!["a2"], &Some(receipt)), "{place:?}");
}

async fn a_channel_that_does_not_work_is_known_to_all(place: Place) {
    let Scene { store, .. } = with(place, &["a1", "a2", "b1"]).await;
    let store = store.as_ref();
    let learn = async |condition: Condition| {
        let step = Step { learned: Some(&condition), ..Step::default() };
        store.step(&turn(store, "ops").await, &step).await.expect("written");
    };
    let next = async || store.next_attempt(&name("ops")).await.expect("answers");
    assert_eq!(turn(store, "ops").await.trouble, None);
    learn(Condition::Troubled(trouble(300))).await;
    assert_eq!(turn(store, "ops").await.trouble, Some(trouble(300)), "{place:?}");
    assert_eq!(next().await, Some(second(300)));
    let backlog = |channel: &str, waiting, oldest: Option<Timestamp>, trouble| Backlog {
        channel: name(channel),
        waiting,
        dead: 0,
        oldest,
        trouble,
    };
    let all = async || store.backlog().await.expect("answers");
    assert_eq!(all().await, [backlog("ops", 3, Some(second(0)), Some(trouble(300)))]);
    learn(Condition::Works).await;
    assert_eq!(next().await, Some(second(0)));
    assert_eq!(all().await, [backlog("ops", 3, Some(second(0)), None)]);
}

async fn the_owners_of_a_channel_are_told_once_of_its_trouble_and_of_its_end(place: Place) {
    let Scene { store, .. } = with(place, &["a1"]).await;
    let store = store.as_ref();
    // Each step is of another sender, as after a restart.
    let learn = async |at: i64, condition: Condition, owners: &[&str]| {
        let news: Vec<Outgoing> = owners.iter().map(|owner| outgoing(&format!("{owner}-{at}"), "ops", owner)).collect();
        let step = Step { at: second(at), learned: Some(&condition), owners: &news, ..Step::default() };
        store.step(&turn(store, "ops").await, &step).await.expect("written");
    };
    let told = async || {
        let all = [name("mail"), name("pager")].map(|channel| Pick {
            channel: Some(channel),
            waiting: true,
            ..Pick::default()
        });
        let mut told = Vec::new();
        for pick in &all {
            told.extend(store.outbox(pick).await.expect("answers").into_iter().map(|letter| letter.message.id));
        }
        told
    };
    learn(0, Condition::Works, &["mail"]).await;
    assert_eq!(told().await, Vec::<String>::new(), "{place:?}: nothing was told that could be over");
    for at in 1..=3 {
        learn(at, Condition::Troubled(trouble(300)), &["mail"]).await;
        assert_eq!(told().await, ["mail-1"], "{place:?}: however often it is probed");
    }
    learn(4, Condition::Troubled(trouble(300)), &["mail", "pager"]).await;
    assert_eq!(told().await, ["mail-1", "pager-4"], "an owner that the catalogue names since");
    assert_eq!(due(store, "mail", 4).await[0].lane, "channel ops");
    learn(5, Condition::Works, &["mail"]).await;
    learn(6, Condition::Works, &["mail", "pager"]).await;
    assert_eq!(told().await, ["mail-1", "mail-5", "pager-4"], "who owns it no more is forgotten");
    learn(7, Condition::Troubled(trouble(300)), &["mail"]).await;
    assert_eq!(told().await, ["mail-1", "mail-5", "mail-7", "pager-4"], "a new trouble");
}

fn fates(letters: &[Letter]) -> Vec<String> {
    let word = |letter: &Letter| match &letter.fate {
        Fate::Waiting { next_attempt, .. } => {
            format!("{} waits for {}", letter.message.id, next_attempt.duration_since(second(0)).as_secs())
        }
        Fate::Delivered { .. } => format!("{} delivered", letter.message.id),
        Fate::Dead { problem, .. } => format!("{} dead: {problem}", letter.message.id),
        Fate::Dropped { by, .. } => format!("{} dropped by {by}", letter.message.id),
    };
    letters.iter().map(word).collect()
}

async fn what_waits_or_is_dead_can_be_hastened_and_discarded(place: Place) {
    let Scene { store, .. } = with(place, &["a1", "a2", "b1", "c1"]).await;
    let store = store.as_ref();
    let heads = due(store, "ops", 0).await;
    settle(store, "ops", heads[0].seq, dead(9)).await;
    settle(store, "ops", heads[1].seq, again(600)).await;
    settle(store, "ops", heads[2].seq, delivered(9)).await;
    let condition = Condition::Troubled(trouble(700));
    let step = Step { learned: Some(&condition), ..Step::default() };
    store.step(&turn(store, "ops").await, &step).await.expect("written");
    let all = Pick { waiting: true, dead: true, ..Pick::default() };
    let found = async |pick: &Pick| fates(&store.outbox(pick).await.expect("answers"));
    assert_eq!(found(&all).await, ["a1 dead: no", "a2 waits for 0", "b1 waits for 600"], "{place:?}");
    assert_eq!(found(&Pick { dead: true, ..Pick::default() }).await, ["a1 dead: no"]);
    assert_eq!(found(&Pick { channel: Some(name("mail")), ..all.clone() }).await, Vec::<String>::new());
    let ids = vec!["b1".into(), heads[0].seq.to_string(), heads[2].seq.to_string(), "nothing".into()];
    let some = Pick { ids, ..all.clone() };
    assert_eq!(found(&some).await, ["a1 dead: no", "b1 waits for 600"], "by id or number, nothing delivered");
    assert_eq!(store.backlog().await.expect("answers")[0].dead, 1);

    // What is dead lives as long again as it was wanted at first; everything is due, and the channel is tried.
    let late = second(100_000);
    assert_eq!(fates(&store.hasten(&some, late).await.expect("done")), ["a1 dead: no", "b1 waits for 600"]);
    assert_eq!(found(&all).await, ["a1 waits for 100000", "a2 waits for 0", "b1 waits for 100000"]);
    assert_eq!(store.outbox(&all).await.expect("answers")[0].expires, second(186_400));
    assert_eq!(turn(store, "ops").await.trouble, Some(trouble(700)), "the channel was due long ago");

    let gone = store.discard(&some, "kim", second(50)).await.expect("done");
    assert_eq!(fates(&gone), ["a1 waits for 100000", "b1 waits for 100000"]);
    assert_eq!(found(&all).await, ["a2 waits for 0"]);
    let letters = fates(&store.letters(&Subject::Alert(name("b"))).await.expect("answers"));
    assert_eq!(letters, ["b1 dropped by kim"], "{place:?}: history knows");
    settle(store, "ops", heads[1].seq, again(60)).await;
    assert_eq!(found(&all).await, ["a2 waits for 0"], "what was dropped meanwhile stays so");
    settle(store, "ops", heads[1].seq, delivered(60)).await;
    assert_eq!(
        fates(&store.letters(&Subject::Alert(name("b"))).await.expect("answers")),
        ["b1 delivered"],
        "unless it arrived"
    );
}

promises! {
    messages_wait_in_order_for_each_alert_and_channel,
    a_deep_look_finds_what_waits_behind_the_oldest,
    a_channel_has_one_sender_at_a_time,
    an_attempt_that_nobody_ended_may_have_arrived,
    a_message_finds_the_receipt_of_the_first_of_its_thread,
    a_channel_that_does_not_work_is_known_to_all,
    the_owners_of_a_channel_are_told_once_of_its_trouble_and_of_its_end,
    what_waits_or_is_dead_can_be_hastened_and_discarded,
}
