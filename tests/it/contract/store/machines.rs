//! What a store promises to several machines that share it: here two stores on one place are two machines.

use std::time::Duration;

use jiff::Timestamp;
use rowcall::incident::Health;
use rowcall::message::Receipt;
use rowcall::store::{Claim, Claimed, Outcome, Reach, Settlement, Step, Store};

use super::outbox::turn;
use super::{Place, granted, name, open, outcome, outgoing, scene, second};

/// Ends the leases of everybody at this place, as if nobody had prolonged them.
fn expire(folder: &tempfile::TempDir) {
    let sql = format!("update \"{}\".leases set until = clock_timestamp() - interval '1 s'", super::schema(folder));
    crate::servers::postgres().execute(&[sql]);
}

async fn health(store: &dyn Store) -> Health {
    store.recall(&name("a"), &name("shop"), &[]).await.expect("answers").health
}

async fn a_slot_is_run_by_one_of_two_machines(place: Place) {
    let one = scene(place).await;
    let two = if place.is_shared() { open(&one.folder, place).await } else { return };
    let slots: Vec<i64> = (0..20).collect();
    let run = async |store: &dyn Store, slot: i64| {
        for _ in 0..2000 {
            match store.claim("alert a", Some(second(slot))).await.expect("answers") {
                Claimed::Granted(claim) => {
                    store.record(&[(&claim, &outcome("a", slot))]).await.expect("recorded");
                    return 1;
                }
                Claimed::Busy(_) => tokio::time::sleep(Duration::from_millis(2)).await,
                Claimed::Done => return 0,
            }
        }
        panic!("slot {slot} is never free");
    };
    for slot in slots {
        let (first, second) = tokio::join!(run(one.store.as_ref(), slot), run(two.as_ref(), slot));
        assert_eq!(first + second, 1, "{place:?}: slot {slot}");
    }
}

