//! The library on several processes: what one has, to the bit.
//!
//! The program starts `mpirun` of itself with each number of ranks. MPI is called by the main thread
//! alone, so it has a `main` of its own.

use std::fmt::Write;
use std::process::{Command, ExitCode, Output};

use microgpt::model::{Bias, ValidationLoss};
use microgpt::ranks::RanksError;
use microgpt::{
    Gpt, Instance, Loss, Model, Parameters, PythonRandom, Ranks, Real, Rule, Sampling, Schedule,
    Streams, Tape, Trainer, Training, Value, expr,
};

type Check = fn(&Ranks);

const CHECKS: [(&str, Check); 5] = [
    ("results", print_results),
    ("errors", what_goes_wrong_on_one_rank_is_told_by_all),
    ("differences", what_differs_is_named),
    ("traffic", as_much_is_sent_as_the_documentation_says),
    ("panic", |ranks| assert!(ranks.rank() != 1, "this rank panics")),
];

fn main() -> ExitCode {
    if !Ranks::launched() {
        start_all();
        return ExitCode::SUCCESS;
    }
    let ranks = Ranks::start().expect("MPI");
    assert_eq!(Ranks::start().err(), Some(RanksError::Started));
    let name = std::env::args().nth(1).unwrap_or_default();
    let check = CHECKS.iter().find(|(own, _)| *own == name).map(|(_, check)| check);
    check.expect("a check of this name")(&ranks);
    ExitCode::SUCCESS
}

/// Everything on 1 to 4 ranks.
fn start_all() {
    let alone = results::<f64>(None) + &results::<f32>(None);
    for ranks in 1..=4 {
        let run = |check: &str| mpirun(ranks, check);
        let done = run("results");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        // The launcher may pass lines on as a terminal has them.
        let text = String::from_utf8_lossy(&done.stdout).replace('\r', "");
        assert!(text == alone, "{ranks} ranks:\n{text}\none process:\n{alone}");
        for check in ["errors", "differences", "traffic"] {
            let done = run(check);
            let error = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{check} on {ranks} ranks: {error}");
        }
        println!("ok: {ranks} ranks");
    }
    // Nobody waits for a rank that has panicked.
    let done = mpirun(3, "panic");
    assert_eq!(done.status.code(), Some(101));
    assert!(String::from_utf8_lossy(&done.stderr).contains("this rank panics"));
    println!("ok: a panic");
}

fn mpirun(ranks: usize, check: &str) -> Output {
    Command::new("mpirun")
        .args(["--allow-run-as-root", "--oversubscribe", "-q"])
        // Ranks that wait leave the core to others.
        .args(["--mca", "mpi_yield_when_idle", "1", "-n", &ranks.to_string()])
        .arg(std::env::current_exe().expect("this program"))
        .arg(check)
        .output()
        .expect("mpirun is installed")
}

/// `y = a + b x + c x²`, of which each micro-batch has one point.
#[derive(Clone)]
struct Curve;

impl Model for Curve {
    type Weights<'t, T: Real> = Bias<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Bias<'t, T> {
        p.gauss("powers", (3,), 1.0)
    }

    fn micro_batch(&self) -> usize {
        1
    }
}

impl Loss for Curve {
    type Example = [f64; 2];

    fn loss<'t, T: Real>(
        &self,
        _: &'t Tape<T>,
        w: &Bias<'t, T>,
        points: &[&[f64; 2]],
    ) -> Value<'t, T> {
        let [x, y]: [Vec<T>; 2] =
            [0, 1].map(|axis| points.iter().map(|point| T::of(point[axis])).collect());
        expr!(sum((w[0] + w[1] * x[n] + w[2] * x[n]^2 - y[n])^2 for n))
    }
}

fn points() -> Vec<[f64; 2]> {
    let mut random = PythonRandom::new(5);
    (0..40).map(|_| [random.gauss(0.0, 1.0), random.gauss(1.0, 3.0)]).collect()
}

