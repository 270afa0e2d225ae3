//! What there is to say of a source.

use std::time::Duration;

use super::{About, Checkup, Fault, Finding};
use crate::catalogue::Source;
use crate::name::Name;
use crate::source::{self, Cause, Guard, SourceError, Vitals};

/// How long each question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A clock that is wrong by more than this makes `now()` mean something else there.
const SKEW: i64 = 5000;

pub(super) async fn findings(checkup: &Checkup<'_>, name: &Name, entry: &Source) -> Vec<Finding> {
    let about = About::Source(name.clone());
    let mut findings = checkup.secrets(&about, &entry.settings.secrets()).await;
    if findings.iter().any(|finding| finding.fault.is_some()) {
        return findings;
    }
    let begun = (checkup.now)();
    let vitals = source::examine(&entry.settings, checkup.doors.source(name).as_ref(), PATIENCE).await;
    match vitals {
        Err(error) => findings.push(failed(&about, error)),
        Ok(vitals) => {
            findings.push(Finding::ok(&about, alive(&vitals)));
            if let Ok(guard) = source::guard(&entry.settings, checkup.world).await {
                findings.push(guarded(&about, guard, &vitals));
            }
            findings.push(caged(&about, &vitals));
            findings.extend(powerful(&about, &vitals));
            findings.extend(late(&about, &vitals, begun.as_millisecond()));
        }
    }
    findings
}

fn failed(about: &About, error: SourceError) -> Finding {
    let fault = match error.cause {
        Cause::Settings => Fault::Settings,
        Cause::Unreachable | Cause::Refused | Cause::Statement | Cause::Timeout | Cause::Value => Fault::Database,
    };
    Finding { next: error.hint, ..Finding::problem(about, fault, error.problem) }
}

/// `PostgreSQL 15.20 as report, zone UTC: connects in 12 ms, answers in 1 ms`.
fn alive(vitals: &Vitals) -> String {
    let user = vitals.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
    let zone = vitals.zone.as_ref().map(|zone| format!(", zone {zone}")).unwrap_or_default();
    let (connecting, answering) = (vitals.connecting.as_millis(), vitals.answering.as_millis());
    format!("{}{user}{zone}: connects in {connecting} ms, answers in {answering} ms", vitals.server)
}

fn guarded(about: &About, guard: Guard, vitals: &Vitals) -> Finding {
    let tls = vitals.tls.as_deref();
    let weak = |text: &str| {
        Finding::warning(about, text).next("write `sslmode=verify-full` (MySQL: `ssl-mode=verify_identity`)")
    };
    match guard {
        Guard::Near => Finding::ok(
            about,
            match tls {
                Some(tls) => format!("the line stays on this machine, {tls}"),
                None => "the line stays on this machine".into(),
            },
        ),
        Guard::Name => Finding::ok(about, format!("{}, the certificate is checked for its name", tls.unwrap_or("TLS"))),
        Guard::Authority => weak("the certificate is checked, but not for the name of the server"),
        Guard::Encrypted if tls.is_none() => weak("everything goes in plain text: the server offers no TLS"),
        Guard::Encrypted => weak("the line is encrypted, but nobody checks whose certificate it is"),
        Guard::Plain => weak("everything goes in plain text, the password too"),
    }
}

fn caged(about: &About, vitals: &Vitals) -> Finding {
    match vitals.read_only {
        Some(true) => Finding::ok(about, "the session is read-only, says the server"),
        Some(false) => Finding::warning(about, "the server does not say that the session is read-only")
            .next("give rowcall a user that may only read"),
        None => Finding::ok(about, "the session is read-only, opened so"),
    }
}

fn powerful(about: &About, vitals: &Vitals) -> Option<Finding> {
    let user = vitals.user.as_ref().filter(|_| vitals.powerful)?;
    let text = format!("{user} is a superuser: a read-only session of one can still do harm");
    Some(Finding::warning(about, text).next("give rowcall a user that may only read"))
}

/// `began` is our time when the first question was put.
fn late(about: &About, vitals: &Vitals, began: i64) -> Option<Finding> {
    let (theirs, after) = vitals.clock?;
    let ours = began + i64::try_from(after.as_millis()).unwrap_or(0);
    let skew = theirs - ours;
    if skew.abs() <= SKEW {
        return None;
    }
    let (seconds, side) = (skew.abs() / 1000, if skew > 0 { "ahead of" } else { "behind" });
    let text = format!("its clock is {seconds} s {side} that of this machine");
    Some(Finding::warning(about, text).next("let both machines ask a time server; `now()` in SQL is their time"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{About, Guard, Vitals, guarded, late};
    use crate::job::checkup::Grade;
    use crate::name::Name;

    #[test]
    fn a_line_that_is_not_checked_is_a_warning() {
        let about = About::Source(Name::new("shop").unwrap());
        let tls = Vitals { tls: Some("TLSv1.3".into()), ..Vitals::default() };
        let cases = [
            (Guard::Near, Grade::Ok),
            (Guard::Name, Grade::Ok),
            (Guard::Authority, Grade::Warning),
            (Guard::Encrypted, Grade::Warning),
            (Guard::Plain, Grade::Warning),
        ];
        for (guard, grade) in cases {
            assert_eq!(guarded(&about, guard, &tls).grade, grade, "{guard:?}");
        }
    }

    #[test]
    fn a_clock_may_be_a_little_wrong() {
        let about = About::Source(Name::new("shop").unwrap());
        let at = |theirs| Vitals { clock: Some((theirs, Duration::from_secs(1))), ..Vitals::default() };
        assert_eq!(late(&about, &at(105_000), 100_000), None);
        let text = |theirs| late(&about, &at(theirs), 100_000).map(|finding| finding.text);
        assert_eq!(text(161_000).as_deref(), Some("its clock is 60 s ahead of that of this machine"));
        assert_eq!(text(41_000).as_deref(), Some("its clock is 60 s behind that of this machine"));
    }
}
