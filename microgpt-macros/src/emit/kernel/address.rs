//! Where elements lie in their arrays.

use proc_macro2::{Ident, TokenStream};

use super::Printer;
use crate::emit::{Ids, code};
use crate::graph::{Array, IndexId, Subscript};
use crate::nest::ir::Element;
use crate::nest::layout::stored;
use crate::resolve::hir::Integer;

impl Printer<'_> {
    pub(super) fn element(&self, element: &Element) -> TokenStream {
        self.address(element.array, &element.subscripts, None)
    }

    /// The position of an element, or with `row` that of the first element along this index.
    pub(super) fn address(
        &self,
        array: Array,
        subscripts: &[Subscript],
        row: Option<IndexId>,
    ) -> TokenStream {
        let mut address = TokenStream::new();
        let subscripts = self.in_order(array, subscripts);
        for ((len, axis), subscript) in self.axes(array).iter().zip(&subscripts) {
            let start = axis.and_then(|axis| self.emitter.start(axis));
            let subscript = self.subscript(subscript, row);
            let subscript = match start {
                Some(start) => code!((#subscript - #start)),
                None => subscript,
            };
            address =
                if address.is_empty() { subscript } else { code!((#address) * #len + #subscript) };
        }
        let address = if address.is_empty() { code!(0) } else { address };
        self.at_hand(array, address)
    }

    /// A position in what is at hand of an array.
    fn at_hand(&self, array: Array, address: TokenStream) -> TokenStream {
        if self.after != Some(array) {
            return address;
        }
        let first = self.emitter.first_of(array);
        code!((#address) - #first)
    }

    /// The position of an element whose subscripts were not checked on entry.
    pub(super) fn checked_address(&self, array: Array, subscripts: &[Subscript]) -> TokenStream {
        let runtime = self.runtime;
        let text = self.emitter.text(array);
        let mut address = TokenStream::new();
        let axes: Vec<_> =
            self.emitter.axes(array).into_iter().zip(subscripts).enumerate().collect();
        for (axis, ((len, start), subscript)) in self.in_order(array, &axes) {
            let start = start.and_then(|axis| self.emitter.start(axis));
            let (plus, minus) = self.emitter.parts(subscript, Ids::Checked);
            let minus = minus.unwrap_or_else(|| code!(0));
            let start = start.map_or_else(|| code!(0), |start| code!(#start));
            let text = self.emitter.checked.at_run_time(&format!("axis {axis} of `{text}`"));
            let at = code!(#runtime::expr::place(#plus, #minus, #start, #len, #text));
            address = if address.is_empty() { at } else { code!((#address) * #len + #at) };
        }
        self.at_hand(array, address)
    }

    /// The lengths and indices of an array's axes in the order in which they lie.
    pub(super) fn axes(&self, array: Array) -> Vec<(Ident, Option<IndexId>)> {
        self.in_order(array, &self.emitter.axes(array))
    }

    /// What belongs to the axes of an array, such as subscripts, in the order in which they lie.
    pub(super) fn in_order<A: Clone>(&self, array: Array, axes: &[A]) -> Vec<A> {
        stored(self.emitter.interleaving(self.is_interleaved), array, axes)
    }

    pub(super) fn subscript(&self, subscript: &Subscript, row: Option<IndexId>) -> TokenStream {
        let row = row.filter(|&index| subscript.names(index));
        let Some(index) = row else { return self.emitter.group(subscript) };
        let (low, _) = self.emitter.bounds(index);
        let rest = subscript.substitute(index, &Integer::constant(0));
        match (rest.as_constant(), low.to_string().as_str()) {
            (Some(0), _) => low,
            (_, "0") => self.emitter.group(&rest),
            // The row's first value may be what keeps the sum from being negative.
            _ => self.emitter.plus(&rest, &low),
        }
    }
}
