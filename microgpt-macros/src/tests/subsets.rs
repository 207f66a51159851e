//! Every layer of the library with every subset of its inputs tracked, the others constant: the same
//! numbers, bit for bit, as where all are tracked.
//!
//! The layers are declared once more from their own source, with a `&` before some of the axes.

use std::fmt::Write;
use std::path::Path;

use microgpt::PythonRandom;
use proc_macro2::{Span, TokenStream};
use syn::Item;

use crate::layer::arguments::{Argument, Axis, Kind};
use crate::layer::signature::Declaration;
use crate::syntax::report::Report;
use crate::syntax::tokens::Tokens;
use crate::tests::compiled::{IN_A_FILE, run_all};
use crate::tests::times;

/// The layers' files.
const LAYERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../microgpt/src/layers");

/// The length of an axis.
fn length(axis: &Axis) -> (String, usize) {
    let length = match axis {
        Axis::Number(number, _) => return (format!("Const::<{number}>"), *number),
        Axis::Letter(letter) => match letter.to_string().as_str() {
            "p" | "i" => 3,
            "s" | "m" => 4,
            "v" => 5,
            "t" | "n" | "h" | "j" | "g" | "r" | "o" | "k" => 2,
            unknown => panic!("how long is the axis `{unknown}` of a layer?"),
        },
    };
    (length.to_string(), length)
}

/// What a layer is given for an argument that is no array.
fn constant(name: &str) -> &'static str {
    match name {
        "past" => "1",
        "window" => "2",
        "token" | "target" | "observed" => "&[3, 1]",
        "label" => "&[2, 1]",
        "fade" => "&[0.9, 0.75]",
        "damping" => "0.85",
        "steps" => "3",
        "place" => "&[2, 0]",
        "first" => "&[0, 1]",
        "weight" | "slope" => "&[0.5, 0.25]",
        "smoothing" | "drop" => "0.25",
        "mask" => "&Numbers::new((2, 3), vec![1.0, 0.0, 0.5, 1.0, 1.0, 0.0])",
        unknown => panic!("what is `{unknown}` of a layer?"),
    }
}

/// A function that compares a layer with one of the same equations, of whose arrays some are constant.
fn case(number: usize, layer: &Declaration, is_tracked: &[bool]) -> String {
    let name = layer.name_text();
    let argument = |(declared, tracked): (&Argument, &bool)| {
        let constant = matches!(declared.kind, Kind::Array(_)) && !tracked;
        format!("{}: {}{}", declared.name, if constant { "&" } else { "" }, declared.kind.text())
    };
    let arguments: Vec<String> = layer.arguments.iter().zip(is_tracked).map(argument).collect();
    let results = layer.results.iter().flatten().map(|axes| crate::layer::arguments::shown(axes));
    let ranges = match &layer.where_text[..] {
        [] => String::new(),
        ranges => format!("where {}", ranges.join(", ").replace('`', "")),
    };
    let results = results.collect::<Vec<_>>().join(", ");
    let results = if layer.tuple { format!("({results})") } else { results };
    let body = layer.body.as_ref().expect("equations");
    let mut code = format!(
        "microgpt::layer! {{ #[unchecked = \"it is compared\"] fn layer_{number}({}) -> {} {ranges} {body} }}\n",
        arguments.join(", "),
        results,
    );
    let _ = write!(code, "fn case_{number}() {{ let tape = Tape::new(); ");
    let mut random = PythonRandom::new(number as u64);
    for Argument { name, kind, .. } in &layer.arguments {
        let Kind::Array(axes) = kind else { continue };
        let lengths: Vec<(String, usize)> = axes.iter().map(length).collect();
        let count: usize = lengths.iter().map(|(_, length)| length).product();
        let lengths: String = lengths.into_iter().map(|(text, _)| text + ",").collect();
        let data: Vec<f64> = (0..count).map(|_| random.gauss(0.0, 1.0)).collect();
        if axes.is_empty() {
            let _ = write!(
                code,
                "let (all_{name}, some_{name}) = (tape.value(0.7), tape.value(0.7)); "
            );
            continue;
        }
        let numbers = match axes.len() {
            1 => format!("vec!{data:?}"),
            _ => format!("Numbers::new(({lengths}), vec!{data:?})"),
        };
        let _ = write!(
            code,
            "let data = {data:?}; let all_{name} = tape.array(({lengths}), &data); \
             let some_{name} = tape.array(({lengths}), &data); let numbers_{name} = {numbers}; "
        );
    }
    let call = |is_subset: bool| {
        let arguments = layer.arguments.iter().zip(is_tracked).map(|(argument, &tracked)| {
            let name = argument.name.to_string();
            match (&argument.kind, is_subset, tracked) {
                (Kind::Array(_), false, _) => format!("all_{name}"),
                (Kind::Array(_), true, true) => format!("some_{name}"),
                (Kind::Array(_), true, false) => format!("&numbers_{name}"),
                _ => constant(&name).to_owned(),
            }
        });
        arguments.collect::<Vec<_>>().join(", ")
    };
    let (all, some) = (call(false), call(true));
    let _ = write!(
        code,
        "let cotangents: Vec<f64> = (0..100).map(|at| (at * 7 % 11) as f64 - 4.5).collect(); \
         let expected = pull_back(microgpt::layers::{name}({all}), &cotangents); \
         let found = pull_back(layer_{number}({some}), &cotangents); \
         same({name:?}, \"values\", &found, &expected); "
    );
    for (argument, _) in layer.arguments.iter().zip(is_tracked).filter(|(_, tracked)| **tracked) {
        let is_number = matches!(&argument.kind, Kind::Array(axes) if axes.is_empty());
        let argument = &argument.name;
        let gradients = ["some", "all"].map(|which| {
            let gradient = format!("{which}_{argument}.grad()");
            if is_number { format!("[{gradient}]") } else { gradient }
        });
        let [some, all] = gradients;
        let _ = write!(code, "same({name:?}, \"gradient of {argument}\", &{some}, &{all}); ");
    }
    code + "}"
}

