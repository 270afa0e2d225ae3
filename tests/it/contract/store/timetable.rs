//! What every store promises of slots without a run, pauses, lateness and the loops that are alive.

use super::{Place, granted, message, name, outcome, scene, second};
use rowcall::incident::Health;
use rowcall::store::{Beat, Outcome, Outgoing, Pause, Punctuality, Skip, SkipReason, Stand};

fn skip(job: &str, slot: i64, reason: SkipReason) -> Skip {
    Skip { job: job.into(), slot: second(slot), at: second(slot + 1), reason, count: 1 }
}

async fn the_stand_of_a_job_counts_runs_skips_and_failures(place: Place) {
    let store = scene(place).await.store;
    for (slot, health) in [(10, Health::Healthy), (20, Health::Error)] {
        let claim = granted(&*store, "alert low", Some(second(slot))).await;
        store.record(&[(&claim, &Outcome { health, ..outcome("low", slot) })]).await.expect("records");
    }
    store.skip(&[skip("alert low", 30, SkipReason::Overlap)]).await.expect("records");
    let jobs = ["alert low".to_owned(), "alert new".to_owned()];
    let low = Stand { last: Some(second(30)), succeeded: Some(second(10)), late: None };
    assert_eq!(store.stands(&jobs).await.expect("answers"), [low, Stand::default()], "{place:?}");
}

async fn a_skipped_slot_is_kept_with_its_reason_unless_it_has_had_its_run(place: Place) {
    let store = scene(place).await.store;
    let claim = granted(&*store, "alert low", Some(second(10))).await;
    store.record(&[(&claim, &outcome("low", 10))]).await.expect("records");
    drop(claim);
    let skips = SkipReason::ALL.iter().zip(11..).map(|(reason, slot)| skip("alert low", slot, *reason));
    let mut skips: Vec<Skip> = skips.collect();
    store.skip(&skips).await.expect("records");
    store.skip(&[skip("alert low", 10, SkipReason::Missed)]).await.expect("it had its run");
    store
        .skip(&[skip("alert low", 11, SkipReason::Missed), skip("alert b", 12, SkipReason::Missed)])
        .await
        .expect("known");
    assert_eq!(store.skips(Some("alert low"), None, 9).await.expect("answers"), skips, "{place:?}");
    assert_eq!(store.skips(Some("alert low"), None, 2).await.expect("answers"), skips.split_off(2), "{place:?}");
    let since = store.skips(None, Some(second(13)), 9).await.expect("answers");
    let told: Vec<(&str, i64)> =
        since.iter().map(|skip| (skip.job.as_str(), skip.slot.as_second() - second(0).as_second())).collect();
    assert_eq!(told, [("alert b", 12), ("alert low", 12), ("alert low", 13), ("alert low", 14)], "{place:?}");
}

async fn a_pause_lasts_until_its_end_or_until_it_is_taken_back(place: Place) {
    let store = scene(place).await.store;
    let pause = |job: &str, until: Option<i64>| Pause {
        job: job.into(),
        since: second(0),
        until: until.map(second),
        who: "kim".into(),
        reason: Some("migration".into()),
    };
    for until in [None, Some(60)] {
        store.pause(&pause("alert low", until)).await.expect("pauses");
    }
    store.pause(&pause("alert other", None)).await.expect("pauses");
    let known = store.pauses(second(59)).await.expect("answers");
    assert_eq!(known, [pause("alert low", Some(60)), pause("alert other", None)], "{place:?}");
    assert_eq!(store.pauses(second(60)).await.expect("answers"), [pause("alert other", None)], "{place:?}");
    assert!(!store.resume("alert low", second(60)).await.expect("ends"), "{place:?}: it had ended");
    assert!(store.resume("alert other", second(60)).await.expect("ends"), "{place:?}");
    assert_eq!(store.pauses(second(0)).await.expect("answers"), [], "{place:?}");
}

async fn lateness_is_news_once_and_its_messages_wait_in_the_outbox(place: Place) {
    let store = scene(place).await.store;
    let news = |late: bool, id: &str| Punctuality {
        job: "alert low".into(),
        late,
        slot: second(10),
        at: second(40),
        messages: vec![Outgoing { channel: name("ops"), message: message(id, "low"), expires: second(9000) }],
    };
    assert!(!store.punctual(&news(false, "m-0")).await.expect("answers"), "{place:?}: it was not late");
    assert!(store.punctual(&news(true, "m-1")).await.expect("answers"), "{place:?}");
    assert!(!store.punctual(&news(true, "m-2")).await.expect("answers"), "{place:?}: known");
    assert_eq!(store.late().await.expect("answers"), [("alert low".to_owned(), second(10))], "{place:?}");
    let backlog = store.backlog().await.expect("answers");
    assert_eq!((backlog.len(), backlog[0].waiting, backlog[0].oldest), (1, 1, Some(second(40))), "{place:?}");
    assert!(store.punctual(&news(false, "m-3")).await.expect("answers"), "{place:?}");
    assert_eq!(store.backlog().await.expect("answers")[0].waiting, 2, "{place:?}");
    assert_eq!(store.late().await.expect("answers"), [], "{place:?}");
}

async fn the_last_word_of_each_loop_is_kept(place: Place) {
    let store = scene(place).await.store;
    let beat = |node: &str, at: i64| Beat {
        node: node.into(),
        pid: 7,
        started: second(0),
        at: second(at),
        version: "0.1.0".into(),
        jobs: 3,
        stopped: at > 8,
    };
    for (node, at) in [("b", 1), ("a", 2), ("b", 9)] {
        store.beat(&beat(node, at)).await.expect("writes");
    }
    assert_eq!(store.beats().await.expect("answers"), [beat("a", 2), beat("b", 9)], "{place:?}");
}

promises! {
    the_stand_of_a_job_counts_runs_skips_and_failures,
    a_skipped_slot_is_kept_with_its_reason_unless_it_has_had_its_run,
    a_pause_lasts_until_its_end_or_until_it_is_taken_back,
    lateness_is_news_once_and_its_messages_wait_in_the_outbox,
    the_last_word_of_each_loop_is_kept,
}
