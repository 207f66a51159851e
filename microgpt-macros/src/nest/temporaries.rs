//! What temporaries are called, in the text of a kernel and in its Rust alike.

use std::collections::BTreeMap;

use crate::graph::NodeId;

use super::ir::Let;

/// The nodes that have a name: `value1`, or `row2` for the elements along an index.
#[derive(Clone, Default)]
pub struct Temporaries(BTreeMap<NodeId, String>);

impl Temporaries {
    /// Names what a statement computes, if that is a node.
    pub fn add(&mut self, of: &Let) -> Option<NodeId> {
        let (node, kind) = match of {
            Let::Node(node) => (*node, "value"),
            Let::Row { node, .. } => (*node, "row"),
            Let::Length(_) | Let::Products => return None,
        };
        let number = self.0.len() + 1;
        self.0.entry(node).or_insert_with(|| format!("{kind}{number}"));
        Some(node)
    }

    /// The name of a node, if it has one.
    pub fn name(&self, node: NodeId) -> Option<&str> {
        self.0.get(&node).map(String::as_str)
    }
}