/// The declarations in a file.
fn declarations(text: &str) -> Vec<Declaration> {
    let items = syn::parse_file(text).expect("Rust").items;
    let mut all = Vec::new();
    for item in items {
        // Beside layers there may be functions that call them.
        let Item::Macro(layers) = item else { continue };
        let body: TokenStream = layers.mac.tokens;
        let mut tokens = Tokens::new(body, Span::call_site());
        let mut report = Report::default();
        while !tokens.at_end() {
            all.push(Declaration::parse(&mut tokens, &mut report));
        }
        assert!(report.is_empty(), "{:?}", report.messages());
    }
    all
}

#[test]
fn every_layer_with_every_subset_of_its_inputs_tracked() {
    let files = Path::new(LAYERS).read_dir().expect("the layers of the library");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let mut cases = Vec::new();
    let (mut layers, mut subsets) = (0, 0);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file");
        for layer in declarations(&text) {
            if layer.visibility.is_empty() {
                continue;
            }
            let is_array = |at: &usize| matches!(&layer.arguments[*at].kind, Kind::Array(axes) if !axes.is_empty());
            let arrays: Vec<usize> = (0..layer.arguments.len()).filter(is_array).collect();
            layers += usize::from(arrays.len() > 1);
            let count = arrays.len();
            for subset in 1..(1usize << arrays.len()).saturating_sub(1) {
                // Of many inputs each alone, and all but each.
                let tracked = (0..count).filter(|bit| subset >> bit & 1 == 1).count();
                if count > 4 && ![1, count - 1].contains(&tracked) {
                    continue;
                }
                // A single number without gradient is another type: those stay tracked.
                let mut is_tracked: Vec<bool> = layer
                    .arguments
                    .iter()
                    .map(|argument| matches!(&argument.kind, Kind::Array(axes) if axes.is_empty()))
                    .collect();
                for (bit, &at) in arrays.iter().enumerate() {
                    is_tracked[at] = subset >> bit & 1 == 1;
                }
                // One in five, and all of them where there are five times as many as usual.
                if subsets % 5 < times(1) {
                    cases.push(case(cases.len() % IN_A_FILE, &layer, &is_tracked));
                }
                subsets += 1;
            }
        }
    }
    assert!(layers >= 12, "only {layers} layers of several arrays were found");
    println!("{layers} layers, {} of {subsets} subsets", cases.len());
    run_all("subsets", &cases);
}
