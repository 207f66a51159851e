//! Every public layer, value and gradient, against JAX, and those that are recurrences against plain Python.

use microgpt::{Array, Const, Numbers, Shape, Tape, Value, layers};
use serde_json::Value as Json;

use super::{number, numbers};

/// So many positions, from one on.
fn from(past: usize, count: usize) -> Vec<f64> {
    (past..past + count).map(|position| position as f64).collect()
}

fn ids(json: &Json) -> Vec<usize> {
    numbers(json).into_iter().map(whole).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // sizes, which are small
fn whole(x: f64) -> usize {
    assert!(x >= 0.0 && x.fract() == 0.0, "{x} is no size");
    x as usize
}

/// What a layer gave, and each input's gradient under the cotangent.
struct Outcome {
    output: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

/// The axes of an array, if there are so many.
fn axes<const RANK: usize>(array: &Json) -> [usize; RANK] {
    let shape = ids(&array["shape"]);
    shape.try_into().unwrap_or_else(|shape| panic!("{RANK} axes, not {shape:?}"))
}

/// Runs a backward pass, and gives the value.
trait Output {
    fn pull_back(self, cotangent: &[f64]) -> Vec<f64>;
}

impl<S: Shape> Output for Array<'_, S> {
    fn pull_back(self, cotangent: &[f64]) -> Vec<f64> {
        self.backward_with(cotangent);
        self.data()
    }
}

impl Output for Value<'_> {
    fn pull_back(self, cotangent: &[f64]) -> Vec<f64> {
        (self * cotangent[0]).backward();
        vec![self.data()]
    }
}

/// The cotangents of several results stand one after the other.
impl<A: Shape, S: Shape> Output for (Array<'_, A>, Array<'_, S>) {
    fn pull_back(self, cotangent: &[f64]) -> Vec<f64> {
        let (first, second) = cotangent.split_at(cotangent.len() - self.1.size());
        [self.0.pull_back(first), self.1.pull_back(second)].concat()
    }
}

impl<S: Shape> Output for (Array<'_, S>, Value<'_>) {
    fn pull_back(self, cotangent: &[f64]) -> Vec<f64> {
        let (first, second) = cotangent.split_at(cotangent.len() - 1);
        [self.0.pull_back(first), self.1.pull_back(second)].concat()
    }
}

macro_rules! shape {
    // A number is a vector of one.
    ($array:expr, 0) => {{
        let [] = axes($array);
        (1,)
    }};
    ($array:expr, 1) => {{
        let [a] = axes($array);
        (a,)
    }};
    ($array:expr, 2) => {{
        let [a, b] = axes($array);
        (a, b)
    }};
    ($array:expr, 3) => {{
        let [a, b, c] = axes($array);
        (a, b, c)
    }};
    ($array:expr, 4) => {{
        let [a, b, c, d] = axes($array);
        (a, b, c, d)
    }};
}

/// Calls a layer with the inputs of a case, each with so many axes, and runs it backward.
macro_rules! run {
    ($case:ident, $($input:ident: $rank:tt),+ => $layer:expr) => {{
        let tape = Tape::new();
        let mut arrays = $case["inputs"].as_array().expect("inputs").iter();
        $(
            let array = arrays.next().expect("an input");
            let $input = tape.array(shape!(array, $rank), &numbers(&array["data"]));
        )+
        assert!(arrays.next().is_none(), "an input more than the layer takes");
        let output = $layer.pull_back(&numbers(&$case["cotangent"]["data"]));
        Outcome { output, gradients: vec![$($input.grad()),+] }
    }};
}

