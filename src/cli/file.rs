//! A file that is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};

/// A temporary file beside its target; what is dropped before [`WholeFile::keep`] is removed and leaves the target as
/// it was.
#[derive(Debug)]
pub(super) struct WholeFile {
    file: io::BufWriter<File>,
    temporary: Temporary,
    target: PathBuf,
}

/// Removes the file of this name when it goes.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is none.
        let _ = fs::remove_file(&self.0);
    }
}

impl WholeFile {
    /// Opens a temporary file in the folder of `target`, with the mode of the file that it will take the place of. A
    /// link is followed.
    ///
    /// # Errors
    /// When the folder cannot be written to, and when the target is there but is no file or may not be written.
    pub(super) fn create(target: &Path) -> io::Result<Self> {
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let mode = replaceable(&target)?;
        let (file, temporary) = beside(&target)?;
        if let Some(mode) = mode {
            file.set_permissions(mode)?;
        }
        Ok(Self { file: io::BufWriter::with_capacity(1 << 16, file), temporary, target })
    }

    /// Puts what was written in the place of the target, once the disk has it.
    ///
    /// # Errors
    /// When the disk does not take it; the target is as it was then.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.temporary.0, &self.target)?;
        // Not every file system lets a folder be synced; the file is whole either way.
        let _ = File::open(folder(&self.target)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The mode of the file at `target`; none when there is none.
fn replaceable(target: &Path) -> io::Result<Option<fs::Permissions>> {
    match fs::metadata(target) {
        Ok(there) if !there.is_file() => {
            Err(io::Error::other(if there.is_dir() { "it is a folder" } else { "it is no ordinary file" }))
        }
        // To rename needs no leave of the file itself, but its owner may have taken it away for a reason.
        Ok(there) => OpenOptions::new().write(true).open(target).map(|_| Some(there.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn beside(target: &Path) -> io::Result<(File, Temporary)> {
    let name = target.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    loop {
        let path = folder(target).join(format!(".{}.{:08x}.tmp", name.to_string_lossy(), fastrand::u32(..)));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, Temporary(path))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A place that takes no file is wrong usage, told before anything is asked.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write `{}`: {error}", path.display()))
}

/// A disk that fails on the way is none, as for standard output.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Bug, format!("cannot write `{}`: {error}", path.display())).hint("the file is as it was before")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::WholeFile;

    fn names(folder: &std::path::Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("a.csv"), folder.path().join("link"));
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        symlink(&path, &link).expect("linked");
        let mut file = WholeFile::create(&link).expect("opens");
        file.write_all(b"new").expect("takes it");
        assert_eq!(fs::read_to_string(&path).expect("read"), "old");
        assert_eq!(names(folder.path()).len(), 3);
        file.keep().expect("kept");
        assert_eq!(fs::read_to_string(&path).expect("read"), "new");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(names(folder.path()), ["a.csv", "link"]);
    }

    #[test]
    fn what_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = WholeFile::create(&folder.path().join("a.csv")).expect("opens");
        file.write_all(b"half").expect("takes it");
        drop(file);
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = |path: &std::path::Path| WholeFile::create(path).expect_err("refused").to_string();
        assert_eq!(refused(folder.path()), "it is a folder");
        assert_eq!(refused("/dev/null".as_ref()), "it is no ordinary file");
        assert!(refused(&folder.path().join("not/there.csv")).starts_with("No such file or directory"));
    }
}
