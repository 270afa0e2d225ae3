//! What to do next on a channel: decided from what is due, how the channel likes to be written to, and whether it works.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::channel::Manners;
use crate::message::Kind;
use crate::store::{Reach, Trouble, Waiting};

/// The most messages that are looked at for one digest.
const MOST_TOGETHER: usize = 500;

/// What to do next on a channel.
#[derive(Debug)]
pub(super) enum Plan {
    /// Nothing: nothing is due, or the channel is to be left alone for now.
    Rest,
    /// Give these up: nobody wants them any more.
    GiveUp(Vec<Waiting>),
    /// Try this one: the channel did not work.
    Probe(Box<Waiting>),
    /// Tell these in one message: there are more than the channel has patience for.
    Together(Vec<Waiting>),
    /// Send these, each for itself: they are of different lanes.
    Each(Vec<Waiting>),
}

/// How far to look for a channel of these manners.
pub(super) fn reach(manners: Manners) -> Reach {
    match manners.patience {
        Some(_) => Reach { most: MOST_TOGETHER, deep: true },
        None => Reach { most: 4 * manners.begun, deep: false },
    }
}

/// What to do next, of what is `due` in the order of the outbox.
pub(super) fn plan(due: Vec<Waiting>, manners: Manners, trouble: Option<&Trouble>, now: Timestamp) -> Plan {
    let (stale, mut wanted): (Vec<Waiting>, Vec<Waiting>) = due.into_iter().partition(|it| it.expires <= now);
    if !stale.is_empty() {
        return Plan::GiveUp(stale);
    }
    if wanted.is_empty() || trouble.is_some_and(|trouble| trouble.until > now) {
        return Plan::Rest;
    }
    if trouble.is_some() {
        return Plan::Probe(Box::new(wanted.swap_remove(0)));
    }
    let brief = wanted.iter().filter(|waiting| is_brief(waiting.message.kind)).count();
    if manners.patience.is_some_and(|patience| brief > patience) {
        // The others are of lanes of their own, and go next.
        wanted.retain(|waiting| is_brief(waiting.message.kind));
        return Plan::Together(wanted);
    }
    let mut lanes = BTreeSet::new();
    wanted.retain(|waiting| lanes.insert(waiting.lane.clone()));
    Plan::Each(wanted)
}

/// Whether a line says what matters: a report is more than its headline.
fn is_brief(kind: Kind) -> bool {
    match kind {
        Kind::Firing
        | Kind::Repeat
        | Kind::Resolved
        | Kind::Unwell
        | Kind::Well
        | Kind::Incomplete
        | Kind::SourceDown
        | Kind::SourceUp
        | Kind::ChannelDown
        | Kind::ChannelUp
        | Kind::Late
        | Kind::OnTime => true,
        Kind::Report | Kind::Test | Kind::Digest | Kind::Roundup => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Plan, plan};
    use crate::channel::Manners;
    use crate::job::deliver::sample::{second, waiting};
    use crate::message::Kind;
    use crate::store::{Trouble, Waiting};

    fn words(plan: Plan) -> String {
        let numbers = |word: &str, them: &[Waiting]| {
            let numbers: Vec<String> = them.iter().map(|it| it.seq.to_string()).collect();
            format!("{word} {}", numbers.join(" "))
        };
        match plan {
            Plan::Rest => "rest".into(),
            Plan::GiveUp(them) => numbers("give up", &them),
            Plan::Probe(it) => numbers("probe", &[*it]),
            Plan::Together(them) => numbers("together", &them),
            Plan::Each(them) => numbers("each", &them),
        }
    }

    #[test]
    fn what_is_due_and_the_channel_decide_what_to_do() {
        let until = |until: Timestamp| {
            Some(Trouble { since: second(0), until, strikes: 1, broken: true, problem: "bad token".into() })
        };
        let many = Manners { begun: 8, abreast: 8, ..Manners::ONE_BY_ONE };
        let short = Manners { patience: Some(2), ..Manners::ONE_BY_ONE };
        // Lanes by letter, in the order of the outbox; `x` is a message that nobody wants any more, `r` a report.
        let cases = [
            ("", many, None, "rest"),
            ("a", many, None, "each 1"),
            ("abc", many, None, "each 1 2 3"),
            ("abab", many, None, "each 1 2"),
            ("abab", short, None, "together 1 2 3 4"),
            ("ab", short, None, "each 1 2"),
            ("aa", short, None, "each 1"),
            ("aaa", short, None, "together 1 2 3"),
            ("abr", short, None, "each 1 2 3"),
            ("rabra", short, None, "together 2 3 5"),
            ("axb", many, None, "give up 2"),
            ("ab", many, until(second(11)), "rest"),
            ("ab", many, until(second(10)), "probe 1"),
            ("aab", short, until(second(9)), "probe 1"),
            ("xab", many, until(second(11)), "give up 1"),
        ];
        for (lanes, manners, trouble, expected) in cases {
            let due = lanes.chars().zip(1..).map(|(lane, seq)| {
                let expires = if lane == 'x' { second(10) } else { second(60) };
                let mut waiting = Waiting { expires, ..waiting(seq, &lane.to_string()) };
                if lane == 'r' {
                    waiting.message.kind = Kind::Report;
                }
                waiting
            });
            assert_eq!(words(plan(due.collect(), manners, trouble.as_ref(), second(10))).trim(), expected, "{lanes}");
        }
    }
}
