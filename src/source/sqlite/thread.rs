//! `Thread`: a thread that owns something which may block, and works for whoever asks.

use std::sync::mpsc;

use tokio::sync::oneshot;

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// A thread of its own. What it owns never leaves it, and is dropped there once nobody can ask any more.
///
/// None of the runtime's own threads: those are waited for when the program ends, and a database may be stuck in a
/// system call then.
#[derive(Debug)]
pub(super) struct Thread<T> {
    jobs: mpsc::Sender<Job<T>>,
}

/// The thread could not be started, or it ended in a panic.
#[derive(Debug)]
pub(super) enum Gone {
    Unstarted(std::io::Error),
    Ended,
}

impl<T: Send + 'static> Thread<T> {
    /// Starts a thread and makes there what it owns, with something to take away from it.
    pub(super) async fn start<B: Send + 'static, E: Send + 'static>(
        make: impl FnOnce() -> Result<(T, B), E> + Send + 'static,
    ) -> Result<Result<(Self, B), E>, Gone> {
        let (jobs, queue) = mpsc::channel::<Job<T>>();
        let (answer, made) = oneshot::channel();
        let work = move || match make() {
            Ok((mut owned, beside)) => {
                // Nobody may be waiting any more; then nobody asks anything either.
                let _ = answer.send(Ok(beside));
                queue.into_iter().for_each(|job| job(&mut owned));
            }
            Err(error) => drop(answer.send(Err(error))),
        };
        let _ = std::thread::Builder::new().name("sqlite".into()).spawn(work).map_err(Gone::Unstarted)?;
        let beside = made.await.map_err(|_| Gone::Ended)?;
        Ok(beside.map(|beside| (Self { jobs }, beside)))
    }

    /// Gives the thread a job, and the future of its answer.
    pub(super) fn begin<A: Send + 'static, J: FnOnce(&mut T) -> A + Send + 'static>(
        &self,
        job: J,
    ) -> impl Future<Output = Result<A, Gone>> + Send + use<A, J, T> {
        let (answer, answered) = oneshot::channel();
        // Nobody may be waiting any more. A thread that ended drops the job, and the answer with it.
        let _ = self.jobs.send(Box::new(move |owned| drop(answer.send(job(owned)))));
        async { answered.await.map_err(|_| Gone::Ended) }
    }

    /// Waits until what was asked is done, then lets the thread end.
    pub(super) async fn end(self) {
        // One that ended already is what is wanted.
        let _ = self.begin(|_| ()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Gone, Thread};

    #[tokio::test]
    async fn jobs_are_done_in_order_on_what_the_thread_owns() {
        let (thread, beside) = Thread::start(|| Ok::<_, ()>((vec![1], "beside"))).await.expect("runs").expect("made");
        let first = thread.begin(|numbers: &mut Vec<i32>| numbers.push(2));
        let second = thread.begin(|numbers: &mut Vec<i32>| numbers.clone());
        first.await.expect("done");
        assert_eq!((second.await.expect("done"), beside), (vec![1, 2], "beside"));
        thread.end().await;
    }

    #[tokio::test]
    async fn what_cannot_be_made_is_told() {
        let failed = Thread::<()>::start(|| Err::<((), ()), _>("no")).await.expect("runs");
        assert_eq!(failed.map(|_| ()), Err("no"));
    }

    #[tokio::test]
    async fn a_thread_that_panicked_is_gone() {
        let (thread, ()) = Thread::start(|| Ok::<_, ()>(((), ()))).await.expect("runs").expect("made");
        // `resume_unwind` panics without a word on standard error.
        let done = thread.begin(|()| std::panic::resume_unwind(Box::new("a bug"))).await;
        assert!(matches!(done, Err::<(), _>(Gone::Ended)));
        assert!(matches!(thread.begin(|()| ()).await, Err(Gone::Ended)));
    }
}
