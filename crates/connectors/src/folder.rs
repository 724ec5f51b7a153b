//! The files of a connector, from disk or out of this program, and the digest that names them all.

use std::{collections::BTreeMap, fs, io, path::Path};

use grid_executor::Digest;

use crate::connector::Problem;

/// The most files of a connector.
const MAX_FILES: usize = 256;
/// All files of a connector together, in bytes. Models belong into what `set_up` installs, or into the job's inputs.
const MAX_BYTES: u64 = 16 << 20;

/// Files by their path below the connector's folder, `/` between names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Reads every file below `root`. Names that start with a dot are left out; whatever is neither file nor folder is a
/// problem.
pub(crate) fn read(root: &Path) -> Result<Files, Vec<Problem>> {
    let (mut files, mut problems) = (Files::new(), Vec::new());
    let mut left_bytes = MAX_BYTES;
    if let Err(error) = read_below(root, "", &mut files, &mut problems, &mut left_bytes) {
        problems.push(Problem::new("", format!("the folder cannot be read: {error}")));
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn read_below(
    root: &Path,
    below: &str,
    files: &mut Files,
    problems: &mut Vec<Problem>,
    left_bytes: &mut u64,
) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            problems.push(Problem::new(below, "holds a name that is not UTF-8"));
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
            problems.push(Problem::new(path, "a name has letters, digits, \"_\", \"-\" and \".\" only"));
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_below(root, &path, files, problems, left_bytes)?;
        } else if kind.is_file() {
            let size_bytes = entry.metadata()?.len();
            match left_bytes.checked_sub(size_bytes) {
                Some(left) if files.len() < MAX_FILES => *left_bytes = left,
                _ => {
                    problems.push(Problem::new(
                        path,
                        format!(
                            "is too much: a connector has at most {MAX_FILES} files and {MAX_BYTES} bytes"
                        ),
                    ));
                    return Ok(());
                }
            }
            files.insert(path, fs::read(entry.path())?);
        } else {
            problems.push(Problem::new(path, "is neither a file nor a folder"));
        }
    }
    Ok(())
}

/// The digest of the lines `SHA256  PATH`, sorted by the bytes of the path: what `sha256sum` prints for the files.
pub(crate) fn digest(files: &Files) -> Digest {
    let lines: String =
        files.iter().map(|(path, bytes)| format!("{}  {path}\n", Digest::of(bytes))).collect();
    Digest::of(lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_digest_is_that_of_sha256sum() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for (name, text) in [("b", "two"), ("sub/a", "three"), ("B", "one"), (".hidden", "not counted")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let files = read(folder.path()).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["B", "b", "sub/a"]);
        // find . -type f ! -name '.*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum | sha256sum
        assert_eq!(
            digest(&files).to_string(),
            "10d558ac45569e86665a702689154310f41465a15c50c32ad028510b0ffedc8a"
        );
        fs::write(folder.path().join("sub/a"), "four").unwrap();
        assert_ne!(digest(&read(folder.path()).unwrap()), digest(&files));
    }

    #[test]
    fn what_is_no_plain_file_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        symlink("/etc/passwd", folder.path().join("link")).unwrap();
        fs::write(folder.path().join("a b"), "").unwrap();
        let mut problems = read(folder.path()).unwrap_err();
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["a b", "link"]);
        assert!(read(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_model_does_not_belong_into_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::File::create(folder.path().join("model")).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(read(folder.path()).unwrap_err()[0].place, "model");
    }
}
