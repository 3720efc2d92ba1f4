//! Pictures of a stack: to the standard output, or to a file.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::Report;
use crate::kind::literal;
use crate::picture::{Picture, dot, mermaid, svg};

/// How a picture is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// SVG.
    Svg,
    /// Mermaid.
    Mermaid,
    /// DOT.
    Dot,
}

impl PictureFormat {
    /// The format that a file's ending stands for.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "svg" => Some(Self::Svg),
            "mmd" | "mermaid" => Some(Self::Mermaid),
            "dot" | "gv" => Some(Self::Dot),
            _ => None,
        }
    }
}

impl Report {
    /// A picture; with `--json`, what is drawn.
    pub fn picture(
        &self,
        picture: &Picture,
        format: PictureFormat,
        out: Option<&Path>,
    ) -> anyhow::Result<()> {
        let text = match format {
            _ if self.is_json() => serde_json::to_string(picture)?,
            PictureFormat::Svg => svg::file(picture),
            PictureFormat::Mermaid => mermaid::text(picture),
            PictureFormat::Dot => dot::text(picture),
        };
        self.file(&text, out)
    }

    /// A result that is a file, printed where no file is named.
    pub fn file(&self, text: &str, out: Option<&Path>) -> anyhow::Result<()> {
        let Some(path) = out else {
            self.out(text);
            return Ok(());
        };
        write(path, &literal::plain(text.trim_end_matches('\n')))
            .with_context(|| format!("cannot write {}", path.display()))?;
        self.note(&format!("Written: {}", path.display()));
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")
}
