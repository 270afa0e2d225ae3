//! A message as a mail: headers that cannot be broken out of, a text part and an HTML part, its pictures and its files.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{self, Body, Mailbox, Mailboxes, MultiPart, SinglePart, header};

use super::{Settings, html, split};
use crate::channel::{DeliveryError, Retry, text};
use crate::message::{Attachment, Bytes, Content, Message, Picture, ascii, one_line, size};

/// The most rows in either part.
const MOST_ROWS: usize = 50;

/// The longest subject, in characters.
const LONGEST_SUBJECT: usize = 200;

/// A mail, ready to go.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) from: Address,
    /// Everyone in To and Cc, and everyone who is not named, once.
    pub(super) recipients: Vec<Address>,
    /// The Message-ID, the same for every attempt.
    pub(super) id: String,
    /// The mail in ASCII.
    pub(super) bytes: Vec<u8>,
}

impl Letter {
    /// Writes the mail.
    ///
    /// # Errors
    /// An address of the settings is none.
    pub(super) fn write(message: &Message, settings: &Settings) -> Result<Self, DeliveryError> {
        let (files, remarks) = files(message, settings.max_attachment);
        Self::with(message, settings, &files, &remarks)
    }

    /// Writes the mail without its files, of which it says `why` they are not there, and how to get them; where it has
    /// still more than `most` bytes its pictures are drawn with characters.
    ///
    /// # Errors
    /// As [`Letter::write`].
    pub(super) fn smaller(
        message: &Message,
        settings: &Settings,
        why: &str,
        most: Option<usize>,
    ) -> Result<Self, DeliveryError> {
        let remarks: Vec<String> = message.attachments.iter().map(|file| text::absent(file, why)).collect();
        let letter = Self::with(message, settings, &[], &remarks)?;
        if most.is_none_or(|most| letter.bytes.len() <= most) && !message.attachments.is_empty() {
            return Ok(letter);
        }
        Self::with(&without_pictures(message, why), settings, &[], &remarks)
    }

    /// Whether there is anything to leave out.
    pub(super) fn is_heavy(message: &Message) -> bool {
        !message.attachments.is_empty() || message.pictures().next().is_some()
    }

    fn with(
        message: &Message,
        settings: &Settings,
        files: &[&Attachment],
        remarks: &[String],
    ) -> Result<Self, DeliveryError> {
        let from = mailbox(&settings.from)?;
        let to = settings.to.iter().map(|text| mailbox(text)).collect::<Result<Vec<_>, _>>()?;
        let cc = settings.cc.iter().map(|text| mailbox(text)).collect::<Result<Vec<_>, _>>()?;
        let bcc = settings.bcc.iter().map(|text| mailbox(text)).collect::<Result<Vec<_>, _>>()?;
        let recipients = once(to.iter().chain(&cc).chain(&bcc).map(|mailbox| mailbox.email.clone()));
        let envelope = Envelope::new(Some(from.email.clone()), recipients.clone())
            .map_err(|_| broken("there is no recipient; set `to`".into()))?;
        let id = format!("<{}@{}>", ascii(&message.id), from.email.domain());
        let thread = format!("<{}@{}>", ascii(&message.thread), from.email.domain());
        let sender = from.email.clone();
        let mut builder = lettre::Message::builder()
            .envelope(envelope)
            .date(date(message))
            .message_id(Some(id.clone()))
            .in_reply_to(thread.clone())
            .references(thread)
            .mailbox(header::From::from(Mailboxes::from(from)))
            .mailbox(header::To::from(Mailboxes::from(to)))
            .raw_header(subject(message, &settings.subject_prefix))
            .raw_header(fixed("Auto-Submitted", "auto-generated"))
            .raw_header(fixed("X-Auto-Response-Suppress", "All"))
            .raw_header(fixed("Precedence", "bulk"))
            .raw_header(fixed("List-Id", &format!("<alerts.{}>", sender.domain().trim_matches(['[', ']']))))
            .raw_header(fixed("X-Rowcall-Alert", &ascii(&message.alert)))
            .raw_header(fixed("X-Rowcall-State", message.kind.word()))
            .raw_header(fixed("X-Rowcall-Id", &ascii(&message.id)));
        if !cc.is_empty() {
            builder = builder.mailbox(header::Cc::from(Mailboxes::from(cc)));
        }
        if let Some(reply_to) = &settings.reply_to {
            builder = builder.mailbox(header::ReplyTo::from(Mailboxes::from(mailbox(reply_to)?)));
        }
        let mail = builder.multipart(parts(message, files, remarks));
        let mail = mail.map_err(|error| broken(format!("cannot write the mail: {error}")))?;
        Ok(Self { from: sender, recipients, id, bytes: mail.formatted() })
    }
}

