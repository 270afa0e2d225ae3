//! What the mail channel must do beside the contract of all channels.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mail_parser::MessageParser;
use rowcall::channel::{self, Retry, email};
use rowcall::message::{Attachment, Message};

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
    // Another process would not know who has it.
    assert_eq!(error.retry, Retry::Repeat, "{error}");
    bench.deliver(&message()).await.expect("now");
    let mails = fake(&bench).mails();
    assert_eq!(
        (mails[0].to.as_slice(), mails[1].to.as_slice()),
        (&["data@example.com".into()][..], &["ops@example.com".into()][..])
    );
    let id = |raw: &[u8]| MessageParser::default().parse(raw).and_then(|mail| mail.message_id().map(str::to_owned));
    assert_eq!(id(&mails[0].raw), id(&mails[1].raw));
}

fn with_file(bytes: usize) -> Message {
    let file = Attachment {
        name: "late.csv".into(),
        media_type: "text/csv; charset=utf-8".into(),
        content: vec![b'x'; bytes].into(),
        command: Some("rowcall check late --samples 4".into()),
    };
    Message { attachments: vec![file], ..message() }
}

#[tokio::test]
async fn a_mail_too_large_for_its_server_goes_without_its_files_and_says_so() {
    let too_large = "552 5.3.4 message too big for system";
    // What the server announces and refuses, how many files arrive, and what is said of the limit.
    let takes = ", which takes mails of at most 100.0 kB";
    let cases = [
        (50_000, 100_000, None, 1, ""),
        (50_000, 0, None, 1, ""),
        (90_000, 100_000, None, 0, takes),
        (90_000, 0, Some(("MAIL", 1, Refusal::Say(too_large))), 0, ", which takes mails of at most 4.1 MB"),
        (90_000, 0, Some((".", 1, Refusal::Say(too_large))), 0, ", which takes mails of at most 4.1 MB"),
    ];
    for (n, (bytes, size, refusal, expected, takes)) in cases.into_iter().enumerate() {
        let bench =
            bench(Script { size, refusals: refusal.into_iter().collect(), ..script(Encryption::StartTls) }, |_| {});
        bench.deliver(&with_file(bytes)).await.unwrap_or_else(|error| panic!("case {n}: {error}"));
        let mails = fake(&bench).mails();
        let mail = MessageParser::default().parse(&mails[0].raw).expect("a mail");
        assert_eq!((mails.len(), mail.attachment_count(), fake(&bench).connections()), (1, expected, 1), "case {n}");
        let said = format!(
            "file: late.csv ({}), too large for `127.0.0.1:{}`{}: rowcall check late --samples 4",
            if bytes == 90_000 { "90.0 kB" } else { "50.0 kB" },
            fake(&bench).port(),
            takes
        );
        assert_eq!(mail.body_text(0).is_some_and(|text| text.contains(&said)), expected == 0, "case {n}");
        assert_eq!(mail.body_html(0).is_some_and(|text| text.contains(&said)), expected == 0, "case {n}");
    }
}

