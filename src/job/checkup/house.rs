//! What there is to say of rowcall's own: the catalogue, the zones, the state.

use super::{About, Checkup, Fault, Finding};
use crate::message::size;
use crate::render::moment;
use crate::schedule::zone_rules;
use crate::store::{self, Backlog, StoreError};

pub(super) async fn findings(checkup: &Checkup<'_>) -> Vec<Finding> {
    let catalogue = checkup.catalogue;
    let (sources, channels) = (catalogue.sources.len(), catalogue.channels.len());
    let text = format!(
        "`{}`: sources {sources}, alerts {}, channels {channels}",
        catalogue.path.display(),
        catalogue.alerts.len()
    );
    let mut findings = vec![Finding::ok(&About::Catalogue, text)];
    if !catalogue.warnings.is_empty() {
        let text = format!("{} in the catalogue", remarks(catalogue.warnings.len()));
        findings.push(Finding::warning(&About::Catalogue, text).next("rowcall validate"));
    }
    let now = moment((checkup.now)(), &catalogue.zone);
    findings.push(Finding::ok(&About::Zones, format!("{}; it is {now}", zone_rules())));
    findings.extend(state(checkup).await.unwrap_or_else(|error| {
        let problem = Finding::problem(&About::State, Fault::Database, error.to_string());
        vec![Finding { next: error.hint, ..problem }]
    }));
    findings
}

fn remarks(count: usize) -> String {
    if count == 1 { "1 remark".into() } else { format!("{count} remarks") }
}

async fn state(checkup: &Checkup<'_>) -> Result<Vec<Finding>, StoreError> {
    let (settings, world) = (&checkup.catalogue.state.store, checkup.world);
    let about = About::State;
    let Some(examined) = store::examine(settings, world).await? else {
        return Ok(vec![Finding::ok(&about, "there is none yet: the first `check --notify` or `schedule` makes it")]);
    };
    let size = size(usize::try_from(examined.size).unwrap_or(usize::MAX));
    let place = format!("`{}`: {size}, schema {}", examined.place, examined.version);
    let mut findings = vec![match examined.damage.is_empty() {
        true => Finding::ok(&about, format!("{place}, sound")),
        false => Finding::problem(&about, Fault::Database, format!("{place}, damaged: {}", examined.damage.join("; ")))
            .next("stop rowcall, move the file away, and restore it from a backup or begin anew"),
    }];
    if let Some(store) = store::read(settings, world).await? {
        let backlog = store.backlog().await?;
        store.close().await;
        findings.extend(backlog.iter().flat_map(|backlog| waiting(checkup, backlog)));
        if findings.len() == 1 {
            findings.push(Finding::ok(&about, "no message waits and none was given up"));
        }
    }
    Ok(findings)
}

/// What is left of the messages of one channel.
fn waiting(checkup: &Checkup<'_>, backlog: &Backlog) -> Vec<Finding> {
    let about = About::State;
    let Backlog { channel, waiting, dead, oldest, trouble } = backlog;
    let mut findings = Vec::new();
    if *waiting > 0 {
        let since = oldest.map(|at| format!(", the oldest since {}", moment(at, &checkup.catalogue.zone)));
        let text =
            format!("{} for channel `{channel}`{}", messages(*waiting, "waits", "wait"), since.unwrap_or_default());
        findings.push(Finding::warning(&about, text).next(format!("rowcall outbox list --channel {channel}")));
    }
    if *dead > 0 {
        let text = format!("{} for channel `{channel}`", messages(*dead, "was given up", "were given up"));
        findings.push(Finding::warning(&about, text).next(format!("rowcall outbox list --channel {channel} --dead")));
    }
    if let Some(trouble) = trouble {
        let since = moment(trouble.since, &checkup.catalogue.zone);
        let text = format!("channel `{channel}` has not worked since {since}: {}", trouble.problem);
        findings.push(Finding::warning(&about, text).next(format!("rowcall doctor {channel} --send-test")));
    }
    findings
}

fn messages(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 message {one}") } else { format!("{count} messages {many}") }
}