fn curve<T: Real>(tape: &Tape<T>) -> Instance<'_, Curve, T> {
    Instance::new(tape, Curve, &mut PythonRandom::new(7)).expect("a model")
}

const TRAINING: Training = Training {
    steps: 60,
    learning_rate: 0.02,
    schedule: Schedule::Cosine { warm_up: 3, floor: 0.1 },
    rule: Rule::Sgd { momentum: 0.9 },
    clip: Some(0.5),
};

fn documents() -> Vec<Vec<usize>> {
    let inside = |len: usize| (1..len - 1).map(move |t| (t * t + len) % 4);
    let document = |len| [4].into_iter().chain(inside(len)).chain([4]).collect();
    (0..60).map(|number| document(2 + number * 7 % 11)).collect()
}

/// Losses, parameters and samples of some trainings, each number with all its digits.
fn results<T: Real>(ranks: Option<&Ranks>) -> String {
    let mut text = String::new();
    let adam = Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1 };
    for rule in [TRAINING.rule, adam] {
        let (points, tape) = (points(), Tape::<T>::default());
        let model = curve(&tape);
        let trainer = Trainer::new(&model, Training { rule, ..TRAINING });
        let mut trainer = divided(trainer.threads(2).expect("threads"), ranks);
        // Trees of one micro-batch to more than the ranks can share evenly.
        for examples in 1..=TRAINING.steps {
            let first = examples % 7;
            let examples = 1 + examples % 33;
            let batch: Vec<&[f64; 2]> = points[first..first + examples].iter().collect();
            let loss = trainer.step(&batch).expect("a finite loss");
            let _ = writeln!(text, "{examples} examples: {loss:?} {:?}", model.block().data());
        }
    }
    let (documents, tape) = (documents(), Tape::<T>::default());
    let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(2)).expect("a model");
    let mut trainer = divided(Trainer::new(&gpt, Training::default()), ranks);
    for batch in [&documents[..], &documents[..9], &documents[3..50], &documents[7..8]] {
        let loss = trainer.step(batch).expect("a finite loss");
        let _ = writeln!(text, "{loss:?} {:?}", gpt.block().data());
    }
    let held_out = documents[..17].iter().copied();
    let loss: ValidationLoss = match ranks {
        Some(ranks) => ranks.validation_loss(&gpt, held_out),
        None => gpt.validation_loss(held_out),
    };
    let _ = writeln!(text, "{loss:?}");
    for (streams, count) in [(1, 3), (3, 8), (5, 5), (6, 2)] {
        let generators = (0..streams).map(PythonRandom::new).collect();
        let sampling = Sampling { temperature: 1.1, ..Sampling::default() };
        // Again, for the generators go on.
        let prompt = &[2, 0, 3][..count % 4];
        let samples: [_; 2] = if let Some(ranks) = ranks {
            let streams = ranks.streams(&gpt, 4, sampling, generators);
            let mut streams = streams.with_prompt(prompt).expect("room");
            [streams.sample(count), streams.sample(count)]
        } else {
            let streams = Streams::new(&gpt, 4, sampling, generators);
            let mut streams = streams.with_prompt(prompt).expect("room");
            [streams.sample(count), streams.sample(count)]
        };
        let _ = writeln!(text, "{:?}", samples.map(|drawn| drawn.expect("numbers")));
    }
    text
}

fn divided<'m, 't, M: Loss, T: Real>(
    trainer: Trainer<'m, 't, M, T>,
    ranks: Option<&Ranks>,
) -> Trainer<'m, 't, M, T> {
    match ranks {
        Some(ranks) => trainer.ranks(ranks).expect("all are the same"),
        None => trainer,
    }
}

/// A prompt that is too long, of one stream: also ranks that have none say so.
fn all_refuse_a_long_prompt(ranks: &Ranks) {
    let tape = Tape::new();
    let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(1)).expect("a model");
    let streams = ranks.streams(&gpt, 4, Sampling::default(), vec![PythonRandom::new(1)]);
    let refused = streams.with_prompt(&[0; 16]).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(refused.unwrap_err(), "a prompt of 16 tokens leaves no room in a block of 16");
}

