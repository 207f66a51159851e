//! Checkpoints: a model, its tokenizer and the state of its training, in one safetensors file.
//!
//! The tensors have the names that the model declares; behind `adam.mean.` and the like stand what
//! the optimiser remembers of each, and `random.words` is the state of the generator. All else is JSON under the
//! key `microgpt` of the file's metadata. A file is untrusted input: nothing is allocated that its
//! own length does not bear out, and what is inconsistent is an error that says what.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Metadata, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::{Instance, Loss, Model, ModelError};
use crate::random::{PythonRandom, RandomError};
use crate::real::Real;
use crate::tape::Tape;
use crate::tokenizer::CharTokenizer;
use crate::train::{Optimiser, Trainer, Training};

pub use error::{CheckpointError, FileError};
pub use place::can_save;
/// The type of the numbers of a tensor.
pub use safetensors::Dtype;

mod error;
mod layout;
mod place;
mod reader;

use layout::{Layout, Trained};
use reader::Reader;

/// The version of the layout of a file.
const VERSION: u32 = 2;
/// The key of the file's metadata under which all but the tensors is.
const KEY: &str = "microgpt";
const WORDS: &str = "random.words";
/// The longest header of a safetensors file: what can be written can be read.
const MAX_HEADER: u64 = 100_000_000;

/// A model as it is kept in a file: its sizes, parameters and tokenizer, and how far it has
/// trained.
///
/// ```
/// use microgpt::{CharTokenizer, Checkpoint, Gpt, Instance, PythonRandom, Tape};
///
/// let tokenizer = CharTokenizer::new(["ada", "bob"]);
/// let tape = Tape::new();
/// let model = Gpt::new(tokenizer.vocabulary());
/// let gpt = Instance::new(&tape, model, &mut PythonRandom::new(42))?;
/// let bytes = Checkpoint::of_model(&gpt, Some(&tokenizer)).to_bytes()?;
/// let again: Checkpoint<Gpt> = Checkpoint::from_bytes(&bytes)?;
/// assert_eq!(again.instance(&tape)?.block().data(), gpt.block().data());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<M, T = f64> {
    /// The sizes.
    pub model: M,
    /// The tokenizer, of a model of tokens.
    pub tokenizer: Option<CharTokenizer>,
    /// All parameters, in the order of [`Instance::parameters`].
    pub parameters: Vec<T>,
    /// How far it has trained, to go on from there.
    pub progress: Option<Progress<T>>,
    /// What a program wants to know when it loads the file again, like what it trained on.
    pub notes: BTreeMap<String, String>,
}

/// How far a training is: all that it needs to go on with the bits of one that never stopped.
///
/// ```
/// use microgpt::{CharTokenizer, Checkpoint, Gpt, Instance, PythonRandom, Tape, Trainer, Training};
///
/// let tokenizer = CharTokenizer::new(["ada", "bob"]);
/// let (tape, mut random) = (Tape::new(), PythonRandom::new(42));
/// let gpt = Instance::new(&tape, Gpt::new(tokenizer.vocabulary()), &mut random)?;
/// let mut trainer = Trainer::new(&gpt, Training::default());
/// let document = tokenizer.encode("ada")?;
/// trainer.step(&[&document])?;
/// let bytes = Checkpoint::of_training(&trainer, Some(&tokenizer), &random).to_bytes()?;
/// let next = trainer.step(&[&document])?;
///
/// let found: Checkpoint<Gpt> = Checkpoint::from_bytes(&bytes)?;
/// let tape = Tape::new();
/// let gpt = found.instance(&tape)?;
/// let mut trainer = found.progress.expect("a training").trainer(&gpt);
/// assert_eq!(trainer.step(&[&document])?, next);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Progress<T> {
    /// How it trains.
    pub training: Training,
    /// The number of steps that were made.
    pub steps: usize,
    /// The parameters that are [frozen](Trainer::freeze), of which the optimiser remembers nothing.
    pub frozen: BTreeSet<String>,
    /// The optimiser.
    pub optimiser: Optimiser<T>,
    /// The generator, as it is after all draws so far.
    pub random: PythonRandom,
}

impl<T: Real> Progress<T> {
    /// The training, as it goes on: with the parameters that are frozen, and what the optimiser remembers.
    ///
    /// # Panics
    ///
    /// If the optimiser is not that of the training, or remembers more or fewer numbers than are trained.
    #[must_use]
    #[track_caller]
    pub fn trainer<'m, 't, M: Loss>(&self, model: &'m Instance<'t, M, T>) -> Trainer<'m, 't, M, T> {
        let trainer = Trainer::new(model, self.training).with_frozen(self.frozen.clone());
        trainer.resumed(self.steps, self.optimiser.clone())
    }
}

/// What is kept as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<M> {
    version: u32,
    model: M,
    tokenizer: Option<String>,
    progress: Option<ProgressHeader>,
    notes: BTreeMap<String, String>,
}

/// The part of a header that every version has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgressHeader {
    training: Training,
    steps: usize,
    /// Files of trainings that freeze nothing do not say so.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    frozen: BTreeSet<String>,
    random_index: usize,
    /// The bits of the number, which JSON need not keep.
    random_next_gauss: Option<u64>,
}

