//! The connectors that this program brings along.

use std::path::Path;

use crate::{
    connector::{CheckError, Connector},
    folder::Files,
};

/// A connector's folder as it was when this program was built.
type Folder = (&'static str, &'static [(&'static str, &'static [u8])]);

macro_rules! folder {
    ($name:literal: $($file:literal),+ $(,)?) => {
        ($name, &[$(($file, include_bytes!(concat!("../../../connectors/", $name, "/", $file)).as_slice())),+])
    };
}

const FOLDERS: &[Folder] = &[
    folder!("embed-minilm":
        "README.md",
        "connector.toml",
        "embed.py",
        "input.schema.json",
        "output.schema.json",
        "requirements.txt",
        "setup",
        "template.json",
        "test/expect.json",
        "test/files/texts.jsonl",
        "test/input.json",
    ),
    folder!("image-sd":
        "README.md",
        "connector.toml",
        "generate.py",
        "input.schema.json",
        "output.schema.json",
        "template.json",
        "test/expect.json",
        "test/input.json",
    ),
    folder!("transcribe-sphinx":
        "README.md",
        "connector.toml",
        "input.schema.json",
        "output.schema.json",
        "requirements.txt",
        "setup",
        "template.json",
        "test/expect.json",
        "test/files/speech.wav",
        "test/input.json",
        "transcribe.py",
    ),
    folder!("transcribe-whisper":
        "README.md",
        "connector.toml",
        "input.schema.json",
        "output.schema.json",
        "template.json",
        "test/expect.json",
        "test/files/speech.wav",
        "test/input.json",
        "transcribe.py",
    ),
];

/// Every built-in connector.
pub(crate) fn all() -> Result<Vec<Connector>, CheckError> {
    FOLDERS
        .iter()
        .map(|(name, files)| {
            let files: Files = files.iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())).collect();
            Connector::from_files(files)
                .map_err(|problems| CheckError { folder: Path::new("connectors").join(name), problems })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder;

    #[test]
    fn what_is_built_in_is_what_the_folders_hold() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors");
        let mut on_disk: Vec<_> =
            std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
        on_disk.sort();
        let built_in = all().unwrap();
        assert_eq!(on_disk.len(), built_in.len());
        for (path, connector) in on_disk.iter().zip(&built_in) {
            let files = folder::read(path).unwrap();
            assert_eq!(files.keys().collect::<Vec<_>>(), connector.files().keys().collect::<Vec<_>>());
            assert_eq!(Connector::read(path).unwrap().sha256(), connector.sha256(), "{}", path.display());
        }
    }
}
