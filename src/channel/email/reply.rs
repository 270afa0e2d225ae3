//! What a mail server's refusal means: a pure reading of where it came and what it says.

use std::fmt;

use crate::channel::Retry;

/// How far a delivery had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connecting, greeting, encryption.
    Greeting,
    /// Showing user and password.
    Login,
    /// Naming the sender.
    Sender,
    /// Naming a recipient.
    Recipient,
    /// Giving the mail.
    Content,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "the greeting",
            Self::Login => "the login",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Content => "the mail",
        })
    }
}

/// Whether trying again can help after a refusal with this code and these words.
///
/// A code of 4xx passes. A code of 5xx stays, but it is the mail that is refused only where the mail was looked at:
/// before that, and for a login or a policy, it is the channel that does not work.
pub(super) fn retry(stage: Stage, code: u16, words: &str) -> Retry {
    let of_sender = |class: &str| words.starts_with(class);
    match (code, stage) {
        (530 | 534 | 535 | 538, _) => Retry::Broken,
        (500..600, Stage::Greeting | Stage::Login) => Retry::Broken,
        (500..600, Stage::Sender) if ["5.7.", "5.1.7", "5.1.8"].into_iter().any(of_sender) => Retry::Broken,
        (500..600, Stage::Sender | Stage::Recipient | Stage::Content) => Retry::Never,
        _ => Retry::After(None),
    }
}

/// The next step after a refusal, where there is one that its words do not say.
pub(super) fn hint(stage: Stage, code: u16, words: &str) -> &'static str {
    match (stage, code) {
        (_, 550 | 535) if words.contains("Basic authentication") => {
            "; this server takes no passwords any more, use a relay that does"
        }
        (Stage::Login, 500..600) => "; check the user in `server` and `password`",
        (_, 530 | 538) => "; name a user in `server` and set `password`",
        (Stage::Sender, 500..600) => "; check `from`",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{Stage, retry};
    use crate::channel::Retry::{After, Broken, Never};

    #[test]
    fn every_refusal_has_its_class() {
        let cases = [
            (Stage::Greeting, 421, "too busy", After(None)),
            (Stage::Greeting, 554, "no service here", Broken),
            (Stage::Greeting, 454, "TLS not available", After(None)),
            (Stage::Login, 454, "4.7.0 temporary", After(None)),
            (Stage::Login, 535, "5.7.8 bad credentials", Broken),
            (Stage::Login, 534, "5.7.9 application password required", Broken),
            (Stage::Login, 538, "5.7.11 encryption required", Broken),
            (Stage::Login, 550, "5.7.30 Basic authentication is not supported", Broken),
            (Stage::Sender, 451, "4.3.0 later", After(None)),
            (Stage::Sender, 530, "5.7.0 authentication required", Broken),
            (Stage::Sender, 550, "5.7.60 not allowed to send as this sender", Broken),
            (Stage::Sender, 553, "5.1.8 sender's domain does not exist", Broken),
            (Stage::Sender, 552, "5.3.4 too big", Never),
            (Stage::Recipient, 450, "4.2.0 greylisted", After(None)),
            (Stage::Recipient, 452, "4.2.2 mailbox full", After(None)),
            (Stage::Recipient, 550, "5.1.1 no such user", Never),
            (Stage::Recipient, 554, "5.7.1 relay access denied", Never),
            (Stage::Recipient, 530, "5.7.0 authentication required", Broken),
            (Stage::Content, 451, "4.7.1 try later", After(None)),
            (Stage::Content, 554, "5.6.0 content rejected", Never),
            (Stage::Content, 550, "5.7.1 looks like spam", Never),
        ];
        for (stage, code, words, expected) in cases {
            assert_eq!(retry(stage, code, words), expected, "{stage} {code} {words}");
        }
    }
}
