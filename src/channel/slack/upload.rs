//! Pictures and files of a message, in its thread: a place to put each, its bytes, and one call that shows them all.
//!
//! The message is there before the first of them. Whatever goes wrong from then on is said in the thread and in the
//! receipt, and fails nothing.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::api::{self, Reading};
use super::bot::{Bot, Place};
use crate::channel::http::Address;
use crate::channel::measure::within;
use crate::channel::slack::payload::mrkdwn;
use crate::message::{Attachment, Bytes, Message, one_line};
use crate::secret::Revealed;

/// How long one file may be on its way.
const PATIENCE: Duration = Duration::from_secs(180);

/// The longest description of a picture.
const ALT: usize = 1000;

/// The longest text that says which files are missing.
const MISSING: usize = 3000;

/// A file on its way.
pub(super) struct File {
    name: String,
    /// What a picture shows.
    alt: Option<String>,
    content: Bytes,
    /// What to say of it when it does not arrive: a command that makes it.
    command: Option<String>,
}

/// The pictures and files of a message.
pub(super) fn files(message: &Message) -> Vec<File> {
    let pictures = message.pictures().map(|picture| File {
        name: picture.file_name(),
        alt: Some(within(&one_line(&picture.alt), ALT)).filter(|alt| !alt.is_empty()),
        content: picture.png.clone(),
        command: message.command.clone(),
    });
    // A picture that is asked for as a file too is there once.
    let is_shown = |file: &&Attachment| message.pictures().any(|picture| picture.png == file.content);
    let attachments = message.attachments.iter().filter(|file| !is_shown(file)).map(|file| File {
        name: file.file_name(),
        alt: None,
        content: file.content.clone(),
        command: file.command.clone(),
    });
    pictures.chain(attachments).collect()
}

impl Bot<'_> {
    /// Puts the files below the message at `place`; gives what is to be said of those that are not there.
    pub(super) async fn upload(&self, files: &[File], place: Option<&Place>) -> Vec<String> {
        if files.is_empty() {
            return Vec::new();
        }
        let Some(place) = place else {
            return vec!["without its files: Slack did not say where the message is".into()];
        };
        let mut stored = Vec::new();
        let mut missing = Vec::new();
        for file in files {
            match self.store(file).await {
                Ok(id) => stored.push((id, file)),
                Err(problem) => missing.push((file, problem)),
            }
        }
        if !stored.is_empty()
            && let Err(problem) = self.show(&stored, place).await
        {
            missing.extend(stored.into_iter().map(|(_, file)| (file, problem.clone())));
        }
        let mut notes: Vec<String> = missing.iter().map(|(file, problem)| lost(file, problem)).collect();
        if !notes.is_empty() {
            notes.extend(self.confess(&missing, place).await);
        }
        notes
    }

    /// Gives one file to Slack, where nobody sees it yet; its id.
    async fn store(&self, file: &File) -> Result<String, String> {
        if file.content.is_empty() {
            return Err("it is empty".into());
        }
        let mut form = self.base.url.clone();
        form.set_query(None);
        form.query_pairs_mut()
            .append_pair("filename", &file.name)
            .append_pair("length", &file.content.len().to_string())
            .extend_pairs(file.alt.iter().map(|alt| ("alt_txt", alt)));
        let form = form.query().unwrap_or_default().to_owned();
        let request = self.request("files.getUploadURLExternal").await.map_err(|error| error.problem)?;
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let reply = self.base.send(request).await.map_err(|error| error.problem)?;
        if let Some(problem) = self.redacted(api::read(reply.answer())).problem() {
            return Err(problem);
        }
        let place = reply.answer().json().unwrap_or_default();
        let (Some(url), Some(id)) = (place["upload_url"].as_str(), place["file_id"].as_str()) else {
            return Err("Slack named no place to put it".into());
        };
        self.put(url, file).await?;
        Ok(id.to_owned())
    }

    /// Sends the bytes. The address came from Slack, knows who we are, and gets no token.
    async fn put(&self, url: &str, file: &File) -> Result<(), String> {
        let address = Address::new("upload_url", &Revealed::new(url), false).map_err(|error| error.problem)?;
        let client = self.door.line.client(&address, &self.door.world.folder).await.map_err(|error| error.problem)?;
        let request = client
            .post(address.url.clone())
            .timeout(PATIENCE)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(file.content.as_slice().to_vec());
        let reply = address.send(request).await.map_err(|error| error.problem)?;
        match reply.answer() {
            answer if answer.status == 200 && answer.body.trim_start().starts_with("OK") => Ok(()),
            answer => Err(address.redact(&answer.said("Slack"))),
        }
    }

    /// Shows the stored files in the thread.
    async fn show(&self, files: &[(String, &File)], place: &Place) -> Result<(), String> {
        let files: Vec<Value> = files.iter().map(|(id, file)| json!({ "id": id, "title": file.name })).collect();
        let payload = json!({ "files": files, "channel_id": place.channel, "thread_ts": place.ts });
        let reading = self.call("files.completeUploadExternal", &payload).await;
        reading.map_or_else(|error| Some(error.problem), Reading::problem).map_or(Ok(()), Err)
    }

    /// Says in the thread which files are missing, why, and how to get them.
    async fn confess(&self, missing: &[(&File, String)], place: &Place) -> Option<String> {
        let line = |(file, problem): &(&File, String)| match &file.command {
            Some(command) => format!("{}; {}", lost(file, problem), one_line(command)),
            None => lost(file, problem),
        };
        let text = missing.iter().map(line).map(|line| mrkdwn(&line, MISSING / missing.len())).collect::<Vec<_>>();
        let payload = json!({
            "channel": place.channel,
            "thread_ts": place.ts,
            "text": text.join("\n"),
            "mrkdwn": false,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        let reading = self.call("chat.postMessage", &payload).await;
        let problem = reading.map_or_else(|error| Some(error.problem), Reading::problem);
        problem.map(|problem| format!("nor could this be said in the thread: {problem}"))
    }
}

fn lost(file: &File, problem: &str) -> String {
    format!("`{}` could not be attached: {problem}", file.name)
}
