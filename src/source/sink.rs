//! `Sink`: where a driver puts what it reads, on the way to [`Rows`](super::Rows).

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Cause, SourceError};
use crate::name::Name;
use crate::table::{Batch, Column};

/// How many batches may wait for the reader.
pub(super) const WAITING: usize = 2;
/// A batch of this many rows is sent on.
const ROWS: usize = 1_000;
/// A batch of about this many bytes is sent on.
const BYTES: usize = 64 * 1024;

/// Whether a batch is large enough to be handed on.
pub(super) fn is_full(batch: &Batch) -> bool {
    batch.len() >= ROWS || batch.size() >= BYTES
}

type Answer = Result<Arc<[Column]>, SourceError>;
type Piece = Result<Batch, SourceError>;

/// The writing end of [`Rows`](super::Rows).
///
/// The reader always learns how it ended: a sink that is dropped before [`Sink::finish`] reports that the work was
/// broken off, so that a table which was cut short never passes for a whole one.
#[derive(Debug)]
pub(super) struct Sink {
    source: Name,
    columns: Option<oneshot::Sender<Answer>>,
    batches: mpsc::Sender<Piece>,
    /// The place of the last word, taken at once, so that an error never waits for a slow reader.
    last: Option<mpsc::OwnedPermit<Piece>>,
    batch: Batch,
    width: usize,
    discarding: CancellationToken,
}

impl Sink {
    /// A sink over a fresh channel with one place more than [`WAITING`].
    pub(super) fn new(source: &Name, columns: oneshot::Sender<Answer>, batches: mpsc::Sender<Piece>) -> Self {
        let last = batches.clone().try_reserve_owned().ok();
        Self {
            source: source.clone(),
            columns: Some(columns),
            batches,
            last,
            batch: Batch::new(0),
            width: 0,
            discarding: CancellationToken::new(),
        }
    }

    /// Tells the columns; before the first row, once.
    pub(super) fn begin(&mut self, columns: Vec<Column>) {
        self.width = columns.len();
        self.batch = Batch::new(self.width);
        if let Some(sender) = self.columns.take() {
            // Nobody may be waiting any more.
            let _ = sender.send(Ok(columns.into()));
        }
    }

    /// Hands a batch to the reader and waits while too many wait already; throws it away once nobody wants it.
    pub(super) async fn put(&mut self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        tokio::select! {
            biased;
            () = self.discarding.cancelled() => {}
            place = self.batches.reserve() => {
                if let Ok(place) = place {
                    place.send(Ok(batch));
                }
            }
        }
    }

    /// Cancelled by the door when the rows are not wanted any more and only their end is awaited.
    pub(super) fn discarding(&self) -> CancellationToken {
        self.discarding.clone()
    }

    /// Whether the columns were told.
    pub(super) fn is_answered(&self) -> bool {
        self.columns.is_none()
    }

    /// The channel, to see when the reader leaves.
    pub(super) fn reader(&self) -> &mpsc::Sender<Piece> {
        &self.batches
    }

    /// Says how it ended. The rows that were not passed on yet must have been.
    pub(super) fn finish(mut self, outcome: Result<(), SourceError>) {
        match outcome {
            Ok(()) => self.last = None,
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: SourceError) {
        match (self.columns.take(), self.last.take()) {
            (Some(sender), _) => drop(sender.send(Err(error))),
            (None, Some(place)) => drop(place.send(Err(error))),
            (None, None) => {}
        }
    }
}

/// For drivers that give one row after the other.
#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Sink {
    /// The batch that takes the next row.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Whether the batch is ready to go: call [`Sink::pass`] then.
    pub(super) fn is_full(&self) -> bool {
        is_full(&self.batch)
    }

    /// The same as [`Sink::put`] with the batch that was filled here.
    pub(super) async fn pass(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Batch::new(self.width));
        self.put(batch).await;
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if self.last.is_some() {
            self.fail(SourceError::new(&self.source, Cause::Unreachable, "the work was broken off"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Sink, WAITING};
    use crate::name::Name;
    use crate::source::{Rows, SourceError};
    use crate::table::Column;
    use crate::value::Value;
    use tokio::sync::{mpsc, oneshot};

    fn column() -> Column {
        Column { name: "n".into(), type_name: String::new() }
    }

    async fn open() -> (Sink, Rows) {
        let (columns, known) = oneshot::channel();
        let (sender, batches) = mpsc::channel(WAITING + 1);
        let mut sink = Sink::new(&Name::new("shop").expect("a name"), columns, sender);
        sink.begin(vec![column()]);
        let columns = known.await.expect("told").expect("columns");
        (sink, Rows { columns, batches })
    }

    #[tokio::test]
    async fn what_is_dropped_unfinished_never_passes_for_whole() {
        let (mut sink, mut rows) = open().await;
        sink.batch().push(&Value::Int(1));
        sink.pass().await;
        drop(sink);
        assert_eq!(rows.next().await.expect("a batch").map(|batch| batch.len()), Some(1));
        let problem = rows.next().await.expect_err("cut short").problem;
        assert_eq!(problem, "the work was broken off");
    }

    #[tokio::test]
    async fn an_error_does_not_wait_for_the_reader_and_comes_after_the_rows() {
        let (mut sink, mut rows) = open().await;
        for number in 0..2 {
            sink.batch().push(&Value::Int(number));
            sink.pass().await;
        }
        let error = SourceError::new(&Name::new("shop").expect("a name"), super::Cause::Statement, "no");
        sink.finish(Err(error.clone()));
        assert!(rows.next().await.expect("a batch").is_some());
        assert!(rows.next().await.expect("a batch").is_some());
        assert_eq!(rows.next().await.expect_err("the error"), error);
    }

    #[tokio::test]
    async fn rows_that_nobody_wants_are_thrown_away() {
        let (mut sink, rows) = open().await;
        sink.discarding().cancel();
        for number in 0..10 {
            sink.batch().push(&Value::Int(number));
            sink.pass().await;
        }
        sink.finish(Ok(()));
        assert!(rows.collect(5).await.expect("ends").is_empty());
    }
}
