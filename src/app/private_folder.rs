//! The folder of everything that is kept: for the gateway's own account only.
//!
//! Owns: making it, and looking at who else may enter. Must not: change the rights of a folder that was there, which an operator may
//! have given on purpose. Called by: `app` before anything is opened in it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// Rights of a new folder: personal data, keys and evidence are nobody else's.
const PRIVATE_MODE: u32 = 0o700;
/// The bits that let the group or everybody in.
const OTHERS_BITS: u32 = 0o077;

/// Makes the folder, and the ones above it that are missing, or warns when one that was there lets others in.
pub(super) fn prepare(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(PRIVATE_MODE).create(folder)?;
    if let Some(mode) = open_to_others(folder)? {
        tracing::warn!(
            folder = %folder.display(),
            mode = %format_args!("{mode:04o}"),
            "storage.data_dir is open to other accounts of this machine; chmod 0700 it"
        );
    }
    Ok(())
}

/// The folder's rights, if others have any.
fn open_to_others(folder: &Path) -> std::io::Result<Option<u32>> {
    let mode = fs::metadata(folder)?.permissions().mode() & 0o7777;
    Ok((mode & OTHERS_BITS != 0).then_some(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(folder: &Path) -> u32 {
        fs::metadata(folder).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_new_data_folder_is_for_this_account_only() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("var/data");
        prepare(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(open_to_others(&folder).unwrap(), None);
        prepare(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_was_there_keeps_its_rights_and_is_told_of() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("data");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
        prepare(&folder).unwrap();
        assert_eq!(mode(&folder), 0o750);
        assert_eq!(open_to_others(&folder).unwrap(), Some(0o750));
    }
}
