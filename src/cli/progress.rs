//! One line on standard error that counts, on a terminal only, and that is gone at the end.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work that ends sooner is not worth a line; nor is a change that nobody could read.
const PAUSE: Duration = Duration::from_millis(200);

/// Back to the beginning of the line, and clear it.
const ERASE: &str = "\r\x1b[K";

/// A count of things done, shown now and then.
pub(super) struct Progress {
    line: RefCell<Line>,
    total: usize,
}

struct Line {
    out: Box<dyn Write>,
    shown: bool,
    done: usize,
    last: Instant,
}

impl Progress {
    /// Counts up to `total` on standard error, when that is a terminal.
    pub(super) fn new(total: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let out: Box<dyn Write> = if terminal { Box::new(std::io::stderr()) } else { Box::new(std::io::sink()) };
        Self::on(out, total)
    }

    fn on(out: Box<dyn Write>, total: usize) -> Self {
        Self { line: RefCell::new(Line { out, shown: false, done: 0, last: Instant::now() }), total }
    }

    /// One more is done.
    pub(super) fn step(&self) {
        self.step_at(Instant::now());
    }

    fn step_at(&self, now: Instant) {
        let mut line = self.line.borrow_mut();
        line.done += 1;
        if now.duration_since(line.last) >= PAUSE {
            let text = format!("{ERASE}judged {} of {}", line.done, self.total);
            line.put(&text);
            (line.last, line.shown) = (now, true);
        }
    }
}

impl Line {
    /// A terminal that is gone shows nothing, and that is no failure.
    fn put(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let line = self.line.get_mut();
        if line.shown {
            line.put(ERASE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PAUSE, Progress};
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_line_is_written_now_and_then_and_erased_at_the_end() {
        let (paper, begun) = (Paper::default(), Instant::now());
        let progress = Progress::on(Box::new(paper.clone()), 3);
        progress.step_at(begun);
        progress.step_at(begun + 2 * PAUSE);
        progress.step_at(begun + 2 * PAUSE);
        drop(progress);
        let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written, "\r\x1b[Kjudged 2 of 3\r\x1b[K");
    }

    #[test]
    fn quick_work_shows_nothing() {
        let paper = Paper::default();
        let progress = Progress::on(Box::new(paper.clone()), 1);
        progress.step_at(Instant::now());
        drop(progress);
        assert!(paper.0.lock().unwrap().is_empty());
    }
}