/// The message with its pictures in words.
fn without_pictures(message: &Message, why: &str) -> Message {
    let words = |picture: &Picture| picture.text.clone().unwrap_or_else(|| format!("[picture: {}]", picture.alt));
    let mut message = message.clone();
    let mut pictures = 0;
    for section in &mut message.sections {
        if let Content::Picture(picture) = &section.content {
            pictures += 1;
            section.content = Content::Text(words(picture));
        }
    }
    if pictures > 0 {
        message.remarks.push(format!("its pictures are drawn with characters: {why}"));
    }
    message
}

/// The files that go along, and what is to be said of those that do not: together with the pictures they come to no more
/// than `most` bytes.
fn files(message: &Message, most: usize) -> (Vec<&Attachment>, Vec<String>) {
    let pictures: usize = message.pictures().map(|picture| picture.png.len()).sum();
    let mut left = most.saturating_sub(pictures);
    let why = format!("too large for this mail, which may carry {} (`max_attachment`)", size(most));
    let (mut files, mut remarks) = (Vec::new(), Vec::new());
    for file in &message.attachments {
        match left.checked_sub(file.content.len()) {
            Some(rest) => {
                left = rest;
                files.push(file);
            }
            None => remarks.push(text::absent(file, &why)),
        }
    }
    (files, remarks)
}

/// The plainest form first, the richest last, as readers expect; pictures beside the page that shows them.
fn parts(message: &Message, files: &[&Attachment], remarks: &[String]) -> MultiPart {
    let plain = Message { attachments: vec![], remarks: [&message.remarks[..], remarks].concat(), ..message.clone() };
    let plain = SinglePart::plain(crlf(&text::plain(&plain, MOST_ROWS)));
    let page = SinglePart::html(crlf(&html::page(message, MOST_ROWS, remarks)));
    let pictures: Vec<SinglePart> = message.pictures().map(|picture| inline(picture, message)).collect();
    let alternative = MultiPart::alternative().singlepart(plain);
    let body = match pictures.is_empty() {
        true => alternative.singlepart(page),
        false => {
            let related = MultiPart::related().singlepart(page);
            alternative.multipart(pictures.into_iter().fold(related, MultiPart::singlepart))
        }
    };
    match files.is_empty() {
        true => body,
        false => {
            files.iter().map(|file| attached(file)).fold(MultiPart::mixed().multipart(body), MultiPart::singlepart)
        }
    }
}

fn inline(picture: &Picture, message: &Message) -> SinglePart {
    let png = ContentType::parse("image/png").expect("a media type");
    let id = html::content_id(picture, message);
    let part = lettre::message::Attachment::new_inline_with_name(id, picture.file_name());
    part.body(encoded(&picture.png), png)
}

fn attached(file: &Attachment) -> SinglePart {
    // Whatever its type is, what cannot be read as one is a file all the same.
    let kind = ContentType::parse(&one_line(&file.media_type));
    let kind = kind.or_else(|_| ContentType::parse("application/octet-stream")).expect("a media type");
    message::Attachment::new(file.file_name()).body(encoded(&file.content), kind)
}

/// Bytes that arrive as they were: a text would have its lines ended anew.
fn encoded(content: &Bytes) -> Body {
    Body::new_with_encoding(content.as_slice().to_vec(), ContentTransferEncoding::Base64)
        .expect("base64 takes whatever there is")
}

/// A checked mailbox. The checks matter: the library panics on a line break in a display name.
fn mailbox(text: &str) -> Result<Mailbox, DeliveryError> {
    let (name, address) = split(text).map_err(broken)?;
    let address = address.parse().map_err(|error| broken(format!("`{text}` is not a mail address: {error}")))?;
    Ok(Mailbox::new(name, address))
}

fn once(addresses: impl Iterator<Item = Address>) -> Vec<Address> {
    let mut seen = Vec::new();
    addresses.for_each(|address| {
        if !seen.contains(&address) {
            seen.push(address);
        }
    });
    seen
}