impl<M: Model, T: Real> Checkpoint<M, T> {
    /// A model as it is, without a training to go on with. The tokenizer must have as many tokens as the
    /// model says, or what is made here cannot be saved.
    #[must_use]
    pub fn of_model(instance: &Instance<'_, M, T>, tokenizer: Option<&CharTokenizer>) -> Self {
        Self {
            model: instance.model().clone(),
            tokenizer: tokenizer.cloned(),
            parameters: instance.block().data(),
            progress: None,
            notes: BTreeMap::new(),
        }
    }

    /// A training as it is between two steps, with the generator that the next draws come from.
    #[must_use]
    pub fn of_training(
        trainer: &Trainer<'_, '_, M, T>,
        tokenizer: Option<&CharTokenizer>,
        random: &PythonRandom,
    ) -> Self
    where
        M: Loss,
    {
        let progress = Progress {
            training: *trainer.training(),
            steps: trainer.steps(),
            frozen: trainer.frozen().clone(),
            optimiser: trainer.optimiser().clone(),
            random: random.clone(),
        };
        Self { progress: Some(progress), ..Self::of_model(trainer.model(), tokenizer) }
    }

    /// The model, on a tape.
    ///
    /// # Errors
    ///
    /// If the sizes and the parameters do not fit: not if the checkpoint was loaded from a file.
    pub fn instance<'t>(&self, tape: &'t Tape<T>) -> Result<Instance<'t, M, T>, ModelError> {
        Instance::with_parameters(tape.vector(self.parameters.as_slice()), self.model.clone())
    }

    /// Whether it could be loaded again; its tensors.
    fn check(&self) -> Result<Layout, CheckpointError> {
        let trained = self.progress.as_ref().map(|one| Trained {
            rule: one.training.rule,
            steps: one.steps,
            frozen: &one.frozen,
        });
        let layout = Layout::new::<M, T>(&self.model, trained)?;
        layout.check_numbers("", &self.parameters)?;
        check_tokenizer(&self.model, self.tokenizer.as_ref())?;
        if let Some(progress) = &self.progress {
            progress.training.check()?;
            check_gauss(progress.random.state().next_gauss)?;
            if !progress.optimiser.is_by(progress.training.rule) {
                return Err(CheckpointError::Optimiser);
            }
            for (prefix, (_, numbers)) in
                layout.remembered().iter().zip(progress.optimiser.remembered())
            {
                layout.check_numbers(prefix, numbers)?;
            }
        }
        layout.check_names()?;
        Ok(layout)
    }
}

impl<M: Model + Serialize, T: Real> Checkpoint<M, T> {
    /// Writes the file. Whatever is at `path` stays as it is until all has been written, and where
    /// anything stands against that. A symbolic link is followed; the mode of a file that is there
    /// is kept.
    ///
    /// # Errors
    ///
    /// If the file system refuses, or the file could not be loaded again: a number is not finite,
    /// or the parts do not fit.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        let saved = self.to_bytes().and_then(|bytes| place::replace(path, &bytes));
        saved.map_err(FileError::of(path))
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// If they would not make a checkpoint again: a number is not finite, or the parts do not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let layout = self.check()?;
        let progress = self.progress.as_ref().map(|progress| {
            let state = progress.random.state();
            ProgressHeader {
                training: progress.training,
                steps: progress.steps,
                frozen: progress.frozen.clone(),
                random_index: state.index,
                random_next_gauss: state.next_gauss.map(f64::to_bits),
            }
        });
        let header = Header {
            version: VERSION,
            model: &self.model,
            tokenizer: self.tokenizer.as_ref().map(|one| one.characters().iter().collect()),
            progress,
            notes: self.notes.clone(),
        };
        let header = serde_json::to_string(&header).map_err(CheckpointError::Header)?;

        let mut blocks: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        let mut add = |prefix: &str, numbers: &[T]| {
            for (name, parameter, own) in layout.parts(prefix, numbers) {
                let bytes = own.iter().flat_map(|&number| number_bytes(number)).collect();
                blocks.push((name, dtype::<T>(), parameter.shape.clone(), bytes));
            }
        };
        add("", &self.parameters);
        if let Some(progress) = &self.progress {
            for (prefix, (_, numbers)) in
                layout.remembered().iter().zip(progress.optimiser.remembered())
            {
                add(prefix, numbers);
            }
            let words = progress.random.state().words;
            let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            blocks.push((WORDS.to_owned(), Dtype::U32, vec![words.len()], bytes));
        }
        let views = blocks
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?))
            })
            .collect::<Result<Vec<_>, SafeTensorError>>()?;
        let metadata = [(KEY.to_owned(), header)].into_iter().collect();
        Ok(safetensors::serialize(views, Some(metadata))?)
    }
}

