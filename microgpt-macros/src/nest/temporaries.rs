//! What temporaries are called, in the text of a kernel and in its Rust alike.

use std::collections::BTreeMap;

use crate::graph::NodeId;

use super::ir::Let;

/// The nodes that have a name: `value1`, or `row2` for the elements along an index.
#[derive(Clone, Default)]
pub struct Temporaries {
    names: BTreeMap<NodeId, String>,
    /// How many there were so far.
    count: usize,
}

impl Temporaries {
    /// Names what a statement computes, if that is a node.
    pub fn add(&mut self, of: &Let) -> Option<NodeId> {
        let (node, kind) = match of {
            Let::Node(node) => (*node, "value"),
            Let::Row { node, .. } => (*node, "row"),
            Let::Length(_) | Let::Products => return None,
        };
        self.count += 1;
        self.names.insert(node, format!("{kind}{}", self.count));
        Some(node)
    }

    /// Forgets the names since others: those before a nest are of it alone, for each nest computes its own.
    pub fn end_nest(&mut self, before: &Self) {
        self.names.clone_from(&before.names);
    }

    /// The name of a node, if it has one.
    pub fn name(&self, node: NodeId) -> Option<&str> {
        self.names.get(&node).map(String::as_str)
    }
}
