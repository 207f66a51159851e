//! What stands against the files of a run, before anything is trained or overwritten.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use microgpt::checkpoint::{CheckpointError, FileError, can_save};

use super::args::Args;
use super::output::about;

/// The files that will be written have a place, each its own.
pub fn check(args: &Args) -> Result<(), String> {
    let data = args.data();
    let read = [
        // FILE, or input.txt, that no flag names.
        (data.as_ref().map_or("", |(flag, _)| flag), data.as_ref().map(|(_, path)| *path)),
        ("--load", args.load.as_deref()),
        ("--resume", args.resume.as_deref()),
    ];
    let written = [
        ("--save", args.save.as_deref()),
        ("--plot", args.plot.as_deref()),
        ("--losses", args.losses.as_deref()),
    ];
    let read: Vec<_> = read.iter().filter_map(|(flag, path)| Some((*flag, (*path)?))).collect();
    let written: Vec<_> =
        written.iter().filter_map(|(flag, path)| Some((*flag, (*path)?))).collect();
    for (at, &(flag, path)) in written.iter().enumerate() {
        can_write(flag, path)?;
        for &(other, input) in &read {
            // A training that goes on is saved where it was.
            if (flag, other) != ("--save", "--resume") && same_place(path, input) {
                let what = match other {
                    "" => "this is the file of the documents".to_owned(),
                    other => format!("this is the file that {other} reads"),
                };
                return Err(about(flag, path, &what));
            }
        }
        if let Some((other, _)) = written[..at].iter().find(|(_, other)| same_place(path, other)) {
            return Err(about(flag, path, &format!("{other} writes this file too")));
        }
    }
    let extension = args.plot.as_deref().and_then(Path::extension);
    match (&args.plot, extension) {
        (Some(path), Some(extension)) if !extension.eq_ignore_ascii_case("svg") => {
            Err(about("--plot", path, &"the picture is SVG: give it a name in .svg"))
        }
        _ => Ok(()),
    }
}

fn can_write(flag: &str, path: &Path) -> Result<(), String> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        let error = format!("there is no directory {}", directory.display());
        return Err(about(flag, path, &error));
    }
    // All but checkpoints are written in place.
    let done = if flag != "--save" && path.is_file() {
        File::options().append(true).open(path).map(drop).map_err(CheckpointError::from)
    } else {
        can_save(path).map_err(|FileError { error, .. }| error)
    };
    done.map_err(|error| about(flag, path, &error))
}

/// Whether two names are of one file, by whatever spelling or link. It need not be there.
fn same_place(one: &Path, other: &Path) -> bool {
    same_file::is_same_file(one, other).unwrap_or(false) || place(one, 0) == place(other, 0)
}

/// The name of a file without links and dots.
fn place(path: &Path, links: usize) -> PathBuf {
    if let Ok(path) = fs::canonicalize(path) {
        return path;
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    match fs::read_link(path) {
        // As many as Linux follows.
        Ok(link) if links < 40 => place(&directory.join(link), links + 1),
        _ => {
            let directory = fs::canonicalize(directory).unwrap_or(directory.to_owned());
            path.file_name().map_or(directory.clone(), |name| directory.join(name))
        }
    }
}
