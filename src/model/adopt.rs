//! The `adopt` of a stack file: which objects in AWS its resources take over.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::expand::Expander;
use super::params::mapping;
use super::scope::Scope;
use super::{Address, Resource};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::stack::{Data, Node};

/// Reads the ids and ARNs by the addresses of the resources that take the objects over.
pub(super) fn read(
    expander: &mut Expander,
    node: &Node,
    scope: &Arc<Scope>,
    resources: &IndexMap<Address, Resource>,
) -> BTreeMap<Address, String> {
    if !matches!(node.data, Data::Map(_) | Data::Null) {
        expander.mistake(mapping("adopt", node, &scope.file), scope);
    }
    let mut all = BTreeMap::new();
    for (key, node) in node.entries() {
        let address = Address::new(&key.text);
        if !resources.contains_key(&address) {
            let message = format!("there is no resource `{address}` to adopt an object for");
            let names = resources.keys().map(Address::as_str);
            let unknown = Diagnostic::error("unknown-address", message)
                .at(key.span(&scope.file))
                .maybe_help(did_you_mean(&key.text, names));
            expander.mistake(unknown, scope);
        }
        let what = format!("what `{address}` adopts");
        if let Some(id) = expander.known_text(node, scope, &what) {
            all.insert(address, id);
        }
    }
    all
}
