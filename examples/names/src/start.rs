//! How a run begins: its model, and what it goes on with.

use std::collections::BTreeMap;

use microgpt::checkpoint::{CheckpointError, Dtype, FileError, Progress};
use microgpt::model::ModelError;
use microgpt::train::TrainingError;
use microgpt::{CharTokenizer, Checkpoint, Gpt, Instance, PythonRandom, Real, Trainer};

use super::args::Args;
use super::dataset::Dataset;
use super::output::{about, say};
use super::team::Team;

/// The error of a training, with the flag that tells more of it.
pub fn with_hint(error: TrainingError) -> String {
    match error {
        TrainingError::Loss { step, loss } => not_finite(&format!("step {step}"), loss),
        other => other.to_string(),
    }
}

/// That a loss is no number, and when.
pub fn not_finite(when: &str, loss: f64) -> String {
    format!("{when}: the loss is {loss}; --check-finite tells where it comes from")
}

/// The error of a model's sizes, with the flags that set them.
pub fn with_flags(error: &ModelError) -> String {
    let sizes = [
        ("n_layer", "--n-layer"),
        ("n_embd", "--n-embd"),
        ("n_head", "--n-head"),
        ("block_size", "--block-size"),
        ("vocabulary", "the number of characters of the documents and the end"),
    ];
    let text = error.to_string();
    match error {
        ModelError::TooMany { .. } | ModelError::Memory { .. } => {
            format!("--n-layer, --n-embd, --block-size: {text}")
        }
        _ => sizes.iter().fold(text, |text, (name, flag)| text.replace(name, flag)),
    }
}

/// The file that the run goes on with, if there is one.
pub fn checkpoint<T: Real>(args: &Args) -> Result<Option<Checkpoint<Gpt, T>>, String> {
    let Some((flag, path)) = args.checkpoint() else { return Ok(None) };
    let hint = |FileError { error, .. }| match error {
        CheckpointError::Type { found: found @ (Dtype::F32 | Dtype::F64), .. } => {
            let precision = if found == Dtype::F32 { "f32" } else { "f64" };
            format!("its numbers are of another precision: add `--precision {precision}`")
        }
        _ => error.to_string(),
    };
    Checkpoint::load(path).map(Some).map_err(|error| about(flag, path, &hint(error)))
}

/// [`checkpoint`], which the first process reads for all.
pub fn checkpoint_for_all<T: Real>(
    args: &Args,
    team: &Team,
) -> Result<Option<Checkpoint<Gpt, T>>, String> {
    if !team.has_others() || args.checkpoint().is_none() {
        return checkpoint(args);
    }
    let bytes = team.read(|| {
        let found = checkpoint::<T>(args)?;
        let bytes = found.map(|found| found.to_bytes()).transpose();
        bytes.map(Option::unwrap_or_default).map_err(|error| error.to_string())
    })?;
    Checkpoint::from_bytes(&bytes).map(Some).map_err(|error| error.to_string())
}

/// Says which flags change nothing.
pub fn say_what_has_no_effect(args: &Args) {
    if args.threads > 1 && args.batch == 1 {
        let threads = args.threads;
        say(&format!(
            "note: --threads {threads} has no effect on steps of one document: add --batch"
        ));
    }
}

/// That a run trains nothing, where its flags look as if it should.
pub fn nothing_to_train(args: &Args, step: usize, steps: usize) -> Option<String> {
    if let Some(path) = &args.resume {
        let path = path.display();
        return Some(format!(
            "note: nothing is left to train: {path} is at step {step} of {steps}; more --steps go on"
        ));
    }
    let is_of_training = args.plot.is_some() || args.losses.is_some() || args.val_fraction > 0.0;
    (args.load.is_some() && is_of_training)
        .then(|| "note: nothing is trained: a model of --load trains only with --steps".to_owned())
}

