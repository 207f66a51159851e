//! Checkpoints: a model, its tokenizer and the state of its training, in one safetensors file.
//!
//! The tensors have microgpt.py's `state_dict` names; behind `adam.mean.` and `adam.square.` stand
//! the optimiser's, and `random.words` is the state of the generator. All else is JSON under the
//! key `microgpt` of the file's metadata. A file is untrusted input: nothing is allocated that its
//! own length does not bear out, and what is inconsistent is an error that says what.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Metadata, TensorView};
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::adam::Adam;
use crate::gpt::{Config, ConfigError, Gpt};
use crate::random::{self, PythonRandom, RandomError, State};
use crate::real::Real;
use crate::tape::Tape;
use crate::tokenizer::CharTokenizer;
use crate::trainer::{Trainer, Training};

pub use place::can_save;

mod place;

/// The version of the layout of a file.
const VERSION: u32 = 1;
/// The key of the file's metadata under which all but the tensors is.
const KEY: &str = "microgpt";
const WORDS: &str = "random.words";
/// What stands before the names of what the optimiser keeps.
const MEAN: &str = "adam.mean.";
const SQUARE: &str = "adam.square.";
/// A header that is longer than this is none of ours: ours grow with the number of matrices.
const MAX_HEADER: u64 = 64 << 20;

/// A model as it is kept in a file: its sizes, parameters and tokenizer, and how far it has
/// trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<T> {
    /// The sizes.
    pub config: Config,
    /// The tokenizer.
    pub tokenizer: CharTokenizer,
    /// All parameters, in the order of [`Gpt::parameters`].
    pub weights: Vec<T>,
    /// How far it has trained, to go on from there.
    pub progress: Option<Progress<T>>,
    /// What a program wants to know when it loads the file again, like what it trained on.
    pub notes: BTreeMap<String, String>,
}

/// How far a training is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress<T> {
    /// How it trains.
    pub training: Training,
    /// The number of steps that were made.
    pub step: usize,
    /// The optimiser.
    pub adam: Adam<T>,
    /// The generator, as it is after all draws so far.
    pub random: PythonRandom,
}

/// Why a file is not a checkpoint, or could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A directory, a device or the like.
    #[error("not a file")]
    NotAFile,
    /// A file that may not be written.
    #[error("the file is read-only")]
    ReadOnly,
    /// The layout of safetensors is broken.
    #[error("not a safetensors file: {0}")]
    Format(String),
    /// A safetensors file of another program, or of another version of this.
    #[error("not a checkpoint of microgpt: {0}")]
    Foreign(String),
    /// Sizes that make no model.
    #[error("its sizes make no model: {0}")]
    Config(#[from] ConfigError),
    /// A tensor that the sizes ask for is not there.
    #[error("it has no tensor `{0}`")]
    Missing(String),
    /// A tensor that nothing asks for.
    #[error("it has a tensor `{0}` that no model of its sizes has")]
    Unknown(String),
    /// A tensor of another shape than the sizes say.
    #[error("its tensor `{name}` has the shape {found:?}, not {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// What the sizes say.
        expected: Vec<usize>,
        /// What the file says.
        found: Vec<usize>,
    },
    /// A tensor of other numbers than floats, or of another precision than the others.
    #[error("its tensor `{name}` is of type {found}, not {expected}")]
    Type {
        /// The tensor.
        name: String,
        /// What was expected.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// A NaN or an infinity.
    #[error("its tensor `{name}` has {number} at position {position}")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Row-major.
        position: usize,
        /// The number.
        number: f64,
    },
    /// The training's own figures make no sense.
    #[error("its training makes no sense: {0}")]
    Training(String),
    /// The generator's state is none.
    #[error("its random state is none: {0}")]
    Random(#[from] RandomError),
}

impl From<SafeTensorError> for CheckpointError {
    fn from(error: SafeTensorError) -> Self {
        Self::Format(error.to_string())
    }
}

/// What is kept as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    config: Config,
    tokenizer: String,
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
    step: usize,
    random_index: usize,
    /// The bits of the number, which JSON need not keep.
    random_next_gauss: Option<u64>,
}

