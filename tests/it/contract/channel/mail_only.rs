//! What the mail channel must do beside the contract of all channels.

use std::path::Path;
use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use rowcall::channel::{self, Retry, email};

use super::{Bench, CANARY, Paper, Receiver, keeps_its_secrets, mail_at, message, secret, world};
use crate::fakes::smtp::{Encryption, Refusal, Script, SmtpFake};

fn script(encryption: Encryption) -> Script {
    Script { encryption, login: Some(("bot".into(), CANARY.into())), ..Script::default() }
}

fn bench(script: Script, change: impl FnOnce(&mut email::Settings)) -> Bench {
    let scheme = if script.encryption == Encryption::Implicit { "smtps" } else { "smtp" };
    let fake = SmtpFake::start(script);
    let mut settings = mail_at(&format!("{scheme}://bot@127.0.0.1:{}", fake.port()), Some(&fake.ca_file()));
    change(&mut settings);
    let world = world(Arc::new(Mutex::new(Paper::default())));
    let channel = channel::open(&channel::Settings::Email(settings), &world);
    Bench { channel, receiver: Receiver::Email(fake) }
}

fn fake(bench: &Bench) -> &SmtpFake {
    let Receiver::Email(fake) = &bench.receiver else { unreachable!("a bench of mail") };
    fake
}

#[tokio::test]
async fn a_mail_is_encrypted_unless_it_is_said_otherwise() {
    for encryption in [Encryption::StartTls, Encryption::Implicit, Encryption::None] {
        for only_login in [false, true] {
            let bench = bench(Script { only_login, ..script(encryption) }, |settings| {
                if encryption == Encryption::None {
                    settings.tls = email::Tls::None;
                }
            });
            bench.deliver(&message()).await.unwrap_or_else(|error| panic!("{encryption:?}: {error}"));
            let mails = fake(&bench).mails();
            assert_eq!(mails.len(), 1);
            assert_eq!(mails[0].encrypted, encryption != Encryption::None);
            assert_eq!(mails[0].user.as_deref(), Some("bot"));
            assert_eq!(
                (mails[0].from.as_str(), mails[0].to.as_slice()),
                ("bot@example.com", &["data@example.com".into()][..])
            );
        }
    }
}

#[tokio::test]
async fn a_stripped_starttls_gets_neither_mail_nor_password() {
    let bench = bench(script(Encryption::None), |_| {});
    let error = bench.deliver(&message()).await.expect_err("not encrypted");
    assert_eq!(error.retry, Retry::Broken);
    assert!(error.problem.contains("offers no STARTTLS"), "{error}");
    let heard = fake(&bench).heard();
    assert!(heard.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{heard:?}");
}

#[tokio::test]
async fn an_unknown_certificate_gets_nothing() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let bench = bench(script(encryption), |settings| settings.ca_file = None);
        let error = bench.deliver(&message()).await.expect_err("not trusted");
        assert_eq!(error.retry, Retry::After(None), "{error}");
        assert!(error.problem.contains("certificate"), "{error}");
        assert!(fake(&bench).heard().iter().all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn a_wrong_password_breaks_the_channel_and_stays_hidden() {
    for only_login in [false, true] {
        let login = Some(("bot".into(), "another".into()));
        let bench = bench(Script { login, only_login, echo: true, ..Script::default() }, |_| {});
        let error = bench.deliver(&message()).await.expect_err("refused");
        assert_eq!(error.retry, Retry::Broken);
        assert!(error.problem.contains("535") && error.problem.contains("check the user"), "{error}");
        keeps_its_secrets(&error);
    }
}

#[tokio::test]
async fn one_refused_recipient_does_not_keep_the_others_waiting() {
    let refusals = vec![("RCPT TO:<gone@", 9, Refusal::Say("550 5.1.1 no such user"))];
    let bench = bench(Script { refusals, ..script(Encryption::StartTls) }, |settings| {
        settings.to.push("gone@example.com".into());
        settings.cc = vec!["Ops <ops@example.com>".into()];
    });
    let receipt = bench.deliver(&message()).await.expect("the others get it");
    assert_eq!(fake(&bench).mails()[0].to, ["data@example.com", "ops@example.com"]);
    let reference = receipt.reference.expect("a Message-ID");
    assert!(reference.starts_with("<low_stock-1-ops@example.com>, but not for gone@example.com: "), "{reference}");
    assert!(reference.contains("550"), "{reference}");
}

#[tokio::test]
async fn a_recipient_who_has_to_wait_gets_the_mail_later_and_the_others_once() {
    let refusals = vec![("RCPT TO:<ops@", 1, Refusal::Say("450 4.2.0 greylisted"))];
    let bench = bench(Script { refusals, ..script(Encryption::StartTls) }, |settings| {
        settings.to.push("ops@example.com".into());
    });
    let error = bench.deliver(&message()).await.expect_err("one has to wait");
    assert_eq!(error.retry, Retry::After(None), "{error}");
    bench.deliver(&message()).await.expect("now");
    let mails = fake(&bench).mails();
    assert_eq!(
        (mails[0].to.as_slice(), mails[1].to.as_slice()),
        (&["data@example.com".into()][..], &["ops@example.com".into()][..])
    );
    let id = |raw: &[u8]| MessageParser::default().parse(raw).and_then(|mail| mail.message_id().map(str::to_owned));
    assert_eq!(id(&mails[0].raw), id(&mails[1].raw));
}

#[tokio::test]
async fn a_mail_that_nobody_may_get_is_refused() {
    let refusals = vec![("RCPT", 9, Refusal::Say("550 5.1.1 no such user"))];
    let bench = bench(Script { refusals, ..script(Encryption::StartTls) }, |_| {});
    let error = bench.deliver(&message()).await.expect_err("refused");
    assert_eq!(error.retry, Retry::Never, "{error}");
    assert!(fake(&bench).mails().is_empty());
}

#[tokio::test]
async fn settings_that_cannot_work_are_told() {
    type Change = fn(&mut email::Settings);
    let cases: [(Change, &str); 6] = [
        (|settings| settings.server = secret("http://bot:${CANARY}@h"), "must begin with `smtp://`"),
        (|settings| settings.server = secret("smtp://127.0.0.1:1"), "`server` names no user"),
        (|settings| settings.password = None, "there is no `password`"),
        (|settings| settings.from = "bot".into(), "not a mail address"),
        (|settings| settings.to.clear(), "there is no recipient"),
        (|settings| settings.ca_file = Some(Path::new("none.pem").into()), "`/none.pem` cannot be read"),
    ];
    for (change, problem) in cases {
        let bench = bench(script(Encryption::StartTls), change);
        let error = bench.deliver(&message()).await.expect_err(problem);
        assert_eq!(error.retry, Retry::Broken, "{error}");
        assert!(error.problem.contains(problem), "{error}");
        keeps_its_secrets(&error);
    }
}