#[allow(clippy::too_many_lines)] // a line for each layer
fn outcome(name: &str, case: &Json) -> Outcome {
    let options = &case["options"];
    let size = |option: &str| whole(number(&options[option]));
    let (target, token) = (&options["target"], &options["token"]);
    match name {
        "linear" => run!(case, w: 2, x: 2 => layers::linear(w, x)),
        "linear_with_bias" => {
            run!(case, w: 2, b: 1, x: 2 => layers::linear_with_bias(w, b, x))
        }
        "rmsnorm" => run!(case, x: 2 => layers::rmsnorm(x)),
        "rmsnorm_with_gain" => {
            run!(case, x: 2, gain: 1 => layers::rmsnorm_with_gain(x, gain))
        }
        "layernorm" => {
            run!(case, x: 2, gain: 1, bias: 1 => layers::layernorm(x, gain, bias))
        }
        "softmax" => run!(case, x: 2 => layers::softmax(x)),
        "log_softmax" => run!(case, x: 2 => layers::log_softmax(x)),
        "cross_entropy" => run!(case, x: 2 => layers::cross_entropy(x, &ids(target))),
        "weighted_cross_entropy" => {
            let weight = numbers(&options["weight"]);
            run!(case, x: 2 => layers::weighted_cross_entropy(x, &ids(target), &weight))
        }
        "smoothed_cross_entropy" => {
            let (weight, smoothing) = (numbers(&options["weight"]), number(&options["smoothing"]));
            run!(case, x: 2 => {
                layers::smoothed_cross_entropy(x, &ids(target), &weight, smoothing)
            })
        }
        "relu" => run!(case, x: 2 => layers::relu(x)),
        "squared_relu" => run!(case, x: 2 => layers::squared_relu(x)),
        "gelu" => run!(case, x: 2 => layers::gelu(x)),
        "swiglu" => {
            run!(case, gate: 2, up: 2, down: 2, x: 2 => layers::swiglu(gate, up, down, x))
        }
        "dropout" => {
            let rows = options["mask"].as_array().expect("rows");
            let mask: Vec<f64> = rows.iter().flat_map(numbers).collect();
            let mask = Numbers::new((rows.len(), mask.len() / rows.len()), mask);
            run!(case, x: 2 => layers::dropout(x, &mask, number(&options["drop"])))
        }
        "causal_conv1d" => run!(case, w: 3, x: 2 => layers::causal_conv1d(w, x)),
        "embedding" => run!(case, wte: 2, wpe: 2 => {
            layers::embedding(wte, wpe, &ids(token), &ids(&options["place"]))
        }),
        "token_embedding" => run!(case, wte: 2 => layers::token_embedding(wte, &ids(token))),
        "sinusoidal_positions" => run!(case, x: 3 => {
            let (positions, half, _) = x.shape();
            layers::sinusoidal_positions(x.reshape((positions, half, Const::<2>)), &from(size("past"), positions))
        }),
        "rotary" => run!(case, x: 4 => {
            let (positions, heads, _, half) = x.shape();
            layers::rotary(x.reshape((positions, heads, Const::<2>, half)), &from(size("past"), positions))
        }),
        "attention" => {
            run!(case, q: 3, k: 3, v: 3 => layers::attention(q, k, v, size("past")))
        }
        "attention_of_streams" => run!(case, q: 3, k: 3, v: 3 => {
            let [first, place] = ["first", "place"].map(|option| ids(&options[option]));
            layers::attention_of_streams(q, k, v, &first, &place)
        }),
        "attention_weights" => {
            run!(case, q: 3, k: 3 => layers::attention_weights(q, k, size("past")))
        }
        "sliding_window_attention" => run!(case, q: 3, k: 3, v: 3 => {
            layers::sliding_window_attention(q, k, v, size("past"), size("window"))
        }),
        "grouped_query_attention" => run!(case, q: 4, k: 3, v: 3 => {
            layers::grouped_query_attention(q, k, v, size("past"))
        }),
        "alibi_attention" => run!(case, q: 3, k: 3, v: 3 => {
            layers::alibi_attention(q, k, v, &numbers(&options["slope"]), size("past"))
        }),
        "cumulative_sum" => run!(case, x: 2 => layers::cumulative_sum(x)),
        "cumulative_product" => run!(case, x: 2 => layers::cumulative_product(x)),
        "cumulative_logsumexp" => run!(case, x: 2 => layers::cumulative_logsumexp(x)),
        "exponential_moving_average" => {
            run!(case, x: 2, decay: 1 => layers::exponential_moving_average(x, decay))
        }
        "rnn" => run!(case, w: 2, u: 2, b: 1, x: 3, h: 2 => layers::rnn(w, u, b, x, h)),
        "lstm" => run!(case, w: 3, u: 3, b: 2, x: 3, h: 2, c: 2 => {
            let (j, _, i) = w.shape();
            let [w, u] = [(w, j), (u, i)].map(|(w, rows)| w.reshape((rows, Const::<4>, i)));
            layers::lstm(w, u, b.reshape((Const::<4>, i)), x, h, c)
        }),
        "gru" => run!(case, w: 3, u: 3, b: 2, x: 3, h: 2 => {
            let (j, _, i) = w.shape();
            let [w, u] = [(w, j), (u, i)].map(|(w, rows)| w.reshape((rows, Const::<3>, i)));
            layers::gru(w, u, b.reshape((Const::<3>, i)), x, h)
        }),
        "min_gru" => run!(case, w: 3, b: 2, x: 3, h: 2 => {
            let (j, _, i) = w.shape();
            layers::min_gru(w.reshape((j, Const::<2>, i)), b.reshape((Const::<2>, i)), x, h)
        }),
        "linear_attention" => {
            run!(case, q: 3, k: 3, v: 3 => layers::linear_attention(q, k, v))
        }
        "retention" => run!(case, q: 3, k: 3, v: 3 => {
            layers::retention(q, k, v, &numbers(&options["fade"]))
        }),
        "wkv" => {
            run!(case, decay: 1, bonus: 1, k: 2, v: 2 => layers::wkv(decay, bonus, k, v))
        }
        "selective_scan" => run!(case, a: 2, b: 2, c: 2, delta: 2, skip: 1, x: 2 => {
            layers::selective_scan(a, b, c, delta, skip, x)
        }),
        "kalman_filter" => run!(
            case,
            transition: 2, drive: 2, reading: 1, noise: 0, start: 1, spread: 2, observed: 1 => {
                let noise = noise.at([0]);
                layers::kalman_filter(transition, drive, reading, noise, start, spread, observed)
            }
        ),
        "hidden_markov_log_likelihood" => run!(case, start: 1, transition: 2, emission: 2 => {
            let observed = ids(&options["observed"]);
            layers::hidden_markov_log_likelihood(start, transition, emission, &observed)
        }),
        "crf_loss" => run!(case, transition: 2, score: 2 => {
            layers::crf_loss(transition, score, &ids(&options["label"]))
        }),
        "ctc_loss" => run!(case, log_p: 2 => layers::ctc_loss(log_p, &ids(&options["label"]))),
        "pagerank" => run!(case, link: 2, begin: 1 => {
            layers::pagerank(link, begin, number(&options["damping"]), size("steps"))
        }),
        _ => panic!("the table has figures of `{name}`, which is not compared with them"),
    }
}