impl<T: Real> Checkpoint<T> {
    /// A model as it is, without a training to go on with.
    #[must_use]
    pub fn of_model(gpt: &Gpt<'_, T>, tokenizer: &CharTokenizer) -> Self {
        Self {
            config: *gpt.config(),
            tokenizer: tokenizer.clone(),
            weights: gpt.weights().data(),
            progress: None,
            notes: BTreeMap::new(),
        }
    }

    /// A training as it is between two steps.
    #[must_use]
    pub fn of_training(
        gpt: &Gpt<'_, T>,
        tokenizer: &CharTokenizer,
        trainer: &Trainer<'_, '_, T>,
        random: &PythonRandom,
    ) -> Self {
        let progress = Progress {
            training: *trainer.training(),
            step: trainer.step(),
            adam: trainer.adam().clone(),
            random: random.clone(),
        };
        Self { progress: Some(progress), ..Self::of_model(gpt, tokenizer) }
    }

    /// The model, on a tape.
    ///
    /// # Errors
    ///
    /// If the sizes and the weights do not fit: not if the checkpoint was loaded from a file.
    pub fn model<'t>(&self, tape: &'t Tape<T>) -> Result<Gpt<'t, T>, ConfigError> {
        Gpt::with_weights(tape.vector(self.weights.as_slice()), self.config)
    }

    /// Writes the file. Whatever is at `path` stays as it is until all has been written, and where
    /// anything stands against that. A symbolic link is followed; the mode of a file that is there
    /// is kept.
    ///
    /// # Errors
    ///
    /// If the file system refuses, or the file could not be loaded again: a number is not finite,
    /// or the parts do not fit.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        place::replace(path, &self.to_bytes()?)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not a whole and consistent checkpoint.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(CheckpointError::NotAFile);
        }
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let broken = |what: &str| CheckpointError::Format(what.to_owned());
        // The header first: its length says whether the rest is worth reading.
        let mut start = [0; 8];
        file.read_exact(&mut start)
            .map_err(|_| broken("it is shorter than its header's length"))?;
        let header = u64::from_le_bytes(start);
        if header > MAX_HEADER || header + 8 > length {
            return Err(broken("the length of its header is none"));
        }
        let mut bytes = start.to_vec();
        Read::by_ref(&mut file).take(header).read_to_end(&mut bytes)?;
        let metadata: Metadata = serde_json::from_slice(&bytes[8..])
            .map_err(|error| CheckpointError::Format(format!("invalid JSON in header: {error}")))?;
        checked_header(&metadata)?;
        let end = metadata.tensors().values().map(|info| info.data_offsets.1).max().unwrap_or(0);
        let data = u64::try_from(end).unwrap_or(u64::MAX);
        if data.checked_add(header + 8) != Some(length) {
            return Err(broken("it is longer or shorter than its header says"));
        }
        file.take(data).read_to_end(&mut bytes)?;
        Self::from_bytes(&bytes)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// If they would not make a checkpoint again: a number is not finite, or the parts do not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        self.check()?;
        let progress = self.progress.as_ref().map(|progress| {
            let state = progress.random.state();
            ProgressHeader {
                training: progress.training,
                step: progress.step,
                random_index: state.index,
                random_next_gauss: state.next_gauss.map(f64::to_bits),
            }
        });
        let header = Header {
            version: VERSION,
            config: self.config,
            tokenizer: self.tokenizer.characters().iter().collect(),
            progress,
            notes: self.notes.clone(),
        };
        let header = serde_json::to_string(&header)
            .map_err(|error| CheckpointError::Format(error.to_string()))?;

        let mut blocks: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        let mut add = |prefix: &str, numbers: &[T]| {
            let mut rest = numbers;
            for (name, [rows, columns]) in self.config.parameters() {
                let (own, after) = rest.split_at(rows * columns);
                let bytes = own.iter().flat_map(|&number| number_bytes(number)).collect();
                blocks.push((format!("{prefix}{name}"), dtype::<T>(), vec![rows, columns], bytes));
                rest = after;
            }
        };
        add("", &self.weights);
        if let Some(progress) = &self.progress {
            let (mean, square) = progress.adam.means();
            if progress.step > 0 {
                add(MEAN, mean);
                add(SQUARE, square);
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

    /// Whether it could be loaded again.
    fn check(&self) -> Result<(), CheckpointError> {
        self.config.check()?;
        self.check_numbers("", &self.weights)?;
        if self.tokenizer.vocabulary() != self.config.vocabulary {
            return Err(CheckpointError::Foreign("its tokenizer is of another model".into()));
        }
        if let Some(progress) = &self.progress {
            progress.training.check().map_err(CheckpointError::Training)?;
            if progress.step > 0 {
                let (mean, square) = progress.adam.means();
                self.check_numbers(MEAN, mean)?;
                self.check_numbers(SQUARE, square)?;
            }
        }
        Ok(())
    }

    /// Whether these are one finite number for each parameter.
    fn check_numbers(&self, prefix: &str, numbers: &[T]) -> Result<(), CheckpointError> {
        let parameters = self.config.parameters();
        let expected = parameters.iter().map(|(_, [rows, columns])| rows * columns).sum();
        if numbers.len() != expected {
            return Err(ConfigError::Weights { expected, found: numbers.len() }.into());
        }
        let mut rest = numbers;
        for (name, [rows, columns]) in parameters {
            let (own, after) = rest.split_at(rows * columns);
            check_finite(&format!("{prefix}{name}"), own)?;
            rest = after;
        }
        Ok(())
    }

    /// A checkpoint from the bytes of a file.
    ///
    /// # Errors
    ///
    /// If they are not a whole and consistent checkpoint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let file = SafeTensors::deserialize(bytes)?;
        let header = checked_header(&metadata)?;
        let config = header.config;
        let tokenizer = header.tokenizer()?;
        let reader = Reader { file: &file, config: &config };
        let weights = reader.all("")?;
        let progress = match header.progress {
            None => None,
            Some(progress) => Some(reader.progress(&progress)?),
        };
        Ok(Self { config, tokenizer, weights, progress, notes: header.notes })
    }
}

