//! Messages as people look at them: what became of each, and what they want to become of it.

use jiff::Timestamp;

use crate::message::Message;
use crate::store::engine::{Engine, Row, Statement, Unreadable};
use crate::store::{Fate, Letter, Pick, Subject};

/// The columns of [`read`], of `outbox o`. Files and pictures stay where they are: nobody looks at them here.
pub(super) fn columns<E: Engine>() -> String {
    let message = E::without("o.message", &["attachments", "sections"]);
    format!(
        "o.channel, o.seq, {message}, o.created, o.expires, o.attempts,
         o.begun is not null or o.lost > 0, o.state, o.next_attempt, o.settled, o.problem, o.dropped_by"
    )
}

pub(super) fn read(row: &impl Row) -> Result<Letter, Unreadable> {
    let settled = || row.instant(9);
    let fate = match (row.word(7)?, row.owned(11)?) {
        ("waiting", _) => Fate::Waiting { next_attempt: row.instant(8)?, problem: row.owned(10)? },
        ("delivered", _) => Fate::Delivered { at: settled()? },
        ("dead", Some(by)) => Fate::Dropped { at: settled()?, by },
        ("dead", None) => Fate::Dead { at: settled()?, problem: row.owned(10)?.unwrap_or_default() },
        (other, _) => return Err(Unreadable::word(other)),
    };
    Ok(Letter {
        channel: row.name(0)?,
        seq: row.integer(1)?,
        message: Message { attachments: Vec::new(), sections: Vec::new(), ..row.json(2)? },
        created: row.instant(3)?,
        expires: row.instant(4)?,
        attempts: row.few(5)?,
        may_repeat: row.holds(6)?,
        fate,
    })
}

pub(in crate::store) async fn about<E: Engine>(engine: &mut E, about: &Subject) -> Result<Vec<Letter>, E::Error> {
    let columns = columns::<E>();
    let sql = format!(
        "select {columns} from outbox o where o.alert = $1 and (o.state = 'waiting' or o.seq in
         (select max(seq) from outbox where alert = $1 group by channel)) order by o.seq"
    );
    Ok(engine.rows(&sql, &[about.key().as_ref().into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

pub(in crate::store) async fn picked<E: Engine>(engine: &mut E, pick: &Pick) -> Result<Vec<Letter>, E::Error> {
    let mut statement = Statement::new::<E>(format!("select {} from outbox o where ", columns::<E>()));
    statement.push(match (pick.waiting, pick.dead) {
        (true, true) => "o.state in ('waiting', 'dead') and o.dropped_by is null",
        (true, false) => "o.state = 'waiting'",
        (false, true) => "o.state = 'dead' and o.dropped_by is null",
        (false, false) => "false",
    });
    if let Some(channel) = &pick.channel {
        statement.push(" and o.channel = ");
        statement.bind(channel);
    }
    for (index, id) in pick.ids.iter().enumerate() {
        statement.push(if index == 0 { " and (" } else { " or " });
        match id.parse::<i64>() {
            Ok(seq) => {
                statement.push("o.seq = ");
                statement.bind(seq);
            }
            Err(_) => {
                statement.push("o.id = ");
                statement.bind(id);
            }
        }
    }
    statement.push(if pick.ids.is_empty() { " order by o.seq" } else { ") order by o.seq" });
    Ok(statement.rows(engine).await?.iter().map(read).collect::<Result<_, _>>()?)
}

pub(in crate::store) async fn hasten<E: Engine>(
    engine: &mut E,
    pick: &Pick,
    now: Timestamp,
) -> Result<Vec<Letter>, E::Error> {
    let letters = picked(engine, pick).await?;
    for letter in &letters {
        // One that was given up is wanted for as long as it was at first.
        let sql = "update outbox set state = 'waiting', settled = null, next_attempt = $2,
             expires = case when state = 'dead' and $2 > created then $2 + expires - created else expires end
             where seq = $1 and state <> 'delivered'";
        engine.change(sql, &[letter.seq.into(), now.into()]).await?;
        let sql = "update troubles set until = $2 where channel = $1 and until > $2";
        engine.change(sql, &[(&letter.channel).into(), now.into()]).await?;
    }
    Ok(letters)
}

pub(in crate::store) async fn discard<E: Engine>(
    engine: &mut E,
    pick: &Pick,
    who: &str,
    now: Timestamp,
) -> Result<Vec<Letter>, E::Error> {
    let letters = picked(engine, pick).await?;
    for letter in &letters {
        let sql = "update outbox set state = 'dead', settled = $2, dropped_by = $3
             where seq = $1 and state <> 'delivered'";
        engine.change(sql, &[letter.seq.into(), now.into(), who.into()]).await?;
    }
    Ok(letters)
}
