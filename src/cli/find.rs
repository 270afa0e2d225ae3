//! Finds the catalogue: `--config`, then this folder and its parents, then the user's configuration folder.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::catalogue::{Catalogue, FILE_NAME, load};
use crate::name::{Name, nearest};

/// Reads the catalogue that the command line, the environment or the folder names.
pub(super) fn catalogue(config: Option<&Path>) -> Result<Catalogue, Failure> {
    let path = match config {
        Some(path) => path.to_owned(),
        None => search().ok_or_else(|| {
            Failure::usage(format!("no catalogue: there is no `{FILE_NAME}` here or in a parent folder"))
                .hint("write one with `rowcall init`, or name one with --config")
        })?,
    };
    Ok(load(&path)?)
}

fn search() -> Option<PathBuf> {
    let here = std::env::current_dir().ok();
    let above = here.iter().flat_map(|here| here.ancestors().skip(1)).map(|folder| folder.join(FILE_NAME));
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let user = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    let beside = std::iter::once(PathBuf::from(FILE_NAME));
    beside.chain(above).chain(user.map(|folder| folder.join("rowcall").join(FILE_NAME))).find(|path| path.is_file())
}

/// An entry that is not there, with the nearest one that is.
pub(super) fn unknown<'a>(kind: &str, word: &str, known: impl Iterator<Item = &'a Name> + Clone) -> Failure {
    let failure = Failure::usage(format!("no {kind} is called `{word}`"));
    match nearest(word, known.clone().map(Name::as_str)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<&str> = known.map(Name::as_str).collect();
            match names.is_empty() {
                true => failure.hint(format!("the catalogue has no {kind} yet")),
                false => failure.hint(format!("there are: {}", names.join(", "))),
            }
        }
    }
}