/// A figure may be off by as much as rounding makes of the greatest in its array.
fn compare(what: &str, ours: &[f64], reference: &Json) {
    let reference = numbers(&reference["data"]);
    assert_eq!(ours.len(), reference.len(), "{what}");
    let greatest = reference.iter().fold(0.0, |greatest: f64, x| greatest.max(x.abs()));
    for (at, (ours, reference)) in ours.iter().zip(&reference).enumerate() {
        let allowed = 1e-12 * reference.abs() + 1e-14 * greatest;
        assert!((ours - reference).abs() <= allowed, "{what}[{at}]: {ours}, not {reference}");
    }
}

/// The cases of a table by the names of the layers.
fn cases(table: &str) -> serde_json::Map<String, Json> {
    let mut table: Json = serde_json::from_str(table).expect("a table");
    match table["layers"].take() {
        Json::Object(cases) => cases,
        other => panic!("layers by name, not {other}"),
    }
}

const JAX: &str = include_str!("layers.json");
const PYTHON: &str = include_str!("recurrences.json");

fn compare_all(table: &str) {
    for (name, case) in &cases(table) {
        let ours = outcome(name, case);
        compare(name, &ours.output, &case["output"]);
        let gradients = case["gradients"].as_array().expect("gradients");
        assert_eq!(ours.gradients.len(), gradients.len(), "{name}");
        for (input, (ours, reference)) in ours.gradients.iter().zip(gradients).enumerate() {
            compare(&format!("{name}, gradient of input {input}"), ours, reference);
        }
    }
}

#[test]
fn values_and_gradients_are_those_of_jax() {
    compare_all(JAX);
}

#[test]
fn values_and_gradients_of_recurrences_are_those_of_python() {
    compare_all(PYTHON);
}

/// `layers.rs` exports all that is public in its modules by name.
#[test]
fn no_public_layer_is_without_figures() {
    let source = include_str!("../../../microgpt/src/layers.rs");
    let exports = source.split("pub use ").skip(1).map(|rest| {
        let (list, _) = rest.split_once(';').expect("the end of an export");
        assert!(!list.contains('*'), "`{list}` does not say what it exports");
        list.split_once("::").expect("what a module exports").1
    });
    let names: Vec<&str> = exports
        .flat_map(|list| list.split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .filter(|name| !name.is_empty())
        .collect();
    assert!(names.len() >= 25, "only {names:?} were found");
    let [jax, python] = [JAX, PYTHON].map(cases);
    for name in &names {
        assert!(
            jax.contains_key(*name) || python.contains_key(*name),
            "no figures of `{name}` in tests/gradients/figures/{{layers,recurrences}}.py"
        );
    }
    assert_eq!(names.len(), jax.len() + python.len(), "figures of what is no public layer");
}