/// The tokens of a flag's text, or the characters that no document has.
pub fn encoded(flag: &str, text: &str, tokenizer: &CharTokenizer) -> Result<Vec<usize>, String> {
    tokenizer.encode(text).map_err(|_| {
        let mut unknown: Vec<char> = Vec::new();
        for c in text.chars().filter(|c| !tokenizer.characters().contains(c)) {
            if !unknown.contains(&c) {
                unknown.push(c);
            }
        }
        let shown: Vec<_> = unknown.iter().map(|c| format!("{c:?}")).collect();
        let (s, are) = if shown.len() == 1 { ("", "is") } else { ("s", "are") };
        let shown = shown.join(", ");
        format!("{flag} {text}: the character{s} {shown} {are} not in the vocabulary")
    })
}

/// What a run was made with, and must be again if it goes on: key, flag and value.
fn settings(args: &Args) -> [(&'static str, &'static str, String); 3] {
    [
        ("seed", "--seed", args.seed.to_string()),
        ("val_fraction", "--val-fraction", args.val_fraction.to_string()),
        ("batch", "--batch", args.batch.to_string()),
    ]
}

const DATA: &str = "data";
const NUM_DOCS: &str = "num_docs";
const DOCUMENTS: &str = "documents";

/// What decides the order of the documents, for a run that goes on with it.
pub fn notes(args: &Args, data: &Dataset, docs: &[&str]) -> BTreeMap<String, String> {
    // FNV-1a: it tells documents in an order from others.
    let bytes = docs.iter().flat_map(|doc| doc.bytes().chain([b'\n']));
    let documents = bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mut notes = BTreeMap::from([
        (DATA.to_owned(), data.name.clone()),
        (NUM_DOCS.to_owned(), docs.len().to_string()),
        (DOCUMENTS.to_owned(), format!("{documents:016x}")),
    ]);
    notes.extend(settings(args).map(|(key, _, value)| (key.to_owned(), value)));
    notes
}

/// Whether a run can go on with the same bits as before, or which settings are others.
fn check_notes(
    args: &Args,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Result<(), String> {
    let mut others = Vec::new();
    for (key, flag, value) in settings(args) {
        if let Some(before) = before.get(key).filter(|before| **before != value) {
            others.push(format!("{flag} {before}, not {value}"));
        }
    }
    let of = |notes: &BTreeMap<String, String>, key: &str| {
        notes.get(key).cloned().unwrap_or_else(|| "?".to_owned())
    };
    let [were, are] = [before, now].map(|notes| of(notes, NUM_DOCS));
    // Another seed shuffles the same documents into another order.
    let documents = others.is_empty() && of(before, DOCUMENTS) != of(now, DOCUMENTS);
    if documents || (before.contains_key(NUM_DOCS) && were != are) {
        let (old, new) = (of(before, DATA), of(now, DATA));
        let changed = if were == are { "; they were changed since" } else { "" };
        others.push(format!("{old} ({were} documents), not {new} ({are}){changed}"));
    }
    if others.is_empty() { Ok(()) } else { Err(others.join("; ")) }
}

/// Training from the first step, or from where a checkpoint is, whose generator then goes on too.
pub fn trainer<'g, 't, T: Real>(
    args: &Args,
    gpt: &'g Instance<'t, Gpt, T>,
    found: Option<Checkpoint<Gpt, T>>,
    notes: &mut BTreeMap<String, String>,
    random: &mut PythonRandom,
) -> Result<Trainer<'g, 't, Gpt, T>, String> {
    let as_asked = |trainer: Trainer<'g, 't, Gpt, T>| {
        let trainer = trainer.check_finite(args.check_finite);
        trainer.threads(args.threads).map_err(|error| format!("--threads: {error}"))
    };
    let (Some(path), Some(found)) = (&args.resume, found) else {
        return as_asked(Trainer::new(gpt, args.training()));
    };
    let Some(mut progress) = found.progress else {
        return Err(about("--resume", path, &"it holds no training to go on with"));
    };
    check_notes(args, &found.notes, notes)
        .map_err(|others| about("--resume", path, &format!("it was trained with {others}")))?;
    // The same file in the end, by whatever name its data goes now.
    *notes = found.notes;
    let Progress { training, random: drawn, .. } = &mut progress;
    training.steps = args.steps.unwrap_or(training.steps);
    random.clone_from(drawn);
    as_asked(progress.trainer(gpt))
}
