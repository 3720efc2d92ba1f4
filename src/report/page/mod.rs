//! A stack on one page of HTML, which needs nothing else: no network, no other file.

mod cost;
mod live;
mod plan;
mod styled;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cost::Costs;
use super::value::inline;
use crate::kind::{LiveObject, waits};
use crate::picture::{Picture, svg};
use crate::plan::Plan;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page is about.
pub struct Page<'a> {
    /// The picture.
    pub picture: &'a Picture,
    /// What is to happen; without an account, what it would take to make everything.
    pub plan: &'a Plan,
    /// Money.
    pub costs: Costs<'a>,
    /// What lives; `None` when no account was asked.
    pub live: Option<Live<'a>>,
}

/// What there is in the account.
pub struct Live<'a> {
    /// The objects of the stack.
    pub objects: Vec<&'a LiveObject>,
    /// The stack's outputs, as far as they are known.
    pub outputs: &'a BTreeMap<String, Value>,
}

impl Page<'_> {
    /// The page.
    pub fn html(&self) -> String {
        let title = self.picture.title();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    // Nothing is fetched, and no script runs but the page's own.
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) }
                    style { (PreEscaped(style())) }
                }
                body {
                    (self.header())
                    main {
                        (self.picture())
                        @if self.live.is_some() { (plan::changes(self)) } @else { (plan::declared(self)) }
                        (cost::section(self))
                        @if let Some(live) = &self.live { (live::objects(self, live)) (live::outputs(live)) }
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string() + "\n"
    }

    fn header(&self) -> Markup {
        let sections: &[(&str, &str)] = if self.live.is_some() {
            &[
                ("picture", "Picture"),
                ("plan", "Plan"),
                ("cost", "Cost"),
                ("live", "Live"),
                ("outputs", "Outputs"),
            ]
        } else {
            &[("picture", "Picture"), ("resources", "Resources"), ("cost", "Cost")]
        };
        html! {
            header {
                div class="name" {
                    h1 { (self.picture.stack) " " span class="environment" { (self.picture.environment) } }
                    p class="faint" { (self.picture.whereabouts()) (self.state()) }
                }
                nav aria-label="Sections" {
                    @for (id, name) in sections { a href=(format!("#{id}")) { (name) } }
                }
                input type="search" id="search" placeholder="Search address, kind or id  ( / )"
                    aria-label="Search all tables by address, kind or id" autocomplete="off" spellcheck="false";
                button type="button" id="theme" aria-label="Switch between light and dark" { "◐" }
            }
        }
    }

    /// What is to be known of the whole before anything else.
    fn state(&self) -> &'static str {
        match (&self.live, self.plan.asleep) {
            (None, _) => " · from the stack file alone: no account was asked",
            (Some(_), true) => " · asleep",
            (Some(_), false) => "",
        }
    }

    fn picture(&self) -> Markup {
        html! {
            section id="picture" {
                h2 { "Picture" }
                div class="tools" {
                    button type="button" id="smaller" aria-label="Smaller" { "−" }
                    button type="button" id="larger" aria-label="Larger" { "+" }
                    button type="button" id="fit" { "Fit" }
                    button type="button" id="whole" { "1:1" }
                    span class="faint" { "Point at something to see its lines; click to find it in the tables." }
                }
                div id="canvas" tabindex="0" role="region" aria-label="The picture; scrolls" {
                    (svg::element(self.picture, None))
                }
            }
        }
    }

    /// An address, with a link to where it is in the picture.
    fn address(&self, address: &str, kind: &str) -> Markup {
        let part = self.picture.parts.iter().position(|part| {
            let is_it = |at: &str, its: &str| at == address && its == kind;
            part.resource().is_some_and(|(address, kind)| is_it(address, kind))
        });
        html! {
            @match part {
                Some(part) => a class="address" href=(format!("#part-{part}")) { (address) },
                None => span class="address" { (address) },
            }
        }
    }
}

/// The heads of columns that hold numbers.
const NUMBERS: [&str; 2] = ["Running", "Asleep"];

/// A table that the search filters, with how many rows it has.
fn table(name: &str, heads: &[&str], count: usize, rows: Markup) -> Markup {
    html! {
        p class="count faint" data-count=(count) aria-live="polite" { (count) " " (name) }
        div class="wide" {
            table class="data" {
                thead { tr { @for head in heads { th scope="col" class=[NUMBERS.contains(head).then_some("number")] { (head) } } } }
                tbody { (rows) }
            }
        }
        p class="none faint" hidden { "Nothing here matches the search." }
    }
}

/// Names and values.
fn pairs<'a>(pairs: impl Iterator<Item = (&'a String, &'a Value)>) -> Markup {
    html! {
        dl { @for (name, value) in pairs {
            dt { (name) }
            dd { (text(value)) }
        } }
    }
}

/// A value as `infra show` has it; what is not known yet is called so.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) if !waits(value) => text.clone(),
        other => inline(other),
    }
}

/// The looks, light and dark: as the reader has it, or as the button says.
fn style() -> String {
    let (light, dark) = (svg::LIGHT, format!("{}{}", svg::DARK, include_str!("page.dark.css")));
    format!(
        "{STYLE}{light}\
         @media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{\n{dark}}} }}\n\
         @media screen {{ :root[data-theme=dark] {{\n{dark}}} }}\n"
    )
}

fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; \
         base-uri 'none'; form-action 'none'"
    )
}
