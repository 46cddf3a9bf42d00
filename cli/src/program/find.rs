//! The lookup that a shell would do, done by ourselves: we want the path itself, and no surprise from the folder that
//! a program is later run in.

use std::{
    env,
    ffi::OsStr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Where the program `name` is by this process's `PATH`. A name with a `/` is a path itself.
pub fn find(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    find_in(name, env::var_os("PATH").as_deref())
}

/// Where the program `name` is, in the folders of `path` (the text of a `PATH`). A name with a `/` is a path itself.
///
/// Relative folders of `path`, the empty one among them, are passed over: what they hold depends on where we are, and
/// a checkout must not bring programs along.
pub fn find_in(name: impl AsRef<OsStr>, path: Option<&OsStr>) -> Option<PathBuf> {
    let name = name.as_ref();
    if name.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(name)).filter(|path| is_program(path));
    }
    let folders = env::split_paths(path.unwrap_or_default()).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_program_on_the_path_is_found() {
        let root = tempfile::tempdir().unwrap();
        let folders = ["data", "folder", "first", "second"].map(|name| root.path().join(name));
        for (folder, mode) in folders.iter().zip([0o644, 0o755, 0o755, 0o755]) {
            fs::create_dir(folder).unwrap();
            let tool = folder.join("tool");
            if folder.ends_with("folder") {
                fs::create_dir(&tool).unwrap();
            } else {
                fs::write(&tool, "").unwrap();
            }
            fs::set_permissions(&tool, fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = env::join_paths(&folders).unwrap();
        assert_eq!(find_in("tool", Some(&path)), Some(folders[2].join("tool")));
        assert_eq!(find_in("other", Some(&path)), None);
        assert_eq!(find_in("tool", None), None);

        let named = folders[3].join("tool");
        assert_eq!(find_in(&named, None), Some(named));
        assert_eq!(find_in(folders[0].join("tool"), Some(&path)), None);
    }

    #[test]
    fn relative_folders_of_the_path_are_passed_over() {
        assert!(Path::new("cli/build.rs").is_file());
        assert_eq!(find_in("sh", Some(OsStr::new("bin::."))), None);
        let with_ours = OsStr::new(":/usr/bin:/bin");
        assert!(find_in("sh", Some(with_ours)).is_some_and(|path| path.is_absolute()));
    }
}
