//! The reference program's own figures: `microgpt.py`'s algorithm, run by `CPython`, on small datasets.
//!
//! `golden/*.json` hold, for each run, its configuration and documents, and what came out
//! of them with all digits.

use approx::assert_abs_diff_eq;
use microgpt::{
    Activation, CharTokenizer, Gpt, Instance, Preset, PythonRandom, Real, Rule, Sampler, Sampling,
    Tape, Trainer, Training,
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

/// The settings of a run.
fn settings(golden: &Json) -> (Gpt, Training, Sampling) {
    let config = &golden["config"];
    assert_eq!(config["decay"], "linear");
    let activation =
        if config["relu2"] == true { Activation::SquaredRelu } else { Activation::Relu };
    let model = Gpt {
        n_layer: size(&config["n_layer"]),
        n_embd: size(&config["n_embd"]),
        n_head: size(&config["n_head"]),
        block_size: size(&config["block_size"]),
        activation,
        std: number(&config["std"]),
        zero_init: config["zero_init"] == true,
        ..Gpt::new(size(&golden["vocab_size"]))
    };
    let training = Training {
        steps: size(&config["steps"]),
        learning_rate: number(&config["lr"]),
        rule: Rule::Adam {
            beta1: number(&config["beta1"]),
            beta2: number(&config["beta2"]),
            epsilon: 1e-8,
            weight_decay: 0.0,
        },
        ..Training::default()
    };
    let sampling = Sampling { temperature: number(&config["temperature"]), ..Sampling::default() };
    (model, training, sampling)
}

/// The losses of a run in any precision.
fn losses<T: Real>(golden: &Json) -> Vec<f64> {
    let (config, training, _) = settings(golden);
    let mut docs = texts(&golden["docs"]);
    let mut random = PythonRandom::new(golden["config"]["seed"].as_i64().expect("a seed"));
    random.shuffle(&mut docs);
    let tokenizer = CharTokenizer::new(docs.iter().copied());
    let tape = Tape::<T>::default();
    let gpt = Instance::new(&tape, config, &mut random).expect("the configuration is a model");
    let mut trainer = Trainer::new(&gpt, training);
    (0..training.steps)
        .map(|step| {
            let tokens = tokenizer.encode(docs[step % docs.len()]).expect("a known character");
            trainer.step(&[&tokens]).expect("a finite loss").as_f64()
        })
        .collect()
}

fn run(file: &str) {
    let golden: Json = serde_json::from_str(file).expect("the file is JSON");
    let mut docs = texts(&golden["docs"]);
    let seed = golden["config"]["seed"].as_i64().expect("a seed");
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
    let (config, training, sampling) = settings(&golden);
    let gpt = Instance::new(&tape, config, &mut random).expect("the configuration is a model");
    assert_eq!(gpt.block().size(), size(&golden["num_params"]));
    let numbers = |name: &str| gpt.parameter(name).expect("it has a parameter of its name");
    for parameter in gpt.parameters() {
        let expected = &golden["initial"][&parameter.name];
        let shape = [size(&expected["shape"][0]), size(&expected["shape"][1])];
        assert_eq!(parameter.shape, shape);
        assert_matrix(&parameter.name, expected, &numbers(&parameter.name).data(), 0.0);
    }

    let tokens = |step: usize| {
        tokenizer.encode(docs[step % docs.len()]).expect("every character is in the vocabulary")
    };
    let mark = tape.mark();
    gpt.loss(&[&tokens(0)]).backward();
    for parameter in gpt.parameters() {
        let expected = &golden["first_gradients"][&parameter.name];
        assert_matrix(&parameter.name, expected, &numbers(&parameter.name).grad(), 1e-14);
    }
    gpt.block().update(|_, gradients| gradients.fill(0.0));
    tape.rewind(mark);

    let mut trainer = Trainer::new(&gpt, training);
    let mut worst: f64 = 0.0;
    for (step, expected) in golden["losses"].as_array().expect("losses").iter().enumerate() {
        let loss = trainer.step(&[&tokens(step)]).expect("a finite loss");
        worst = worst.max((loss - number(expected)).abs());
        assert!(worst <= 1e-12, "step {step}: a loss of {loss} is {worst:e} from {expected}");
    }
    println!("largest difference of a loss: {worst:e}");
    assert_eq!(trainer.steps(), training.steps);
    for parameter in gpt.parameters() {
        let expected = &golden["final"][&parameter.name];
        assert_matrix(&parameter.name, expected, &numbers(&parameter.name).data(), 1e-11);
    }

    let samples: Vec<String> = Sampler::new(&gpt, tokenizer.bos(), sampling, random)
        .take(size(&golden["config"]["samples"]))
        .map(|sample| tokenizer.decode(&sample.expect("the probabilities are numbers")))
        .collect();
    assert_eq!(samples, texts(&golden["samples"]));
}

const FILES: [(&str, &str); 5] = [
    ("gist", include_str!("golden/gist.json")),
    ("early", include_str!("golden/early.json")),
    ("two_layers", include_str!("golden/two_layers.json")),
    ("long_names", include_str!("golden/long_names.json")),
    ("unicode", include_str!("golden/unicode.json")),
];

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

#[test]
fn single_precision_stays_near_the_double() {
    for (name, file) in FILES {
        let golden: Json = serde_json::from_str(file).expect("the file is JSON");
        let differences = losses::<f64>(&golden).into_iter().zip(losses::<f32>(&golden));
        let worst = differences.map(|(double, single)| (double - single).abs()).fold(0.0, f64::max);
        println!("{name}: the largest difference of a loss is {worst:e}");
        assert!(worst <= 1e-5, "{name}: {worst:e}");
    }
}

#[test]
fn the_presets_are_the_published_versions() {
    for (preset, (name, file)) in Preset::ALL.iter().zip(FILES) {
        assert_eq!(preset.name, name);
        let golden: Json = serde_json::from_str(file).expect("the file is JSON");
        let (config, training, sampling) = settings(&golden);
        assert_eq!(preset.gpt(config.vocabulary), config);
        // The files hold fewer steps than the versions make.
        assert_eq!(Training { steps: training.steps, ..preset.training }, training);
        assert_eq!(preset.sampling.temperature, sampling.temperature);
    }
    assert_eq!(Preset::ALL.map(|preset| preset.training.steps), [1000, 500]);
}
