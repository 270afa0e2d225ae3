//! Silences: who holds back what, until when and why.

use jiff::Timestamp;

use crate::name::Name;
use crate::store::Silence;
use crate::store::engine::{Engine, Row, Unreadable};

pub(in crate::store) async fn add<E: Engine>(engine: &mut E, silence: &Silence) -> Result<(), E::Error> {
    let Silence { alert, key, since, until, who, reason } = silence;
    let sql = "insert into silences (alert, key, since, until, who, reason) values ($1, $2, $3, $4, $5, $6)";
    let cells = [alert.into(), key.as_deref().into(), (*since).into(), (*until).into(), who.into(), reason.into()];
    engine.change(sql, &cells).await.map(drop)
}

pub(in crate::store) async fn end<E: Engine>(
    engine: &mut E,
    alert: &Name,
    key: Option<&str>,
    now: Timestamp,
) -> Result<u64, E::Error> {
    let sql = "update silences set ended = $3
         where alert = $1 and ($2 is null or key = $2) and ended is null and until > $3";
    engine.change(sql, &[alert.into(), key.into(), now.into()]).await
}

pub(in crate::store) async fn lasting<E: Engine>(engine: &mut E, now: Timestamp) -> Result<Vec<Silence>, E::Error> {
    let sql = "select alert, key, since, until, who, reason from silences where ended is null and until > $1
         order by alert, key nulls first, until";
    Ok(engine.rows(sql, &[now.into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

fn read(row: &impl Row) -> Result<Silence, Unreadable> {
    Ok(Silence {
        alert: row.name(0)?,
        key: row.owned(1)?,
        since: row.instant(2)?,
        until: row.instant(3)?,
        who: row.word(4)?.to_owned(),
        reason: row.word(5)?.to_owned(),
    })
}