/// The instant of the decision; what lies before 1970 cannot stand in a mail.
fn date(message: &Message) -> SystemTime {
    let seconds = u64::try_from(message.at.as_second()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn fixed(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// `[rowcall] FIRING low_stock: ..`, on one line.
fn subject(message: &Message, prefix: &str) -> HeaderValue {
    let whole = one_line(&format!("{prefix} {}", message.headline()));
    let mut subject: String = whole.chars().take(LONGEST_SUBJECT).collect();
    if subject.len() < whole.len() {
        subject.pop();
        subject.push('…');
    }
    let name = HeaderName::new_from_ascii_str("Subject");
    if subject.contains("=?") {
        // What looks like an encoded word would be decoded by the reader: encode it, so that it arrives as it is.
        let encoded = encoded_words(&subject);
        return HeaderValue::dangerous_new_pre_encoded(name, subject, encoded);
    }
    HeaderValue::new(name, subject)
}

/// `text` as encoded words of RFC 2047 in the Q encoding, folded.
fn encoded_words(text: &str) -> String {
    let mut words = vec![String::new()];
    for c in text.chars() {
        let mut buffer = [0; 4];
        let piece: String = match c {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => c.encode_utf8(&mut buffer).bytes().map(|byte| format!("={byte:02X}")).collect(),
        };
        match words.last_mut() {
            Some(word) if word.len() + piece.len() <= 60 => word.push_str(&piece),
            _ => words.push(piece),
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect();
    words.join("\r\n ")
}

/// Every line ended as SMTP wants it. The texts of the parts hold no other control character.
fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn broken(problem: String) -> DeliveryError {
    DeliveryError { retry: Retry::Broken, problem }
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};
    use proptest::prelude::proptest;

    use super::Letter;
    use crate::channel::email::{SUBJECT_PREFIX, Settings, Tls};
    use crate::channel::sample::{hostile, low_stock, weekly};
    use crate::message::{Attachment, Message};
    use crate::secret::Secret;

    fn settings() -> Settings {
        Settings {
            server: Secret::parse("smtp://mail.example.com", "`server`").unwrap(),
            password: None,
            from: "행 Row: Call <bot@example.com>".into(),
            to: vec!["data@example.com".into(), "Ops <ops@example.com>".into()],
            cc: vec!["ops@example.com".into()],
            bcc: vec!["audit@example.com".into(), "data@example.com".into()],
            reply_to: Some("Data team <data@example.com>".into()),
            subject_prefix: SUBJECT_PREFIX.into(),
            auth: None,
            tls: Tls::Verified,
            ca_file: None,
            max_attachment: crate::channel::email::MAX_ATTACHMENT,
        }
    }

    fn raw(message: &Message) -> String {
        String::from_utf8(Letter::write(message, &settings()).unwrap().bytes).unwrap()
    }

    #[test]
    fn a_mail_has_the_headers_of_a_good_machine() {
        let letter = Letter::write(&low_stock(), &settings()).unwrap();
        assert_eq!(letter.id, "<low_stock-1-ops@example.com>");
        let recipients: Vec<String> = letter.recipients.iter().map(ToString::to_string).collect();
        assert_eq!(recipients, ["data@example.com", "ops@example.com", "audit@example.com"]);
        let raw = String::from_utf8(letter.bytes).unwrap();
        for line in [
            "Message-ID: <low_stock-1-ops@example.com>\r\n",
            "In-Reply-To: <low_stock-1795176000000000@example.com>\r\n",
            "References: <low_stock-1795176000000000@example.com>\r\n",
            "Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n",
            "To: data@example.com, Ops <ops@example.com>\r\n",
            "Cc: ops@example.com\r\n",
            "Subject: [rowcall] FIRING low_stock: 1 of 3 rows: on_hand < 5\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "X-Auto-Response-Suppress: All\r\n",
            "Precedence: bulk\r\n",
            "Reply-To: \"Data team\" <data@example.com>\r\n",
            "List-Id: <alerts.example.com>\r\n",
            "X-Rowcall-Alert: low_stock\r\n",
            "X-Rowcall-State: firing\r\n",
            "X-Rowcall-Id: low_stock-1-ops\r\n",
            "MIME-Version: 1.0\r\n",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(raw.contains(line), "{line:?} in {raw}");
        }
        assert!(!raw.contains("audit@"), "{raw}");
    }

    #[test]
    fn pictures_stand_beside_the_page_and_files_after_both() {
        let raw = raw(&weekly());
        let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
        let kinds: Vec<String> = mail
            .parts
            .iter()
            .map(|part| {
                part.content_type()
                    .map_or("?".into(), |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("?")))
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
                "multipart/related",
                "text/html",
                "image/png",
                "image/png",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ]
        );
        assert_eq!(mail.subject(), Some("[rowcall] Weekly KPIs"));
        let (picture, file) = (mail.part(5).unwrap(), mail.part(7).unwrap());
        assert_eq!(
            (picture.content_id(), picture.attachment_name()),
            (Some("per-day.weekly-1-mail@rowcall"), Some("per-day.png"))
        );
        assert!(picture.content_disposition().unwrap().is_inline());
        assert_eq!((file.attachment_name(), file.contents()), (Some("weekly.xlsx"), &b"PK"[..]));
        assert!(file.content_disposition().unwrap().is_attachment());
        assert!(!mail.body_text(0).unwrap().contains("not sent here"));
    }

    #[test]
    fn a_file_that_is_too_large_is_named_and_left_out() {
        let file = |name: &str, bytes: usize| Attachment {
            name: name.into(),
            media_type: "text/csv".into(),
            content: vec![b'x'; bytes].into(),
            command: Some("rowcall query x -o x.csv".into()),
        };
        let attachments = vec![file("a.csv", 700), file("b.csv", 400), file("늦은 주문.csv", 300)];
        let message = Message { attachments, ..low_stock() };
        let letter = Letter::write(&message, &Settings { max_attachment: 1000, ..settings() }).unwrap();
        let mail = MessageParser::default().parse(&letter.bytes).unwrap();
        let names: Vec<_> = mail.attachments().map(|part| part.attachment_name()).collect();
        assert_eq!(names, [Some("a.csv"), Some("늦은 주문.csv")]);
        let said = "file: b.csv (400 B), too large for this mail, which may carry 1.0 kB (`max_attachment`): rowcall query x -o x.csv";
        assert!(mail.body_text(0).unwrap().contains(said) && mail.body_html(0).unwrap().contains(said));
    }

    #[test]
    fn a_subject_begins_as_the_catalogue_says() {
        for (prefix, expected) in [("", "FIRING low_stock"), ("[shop] 주문\n", "[shop] 주문 FIRING low_stock")] {
            let settings = Settings { subject_prefix: prefix.into(), ..settings() };
            let raw = Letter::write(&low_stock(), &settings).unwrap().bytes;
            let mail = MessageParser::default().parse(&raw).unwrap();
            assert_eq!(mail.subject(), Some(format!("{expected}: 1 of 3 rows: on_hand < 5").as_str()));
        }
    }

    #[test]
    fn what_looks_encoded_arrives_as_it_is() {
        let summary = "=?utf-8?B?QmNjOiBldmls?= and =?x?";
        let raw = raw(&Message { summary: summary.into(), ..low_stock() });
        let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
        assert_eq!(mail.subject(), Some(format!("[rowcall] FIRING low_stock: {summary}").as_str()));
    }

    #[test]
    fn bad_settings_are_told_and_never_panic() {
        for (from, to) in
            [("bot", vec!["a@example.com"]), ("bot@example.com", vec![]), ("x\r\ny <b@x.y>", vec!["a@b.c"])]
        {
            let to = to.into_iter().map(str::to_owned).collect();
            let settings = Settings { from: from.into(), to, cc: vec![], bcc: vec![], ..settings() };
            let error = Letter::write(&low_stock(), &settings).expect_err(from);
            assert_eq!(error.retry, super::Retry::Broken);
        }
    }

    proptest! {
        #[test]
        fn no_row_can_write_a_header(message in hostile()) {
            let raw = raw(&message);
            assert!(raw.is_ascii());
            assert!(raw.replace("\r\n", "").chars().all(|c| !c.is_control()), "bare CR or LF");
            assert!(raw.lines().all(|line| line.len() <= 998));
            let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
            let named = |name: &str| mail.headers().iter().filter(|header| header.name() == name).count();
            assert_eq!((named("Subject"), named("Bcc"), named("To"), named("From")), (1, 0, 1, 1));
            assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
            let pictures = message.pictures().count();
            assert_eq!(mail.attachment_count(), message.attachments.len() + pictures);
            let subject = mail.subject().unwrap();
            assert!(subject.starts_with("[rowcall] FIRING"), "{subject}");
            assert!(subject.chars().count() <= 200 && !subject.contains(|c: char| c.is_control()), "{subject}");
        }
    }
}
