//! Messages waiting to be delivered, and how delivering them went.

use jiff::Timestamp;

use super::record::{Posted, post};
use crate::name::Name;
use crate::store::engine::{Engine, Row, Unreadable, change_each};
use crate::store::{Backlog, Condition, Outgoing, Reach, Settlement, Step, Trouble, Waiting};

/// No more messages are read at once when they have come to so many bytes: some carry files.
const MOST_BYTES: usize = 4 << 20;

/// The oldest waiting message of each lane of a channel.
const HEADS: &str = "select min(seq) from outbox where state = 'waiting' and channel = $1 group by alert";

pub(in crate::store) async fn due<E: Engine>(
    engine: &mut E,
    channel: &Name,
    now: Timestamp,
    reach: Reach,
) -> Result<Vec<Waiting>, E::Error> {
    let among = match reach.deep {
        false => format!("o.seq in ({HEADS}) and o.next_attempt <= $2"),
        true => format!(
            "o.state = 'waiting' and o.channel = $1
             and o.alert in (select alert from outbox where seq in ({HEADS}) and next_attempt <= $2)"
        ),
    };
    let sql = format!(
        "select o.seq, o.alert, o.message, o.attempts, o.begun is not null or o.lost > 0, o.expires,
                (select f.receipt from outbox f where f.channel = o.channel and f.thread = o.thread
                 and f.state = 'delivered' order by f.seq limit 1), o.problem
         from outbox o where {among} order by o.seq limit $3"
    );
    let most = i64::try_from(reach.most).unwrap_or(i64::MAX);
    let rows = engine.rows_within(&sql, &[channel.into(), now.into(), most.into()], MOST_BYTES).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn read(row: &impl Row) -> Result<Waiting, Unreadable> {
    Ok(Waiting {
        seq: row.integer(0)?,
        lane: row.word(1)?.to_owned(),
        message: row.json(2)?,
        attempts: row.few(3)?,
        may_repeat: row.holds(4)?,
        expires: row.instant(5)?,
        earlier: row.text(6)?.map(|_| row.json(6)).transpose()?,
        problem: row.owned(7)?,
    })
}

pub(in crate::store) async fn next_attempt<E: Engine>(
    engine: &mut E,
    channel: &Name,
) -> Result<Option<Timestamp>, E::Error> {
    let sql = format!(
        "select min(next_attempt), (select until from troubles where channel = $1) from outbox where seq in ({HEADS})"
    );
    let rows = engine.rows(&sql, &[channel.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let next = row.maybe_instant(0)?;
    Ok(next.max(next.and(row.maybe_instant(1)?)))
}

/// What is known of attempts that ended and begin. That a message was delivered is known for good, whoever says so.
pub(in crate::store) async fn step<E: Engine>(engine: &mut E, channel: &Name, step: &Step<'_>) -> Result<(), E::Error> {
    settle(engine, step.ended.iter()).await?;
    change_each(engine, BEGIN, step.begun, |seq| [(*seq).into(), step.at.into()]).await?;
    match step.learned {
        None => return Ok(()),
        Some(Condition::Works) => forget_trouble(engine, channel).await?,
        Some(Condition::Troubled(trouble)) => keep_trouble(engine, channel, trouble).await?,
    }
    let news = news_of_channel(engine, channel, step).await?;
    // No alert is called like this: names hold no blank.
    let lane = format!("channel {channel}");
    let posted = |outgoing| Posted { lane: lane.clone(), created: step.at, due: step.at, outgoing };
    post(engine, &news.into_iter().map(posted).collect::<Vec<_>>()).await
}

/// Notes for each owner of a channel what it has not been told; gives the messages that tell it. What nobody can be told
/// any more, because the catalogue names another owner, is forgotten when the channel works.
async fn news_of_channel<'a, E: Engine>(
    engine: &mut E,
    channel: &Name,
    step: &Step<'a>,
) -> Result<Vec<&'a Outgoing>, E::Error> {
    let mut news = Vec::new();
    for outgoing in step.owners {
        let owner = &outgoing.channel;
        let changed = match step.learned {
            None => 0,
            Some(Condition::Works) => {
                let sql = "delete from told_channel where channel = $1 and owner = $2";
                engine.change(sql, &[channel.into(), owner.into()]).await?
            }
            Some(Condition::Troubled(trouble)) => {
                let sql = "insert into told_channel (channel, owner, since) values ($1, $2, $3) on conflict do nothing";
                engine.change(sql, &[channel.into(), owner.into(), trouble.since.into()]).await?
            }
        };
        if changed > 0 {
            news.push(outgoing);
        }
    }
    if let Some(Condition::Works) = step.learned {
        engine.change("delete from told_channel where channel = $1", &[channel.into()]).await?;
    }
    Ok(news)
}

/// Writes of a step only that messages were delivered.
#[cfg(feature = "postgres")]
pub(in crate::store) async fn delivered<E: Engine>(engine: &mut E, step: &Step<'_>) -> Result<(), E::Error> {
    let delivered = |(_, settlement): &&(i64, Settlement)| matches!(settlement, Settlement::Delivered { .. });
    settle(engine, step.ended.iter().filter(delivered)).await
}

/// A statement before and after its rows of values.
type Around = (&'static str, &'static str);

/// An attempt that began before and never ended was one, too.
const BEGIN: Around = (
    "with e(seq, at) as (values",
    ") update outbox set attempts = attempts + case when begun is null then 0 else 1 end,
     lost = lost + case when begun is null then 0 else 1 end, begun = e.at from e where outbox.seq = e.seq",
);

/// One statement for each way to end: each is a way to the engine and back.
const ENDED: &str = "with e(seq, at, words, unsure) as (values";
const DELIVERED: Around = (
    ENDED,
    ") update outbox set state = 'delivered', settled = e.at, receipt = e.words, attempts = attempts + 1,
     problem = null, begun = null, dropped_by = null from e where outbox.seq = e.seq",
);
const AGAIN: Around = (
    ENDED,
    ") update outbox set next_attempt = e.at, problem = e.words, attempts = attempts + 1, begun = null,
     lost = lost + e.unsure from e where outbox.seq = e.seq and state = 'waiting'",
);
const DEAD: Around = (
    ENDED,
    ") update outbox set state = 'dead', settled = e.at, problem = e.words,
     attempts = attempts + case when begun is null then 0 else 1 end, begun = null, lost = lost + e.unsure
     from e where outbox.seq = e.seq and state = 'waiting'",
);
const UNTRIED: Around = (ENDED, ") update outbox set begun = null from e where outbox.seq = e.seq");

async fn settle<'a, E: Engine>(
    engine: &mut E,
    ended: impl Iterator<Item = &'a (i64, Settlement)>,
) -> Result<(), E::Error> {
    let (mut delivered, mut again, mut dead, mut untried) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (seq, settlement) in ended {
        let (rows, at, words, unsure) = match settlement {
            Settlement::Delivered { at, receipt } => {
                (&mut delivered, Some(*at), Some(serde_json::to_string(receipt).expect("a receipt is JSON")), false)
            }
            Settlement::Again { at, problem, unsure } => (&mut again, Some(*at), Some(problem.clone()), *unsure),
            Settlement::Dead { at, problem, unsure } => (&mut dead, Some(*at), Some(problem.clone()), *unsure),
            Settlement::Untried => (&mut untried, None, None, false),
        };
        rows.push((*seq, at, words, i64::from(unsure)));
    }
    for (around, rows) in [(DELIVERED, delivered), (AGAIN, again), (DEAD, dead), (UNTRIED, untried)] {
        change_each(engine, around, &rows, |(seq, at, words, unsure)| {
            [(*seq).into(), (*at).into(), words.as_deref().into(), (*unsure).into()]
        })
        .await?;
    }
    Ok(())
}