impl<M: Model + DeserializeOwned, T: Real> Checkpoint<M, T> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not a whole and consistent checkpoint of such a model.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        Self::read(path).map_err(FileError::of(path))
    }

    fn read(path: &Path) -> Result<Self, CheckpointError> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(CheckpointError::NotAFile);
        }
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        // The header first: its length says whether the rest is worth reading.
        let mut start = [0; 8];
        file.read_exact(&mut start).map_err(|_| CheckpointError::Short)?;
        let header = u64::from_le_bytes(start);
        if header > MAX_HEADER || header + 8 > length {
            return Err(CheckpointError::HeaderLength(header));
        }
        let mut bytes = start.to_vec();
        Read::by_ref(&mut file).take(header).read_to_end(&mut bytes)?;
        let metadata: Metadata = serde_json::from_slice(&bytes[8..])
            .map_err(SafeTensorError::InvalidHeaderDeserialization)?;
        checked_header::<M, T>(&metadata)?;
        let end = metadata.tensors().values().map(|info| info.data_offsets.1).max().unwrap_or(0);
        let data = u64::try_from(end).unwrap_or(u64::MAX);
        if data.checked_add(header + 8) != Some(length) {
            return Err(CheckpointError::Length);
        }
        file.take(data).read_to_end(&mut bytes)?;
        Self::from_bytes(&bytes)
    }

    /// A checkpoint from the bytes of a file; [`to_bytes`](Checkpoint::to_bytes) makes them.
    ///
    /// # Errors
    ///
    /// If they are not a whole and consistent checkpoint of such a model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let file = SafeTensors::deserialize(bytes)?;
        let (header, layout) = checked_header::<M, T>(&metadata)?;
        let tokenizer = header.tokenizer()?;
        let reader = Reader { file: &file, layout: &layout };
        let numbers = reader.all("")?;
        let progress = match &header.progress {
            None => None,
            Some(progress) => Some(reader.progress(progress)?),
        };
        let Header { model, notes, .. } = header;
        Ok(Self { model, tokenizer, parameters: numbers, progress, notes })
    }
}

fn check_tokenizer(
    model: &impl Model,
    tokenizer: Option<&CharTokenizer>,
) -> Result<(), CheckpointError> {
    let Some(tokenizer) = tokenizer.map(CharTokenizer::vocabulary) else { return Ok(()) };
    let model = model.vocabulary().unwrap_or(0);
    if tokenizer == model { Ok(()) } else { Err(CheckpointError::Vocabulary { tokenizer, model }) }
}

/// What the header of a file says, if a checkpoint of its sizes has the tensors that it lists. The
/// tensors themselves need not be there yet.
fn checked_header<M: Model + DeserializeOwned, T: Real>(
    metadata: &Metadata,
) -> Result<(Header<M>, Layout), CheckpointError> {
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let header: Header<M> = header(text)?;
    let tensors = metadata.tensors();
    let trained = header.progress.as_ref().map(|one| Trained {
        rule: one.training.rule,
        steps: one.steps,
        frozen: &one.frozen,
    });
    let layout = Layout::new::<M, T>(&header.model, trained)?;
    check_tokenizer(&header.model, header.tokenizer()?.as_ref())?;
    let expected: BTreeMap<String, Vec<usize>> = layout.tensors().collect();
    for (name, shape) in &expected {
        let found = tensors.get(name).ok_or_else(|| CheckpointError::Missing(name.clone()))?;
        if found.shape != *shape {
            return Err(CheckpointError::Shape {
                name: name.clone(),
                expected: shape.clone(),
                found: found.shape.clone(),
            });
        }
    }
    match tensors.into_keys().find(|name| !expected.contains_key(name)) {
        Some(name) => Err(CheckpointError::Unknown(name)),
        None => Ok((header, layout)),
    }
}

impl<M> Header<M> {
    fn tokenizer(&self) -> Result<Option<CharTokenizer>, CheckpointError> {
        let characters = self.tokenizer.as_ref().map(|text| text.chars());
        Ok(characters.map(CharTokenizer::from_characters).transpose()?)
    }
}

fn header<M: DeserializeOwned>(text: Option<&String>) -> Result<Header<M>, CheckpointError> {
    let text = text.ok_or(CheckpointError::Foreign)?;
    let Version { version } = serde_json::from_str(text).map_err(CheckpointError::Header)?;
    if version != VERSION {
        return Err(CheckpointError::Version(version));
    }
    serde_json::from_str(text).map_err(CheckpointError::Header)
}

fn check_gauss(next: Option<f64>) -> Result<(), RandomError> {
    match next.filter(|number| !number.is_finite()) {
        Some(number) => Err(RandomError::NotFinite(number)),
        None => Ok(()),
    }
}

fn dtype<T: Real>() -> Dtype {
    if size_of::<T>() == 4 { Dtype::F32 } else { Dtype::F64 }
}

/// A number in the precision of its tape.
#[allow(clippy::cast_possible_truncation)] // f32 is the precision
fn number_bytes<T: Real>(number: T) -> Vec<u8> {
    match dtype::<T>() {
        Dtype::F32 => (number.as_f64() as f32).to_le_bytes().to_vec(),
        _ => number.as_f64().to_le_bytes().to_vec(),
    }
}
