//! What there is in the account, on the page.

use maud::{Markup, html};

use super::{Live, Page, pairs, table, text};
use crate::kind::{LiveObject, Status};

/// The objects, with what AWS decided about them.
pub(super) fn objects(page: &Page<'_>, live: &Live<'_>) -> Markup {
    let objects = &live.objects;
    html! {
        section id="live" {
            h2 { "Live" }
            @if objects.is_empty() { p { "Nothing of this stack lives in the account." } }
            @else {
                (table("objects", &["Address", "Kind", "Region", "State", "Id", "Outputs"], objects.len(), html! {
                    @for object in objects { (row(page, object)) }
                }))
            }
        }
    }
}

fn row(page: &Page<'_>, object: &LiveObject) -> Markup {
    let (address, id) = (object.address().unwrap_or("?"), object.id());
    let (state, class) = match &object.status {
        Status::Usable => ("usable".to_owned(), ""),
        Status::Pending(state) => (state.clone(), "changed"),
        Status::Failed(reason) => (format!("failed: {reason}"), "strong gone"),
        Status::Deleting => ("on its way out".to_owned(), "changed"),
    };
    html! {
        tr data-find=(format!("{address} {} {} {id}", object.kind, object.region)) data-address=(address) {
            td { (page.address(address, &object.kind)) }
            td { (object.kind) }
            td { (object.region) }
            td { span class=(class) { (state) } }
            td class="id" { (id) }
            td class="more" {
                details {
                    summary { "outputs" }
                    (pairs(object.outputs.as_object().into_iter().flatten()))
                }
            }
        }
    }
}

/// The stack's outputs.
pub(super) fn outputs(live: &Live<'_>) -> Markup {
    html! {
        section id="outputs" {
            h2 { "Outputs" }
            @if live.outputs.is_empty() { p { "The stack file declares none." } }
            @else {
                (table("outputs", &["Name", "Value"], live.outputs.len(), html! {
                    @for (name, value) in live.outputs {
                        tr data-find=(name) {
                            td { (name) }
                            td class="id" { (text(value)) }
                        }
                    }
                }))
            }
        }
    }
}
