//! How a run begins: its documents, and what it goes on with.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;
use std::path::Path;

use microgpt::checkpoint::{CheckpointError, Progress};
use microgpt::tokenizer::UnknownCharacter;
use microgpt::trainer::TrainingError;
use microgpt::{CharTokenizer, Checkpoint, Gpt, PythonRandom, Real, Trainer, Training};

use super::args::Args;

/// The dataset when there is neither `--data` nor an `input.txt`.
const BUILT_IN: &str = include_str!("../../names.txt");

/// An error with the file that it is about.
pub fn about(path: &Path, error: &impl Display) -> String {
    format!("{}: {error}", path.display())
}

/// The files that will be written have a place, each its own.
pub fn check_files(args: &Args) -> Result<(), String> {
    let files = [&args.save, &args.plot, &args.losses].map(|file| file.as_deref());
    for (at, file) in files.iter().enumerate() {
        let Some(file) = file else { continue };
        if files[..at].contains(&Some(file)) {
            return Err(about(file, &"two flags would write this file"));
        }
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        if file.is_dir() || directory.is_some_and(|directory| !directory.is_dir()) {
            return Err(about(file, &"no file can be written there"));
        }
    }
    Ok(())
}

/// The error of a training, with the flag that tells more of it.
pub fn with_hint(error: TrainingError) -> String {
    match error {
        TrainingError::Loss { step, loss } => {
            format!("step {step}: the loss is {loss}; --check-finite tells where it comes from")
        }
        other => other.to_string(),
    }
}

/// The text of the dataset.
pub fn dataset(data: Option<&Path>) -> Result<String, String> {
    let default = Path::new("input.txt");
    let Some(path) = data.or_else(|| default.exists().then_some(default)) else {
        return Ok(BUILT_IN.to_owned());
    };
    std::fs::read_to_string(path).map_err(|error| about(path, &error))
}

/// The file that the run goes on with, if there is one.
pub fn checkpoint<T: Real>(args: &Args) -> Result<Option<Checkpoint<T>>, String> {
    let Some(path) = args.load.as_deref().or(args.resume.as_deref()) else { return Ok(None) };
    let hint = |error: CheckpointError| match &error {
        CheckpointError::Type { found, .. } if found == "F32" || found == "F64" => {
            let precision = found.to_lowercase();
            format!("its numbers are of another precision: add `--precision {precision}`")
        }
        _ => error.to_string(),
    };
    Checkpoint::load(path).map(Some).map_err(|error| about(path, &hint(error)))
}

/// What decides the order of the documents, for a run that goes on with it.
pub fn notes(args: &Args, docs: &[&str]) -> BTreeMap<String, String> {
    // FNV-1a: it tells documents in an order from others.
    let bytes = docs.iter().flat_map(|doc| doc.bytes().chain([b'\n']));
    let documents = bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let notes = [
        ("documents", format!("{documents:016x}")),
        ("val_fraction", args.val_fraction.to_string()),
        ("batch", args.batch.to_string()),
    ];
    notes.map(|(key, value)| (key.to_owned(), value)).into()
}

/// Training from the first step, or from where a checkpoint is, whose generator then goes on too.
pub fn trainer<'g, 't, T: Real>(
    args: &Args,
    gpt: &'g Gpt<'t, T>,
    found: Option<Checkpoint<T>>,
    notes: &BTreeMap<String, String>,
    random: &mut PythonRandom,
) -> Result<Trainer<'g, 't, T>, String> {
    let as_asked = |trainer: Trainer<'g, 't, T>| {
        let trainer = trainer.check_finite(args.check_finite);
        trainer.threads(args.threads).map_err(|error| error.to_string())
    };
    let (Some(path), Some(found)) = (&args.resume, found) else {
        return as_asked(Trainer::new(gpt, args.training()));
    };
    let Some(Progress { training, step, adam, random: drawn }) = found.progress else {
        return Err(about(path, &"it holds no training to go on with"));
    };
    if found.notes != *notes {
        return Err(about(
            path,
            &"it was trained with other --data, --seed, --val-fraction or --batch",
        ));
    }
    *random = drawn;
    let steps = args.steps.unwrap_or(training.steps);
    as_asked(Trainer::new(gpt, Training { steps, ..training }).resumed(step, adam))
}

/// The documents that are learnt, and those that are held out.
pub fn split<'d, 's>(args: &Args, docs: &'d [&'s str]) -> (&'d [&'s str], &'d [&'s str]) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a share of their number
    let held_out = (docs.len() as f64 * args.val_fraction).ceil() as usize;
    docs.split_at(docs.len() - held_out.min(docs.len() - 1))
}

/// The documents of a step, of which the first is 0, in turn and then from the beginning again.
pub fn batch(
    args: &Args,
    tokenizer: &CharTokenizer,
    docs: &[&str],
    step: usize,
) -> Result<Vec<Vec<usize>>, UnknownCharacter> {
    let documents = step * args.batch..(step + 1) * args.batch;
    documents.map(|document| tokenizer.encode(docs[document % docs.len()])).collect()
}

/// The mean loss of documents that are not learnt, in nats a character.
pub fn mean_loss<T: Real>(
    gpt: &Gpt<'_, T>,
    tokenizer: &CharTokenizer,
    docs: &[&str],
) -> Result<f64, Box<dyn Error>> {
    let (mut sum, mut characters) = (0.0, 0);
    for doc in docs {
        let tokens = tokenizer.encode(doc)?;
        let counted = (tokens.len() - 1).min(gpt.config().block_size);
        sum += gpt.evaluate(&tokens).as_f64() * counted as f64;
        characters += counted;
    }
    Ok(sum / characters as f64)
}
