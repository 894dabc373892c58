//! The folder an embedded backbone lives in: its lock, its file system, and the mark of the last acknowledged commit.
//!
//! Owns: every file of the folder that is not SQLite's. Must not: open SQLite's files (closing such a handle would drop
//! SQLite's own locks in this process). Called by: `open` and the writer.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::fault::OpenError;

/// The database; SQLite puts `-wal` and `-shm` beside it.
pub(super) const DATABASE_FILE: &str = "backbone.sqlite";
const LOCK_FILE: &str = "backbone.lock";
/// The number of the last acknowledged commit.
pub(super) const MARK_FILE: &str = "backbone.mark";

/// File systems on which SQLite's locks or fsync do not mean what they say.
const NETWORK_KINDS: [&str; 16] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.sshfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Io { path, source }
}

/// How files of personal data are opened: a new one is for this account only.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Makes an empty database file if there is none; SQLite gives its other files the same rights.
/// Called before SQLite opens it, and under the lock.
pub(super) fn make_database(database: &Path) -> Result<(), OpenError> {
    match private().create_new(true).open(database) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(io_error(database)(error))
        }
        _ => Ok(()),
    }
}

/// Makes the folder if it is missing and refuses network file systems.
pub(super) fn prepare(folder: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(io_error(folder))?;
    match network_kind(folder) {
        Some(kind) => Err(OpenError::NetworkFolder {
            path: folder.to_owned(),
            kind,
        }),
        None => Ok(()),
    }
}

/// Makes the names of new files survive a power cut.
pub(super) fn sync(folder: &Path) -> Result<(), OpenError> {
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(io_error(folder))
}

/// The file-system kind of the folder if it is a network one. Knows only what Linux tells; elsewhere it says no.
fn network_kind(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = mount_kind(&mounts, &folder)?;
    NETWORK_KINDS.contains(&kind).then(|| kind.to_owned())
}

/// The kind of the mount that holds `folder`: the longest mount point that is a prefix of it, the last one mounted there.
fn mount_kind<'m>(mountinfo: &'m str, folder: &Path) -> Option<&'m str> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?.replace("\\040", " ");
        folder
            .starts_with(&point)
            .then_some((point.len(), source.split(' ').next()?))
    });
    mounts
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}

/// Holds the folder for one process until dropped, however the process ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder, or says that it is taken.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(LOCK_FILE);
        let options = private().create(true).truncate(false).open(&path);
        let file = options.map_err(io_error(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: folder.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
        }
    }
}

/// Remembers the number of the last commit before it is acknowledged, outside the database: a store whose write-ahead log
/// was cut or damaged opens without a complaint from SQLite, but ends before the mark.
///
/// Written without fsync: it may be behind after a power cut, never ahead.
pub(super) struct Mark {
    file: File,
    path: PathBuf,
}

impl Mark {
    /// Opens the mark; the second value is the commit it names, 0 if it names none that can be read.
    pub(super) fn open(folder: &Path) -> Result<(Self, u64), OpenError> {
        let path = folder.join(MARK_FILE);
        let options = private()
            .create(true)
            .truncate(false)
            .read(true)
            .open(&path);
        let mut file = options.map_err(io_error(&path))?;
        let mut text = Vec::new();
        Read::by_ref(&mut file)
            .take(64)
            .read_to_end(&mut text)
            .map_err(io_error(&path))?;
        Ok((Self { file, path }, decode(&text)))
    }

    /// Names `commit` as acknowledged.
    pub(super) fn set(&mut self, commit: u64) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(encode(commit).as_bytes())
    }

    /// The same with an fsync, where the mark goes back on purpose.
    pub(super) fn set_synced(&mut self, commit: u64) -> Result<(), OpenError> {
        let done = self.set(commit).and_then(|()| self.file.sync_all());
        done.map_err(io_error(&self.path))
    }
}

/// 20 digits, a blank, 8 hexadecimal digits of checksum, a line end: readable by people, always 30 bytes.
fn encode(commit: u64) -> String {
    let number = format!("{commit:020}");
    let check = crc32fast::hash(number.as_bytes());
    format!("{number} {check:08x}\n")
}

fn decode(text: &[u8]) -> u64 {
    let Some(number) = text
        .get(..20)
        .and_then(|digits| std::str::from_utf8(digits).ok())
    else {
        return 0;
    };
    let Ok(commit) = number.parse() else { return 0 };
    if encode(commit).as_bytes() == text {
        commit
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_a_torn_one_names_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (mut mark, commit) = Mark::open(folder.path()).unwrap();
        assert_eq!(commit, 0);
        mark.set(41).unwrap();
        mark.set(u64::MAX).unwrap();
        assert_eq!(Mark::open(folder.path()).unwrap().1, u64::MAX);
        let mut bytes = encode(42).into_bytes();
        assert_eq!(decode(&bytes), 42);
        bytes[19] ^= 1;
        assert_eq!(decode(&bytes), 0);
    }

    #[test]
    fn the_mount_that_holds_the_folder_is_the_longest_prefix() {
        let mounts = "1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:5 / /srv/far rw shared:1 - nfs4 far:/x rw\n\
                      3 1 0:6 / /srv/far\\040away rw - cifs //far rw\n";
        assert_eq!(mount_kind(mounts, Path::new("/srv/far/data")), Some("nfs4"));
        assert_eq!(
            mount_kind(mounts, Path::new("/srv/far away/data")),
            Some("cifs")
        );
        assert_eq!(mount_kind(mounts, Path::new("/srv/farther")), Some("ext4"));
    }
}
