//! Figures that other programs computed, in `figures/`: exact values and derivatives of ops by
//! mpmath, values and gradients of layers by JAX, and of recurrences by Python alone. Each table has the script
//! beside it that made it.

mod layers;
mod ops;
mod second;

use serde_json::Value as Json;

/// A number; JSON has those that are not finite as text.
fn number(json: &Json) -> f64 {
    match json.as_str() {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("a number, not {text}")),
        None => json.as_f64().unwrap_or_else(|| panic!("a number, not {json}")),
    }
}

fn numbers(json: &Json) -> Vec<f64> {
    let list = json.as_array().unwrap_or_else(|| panic!("a list, not {json}"));
    list.iter().map(number).collect()
}
