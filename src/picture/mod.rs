//! Stack and plan → picture: nested boxes, what stands in them, what refers to what and where
//! traffic goes. It knows no format; [`mermaid`], [`dot`] and [`svg`] write it down.

mod build;
pub mod dot;
pub mod layout;
pub mod mermaid;
mod place;
pub mod svg;
mod text;
mod things;
mod traffic;

use serde::Serialize;

use crate::model::{Address, Stack};
use crate::plan::Plan;

/// A stack to look at.
#[derive(Clone, Debug, Serialize)]
pub struct Picture {
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: String,
    /// The stack's home region.
    pub region: String,
    /// The account's twelve digits, when it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Boxes and what stands in them; a box comes before what is inside.
    pub parts: Vec<Part>,
    /// The lines between them, by the places of the parts.
    pub edges: Vec<Edge>,
}

/// A box, or something in one.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The place of the box that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<usize>,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// What a part of a picture is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum What {
    /// Everybody, at the other end of what is open to all.
    Internet,
    /// What belongs to the account, and to no region.
    Account,
    /// What is not in AWS.
    Atlas,
    /// A region.
    Region {
        /// Its name.
        name: String,
    },
    /// A zone of a region, or the part of a network that is in it.
    Zone {
        /// Its name.
        name: String,
    },
    /// A resource of the stack, or an object that is no longer declared. A network and a subnet are
    /// boxes too.
    Resource {
        /// Where it stands in the stack.
        address: Address,
        /// The kind's name.
        kind: String,
        /// The region that it is in.
        region: String,
        /// What the plan does with it, where there is a plan.
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<&'static str>,
        /// Whether others may be inside.
        #[serde(rename = "box")]
        is_box: bool,
        /// What else is worth a word: a network's range.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
}

/// A line from one part to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The place of the part where it begins.
    pub from: usize,
    /// The place of the part where it ends.
    pub to: usize,
    /// What it means.
    pub kind: EdgeKind,
    /// What goes there: `tcp 443`, `0.0.0.0/0`. Empty for references.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// What a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// The one that it begins at needs the other.
    Reference,
    /// The one that it begins at opens connections to the other.
    Traffic,
}

/// What a stack file describes, without a look at any account.
pub fn of_stack(stack: &Stack) -> Picture {
    build::picture(stack, None)
}

/// What there is and what a plan makes of it; objects that it deletes are shown too.
pub fn of_plan(stack: &Stack, plan: &Plan) -> Picture {
    build::picture(stack, Some(plan))
}

/// The actions in the order in which legends have them, each with its sign.
pub const ACTIONS: [(&str, &str); 7] = [
    ("create", "+"),
    ("update", "~"),
    ("replace", "±"),
    ("delete", "−"),
    ("adopt", ">"),
    ("retag", ">"),
    ("keep", "="),
];

/// The sign of an action.
pub fn sign(action: &str) -> &'static str {
    ACTIONS.iter().find(|(name, _)| *name == action).map_or("", |(_, sign)| sign)
}

impl Picture {
    /// The name over the picture.
    pub fn title(&self) -> String {
        text::clean(&format!("{} {}", self.stack, self.environment))
    }

    /// Where all of it is.
    pub fn whereabouts(&self) -> String {
        text::clean(&match &self.account {
            Some(account) => format!("account {account}, {}", self.region),
            None => self.region.clone(),
        })
    }

    /// The actions that occur, in the order of legends.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        let occurs = |name: &str| self.parts.iter().any(|part| part.action() == Some(name));
        ACTIONS.iter().map(|(name, _)| *name).filter(move |name| occurs(name))
    }

    /// The kinds of lines that occur.
    pub fn edge_kinds(&self) -> impl Iterator<Item = EdgeKind> {
        let occurs = |kind: &EdgeKind| self.edges.iter().any(|edge| edge.kind == *kind);
        [EdgeKind::Reference, EdgeKind::Traffic].into_iter().filter(occurs)
    }

    /// The places of the parts that stand in a box, or on the outside.
    pub fn inside(&self, of: Option<usize>) -> impl Iterator<Item = usize> {
        (0..self.parts.len()).filter(move |place| self.parts[*place].inside == of)
    }

    /// The places of the boxes around a part, from the inside out.
    pub fn around(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parts[place].inside, |outer| self.parts[*outer].inside)
    }
}

impl Part {
    /// Whether others may be inside.
    pub fn is_box(&self) -> bool {
        match &self.what {
            What::Internet => false,
            What::Account | What::Atlas | What::Region { .. } | What::Zone { .. } => true,
            What::Resource { is_box, .. } => *is_box,
        }
    }

    /// What the plan does with it.
    pub fn action(&self) -> Option<&'static str> {
        match &self.what {
            What::Resource { action, .. } => *action,
            _ => None,
        }
    }

    /// The address and the kind of a resource.
    pub fn resource(&self) -> Option<(&str, &str)> {
        match &self.what {
            What::Resource { address, kind, .. } => Some((address.as_str(), kind)),
            _ => None,
        }
    }

    /// The word for what it is.
    pub fn role(&self) -> &'static str {
        match &self.what {
            What::Internet => "internet",
            What::Account => "account",
            What::Atlas => "atlas",
            What::Region { .. } => "region",
            What::Zone { .. } => "zone",
            What::Resource { kind, is_box: true, .. } if kind == place::SUBNET => "subnet",
            What::Resource { is_box: true, .. } => "network",
            What::Resource { .. } => "resource",
        }
    }

    /// Its name, without letters that would do more than be shown.
    pub fn name(&self) -> String {
        text::clean(match &self.what {
            What::Internet => "Internet",
            What::Account => "Account",
            What::Atlas => "MongoDB Atlas",
            What::Region { name } | What::Zone { name } => name,
            What::Resource { address, .. } => address.as_str(),
        })
    }

    /// The line below the name: what it is.
    pub fn about(&self) -> String {
        text::clean(&match &self.what {
            What::Internet => "everybody".to_owned(),
            What::Account => "no region".to_owned(),
            What::Atlas => "not in AWS".to_owned(),
            What::Region { .. } => "region".to_owned(),
            What::Zone { .. } => "zone".to_owned(),
            What::Resource { kind, detail: Some(detail), .. } => format!("{kind} {detail}"),
            What::Resource { kind, .. } => kind.clone(),
        })
    }
}

impl EdgeKind {
    /// The kind as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Traffic => "traffic",
        }
    }
}
