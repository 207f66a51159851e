//! The reference program's own figures: `microgpt.py`'s algorithm, run by `CPython`, on small datasets.
//!
//! `tests/golden/*.json` hold, for each run, its configuration and documents, and what came out
//! of them with all digits.

use approx::assert_abs_diff_eq;
use microgpt::gpt::Activation;
use microgpt::{
    CharTokenizer, Config, Gpt, PythonRandom, Sampler, Sampling, Tape, Trainer, Training,
};
use serde_json::Value as Json;

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| panic!("a number, not {json}"))
}

#[allow(clippy::cast_possible_truncation)]
fn size(json: &Json) -> usize {
    json.as_u64().unwrap_or_else(|| panic!("a size, not {json}")) as usize
}

fn texts(json: &Json) -> Vec<&str> {
    let list = json.as_array().unwrap_or_else(|| panic!("a list, not {json}"));
    list.iter().map(|text| text.as_str().unwrap_or_else(|| panic!("a text, not {text}"))).collect()
}

/// How far a matrix may be from the reference: nothing at first, then as rounding adds up.
fn assert_matrix(name: &str, expected: &Json, data: &[f64], tolerance: f64) {
    let ends = [("first", &data[..4]), ("last", &data[data.len() - 4..])];
    for (end, data) in ends {
        for (position, &x) in data.iter().enumerate() {
            let expected = number(&expected[end][position]);
            assert!(
                (x - expected).abs() <= tolerance,
                "{name}, {end}[{position}]: {x} is {:e} from {expected}",
                (x - expected).abs()
            );
        }
    }
    let sum: f64 = data.iter().sum();
    let sum_sq: f64 = data.iter().map(|x| x * x).sum();
    // The order in which the reference added them up is not known: a rounding each.
    let tolerance = (tolerance + f64::EPSILON) * data.len() as f64;
    assert_abs_diff_eq!(sum, number(&expected["sum"]), epsilon = tolerance);
    assert_abs_diff_eq!(sum_sq, number(&expected["sum_sq"]), epsilon = tolerance);
}

fn run(file: &str) {
    let golden: Json = serde_json::from_str(file).expect("the file is JSON");
    let config = &golden["config"];
    let mut docs = texts(&golden["docs"]);
    let seed = config["seed"].as_i64().expect("a seed");
    let mut random = PythonRandom::new(seed);
    random.shuffle(&mut docs);
    let first = texts(&golden["first_shuffled"]);
    assert_eq!(docs[..first.len()], first);

    let tokenizer = CharTokenizer::new(docs.iter().copied());
    assert_eq!(
        tokenizer.characters().iter().collect::<String>(),
        golden["vocab"].as_str().unwrap()
    );
    assert_eq!(tokenizer.vocabulary(), size(&golden["vocab_size"]));

    let tape = Tape::new();
    let gpt = Gpt::new(
        &tape,
        Config {
            n_layer: size(&config["n_layer"]),
            n_embd: size(&config["n_embd"]),
            n_head: size(&config["n_head"]),
            block_size: size(&config["block_size"]),
            activation: if config["relu2"] == true {
                Activation::SquaredRelu
            } else {
                Activation::Relu
            },
            std: number(&config["std"]),
            zero_init: config["zero_init"] == true,
            ..Config::new(tokenizer.vocabulary())
        },
        &mut random,
    )
    .expect("the configuration is a model");
    assert_eq!(gpt.weights().size(), size(&golden["num_params"]));
    for parameter in gpt.parameters() {
        let expected = &golden["initial"][&parameter.name];
        let (rows, columns) = parameter.matrix.shape();
        assert_eq!([rows, columns], [size(&expected["shape"][0]), size(&expected["shape"][1])]);
        assert_matrix(&parameter.name, expected, &parameter.matrix.data(), 0.0);
    }

    let tokens = |step: usize| {
        tokenizer.encode(docs[step % docs.len()]).expect("every character is in the vocabulary")
    };
    let mark = tape.mark();
    gpt.loss(&tokens(0)).backward();
    for parameter in gpt.parameters() {
        let expected = &golden["first_gradients"][&parameter.name];
        assert_matrix(&parameter.name, expected, &parameter.matrix.grad(), 1e-14);
    }
    gpt.weights().update(|_, gradients| gradients.fill(0.0));
    tape.rewind(mark);

    let steps = size(&config["steps"]);
    assert_eq!(config["decay"], "linear");
    assert_abs_diff_eq!(number(&config["lr"]), 0.01);
    let training = Training {
        steps,
        beta1: number(&config["beta1"]),
        beta2: number(&config["beta2"]),
        ..Training::default()
    };
    let mut trainer = Trainer::new(&gpt, training);
    let mut worst: f64 = 0.0;
    for (step, expected) in golden["losses"].as_array().expect("losses").iter().enumerate() {
        let loss = trainer.learn(&tokens(step)).expect("a finite loss");
        worst = worst.max((loss - number(expected)).abs());
        assert!(worst <= 1e-12, "step {step}: a loss of {loss} is {worst:e} from {expected}");
    }
    println!("largest difference of a loss: {worst:e}");
    assert_eq!(trainer.step(), steps);
    for parameter in gpt.parameters() {
        let expected = &golden["final"][&parameter.name];
        assert_matrix(&parameter.name, expected, &parameter.matrix.data(), 1e-11);
    }

    let sampling = Sampling { temperature: number(&config["temperature"]), ..Sampling::default() };
    let samples: Vec<String> = Sampler::new(&gpt, tokenizer.bos(), sampling, random)
        .take(size(&config["samples"]))
        .map(|sample| tokenizer.decode(&sample.expect("the probabilities are numbers")))
        .collect();
    assert_eq!(samples, texts(&golden["samples"]));
}

#[test]
fn the_gist() {
    run(include_str!("golden/gist.json"));
}

#[test]
fn the_early_version() {
    run(include_str!("golden/early.json"));
}

#[test]
fn two_layers_of_other_sizes() {
    run(include_str!("golden/two_layers.json"));
}

#[test]
fn documents_longer_than_a_block() {
    run(include_str!("golden/long_names.json"));
}

#[test]
fn characters_that_are_not_ascii() {
    run(include_str!("golden/unicode.json"));
}
