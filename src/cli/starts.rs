//! Starting points of stack files, embedded in the binary.

/// A stack file to begin with.
pub(crate) struct Start {
    pub name: &'static str,
    pub about: &'static str,
    text: &'static str,
    templates: &'static [(&'static str, &'static str)],
}

const NETWORK: (&str, &str) = ("network.yaml", include_str!("../../templates/network.yaml"));

/// All starting points, the simplest first.
pub(crate) const ALL: &[Start] = &[
    Start {
        name: "minimal",
        about: "a bucket and a log group",
        text: include_str!("../../templates/starts/minimal.yaml"),
        templates: &[],
    },
    Start {
        name: "service",
        about: "a network, a load balancer and a container on Fargate",
        text: include_str!("../../templates/starts/service.yaml"),
        templates: &[NETWORK],
    },
];

/// The starting point of that name.
pub(crate) fn find(name: &str) -> Option<&'static Start> {
    ALL.iter().find(|start| start.name == name)
}

impl Start {
    /// The stack file's text, under another name if one is given.
    pub fn text(&self, name: Option<&str>) -> String {
        let Some(name) = name else { return self.text.to_owned() };
        let lines = self.text.lines().map(|line| match line.strip_prefix("stack:") {
            Some(_) => format!("stack: {name}\n"),
            None => format!("{line}\n"),
        });
        lines.collect()
    }

    /// The templates that it uses: file name and text.
    pub fn templates(&self) -> &'static [(&'static str, &'static str)] {
        self.templates
    }
}