fn print_results(ranks: &Ranks) {
    let text = results::<f64>(Some(ranks)) + &results::<f32>(Some(ranks));
    ranks.compare("the results", &text).expect("those of the first rank");
    if ranks.is_first() {
        print!("{text}");
    }
}

/// One point of the batch makes no sense: whoever has it, all get the error of one process, and go on.
fn what_goes_wrong_on_one_rank_is_told_by_all(ranks: &Ranks) {
    all_refuse_a_long_prompt(ranks);
    for check in [false, true] {
        for bad in 0..11 {
            let mut points = points();
            points[bad] = [1e200, 0.0];
            let batch: Vec<&[f64; 2]> = points[..11].iter().collect();
            let error = |ranks: Option<&Ranks>| {
                let tape = Tape::<f64>::default();
                let model = curve(&tape);
                let trainer = Trainer::new(&model, TRAINING).check_finite(check);
                let mut trainer = divided(trainer, ranks);
                let before = model.block().data();
                let error = trainer.step(&batch).expect_err("an infinite loss");
                assert_eq!(model.block().data(), before);
                let good: Vec<&[f64; 2]> = points[11..].iter().collect();
                let loss = trainer.step(&good).expect("a finite loss");
                (error.to_string(), loss, model.block().data())
            };
            assert_eq!(error(Some(ranks)), error(None));
        }
    }
}

fn what_differs_is_named(ranks: &Ranks) {
    let last = ranks.size() - 1;
    let is_last = ranks.rank() == last && last > 0;
    let seed = if is_last { 8 } else { 7 };
    let tape = Tape::new();
    let model = Instance::new(&tape, Curve, &mut PythonRandom::new(seed)).expect("a model");
    let found = Trainer::new(&model, TRAINING).ranks(ranks).err();
    let differs = |what: &str| RanksError::Differs { what: what.to_owned(), ranks: vec![last] };
    let expected = (last > 0).then(|| differs("parameters"));
    assert_eq!(found, expected);
    if let Some(found) = found {
        assert_eq!(found.to_string(), format!("parameters: rank {last} differs from rank 0"));
    }
    let model = curve(&tape);
    let steps = if is_last { 61 } else { 60 };
    let found = Trainer::new(&model, Training { steps, ..TRAINING }).ranks(ranks).err();
    assert_eq!(found, (last > 0).then(|| differs("training")));
    let dataset: &[&str] = if is_last { &["ada"] } else { &["ada", "bob"] };
    assert_eq!(ranks.compare("dataset", dataset).err(), (last > 0).then(|| differs("dataset")));
    // Dual numbers are not sent.
    let tape = Tape::<microgpt::dual::Dual>::default();
    let model = curve(&tape);
    let refused = Trainer::new(&model, TRAINING).ranks(ranks).err();
    assert_eq!(refused, Some(RanksError::Precision));
}

/// Where ranks and micro-batches are powers of two, each sends one gradient in parts, and its part of
/// the sum to all.
fn as_much_is_sent_as_the_documentation_says(ranks: &Ranks) {
    let (points, tape) = (points(), Tape::<f64>::default());
    let model = curve(&tape);
    let mut trainer = Trainer::new(&model, TRAINING).ranks(ranks).expect("the same");
    let batch: Vec<&[f64; 2]> = points[..32].iter().collect();
    trainer.step(&batch).expect("a finite loss");
    let size = ranks.size() as u64;
    // Three parameters and the loss, of 8 bytes: of these all but its own part, twice.
    if size.is_power_of_two() {
        assert_eq!(ranks.traffic().bytes, 2 * 4 * 8 * (size - 1) / size);
    }
    // One micro-batch is nobody's alone, and nothing is sent.
    let before = ranks.traffic();
    trainer.step(&batch[..1]).expect("a finite loss");
    assert_eq!(ranks.traffic(), before);
}
