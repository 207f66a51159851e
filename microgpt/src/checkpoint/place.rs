//! Where a file is saved: it is replaced as a whole, or stays as it was.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{CheckpointError, FileError};

/// The name of a file that is being written: random characters stand between the two.
const PREFIX: &str = ".microgpt-";
const SUFFIX: &str = ".partial";
const RANDOM: usize = 6;
/// So many symbolic links are followed, as Linux does.
const MAX_LINKS: usize = 40;

/// Whether a checkpoint can be saved at `path`, so that a program knows before it trains: what is
/// there is a file that may be written or nothing, and its directory takes another file.
///
/// # Errors
///
/// With what stands against it.
///
/// ```
/// use microgpt::checkpoint::{CheckpointError, can_save};
///
/// let refused = can_save(std::env::temp_dir()).unwrap_err();
/// assert!(matches!(refused.error, CheckpointError::NotAFile));
/// assert!(can_save(std::env::temp_dir().join("model.safetensors")).is_ok());
/// ```
pub fn can_save(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    let try_it = || {
        let place = Place::new(path)?;
        place.remove_leftovers();
        place.temporary()
    };
    try_it().map(drop).map_err(FileError::of(path))
}

/// Writes a file. Whatever is at `path` stays as it is until all has been written.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let once = || {
        let place = Place::new(path)?;
        place.remove_leftovers();
        place.write(bytes)
    };
    match once() {
        // Another process may take a file that is not locked yet for a leftover.
        Err(CheckpointError::Io(error)) if error.kind() == ErrorKind::NotFound => once(),
        done => done,
    }
}

struct Place {
    /// No symbolic link: the file that the links lead to is the one that is replaced.
    path: PathBuf,
    directory: PathBuf,
    /// Those of the file that is there.
    permissions: Option<Permissions>,
}

impl Place {
    fn new(path: &Path) -> Result<Self, CheckpointError> {
        let path = followed(path)?;
        if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(CheckpointError::NotAFile);
        }
        let permissions = match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => return Err(CheckpointError::NotAFile),
            Ok(metadata) if metadata.permissions().readonly() => {
                return Err(CheckpointError::ReadOnly);
            }
            Ok(metadata) => Some(metadata.permissions()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self { path, directory, permissions })
    }

    /// An empty file in the same directory, from where it can be renamed.
    fn temporary(&self) -> Result<NamedTempFile, CheckpointError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
        #[cfg(unix)]
        if self.permissions.is_none() {
            use std::os::unix::fs::PermissionsExt;
            // As any other file that a program creates.
            builder.permissions(Permissions::from_mode(0o666));
        }
        // The name of a temporary file tells a user nothing: the error is without it.
        let file = builder
            .tempfile_in(&self.directory)
            .map_err(|error| std::io::Error::from(error.kind()))?;
        // The lock tells other processes that this file is no leftover. Where the file system has
        // none, they leave all files alone.
        let _ = file.as_file().try_lock();
        if let Some(permissions) = &self.permissions {
            file.as_file().set_permissions(permissions.clone())?;
        }
        Ok(file)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), CheckpointError> {
        let mut file = self.temporary()?;
        file.as_file_mut().write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        // So that the new name outlives a power failure; not all systems open a directory.
        if let Ok(directory) = File::open(&self.directory) {
            let _ = directory.sync_all();
        }
        Ok(())
    }

    /// Removes what processes that were killed left behind. A process that is still at work holds
    /// the lock of its file.
    fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && entry.file_name().to_str().is_some_and(is_temporary) {
                let unused = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
                if unused {
                    // Another process may have removed it.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }
}

fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The path that symbolic links lead to, whether anything is there or not.
fn followed(path: &Path) -> Result<PathBuf, CheckpointError> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(CheckpointError::NotAFile)
}