/// What the header of a file says, if a checkpoint of its sizes has the tensors that it lists. The
/// tensors themselves need not be there yet.
fn checked_header(metadata: &Metadata) -> Result<Header, CheckpointError> {
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let header = header(text)?;
    let config = header.config;
    let tensors = metadata.tensors();
    // Before the names of so many layers are made.
    if config.n_layer > tensors.len() {
        return Err(CheckpointError::Missing(format!("layer{}.attn_wq", config.n_layer - 1)));
    }
    config.check()?;
    header.tokenizer()?;
    let mut expected: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for prefix in header.prefixes() {
        let all = config.parameters().into_iter();
        expected.extend(all.map(|(name, shape)| (format!("{prefix}{name}"), shape.to_vec())));
    }
    if header.progress.is_some() {
        expected.insert(WORDS.to_owned(), vec![random::WORDS]);
    }
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
        None => Ok(header),
    }
}

impl Header {
    /// What stands before the names of the parameters: nothing, and what the optimiser keeps for
    /// each of them.
    fn prefixes(&self) -> &'static [&'static str] {
        match &self.progress {
            Some(progress) if progress.step > 0 => &["", MEAN, SQUARE],
            _ => &[""],
        }
    }

    fn tokenizer(&self) -> Result<CharTokenizer, CheckpointError> {
        let tokenizer = CharTokenizer::from_characters(self.tokenizer.chars())
            .map_err(|error| CheckpointError::Foreign(error.to_string()))?;
        if tokenizer.vocabulary() != self.config.vocabulary {
            return Err(CheckpointError::Foreign(format!(
                "it has {} characters, but a vocabulary of {}",
                tokenizer.characters().len(),
                self.config.vocabulary
            )));
        }
        Ok(tokenizer)
    }
}

