//! The templates inside the binary: those of the repository's `templates/` folder.

/// Name and text of each template.
pub static TEMPLATES: &[(&str, &str)] =
    &[("network", include_str!("../../templates/network.yaml"))];

/// The text of the template of that name.
pub fn find(name: &str) -> Option<&'static str> {
    TEMPLATES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