pub(in crate::store) async fn trouble<E: Engine>(engine: &mut E, channel: &Name) -> Result<Option<Trouble>, E::Error> {
    let sql = "select since, until, strikes, broken, problem from troubles where channel = $1";
    let rows = engine.rows(sql, &[channel.into()]).await?;
    Ok(rows.first().map(|row| read_trouble(row, 0)).transpose()?)
}

/// Reads a trouble from its column `since` on.
fn read_trouble(row: &impl Row, first: usize) -> Result<Trouble, Unreadable> {
    Ok(Trouble {
        since: row.instant(first)?,
        until: row.instant(first + 1)?,
        strikes: row.few(first + 2)?,
        broken: row.holds(first + 3)?,
        problem: row.word(first + 4)?.to_owned(),
    })
}

const BACKLOG: &str = "
select c.channel, c.waiting, c.dead, c.oldest, t.since, t.until, t.strikes, t.broken, t.problem
from (select channel, cast(sum(waiting) as bigint) as waiting, cast(sum(dead) as bigint) as dead, min(oldest) as oldest
      from (select channel, 1 as waiting, 0 as dead, created as oldest from outbox where state = 'waiting'
            union all select channel, 0, 1, null from outbox where state = 'dead' and dropped_by is null
            union all select channel, 0, 0, null from troubles) every group by channel) c
left join troubles t on t.channel = c.channel order by c.channel";

pub(in crate::store) async fn backlog<E: Engine>(engine: &mut E) -> Result<Vec<Backlog>, E::Error> {
    Ok(engine.rows(BACKLOG, &[]).await?.iter().map(read_backlog).collect::<Result<_, _>>()?)
}

fn read_backlog(row: &impl Row) -> Result<Backlog, Unreadable> {
    let troubled = row.number(4)?.is_some();
    Ok(Backlog {
        channel: row.name(0)?,
        waiting: row.count(1)?,
        dead: row.count(2)?,
        oldest: row.maybe_instant(3)?,
        trouble: troubled.then(|| read_trouble(row, 4)).transpose()?,
    })
}

async fn forget_trouble<E: Engine>(engine: &mut E, channel: &Name) -> Result<(), E::Error> {
    engine.change("delete from troubles where channel = $1", &[channel.into()]).await.map(drop)
}

async fn keep_trouble<E: Engine>(engine: &mut E, channel: &Name, trouble: &Trouble) -> Result<(), E::Error> {
    let sql = "insert into troubles (channel, since, until, strikes, broken, problem) values ($1, $2, $3, $4, $5, $6)
         on conflict (channel) do update set since = excluded.since, until = excluded.until,
         strikes = excluded.strikes, broken = excluded.broken, problem = excluded.problem";
    let Trouble { since, until, strikes, broken, problem } = trouble;
    let broken = i64::from(*broken);
    let cells = [channel.into(), (*since).into(), (*until).into(), (*strikes).into(), broken.into(), problem.into()];
    engine.change(sql, &cells).await.map(drop)
}