#[tokio::test]
async fn a_mail_without_files_that_is_too_large_is_refused() {
    let refusals = vec![(".", 9, Refusal::Say("552 5.3.4 message too big for system"))];
    let bench = bench(Script { refusals, ..script(Encryption::StartTls) }, |_| {});
    let error = bench.deliver(&message()).await.expect_err("too large");
    assert_eq!((error.retry, fake(&bench).mails().len()), (Retry::Never, 0), "{error}");
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

#[tokio::test]
async fn a_burst_of_mails_shares_one_connection() {
    for encryption in [Encryption::None, Encryption::StartTls] {
        let bench = bench(script(encryption), |settings| {
            if encryption == Encryption::None {
                settings.tls = email::Tls::None;
            }
        });
        let count = if encryption == Encryption::None { 1000 } else { 20 };
        for n in 0..count {
            let message = Message { id: format!("low_stock-{n}"), ..message() };
            bench.deliver(&message).await.unwrap_or_else(|error| panic!("{encryption:?} {n}: {error}"));
        }
        assert_eq!((fake(&bench).mails().len(), fake(&bench).connections()), (count, 1), "{encryption:?}");
        let heard = fake(&bench).heard();
        assert_eq!(heard.iter().filter(|line| line.starts_with("AUTH")).count(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_ended() {
    let bench = bench(script(Encryption::StartTls), |_| {});
    bench.deliver(&message()).await.expect("delivered");
    // Who ends the wait has to begin it first.
    tokio::task::yield_now().await;
    let said = |line: &str| fake(&bench).heard().iter().any(|heard| heard == line);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(29)).await;
    assert!(!said("QUIT"));
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    while !said("QUIT") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_that_has_had_enough_is_called_again() {
    let bench = bench(Script { per_connection: 3, ..script(Encryption::StartTls) }, |_| {});
    for n in 0..10 {
        bench.deliver(&Message { id: format!("low_stock-{n}"), ..message() }).await.expect("delivered");
    }
    assert_eq!((fake(&bench).mails().len(), fake(&bench).connections()), (10, 4));
}

#[tokio::test]
async fn a_refused_mail_leaves_the_connection_usable() {
    for at in ["MAIL", "RCPT", "DATA", "."] {
        for answer in ["451 4.3.0 later", "554 5.6.0 no"] {
            let refusals = vec![(at, 1, Refusal::Say(answer))];
            let bench = bench(Script { refusals, ..script(Encryption::StartTls) }, |_| {});
            bench.deliver(&message()).await.expect_err("refused");
            bench.deliver(&message()).await.unwrap_or_else(|error| panic!("{at} {answer}: {error}"));
            assert_eq!((fake(&bench).mails().len(), fake(&bench).connections()), (1, 1), "{at} {answer}");
            assert!(fake(&bench).heard().contains(&"RSET".to_owned()), "{at} {answer}");
        }
    }
}

#[tokio::test]
async fn a_connection_lost_between_two_mails_is_made_anew_and_one_lost_in_a_mail_is_told() {
    for (at, expected) in [("MAIL", Ok(())), ("RCPT", Err(Retry::After(None))), (".", Err(Retry::Repeat))] {
        let fake = SmtpFake::start(script(Encryption::StartTls));
        let settings = mail_at(&format!("smtp://bot@127.0.0.1:{}", fake.port()), Some(&fake.ca_file()));
        let world = world(Arc::new(Mutex::new(Paper::default())));
        let channel = channel::open(&channel::Settings::Email(settings), &world);
        channel.deliver(&message(), None).await.expect("delivered");
        fake.refuse(at, 1, Refusal::Close);
        let second = channel.deliver(&message(), None).await;
        assert_eq!(second.map(|_| ()).map_err(|error| error.retry), expected, "{at}");
    }
}

#[tokio::test]
async fn a_connection_is_never_shared_across_passwords() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), CANARY).expect("written");
    let password = secret(&format!("${{file:{}}}", file.path().display()));
    let bench = bench(script(Encryption::StartTls), |settings| settings.password = Some(password));
    bench.deliver(&message()).await.expect("delivered");
    std::fs::write(file.path(), "another").expect("written");
    let error = bench.deliver(&message()).await.expect_err("a wrong password");
    assert_eq!(error.retry, Retry::Broken, "{error}");
    assert_eq!(fake(&bench).mails().len(), 1);
}

#[tokio::test]
async fn the_login_that_is_asked_for_is_used() {
    use email::Auth;
    let cases = [
        (Some(Auth::Plain), false, false, Ok("AUTH PLAIN")),
        (Some(Auth::Login), false, false, Ok("AUTH LOGIN")),
        (Some(Auth::Xoauth2), false, true, Ok("AUTH XOAUTH2")),
        (Some(Auth::Plain), true, false, Err("does not offer the login PLAIN")),
        (Some(Auth::Xoauth2), false, false, Err("does not offer the login XOAUTH2")),
        (None, false, true, Err("does not offer the login PLAIN or LOGIN")),
    ];
    for (auth, only_login, only_token, expected) in cases {
        let bench =
            bench(Script { only_login, only_token, ..script(Encryption::StartTls) }, |settings| settings.auth = auth);
        let result = bench.deliver(&message()).await;
        match (result, expected) {
            (Ok(_), Ok(line)) => assert!(fake(&bench).heard().iter().any(|heard| heard.starts_with(line)), "{line}"),
            (Err(error), Err(problem)) => {
                assert!(error.retry == Retry::Broken && error.problem.contains(problem), "{error}");
            }
            (result, _) => panic!("{auth:?}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_refused_token_breaks_the_channel() {
    let login = Some(("bot".into(), "another".into()));
    let bench = bench(Script { login, only_token: true, echo: true, ..Script::default() }, |settings| {
        settings.auth = Some(email::Auth::Xoauth2);
    });
    let error = bench.deliver(&message()).await.expect_err("refused");
    assert!(error.retry == Retry::Broken && error.problem.contains("535"), "{error}");
    keeps_its_secrets(&error);
    assert!(!format!("{error:?}").contains("dXNlcj1ib3QBYXV0aD1CZWFyZXIg"), "{error}");
}

#[tokio::test]
async fn who_is_not_named_gets_the_mail_too() {
    let bench = bench(script(Encryption::StartTls), |settings| {
        settings.bcc = vec!["audit@example.com".into()];
        settings.reply_to = Some("team@example.com".into());
        settings.subject_prefix = "[shop]".into();
    });
    bench.deliver(&message()).await.expect("delivered");
    let mail = &fake(&bench).mails()[0];
    assert_eq!(mail.to, ["data@example.com", "audit@example.com"]);
    let raw = String::from_utf8_lossy(&mail.raw).into_owned();
    assert!(!raw.contains("audit@example.com") && raw.contains("Reply-To: team@example.com\r\n"), "{raw}");
    assert!(raw.contains("Subject: [shop] FIRING low_stock"), "{raw}");
}

#[tokio::test]
async fn every_stage_of_a_conversation_has_its_class() {
    let (later, no) = ("451 4.3.0 later", "554 5.0.0 no");
    let cases = [
        ("CONNECT", "421 4.3.2 too busy", Retry::After(None)),
        ("CONNECT", no, Retry::Broken),
        ("EHLO", "421 4.3.2 too busy", Retry::After(None)),
        ("STARTTLS", "454 4.7.0 TLS not available", Retry::After(None)),
        ("STARTTLS", no, Retry::Broken),
        ("AUTH", "454 4.7.0 later", Retry::After(None)),
        ("AUTH", "534 5.7.9 application password required", Retry::Broken),
        ("AUTH", "550 5.7.30 Basic authentication is not supported", Retry::Broken),
        ("MAIL", later, Retry::After(None)),
        ("MAIL", "530 5.7.0 login first", Retry::Broken),
        ("MAIL", "550 5.7.60 not allowed as this sender", Retry::Broken),
        ("MAIL", "552 5.3.4 too big", Retry::Never),
        ("RCPT", "450 4.2.0 greylisted", Retry::After(None)),
        ("RCPT", "550 5.1.1 no such user", Retry::Never),
        ("RCPT", "421 4.7.0 good night", Retry::After(None)),
        ("DATA", later, Retry::After(None)),
        ("DATA", no, Retry::Never),
        (".", later, Retry::After(None)),
        (".", "554 5.6.0 rejected", Retry::Never),
    ];
    for (at, answer, expected) in cases {
        let refusals = vec![(at, 9, Refusal::Say(answer))];
        let bench = bench(Script { refusals, ..script(Encryption::StartTls) }, |_| {});
        let error = bench.deliver(&message()).await.expect_err(answer);
        assert_eq!(error.retry, expected, "{at} {answer}: {error}");
    }
    for at in ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "."] {
        let refusals = vec![(at, 9, Refusal::Close)];
        let bench = bench(Script { refusals, ..script(Encryption::StartTls) }, |_| {});
        let error = bench.deliver(&message()).await.expect_err(at);
        // Before the end of a mail nothing has arrived; after it nobody knows.
        let expected = if at == "." { Retry::Repeat } else { Retry::After(None) };
        assert_eq!(error.retry, expected, "{at}: {error}");
    }
}