async fn slots_claimed_together_are_run_by_one_of_two_machines(place: Place) {
    let one = scene(place).await;
    let two = if place.is_shared() { open(&one.folder, place).await } else { return };
    let names: Vec<String> = (0..200).map(|n| format!("a{n}")).collect();
    let jobs: Vec<String> = names.iter().map(|name| format!("alert {name}")).collect();
    for slot in (0..5).map(|n| second(n * 60)) {
        let run = async |store: &dyn Store, backwards: bool| {
            let mut wanted: Vec<(&str, Option<Timestamp>)> =
                jobs.iter().map(|job| (job.as_str(), Some(slot))).collect();
            if backwards {
                wanted.reverse();
            }
            let mut ran = 0;
            while !wanted.is_empty() {
                let claimed = store.claim_all(&wanted).await.expect("answers");
                let (mut claims, mut busy) = (Vec::new(), Vec::new());
                for (wanted, claimed) in wanted.into_iter().zip(claimed) {
                    match claimed {
                        Claimed::Granted(claim) => claims.push((outcome(&wanted.0["alert ".len()..], 0), claim)),
                        Claimed::Busy(_) => busy.push(wanted),
                        Claimed::Done => {}
                    }
                }
                let runs: Vec<(&Claim, &Outcome)> = claims.iter().map(|(outcome, claim)| (claim, outcome)).collect();
                store.record(&runs).await.expect("recorded");
                ran += claims.len();
                drop(claims);
                wanted = busy;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            ran
        };
        let (first, second) = tokio::join!(run(one.store.as_ref(), false), run(two.as_ref(), true));
        assert_eq!(first + second, jobs.len(), "{place:?}: slot {slot}");
    }
}

async fn lanes_keep_their_order_whoever_sends(place: Place) {
    let one = scene(place).await;
    let two = if place.is_shared() { open(&one.folder, place).await } else { return };
    for n in 0..6 {
        let claim = granted(one.store.as_ref(), "alert a", None).await;
        let messages = vec![outgoing(&format!("a{n}"), "a", "ops")];
        let outcome = Outcome { messages, ..outcome("a", n) };
        one.store.record(&[(&claim, &outcome)]).await.expect("recorded");
    }
    let mut sent = Vec::new();
    for store in [one.store.as_ref(), two.as_ref()].into_iter().cycle().take(6) {
        let turn = turn(store, "ops").await;
        let due = store.due(&turn, second(9), Reach { most: 9, deep: false }).await.expect("answers");
        let [next] = due.as_slice() else { panic!("one lane has one oldest message") };
        sent.push(next.message.id.clone());
        let delivered = Settlement::Delivered { at: second(9), receipt: Receipt::default() };
        store.step(&turn, &Step { ended: &[(next.seq, delivered)], ..Step::default() }).await.expect("ours");
    }
    assert_eq!(sent, ["a0", "a1", "a2", "a3", "a4", "a5"], "{place:?}");
}

promises! {
    a_slot_is_run_by_one_of_two_machines,
    slots_claimed_together_are_run_by_one_of_two_machines,
    lanes_keep_their_order_whoever_sends,
}

#[tokio::test]
#[ignore = "needs a server"]
async fn whoever_is_busy_says_with_what_and_for_how_long() {
    let one = scene(Place::Postgres).await;
    let two = open(&one.folder, Place::Postgres).await;
    let claim = granted(one.store.as_ref(), "alert a", Some(second(60))).await;
    let Ok(Claimed::Busy(busy)) = two.claim("alert a", Some(second(60))).await else { panic!("not busy") };
    assert_eq!(busy.slot, Some(second(60)));
    assert!(busy.watch(second(60)).is_some_and(|lease| lease <= Duration::from_secs(5)), "{busy:?}");
    assert_eq!(busy.watch(second(120)), None, "another slot is not watched");
    let Ok(Claimed::Busy(own)) = one.store.claim("alert a", Some(second(60))).await else { panic!("not busy") };
    assert_eq!(own.watch(second(60)), None, "nobody watches itself");
    drop(claim);
    granted(two.as_ref(), "alert a", Some(second(60))).await;
}

#[tokio::test]
#[ignore = "needs a server"]
async fn what_is_learned_under_a_lost_claim_is_refused_wholly() {
    let one = scene(Place::Postgres).await;
    let two = open(&one.folder, Place::Postgres).await;
    let lost = granted(one.store.as_ref(), "alert a", Some(second(0))).await;
    let kept = granted(one.store.as_ref(), "alert b", Some(second(0))).await;
    expire(&one.folder);
    let taken = granted(two.as_ref(), "alert a", Some(second(0))).await;
    let with = |alert: &str| {
        let messages = vec![outgoing(&format!("{alert}1"), alert, "ops")];
        Outcome { health: Health::Error, messages, ..outcome(alert, 1) }
    };
    let (a, b) = (with("a"), with("b"));
    let error = one.store.record(&[(&kept, &b), (&lost, &a)]).await.expect_err("one claim of the two is lost");
    assert_eq!(error.problem, "the claim on alert a was lost: another machine may have it");
    lost.lost().await;
    assert_eq!(health(one.store.as_ref()).await, Health::Healthy, "nothing of it is kept");
    assert_eq!(one.store.next_attempt(&name("ops")).await, Ok(None), "and nothing will be sent");
    one.store.record(&[(&kept, &b)]).await.expect("the other claim stands");
    two.record(&[(&taken, &a)]).await.expect("the new owner records");
    drop(taken);
    one.store.record(&[(&lost, &a)]).await.expect_err("also when the new owner is done");
    assert!(matches!(two.claim("alert a", Some(second(0))).await, Ok(Claimed::Done)));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_claim_that_another_machine_took_is_known_to_be_lost_within_two_beats() {
    let one = scene(Place::Postgres).await;
    let two = open(&one.folder, Place::Postgres).await;
    let claim = granted(one.store.as_ref(), "alert a", None).await;
    expire(&one.folder);
    let _taken = granted(two.as_ref(), "alert a", None).await;
    tokio::time::timeout(Duration::from_secs(4), claim.lost()).await.expect("the heart noticed");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_lease_is_prolonged_as_long_as_its_owner_lives() {
    let one = scene(Place::Postgres).await;
    let two = open(&one.folder, Place::Postgres).await;
    let claim = granted(one.store.as_ref(), "alert a", None).await;
    let watched = std::time::Instant::now();
    while watched.elapsed() < Duration::from_secs(7) {
        assert!(matches!(two.claim("alert a", None).await, Ok(Claimed::Busy(_))));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    one.store.record(&[(&claim, &outcome("a", 0))]).await.expect("still ours");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn whoever_lost_the_turn_may_only_say_what_was_delivered() {
    let one = scene(Place::Postgres).await;
    let two = open(&one.folder, Place::Postgres).await;
    for id in ["a1", "b1"] {
        let alert = &id[..1];
        let claim = granted(one.store.as_ref(), &format!("alert {alert}"), None).await;
        let outcome = Outcome { messages: vec![outgoing(id, alert, "ops")], ..outcome(alert, 0) };
        one.store.record(&[(&claim, &outcome)]).await.expect("recorded");
    }
    let reach = Reach { most: 9, deep: false };
    let lost = turn(one.store.as_ref(), "ops").await;
    let due = one.store.due(&lost, second(1), reach).await.expect("answers");
    let begun: Vec<i64> = due.iter().map(|waiting| waiting.seq).collect();
    one.store.step(&lost, &Step { begun: &begun, ..Step::default() }).await.expect("ours");
    expire(&one.folder);
    let taken = turn(two.as_ref(), "ops").await;
    let ended = [
        (begun[0], Settlement::Delivered { at: second(2), receipt: Receipt::default() }),
        (begun[1], Settlement::Dead { at: second(2), problem: "no".into(), unsure: false }),
    ];
    one.store.step(&lost, &Step { ended: &ended, ..Step::default() }).await.expect_err("the turn is another's");
    let left = two.due(&taken, second(3), reach).await.expect("answers");
    assert_eq!(
        left.iter().map(|waiting| waiting.seq).collect::<Vec<_>>(),
        begun[1..],
        "what was accepted is not sent again"
    );
    assert!(left[0].may_repeat, "the other attempt may have arrived");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn machines_that_start_at_once_make_the_tables_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = (0..6).map(|_| open(&folder, Place::Postgres));
    for store in futures_util::future::join_all(all).await {
        assert_eq!(store.last_slot("alert a").await, Ok(None));
    }
}
