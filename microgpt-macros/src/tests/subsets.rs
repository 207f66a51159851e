//! Every layer of the library with every subset of its inputs tracked, the others constant: the same
//! numbers, bit for bit, as where all are tracked.
//!
//! The equations are those of the layers' own source, with other types in the signature.

use std::fmt::Write;
use std::path::Path;

use microgpt::PythonRandom;
use quote::ToTokens;
use syn::{FnArg, GenericArgument, Item, ItemFn, PathArguments, Type};

use crate::tests::compiled::run;

/// The layers' files.
const LAYERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../microgpt/src/layers");

/// An argument of a layer.
struct Argument {
    name: String,
    /// The axes of an array on the tape, as types, and the type of its numbers if those are constant.
    array: Option<(Vec<usize>, String)>,
}

/// The length of an axis with this type.
fn length(axis: &str) -> usize {
    match axis {
        "P" | "E" | "I" => 3,
        "S" | "M" => 4,
        "V" => 5,
        "H" | "J" | "G" | "R" | "O" | "K" | "C" => 2,
        other => panic!("how long is the axis `{other}` of a layer?"),
    }
}

/// What a layer is given for an argument that is no array of the tape.
fn constant(name: &str) -> &'static str {
    match name {
        "past" => "1",
        "window" => "2",
        "token" => "&[3, 1]",
        "place" => "&[2, 0]",
        "slope" => "&[0.5, 0.25]",
        other => panic!("what is `{other}` of a layer?"),
    }
}

fn argument(input: &FnArg) -> Argument {
    let FnArg::Typed(typed) = input else { panic!("a layer is a function") };
    let name = typed.pat.to_token_stream().to_string();
    let array = match &*typed.ty {
        Type::Path(path) => path.path.segments.last().and_then(|last| {
            let PathArguments::AngleBracketed(generics) = &last.arguments else { return None };
            let types: Vec<&Type> = generics
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(one) => Some(one),
                    _ => None,
                })
                .collect();
            let axes: Vec<String> = match (last.ident.to_string().as_str(), &types[..]) {
                ("Array", [Type::Tuple(axes), _]) => {
                    axes.elems.iter().map(|axis| axis.to_token_stream().to_string()).collect()
                }
                ("Matrix" | "Vector", [axes @ .., _]) => {
                    axes.iter().map(|axis| axis.to_token_stream().to_string()).collect()
                }
                _ => return None,
            };
            let numbers = format!("&Numbers<({},), T>", axes.join(", "));
            Some((axes.iter().map(|axis| length(axis)).collect(), numbers))
        }),
        _ => None,
    };
    Argument { name, array }
}

/// A function that compares a layer with one of the same equations, of whose arrays some are constant.
fn case(number: usize, layer: &ItemFn, arguments: &[Argument], is_tracked: &[bool]) -> String {
    let mut other = layer.clone();
    other.sig.ident = quote::format_ident!("layer_{number}");
    for ((input, argument), tracked) in other.sig.inputs.iter_mut().zip(arguments).zip(is_tracked) {
        if let (FnArg::Typed(typed), Some((_, numbers)), false) = (input, &argument.array, tracked)
        {
            *typed.ty = syn::parse_str(numbers).expect("a type");
        }
    }
    let mut code = other.to_token_stream().to_string();
    let _ = write!(code, "\nfn case_{number}() {{ let tape = Tape::new(); ");
    let name = layer.sig.ident.to_string();
    let mut random = PythonRandom::new(number as u64);
    for Argument { name, array } in arguments {
        let Some((lengths, _)) = array else { continue };
        let count: usize = lengths.iter().product();
        let lengths: Vec<String> = lengths.iter().map(|length| format!("{length},")).collect();
        let lengths = lengths.concat();
        let data: Vec<f64> = (0..count).map(|_| random.gauss(0.0, 1.0)).collect();
        let _ = write!(
            code,
            "let data = {data:?}; let all_{name} = tape.array(({lengths}), &data); \
             let some_{name} = tape.array(({lengths}), &data); \
             let numbers_{name} = Numbers::new(({lengths}), data.to_vec()); "
        );
    }
    let call = |some: bool| {
        let arguments = arguments.iter().zip(is_tracked).map(|(argument, &tracked)| {
            let name = &argument.name;
            match (&argument.array, some, tracked) {
                (None, ..) => constant(name).to_owned(),
                (Some(_), false, _) => format!("all_{name}"),
                (Some(_), true, true) => format!("some_{name}"),
                (Some(_), true, false) => format!("&numbers_{name}"),
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
    for (argument, _) in arguments.iter().zip(is_tracked).filter(|(_, tracked)| **tracked) {
        let argument = &argument.name;
        let _ = write!(
            code,
            "same({name:?}, \"gradient of {argument}\", &some_{argument}.grad(), &all_{argument}.grad()); "
        );
    }
    code + "}"
}

#[test]
fn every_layer_with_every_subset_of_its_inputs_tracked() {
    let files = Path::new(LAYERS).read_dir().expect("the layers of the library");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let mut cases = Vec::new();
    let mut layers = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file");
        let items = syn::parse_file(&text).expect("Rust").items;
        for layer in items.into_iter().filter_map(|item| match item {
            Item::Fn(function) if matches!(function.vis, syn::Visibility::Public(_)) => {
                Some(function)
            }
            _ => None,
        }) {
            // One that only calls another has no equations of its own.
            if !layer.block.to_token_stream().to_string().contains("expr !") {
                continue;
            }
            let arguments: Vec<_> = layer.sig.inputs.iter().map(argument).collect();
            let arrays: Vec<usize> =
                (0..arguments.len()).filter(|&at| arguments[at].array.is_some()).collect();
            layers += usize::from(arrays.len() > 1);
            for subset in 1..(1usize << arrays.len()).saturating_sub(1) {
                let mut is_tracked = vec![false; arguments.len()];
                for (bit, &at) in arrays.iter().enumerate() {
                    is_tracked[at] = subset >> bit & 1 == 1;
                }
                cases.push(case(cases.len(), &layer, &arguments, &is_tracked));
            }
        }
    }
    assert!(layers >= 12, "only {layers} layers of several arrays were found");
    println!("{layers} layers, {} subsets", cases.len());
    run("subsets", &cases);
}
