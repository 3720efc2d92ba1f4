//! A folder as a zip file that is the same, byte for byte, whoever makes it and wherever.
//!
//! Files stand in the order of their names, with one date and one of two sets of permissions. They
//! are stored as they are: what a compressor makes of them changes with its version, and with it
//! the hash by which a change of the folder is seen.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// What is no part of any program.
const LEFT_OUT: [&str; 6] =
    ["__pycache__", ".DS_Store", ".git", ".gitignore", ".pytest_cache", ".venv"];

/// The first of January 1980, midnight: the earliest that the format knows.
const DATE: u32 = 0x0021_0000;
const MADE_BY_UNIX: u16 = 0x0314;
const VERSION: u16 = 20;
const UTF_8: u16 = 0x0800;
/// Sizes and places are 32 bits wide, without the format's extension.
const LARGEST: u64 = 1 << 31;

/// A file to be.
struct Entry {
    name: String,
    content: Vec<u8>,
    executable: bool,
}

/// The folder's zip file.
pub fn zip(folder: &Path) -> io::Result<Vec<u8>> {
    let mut entries = Vec::new();
    collect(folder, "", &mut entries)?;
    if entries.is_empty() {
        return Err(io::Error::other("it holds no files"));
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let size: u64 = entries.iter().map(|entry| entry.content.len() as u64 + 200).sum();
    if size > LARGEST {
        return Err(io::Error::other("it is larger than any service takes"));
    }
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for entry in &entries {
        let start = len(&file);
        let facts = entry.facts();
        file.extend(0x0403_4b50_u32.to_le_bytes());
        file.extend(&facts);
        file.extend(entry.name.as_bytes());
        file.extend(&entry.content);

        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(MADE_BY_UNIX.to_le_bytes());
        directory.extend(&facts);
        // No comment, the first disk, no internal attributes.
        directory.extend([0; 6]);
        let mode: u32 = if entry.executable { 0o100_755 } else { 0o100_644 };
        directory.extend((mode << 16).to_le_bytes());
        directory.extend(start.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let (start, size) = (len(&file), len(&directory));
    let count = u16::try_from(entries.len())
        .map_err(|_| io::Error::other("it holds more than 65 535 files"))?;
    file.extend(directory);
    file.extend(0x0605_4b50_u32.to_le_bytes());
    file.extend([0; 4]);
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend(size.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0; 2]);
    Ok(file)
}

/// A file's hash as it is shown and compared: `sha256:` and 64 digits.
pub fn hash(file: &[u8]) -> String {
    shown(&Sha256::digest(file))
}

/// A hash in that form.
pub fn shown(hash: &[u8]) -> String {
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

impl Entry {
    /// What stands of the file both before its content and in the directory.
    fn facts(&self) -> Vec<u8> {
        let name = u16::try_from(self.name.len()).unwrap_or(u16::MAX);
        let mut facts = Vec::with_capacity(26);
        for word in [VERSION, UTF_8, 0] {
            facts.extend(word.to_le_bytes());
        }
        facts.extend(DATE.to_le_bytes());
        facts.extend(crc(&self.content).to_le_bytes());
        facts.extend(len(&self.content).to_le_bytes());
        facts.extend(len(&self.content).to_le_bytes());
        facts.extend(name.to_le_bytes());
        facts.extend([0; 2]);
        facts
    }
}

fn collect(folder: &Path, prefix: &str, entries: &mut Vec<Entry>) -> io::Result<()> {
    for found in fs::read_dir(folder)? {
        let found = found?;
        let name = found.file_name();
        let Some(name) = name.to_str().filter(|name| name.len() < 1000) else {
            return Err(io::Error::other(format!("`{}` is no name", found.path().display())));
        };
        let path = format!("{prefix}{name}");
        let kind = found.file_type()?;
        let is_compiled = Path::new(name).extension().is_some_and(|end| end == "pyc");
        if LEFT_OUT.contains(&name) || is_compiled {
            continue;
        }
        if kind.is_symlink() {
            let text = format!("`{path}` is a symbolic link: put the file itself there");
            return Err(io::Error::other(text));
        }
        if kind.is_dir() {
            collect(&found.path(), &format!("{path}/"), entries)?;
        } else {
            let (content, executable) = (fs::read(found.path())?, is_executable(&found.path())?);
            entries.push(Entry { name: path, content, executable });
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// CRC-32, as zip files have it.
fn crc(bytes: &[u8]) -> u32 {
    let table = TABLE;
    let step = |crc: u32, byte: &u8| {
        let place = (crc ^ u32::from(*byte)) & 0xff;
        (crc >> 8) ^ table[place as usize]
    };
    !bytes.iter().fold(u32::MAX, step)
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut place: u32 = 0;
    while place < 256 {
        let (mut value, mut bit) = (place, 0);
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[place as usize] = value;
        place += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{crc, hash, zip};

    #[test]
    fn the_same_files_make_the_same_bytes() {
        let make = |names: &[&str]| {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::create_dir(folder.path().join("inner")).expect("a folder");
            std::fs::create_dir(folder.path().join("__pycache__")).expect("a folder");
            for name in names {
                std::fs::write(folder.path().join(name), name).expect("a file");
            }
            std::fs::write(folder.path().join("__pycache__/a.pyc"), names.join(""))
                .expect("a file");
            zip(folder.path()).expect("a zip file")
        };
        let made = make(&["handler.py", "inner/b.py"]);
        assert_eq!(made, make(&["inner/b.py", "handler.py"]));
        assert_ne!(made, make(&["handler.py", "inner/c.py"]));
        // Whatever becomes of this code: another hash is a change of everybody's functions.
        assert_eq!(
            hash(&made),
            "sha256:12ca685a38060cd2560062adf1896c0b3f6379b8a8a0cc5a2072736f818f7682"
        );
    }

    #[test]
    fn the_check_value_of_crc_32() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn an_empty_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(zip(folder.path()).is_err());
    }
}
