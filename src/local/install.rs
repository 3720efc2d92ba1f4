//! The virtual environment and the overlay, in the cache folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::{LocalError, PYTHON_VARIABLE, Result, io, tail};

const REQUIREMENTS: &str = include_str!("requirements.txt");

macro_rules! overlay {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("overlay/", $name)))),*] };
}

const OVERLAY: &[(&str, &str)] = overlay![
    "__main__.py",
    "acls.py",
    "appstream.py",
    "atlas.py",
    "atlas_access.py",
    "atlas_alerts.py",
    "atlas_backup.py",
    "atlas_clusters.py",
    "atlas_flex.py",
    "atlas_network.py",
    "atlas_projects.py",
    "atlas_schemas.json",
    "backup.py",
    "budgets.py",
    "calls.py",
    "cbor.py",
    "census.py",
    "cloudfront.py",
    "cloudtrail.py",
    "cloudwatch.py",
    "config_.py",
    "consistency.py",
    "control.py",
    "dlm.py",
    "docdb.py",
    "ec2.py",
    "ecr.py",
    "ecs.py",
    "elbv2.py",
    "events.py",
    "faults.py",
    "fixes.py",
    "fsx.py",
    "guardduty.py",
    "iam.py",
    "instances.py",
    "interfaces.py",
    "journal.py",
    "kms.py",
    "lambda_.py",
    "logs.py",
    "machines.py",
    "once.py",
    "own.py",
    "pagesizes.py",
    "paging.py",
    "parameter_groups.py",
    "parameters.py",
    "patch.py",
    "rds.py",
    "records.py",
    "recovery.py",
    "resets.py",
    "route53.py",
    "s3.py",
    "scaling.py",
    "scheduler.py",
    "secretsmanager.py",
    "settings.py",
    "sns.py",
    "sqs.py",
    "states.py",
    "tagging.py",
    "tokens.py",
    "volumes.py",
    "wafv2.py",
    "web.py",
];

/// The file whose presence says that an environment is whole.
const MARKER: &str = "installed";

/// What a server is started from.
pub(super) struct Installed {
    pub python: PathBuf,
    pub environment: PathBuf,
    pub overlay: PathBuf,
}

/// What this binary carries: changes with the overlay or with any package.
pub(super) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let overlay = OVERLAY.iter().flat_map(|(name, text)| [*name, *text]);
        digest(overlay.chain([REQUIREMENTS]))
    });
    &VERSION
}

pub(super) fn is_complete(folder: &Path) -> bool {
    environment(folder).join(MARKER).exists()
}

/// Makes what is missing. Two processes at once wait for each other; a half-made environment is made anew.
pub(super) fn install(folder: &Path) -> Result<Installed> {
    let _alone = lock(folder, "install.lock")?;
    let environment = environment(folder);
    let python = environment.join("bin").join("python");
    if !is_complete(folder) {
        if environment.exists() {
            fs::remove_dir_all(&environment)
                .map_err(io(format!("remove {}", environment.display())))?;
        }
        make_environment(&environment)?;
        fetch_packages(folder, &python)?;
        write(&environment.join(MARKER), "")?;
    }
    let overlay = folder.join(format!("overlay-{}", version()));
    fs::create_dir_all(&overlay).map_err(io(format!("create {}", overlay.display())))?;
    for (name, text) in OVERLAY {
        let file = overlay.join(name);
        if fs::read_to_string(&file).ok().as_deref() != Some(*text) {
            write(&file, text)?;
        }
    }
    Ok(Installed { python, environment, overlay })
}

/// Held until dropped, or until the process is gone.
pub(super) fn lock(folder: &Path, name: &str) -> Result<File> {
    fs::create_dir_all(folder).map_err(io(format!("create {}", folder.display())))?;
    let path = folder.join(name);
    let doing = format!("lock {}", path.display());
    let file = File::options().create(true).append(true).open(&path).map_err(io(doing.as_str()))?;
    file.lock().map_err(io(doing))?;
    Ok(file)
}

fn environment(folder: &Path) -> PathBuf {
    folder.join(format!("venv-{}", digest([REQUIREMENTS])))
}

fn make_environment(environment: &Path) -> Result<()> {
    let python = find_python()?;
    let output = run(Command::new(&python).args(["-m", "venv"]).arg(environment))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LocalError::NoVenv { python, tail: said(&output) })
}

fn fetch_packages(folder: &Path, python: &Path) -> Result<()> {
    let list = folder.join("requirements.txt");
    write(&list, REQUIREMENTS)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
    let output = run(Command::new(python).args(pip).args(["--require-hashes", "-r"]).arg(&list))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LocalError::Download { tail: said(&output) })
}

/// The interpreter that the user names, or the first of the usual ones that is new enough.
fn find_python() -> Result<String> {
    let named = std::env::var(PYTHON_VARIABLE).ok().filter(|name| !name.is_empty());
    let candidates = match &named {
        Some(name) => vec![name.as_str()],
        None => vec!["python3", "python3.13", "python3.12", "python3.11", "python3.10"],
    };
    let mut found = Vec::new();
    for candidate in candidates {
        match python_version(candidate) {
            Some(version) if version >= (3, 10) => return Ok(candidate.to_owned()),
            Some((major, minor)) => found.push(format!("{candidate} is Python {major}.{minor}")),
            None if found.is_empty() => found.push(format!("{candidate} is not there")),
            None => {}
        }
    }
    Err(LocalError::NoPython { found: found.join(", ") })
}

fn python_version(python: &str) -> Option<(u32, u32)> {
    let code = "import sys; print(*sys.version_info[:2])";
    let output = Command::new(python).args(["-c", code]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn run(command: &mut Command) -> Result<Output> {
    let doing = format!("run {}", command.get_program().display());
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").output().map_err(io(doing))
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    tail(&String::from_utf8_lossy(&text))
}

/// Another process sees the old file or the new one, never a part.
fn write(path: &Path, text: &str) -> Result<()> {
    let doing = format!("write {}", path.display());
    let temporary = path.with_extension("new");
    fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path)).map_err(io(doing))
}

fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    use std::fmt::Write;
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
