//! Forgets what is old and what nothing needs any more.

use jiff::{SignedDuration, Timestamp};

use crate::store::engine::{Engine, Row, change_each};

/// How long after a pass the next one begins.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// How many batches one call makes.
pub(in crate::store) const MOST_BATCHES: usize = 100;

/// The last run of each job says how it stands, and that its slot had its run.
const RUNS: &str = "select id from runs r where started < $1
     and exists (select 1 from runs later where later.job = r.job and later.started > r.started)
     order by started limit 500";

/// Later messages of a thread answer the first that was delivered, as long as the thread is open: a channel knows an
/// incident to fire, an alert to be unwell, or a source or another channel to be down. The end of a thread's name says which.
const MESSAGES: &str = "delete from outbox where seq in (select seq from outbox o
     where state <> 'waiting' and settled < $1 and not (
         state = 'delivered'
         and seq = (select min(seq) from outbox first where first.channel = o.channel and first.thread = o.thread
                    and first.state = 'delivered')
         and (exists (select 1 from told t where t.alert = o.alert and t.channel = o.channel and t.news = 'firing'
                      and o.thread like '%-' || coalesce(t.thread, t.began))
              or o.thread like '%-health' and exists (select 1 from told_health h where h.alert = o.alert
                      and h.channel = o.channel and h.health <> 'healthy')
              or exists (select 1 from told_source s where o.alert = 'source ' || s.source and s.channel = o.channel
                      and s.news = 'down' and o.thread like '%-' || s.at)
              or exists (select 1 from told_channel c where o.alert = 'channel ' || c.channel and c.owner = o.channel
                      and o.thread like '%-' || c.since)))
     order by settled limit 500)";

/// The latest slot of a job says where its schedule stands.
const SKIPS: &str = "delete from skips where (job, slot) in
     (select job, slot from skips s where at < $1
      and exists (select 1 from skips later where later.job = s.job and later.slot > s.slot) order by at limit 500)";

const SILENCES: &str = "delete from silences where id in
     (select id from silences where coalesce(ended, until) < $1 limit 500)";

/// Whether a pass is due; takes it if so.
pub(in crate::store) fn is_time(last: &mut Option<Timestamp>, now: Timestamp) -> bool {
    let due = last.is_none_or(|last| now.duration_since(last) >= PAUSE);
    if due {
        *last = Some(now);
    }
    due
}

/// At most 500 rows of each kind; gives how many rows, none when nothing old is left.
pub(in crate::store) async fn batch<E: Engine>(engine: &mut E, before: Timestamp) -> Result<u64, E::Error> {
    let mut runs = Vec::new();
    for row in engine.rows(RUNS, &[before.into()]).await? {
        runs.push(row.integer(0)?);
    }
    change_each(engine, ("delete from decisions where run in (", ")"), &runs, |run| [(*run).into()]).await?;
    let mut rows = change_each(engine, ("delete from runs where id in (", ")"), &runs, |run| [(*run).into()]).await?;
    for sql in [MESSAGES, SILENCES, SKIPS] {
        rows += engine.change(sql, &[before.into()]).await?;
    }
    Ok(rows)
}
