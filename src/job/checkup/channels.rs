//! What there is to say of a channel.

use super::{About, Checkup, Fault, Finding};
use crate::catalogue::Channel;
use crate::channel::{DeliveryError, Retry};
use crate::message::{Kind, Message};
use crate::name::Name;
use crate::render::moment;

pub(super) async fn findings(checkup: &Checkup<'_>, name: &Name, entry: &Channel) -> Vec<Finding> {
    let about = About::Channel(name.clone());
    let mut findings = checkup.secrets(&about, &entry.settings.secrets()).await;
    if findings.iter().any(|finding| finding.fault.is_some()) {
        return findings;
    }
    let Some(door) = checkup.doors.channels().get(name) else { return findings };
    let works = match door.probe().await {
        Ok(probe) => {
            findings.push(Finding::ok(&about, format!("{}: {}", entry.settings.kind(), probe.found)));
            findings.extend(probe.weak.into_iter().map(|weak| Finding::warning(&about, weak)));
            true
        }
        Err(error) => {
            findings.push(failed(&about, &error));
            false
        }
    };
    if checkup.send_test && works {
        findings.push(match door.deliver(&trial(checkup, name), None).await {
            Ok(_) => Finding::ok(&about, "took a test message: look whether it is there"),
            Err(error) => failed(&about, &error),
        });
    }
    findings
}

fn failed(about: &About, error: &DeliveryError) -> Finding {
    let finding = Finding::problem(about, Fault::Channel, error.problem.clone());
    match error.retry {
        Retry::After(_) | Retry::Repeat => {
            finding.next("try again in a while; messages wait for the channel meanwhile")
        }
        Retry::Broken | Retry::Never => finding,
    }
}

/// A message that nobody can take for news.
fn trial(checkup: &Checkup<'_>, name: &Name) -> Message {
    let at = (checkup.now)();
    let id = format!("test-{name}-{}", at.as_microsecond());
    let summary = format!("channel `{name}` works; nothing is wrong and nothing is to be done");
    let facts =
        vec![("at".into(), moment(at, &checkup.catalogue.zone)), ("why".into(), "someone tried the channel".into())];
    let command = Some(format!("rowcall doctor {name} --send-test"));
    Message { id: id.clone(), thread: id, facts, command, ..Message::new(Kind::Test, "rowcall", at, summary) }
}
