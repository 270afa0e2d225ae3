//! The rows that a message speaks of as files, for `attach`.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;

use crate::catalogue::{Alert, Attach};
use crate::message::Attachment;
use crate::render::{self, Format};
use crate::table::{Batch, Table};

/// The files of one run, each made once: the messages of all channels that speak of the same rows share them.
#[derive(Default)]
pub(super) struct Files {
    made: RefCell<Vec<(Vec<usize>, Arc<Made>)>>,
}

/// Files, and why others could not be made.
#[derive(Default)]
pub(super) struct Made {
    pub(super) attachments: Vec<Attachment>,
    pub(super) remarks: Vec<String>,
}

impl Files {
    /// The files with these rows of the answer; with all of them where an aggregate judges and no row stands out. `at`
    /// is the slot.
    pub(super) fn of(&self, alert: &Alert, table: &Table, rows: Vec<usize>, at: Timestamp) -> Arc<Made> {
        let mut made = self.made.borrow_mut();
        if let Some((_, known)) = made.iter().find(|(known, _)| *known == rows) {
            return Arc::clone(known);
        }
        let new = Arc::new(make(alert, table, &rows, at));
        made.push((rows, Arc::clone(&new)));
        new
    }
}

fn make(alert: &Alert, table: &Table, rows: &[usize], at: Timestamp) -> Made {
    let picked;
    let batches = match rows {
        [] => table.batches(),
        rows => {
            picked = [pick(table, rows)];
            &picked
        }
    };
    let mut made = Made::default();
    for kind in &alert.attach {
        let content = match kind {
            Attach::Csv => render::file(Format::Csv, alert.name.as_str(), table.columns(), batches),
            #[cfg(feature = "xlsx")]
            Attach::Xlsx => render::file(Format::Xlsx, alert.name.as_str(), table.columns(), batches),
            #[cfg(not(feature = "xlsx"))]
            Attach::Xlsx => {
                made.remarks.push("there is no xlsx file: this build of rowcall cannot write any".into());
                continue;
            }
        };
        match content {
            Ok(content) => made.attachments.push(Attachment {
                name: format!("{}-{}.{}", alert.name, at.strftime("%Y%m%dT%H%M%SZ"), kind.as_str()),
                media_type: media_type(*kind).to_owned(),
                content: content.into(),
                command: Some(command(alert, rows.len())),
            }),
            Err(error) => made.remarks.push(format!("there is no {} file: {error}", kind.as_str())),
        }
    }
    made
}

fn pick(table: &Table, rows: &[usize]) -> Batch {
    let mut batch = Batch::new(table.columns().len());
    let wanted = table.rows().enumerate().filter(|(index, _)| rows.binary_search(index).is_ok());
    wanted.for_each(|(_, row)| row.values().for_each(|value| batch.push(&value)));
    batch
}

fn media_type(kind: Attach) -> &'static str {
    match kind {
        Attach::Csv => "text/csv; charset=utf-8",
        Attach::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
}

/// The command that shows so many rows for which the rule holds.
pub(super) fn command(alert: &Alert, rows: usize) -> String {
    match rows {
        0 => format!("rowcall check {}", alert.name),
        rows => format!("rowcall check {} --samples {}", alert.name, rows.min(usize::from(u16::MAX))),
    }
}
