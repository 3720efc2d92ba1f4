//! What is to happen, or what the file declares, on the page.

use maud::{Markup, html};

use super::super::plan::{fields, notes, output_lines, summary};
use super::super::value::Arrow;
use super::styled::styled;
use super::{Page, table};
use crate::kind::LiveObject;
use crate::picture::sign;
use crate::plan::{Action, Item, Reason};

/// The plan, as `infra plan` tells it.
pub(super) fn changes(page: &Page<'_>) -> Markup {
    let plan = page.plan;
    let told = |item: &&Item| item.action != Action::Keep || item.reason != Reason::Same;
    let items: Vec<&Item> = plan.items.iter().filter(told).collect();
    let losses = items.iter().filter(|item| item.loses_data).count();
    html! {
        section id="plan" {
            h2 { "Plan" }
            p { @if plan.has_changes() { (styled(&summary(plan))) }
                @else { strong { "No changes." } " The account matches the stack file." } }
            @if losses > 0 {
                p class="strong gone" { "Data will be lost: " (losses) " of these hold data that only they have." }
            }
            @if !items.is_empty() {
                (table("shown", &["", "Address", "Kind", "Region", "What and why"], items.len(), html! {
                    @for item in &items { (row(page, item, true)) }
                }))
            }
            @if plan.has_changes() && !plan.outputs.is_empty() {
                h3 { "Outputs after it" }
                pre { (styled(&output_lines(plan.outputs.iter()))) }
            }
        }
    }
}

/// The resources, as the file describes them.
pub(super) fn declared(page: &Page<'_>) -> Markup {
    let items = &page.plan.items;
    html! {
        section id="resources" {
            h2 { "Resources" }
            (table("resources", &["Address", "Kind", "Region", "Fields"], items.len(), html! {
                @for item in items { (row(page, item, false)) }
            }))
        }
    }
}

fn row(page: &Page<'_>, item: &Item, planned: bool) -> Markup {
    let id = item.live.as_deref().map(LiveObject::id).unwrap_or_default();
    let (address, action) = (item.address.as_str(), item.action.as_str());
    let mut text = String::new();
    fields(item, 0, Arrow::Becomes, &mut text);
    let notes = if planned { notes(page.plan, item, Arrow::Becomes) } else { Vec::new() };
    html! {
        tr data-find=(format!("{address} {} {} {id}", item.kind, item.region)) data-address=(address) {
            @if planned {
                td { span class=(format!("action {action}")) title=(action) {
                    span aria-hidden="true" { (sign(action)) } " " (action)
                } }
            }
            td { (page.address(address, &item.kind)) }
            td { (item.kind) }
            td { (item.region) }
            td class="more" {
                @if !notes.is_empty() { p { (styled(&notes.join(", "))) } }
                @if item.loses_data {
                    p class="strong gone" {
                        "loses data" @if let Some(held) = &item.holds { ": " (held.what) }
                    }
                }
                @if !text.is_empty() {
                    details open[planned && item.action != Action::Create] {
                        summary { (count(item)) }
                        pre { (styled(&text)) }
                    }
                }
            }
        }
    }
}

/// What the details are, in a few words.
fn count(item: &Item) -> String {
    match (item.action, item.changes.len()) {
        (Action::Create, _) => "fields".to_owned(),
        (_, 1) => "1 field differs".to_owned(),
        (_, count) => format!("{count} fields differ"),
    }
}