fn header(text: Option<&String>) -> Result<Header, CheckpointError> {
    let text = text.ok_or_else(|| CheckpointError::Foreign("another program wrote it".into()))?;
    let foreign = |error: serde_json::Error| CheckpointError::Foreign(error.to_string());
    let Version { version } = serde_json::from_str(text).map_err(foreign)?;
    if version != VERSION {
        return Err(CheckpointError::Foreign(format!("its layout is version {version}")));
    }
    serde_json::from_str(text).map_err(foreign)
}

/// Reads the tensors of a file whose header was checked.
struct Reader<'a> {
    file: &'a SafeTensors<'a>,
    config: &'a Config,
}

impl Reader<'_> {
    /// All parameters, or what the optimiser keeps for each.
    fn all<T: Real>(&self, prefix: &str) -> Result<Vec<T>, CheckpointError> {
        let mut numbers = Vec::new();
        for (name, _) in self.config.parameters() {
            let name = format!("{prefix}{name}");
            let view = self.view(&name)?;
            let before = numbers.len();
            match view.dtype() {
                Dtype::F64 => {
                    let (eight, _) = view.data().as_chunks();
                    numbers.extend(eight.iter().map(|&bytes| T::of(f64::from_le_bytes(bytes))));
                }
                Dtype::F32 => {
                    let (four, _) = view.data().as_chunks();
                    let number = |&bytes: &[u8; 4]| T::of(f32::from_le_bytes(bytes).as_f64());
                    numbers.extend(four.iter().map(number));
                }
                other => return Err(other_type(&name, "F64 or F32", other)),
            }
            check_finite(&name, &numbers[before..])?;
        }
        Ok(numbers)
    }

    fn view(&self, name: &str) -> Result<TensorView<'_>, CheckpointError> {
        self.file.tensor(name).map_err(|_| CheckpointError::Missing(name.to_owned()))
    }

    fn progress<T: Real>(&self, header: &ProgressHeader) -> Result<Progress<T>, CheckpointError> {
        header.training.check().map_err(CheckpointError::Training)?;
        let steps = u64::try_from(header.step)
            .map_err(|_| CheckpointError::Training(format!("{} steps", header.step)))?;
        let Training { beta1, beta2, epsilon, .. } = header.training;
        let mut adam = Adam::new(beta1, beta2, epsilon);
        if header.step > 0 {
            // The same bits again ask for the same precision.
            let wte = self.view("wte")?.dtype();
            if wte != dtype::<T>() {
                return Err(other_type("wte", &format!("{:?}", dtype::<T>()), wte));
            }
            let (mean, square) = (self.all(MEAN)?, self.all::<T>(SQUARE)?);
            if square.iter().any(|&number| number < T::zero()) {
                return Err(CheckpointError::Training("a mean of squares is negative".into()));
            }
            adam = adam.resumed(steps, mean, square);
        }
        let mut words = [0; random::WORDS];
        let view = self.view(WORDS)?;
        if view.dtype() != Dtype::U32 {
            return Err(other_type(WORDS, "U32", view.dtype()));
        }
        let (four, _) = view.data().as_chunks();
        for (word, &bytes) in words.iter_mut().zip(four) {
            *word = u32::from_le_bytes(bytes);
        }
        let next_gauss = header.random_next_gauss.map(f64::from_bits);
        if next_gauss.is_some_and(|number| !number.is_finite()) {
            return Err(CheckpointError::Training("the next random number is none".into()));
        }
        let state = State { words, index: header.random_index, next_gauss };
        let random = PythonRandom::from_state(state)?;
        Ok(Progress { training: header.training, step: header.step, adam, random })
    }
}

fn check_finite<T: Real>(name: &str, numbers: &[T]) -> Result<(), CheckpointError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        None => Ok(()),
        Some(position) => Err(CheckpointError::NotFinite {
            name: name.to_owned(),
            position,
            number: numbers[position].as_f64(),
        }),
    }
}

fn other_type(name: &str, expected: &str, found: Dtype) -> CheckpointError {
    CheckpointError::Type {
        name: name.to_owned(),
        expected: expected.to_owned(),
        found: format!("{found:?}"),
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
