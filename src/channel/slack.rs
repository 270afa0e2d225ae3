//! Slack, by incoming webhook or by bot.
//!
//! The URL of a webhook and the token of a bot are credentials: each is revealed for one delivery at a time and shown to
//! nobody. A webhook gives nothing back that could be answered later, so every message stands for itself; a bot puts what
//! follows into the thread of the first message of an incident.

use std::path::PathBuf;

use crate::secret::Secret;

#[cfg(feature = "slack")]
pub use door::Slack;

#[cfg(feature = "slack")]
mod answer;
#[cfg(feature = "slack")]
mod api;
#[cfg(feature = "slack")]
mod bot;
#[cfg(feature = "slack")]
mod compatible;
#[cfg(feature = "slack")]
mod door;
#[cfg(feature = "slack")]
mod pace;
#[cfg(feature = "slack")]
mod payload;
#[cfg(feature = "slack")]
mod section;
#[cfg(feature = "slack")]
mod table;
#[cfg(feature = "slack")]
mod upload;
#[cfg(feature = "slack")]
mod webhook;

/// Where the methods of Slack's Web API are.
pub const BASE_URL: &str = "https://slack.com/api/";

/// Where a Slack channel is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How messages get there.
    pub way: Way,
    /// Who is mentioned when an incident begins.
    pub mention: Vec<Mention>,
    /// Certificates in PEM that are trusted instead of the system's; relative to the folder of the catalogue.
    pub ca_file: Option<PathBuf>,
}

/// How messages get to a Slack channel.
#[derive(Clone, Debug)]
pub enum Way {
    /// By the URL of an incoming webhook: `https://`, or `http://` to this machine only.
    Webhook {
        /// The URL.
        url: Secret,
        /// The server is not Slack but takes what Slack takes, as far as text goes.
        compatible: Option<Compatible>,
    },
    /// By a bot.
    Bot {
        /// The token, `xoxb-..`.
        token: Secret,
        /// The id of the channel, or its name.
        channel: String,
        /// Where the methods are, when it is not [`BASE_URL`]; the token goes there.
        base_url: Option<String>,
        /// Whether the first message of an incident is changed when the incident is over.
        update: bool,
    },
}

/// Servers that take Slack's messages, without blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compatible {
    /// Mattermost.
    Mattermost,
    /// Rocket.Chat.
    RocketChat,
    /// Discord, at the address of a webhook with `/slack` after it.
    Discord,
}

/// Someone to mention. Only the catalogue names them, never a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A person, by id.
    User(String),
    /// A group, by id.
    Group(String),
    /// Everyone who is active in the channel.
    Here,
    /// Everyone in the channel.
    Channel,
    /// Everyone.
    Everyone,
}

impl Mention {
    /// Reads an id such as `U012AB3CD` or `S012AB3CD`, or `here`, `channel` or `everyone`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let id = |text: &str| text.len() > 1 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        match text.strip_prefix('@').unwrap_or(text) {
            "here" => Ok(Self::Here),
            "channel" => Ok(Self::Channel),
            "everyone" => Ok(Self::Everyone),
            text if id(text) && text.starts_with(['U', 'W']) => Ok(Self::User(text.into())),
            text if id(text) && text.starts_with('S') => Ok(Self::Group(text.into())),
            _ => Err(format!("nobody can be mentioned as `{text}`")),
        }
    }

    /// What Slack reads as a mention.
    #[must_use]
    pub fn markup(&self) -> String {
        match self {
            Self::User(id) => format!("<@{id}>"),
            Self::Group(id) => format!("<!subteam^{id}>"),
            Self::Here => "<!here>".into(),
            Self::Channel => "<!channel>".into(),
            Self::Everyone => "<!everyone>".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mention;

    #[test]
    fn a_mention_is_an_id_or_one_of_three_words() {
        let cases = [
            ("U012AB3CD", "<@U012AB3CD>"),
            ("W1", "<@W1>"),
            ("S012AB3CD", "<!subteam^S012AB3CD>"),
            ("@here", "<!here>"),
            ("channel", "<!channel>"),
            ("everyone", "<!everyone>"),
        ];
        for (text, markup) in cases {
            assert_eq!(Mention::parse(text).map(|mention| mention.markup()).as_deref(), Ok(markup), "{text}");
        }
        for bad in ["", "oncall", "U", "U1>", "u012", "C012AB3CD", "<!here>", "U1 U2"] {
            Mention::parse(bad).expect_err(bad);
        }
    }
}
