//! Files of an export in a folder: all of them, or none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::File;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

/// Writes the files beside their places, then puts them all there. What an earlier export left is told, not removed.
pub(super) fn write(folder: &Path, files: &[File], output: &Output) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::new(Exit::Bug, format!("cannot write into `{}`: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    if let Some(taken) = files.iter().find(|file| folder.join(&file.name).is_dir()) {
        return Err(Failure::usage(format!("`{}` is a folder", folder.join(&taken.name).display())));
    }
    let part = |file: &File| folder.join(format!(".{}.{}.part", file.name, std::process::id()));
    let written = files.iter().try_for_each(|file| fs::write(part(file), &file.text));
    let placed =
        written.and_then(|()| files.iter().try_for_each(|file| fs::rename(part(file), folder.join(&file.name))));
    if let Err(error) = placed {
        // What could not be written whole is not left in part.
        files.iter().for_each(|file| drop(fs::remove_file(part(file))));
        return Err(failed(error));
    }
    let plural = if files.len() == 1 { "" } else { "s" };
    output.say(&format!("wrote {} file{plural} to {}\n", files.len(), folder.display()));
    for left in left(folder, files).map_err(failed)? {
        output.say(&format!("left alone: {}, which is no part of this export\n", left.display()));
    }
    Ok(())
}

/// Files of other exports of this kind.
fn left(folder: &Path, files: &[File]) -> io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let ours = files.iter().any(|file| file.name == name);
        let suffix = |name: &str| name.rsplit_once('.').map(|(_, suffix)| suffix.to_owned());
        let kind = files.iter().any(|file| suffix(&file.name) == suffix(&name));
        if name.starts_with("rowcall-") && kind && !ours {
            left.push(folder.join(name));
        }
    }
    left.sort_unstable();
    Ok(left)
}
