//! What the tests ask beside Rust, from the npm registry, as `tests/npm` says.

use std::path::PathBuf;
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The folder of the packages, installed once for all.
pub fn packages() -> PathBuf {
    let of = crate::root().join("tests/npm");
    let lock = std::fs::read(of.join("package-lock.json")).expect("the lock file");
    let digest: String = Sha256::digest(&lock).iter().take(6).map(|b| format!("{b:02x}")).collect();
    let cache = dirs::cache_dir().expect("a cache folder").join("infra");
    let folder = cache.join(format!("npm-{digest}"));
    if !folder.exists() {
        std::fs::create_dir_all(&cache).expect("a folder");
        let begun = TempDir::new_in(&cache).expect("a folder");
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(of.join(file), begun.path().join(file)).expect("copied");
        }
        let npm = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(begun.path())
            .output()
            .expect("npm, which comes with Node.js 20 or later, installs what this test asks");
        assert!(npm.status.success(), "{}", String::from_utf8_lossy(&npm.stderr));
        // Whoever was faster has installed the same.
        let _ = std::fs::rename(begun.path(), &folder);
    }
    folder.join("node_modules")
}
