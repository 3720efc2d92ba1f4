//! Every integration test, in one binary.

mod atlas;
mod binary;
mod browser;
mod canary;
mod cases;
mod ci;
mod cli;
mod cost;
mod databases;
mod dns;
mod editor;
mod explain;
mod handlers;
mod healthcare;
mod import;
mod interrupt;
mod law;
mod local;
mod lock;
mod new;
mod night;
mod npm;
mod page;
mod picture;
mod plan;
mod planner;
mod rehearse;
mod rotation;
mod saved;
mod settled;
mod shell;
mod sources;
mod teardown;
mod world;

/// The checkout. Asked for when the tests run, not when they are compiled: a cache of artefacts may
/// come from another checkout.
fn root() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), Into::into)
}

/// Puts the files that `stacks/healthcare.yaml` reads beside a copy of it.
fn copy_stack_files(folder: &std::path::Path) {
    for part in ["files", "files/export"] {
        std::fs::create_dir(folder.join(part)).expect("a folder");
        for found in std::fs::read_dir(root().join("stacks").join(part)).expect("the files") {
            let found = found.expect("a file").path();
            if found.is_file() {
                let name = found.file_name().expect("a name");
                std::fs::copy(&found, folder.join(part).join(name)).expect("copied");
            }
        }
    }
}
