//! `examples/microgpt.rs` against the Python: 1,000 steps on the built-in names, and 20 names.

use serde_json::Value as Json;

use crate::microgpt_example::run;

/// Losses and names of microgpt.py on a text, as `CPython` computes them.
fn assert_digits(text: &str, golden: &str) {
    let golden: Json = serde_json::from_str(golden).expect("the file is JSON");
    let expected = golden["losses"].as_array().expect("losses");
    let (losses, names) = run(text, expected.len(), |_| ());
    let expected = expected.iter().map(|loss| loss.as_f64().expect("a number"));
    let worst = losses.iter().zip(expected).map(|(loss, expected)| (loss - expected).abs());
    let worst = worst.fold(0.0, f64::max);
    println!("largest difference of a loss: {worst:e}");
    assert!(worst <= 1e-12, "{worst:e}");
    let samples = golden["samples"].as_array().expect("samples");
    assert_eq!(names, samples.iter().filter_map(Json::as_str).collect::<Vec<_>>());
}

#[test]
fn a_thousand_losses_and_twenty_names() {
    assert_digits(include_str!("../../examples/names.txt"), include_str!("names.json"));
}

#[test]
fn the_gist_on_few_names() {
    let golden = include_str!("../models/golden/gist.json");
    let json: Json = serde_json::from_str(golden).expect("the file is JSON");
    let docs = json["docs"].as_array().expect("documents");
    let text: Vec<&str> = docs.iter().filter_map(Json::as_str).collect();
    assert_digits(&text.join("\n"), golden);
}
