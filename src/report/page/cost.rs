//! Money on the page.

use maud::{Markup, html};

use super::styled::styled;
use super::{Page, table};
use crate::cost::Share;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let costs = &page.costs;
    let lines: Vec<_> =
        costs.estimate.lines.iter().filter(|line| line.share == Share::Charged).collect();
    html! {
        section id="cost" {
            h2 { "Cost" }
            p class="faint" { "A month in " (costs.currency.code) " by list prices." }
            pre class="sums" { (styled(&costs.sums_text())) }
            (table("charged", &["Address", "Kind", "Running", "Asleep", "For what"], lines.len(), html! {
                @for line in lines {
                    @let address = line.address.as_str();
                    tr data-find=(format!("{address} {} {}", line.kind, line.region)) data-address=(address) {
                        td { (page.address(address, line.kind)) }
                        td { (line.kind) }
                        td class="number" { (costs.cell(line.running)) }
                        td class="number" { (costs.cell(line.asleep)) }
                        td class="more" {
                            @if !line.items.is_empty() {
                                details {
                                    summary { (super::super::cost::charges(line.items.len())) }
                                    ul { @for item in &line.items { li { (costs.item(item)) } } }
                                }
                            }
                        }
                    }
                }
            }))
            (table("services", &["Service", "Running", "Asleep"], costs.estimate.services.len(), html! {
                @for service in &costs.estimate.services {
                    tr data-find=(service.service) {
                        td { (service.service) }
                        td class="number" { (costs.cell(service.running)) }
                        td class="number" { (costs.cell(service.asleep)) }
                    }
                }
            }))
            pre class="notes faint" { (styled(&costs.notes_text())) }
        }
    }
}
