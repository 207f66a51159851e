//! Checkpoints: a model, its tokenizer and the state of its training, in one safetensors file.
//!
//! The tensors have microgpt.py's `state_dict` names; behind `adam.mean.` and `adam.square.` stand
//! the optimiser's, and `random.words` is the state of the generator. All else is JSON under the
//! key `microgpt` of the file's metadata. A file is untrusted input: nothing is allocated that its
//! own length does not bear out, and what is inconsistent is an error that says what.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::adam::Adam;
use crate::gpt::{Config, ConfigError, Gpt};
use crate::random::{PythonRandom, RandomError, State};
use crate::real::Real;
use crate::tape::Tape;
use crate::tokenizer::CharTokenizer;
use crate::trainer::{Trainer, Training};

/// The version of the layout of a file.
const VERSION: u32 = 1;
/// The key of the file's metadata under which all but the tensors is.
const KEY: &str = "microgpt";
const WORDS: &str = "random.words";
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

    /// Writes the file. Whatever is at `path` stays as it is until all has been written.
    ///
    /// # Errors
    ///
    /// If the file system refuses.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let bytes = self.to_bytes()?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any other file that a program creates.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.prefix(".microgpt-").tempfile_in(directory)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
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
        let data = data_length(&bytes[8..])?;
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
    /// If a number of the sizes or of the training is not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
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
            if !mean.is_empty() {
                add("adam.mean.", mean);
                add("adam.square.", square);
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

    /// A checkpoint from the bytes of a file.
    ///
    /// # Errors
    ///
    /// If they are not a whole and consistent checkpoint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let file = SafeTensors::deserialize(bytes)?;
        let header = header(metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)))?;
        let config = header.config;
        config.check()?;
        let tokenizer = CharTokenizer::from_characters(header.tokenizer.chars())
            .map_err(|error| CheckpointError::Foreign(error.to_string()))?;
        if tokenizer.vocabulary() != config.vocabulary {
            return Err(CheckpointError::Foreign(format!(
                "it has {} characters, but a vocabulary of {}",
                tokenizer.characters().len(),
                config.vocabulary
            )));
        }
        // Before the names of so many layers are made.
        if config.n_layer > file.len() {
            return Err(CheckpointError::Missing(format!("layer{}.attn_wq", config.n_layer - 1)));
        }
        let mut reader = Reader { file: &file, config: &config, read: BTreeSet::new() };
        let weights = reader.all("")?;
        let progress = match header.progress {
            None => None,
            Some(progress) => Some(reader.progress(&progress)?),
        };
        if let Some(name) = file.names().into_iter().find(|name| !reader.read.contains(*name)) {
            return Err(CheckpointError::Unknown((*name).to_owned()));
        }
        Ok(Self { config, tokenizer, weights, progress, notes: header.notes })
    }
}

/// The number of bytes behind the header.
fn data_length(header: &[u8]) -> Result<u64, CheckpointError> {
    let header: safetensors::tensor::Metadata = serde_json::from_slice(header)
        .map_err(|error| CheckpointError::Format(format!("invalid JSON in header: {error}")))?;
    let end = header.tensors().values().map(|info| info.data_offsets.1).max().unwrap_or(0);
    u64::try_from(end).map_err(|error| CheckpointError::Format(error.to_string()))
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

struct Reader<'a> {
    file: &'a SafeTensors<'a>,
    config: &'a Config,
    read: BTreeSet<String>,
}

impl Reader<'_> {
    /// All parameters, or what the optimiser keeps for each.
    fn all<T: Real>(&mut self, prefix: &str) -> Result<Vec<T>, CheckpointError> {
        let mut numbers = Vec::new();
        for (name, shape) in self.config.parameters() {
            let name = format!("{prefix}{name}");
            let view = self.view(&name, &shape)?;
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
            let found = numbers[before..].iter().position(|number| !number.is_finite());
            if let Some(position) = found {
                let number = numbers[before + position].as_f64();
                return Err(CheckpointError::NotFinite { name, position, number });
            }
        }
        Ok(numbers)
    }

    fn view(&mut self, name: &str, shape: &[usize]) -> Result<TensorView<'_>, CheckpointError> {
        let missing = |_| CheckpointError::Missing(name.to_owned());
        let view = self.file.tensor(name).map_err(missing)?;
        if view.shape() != shape {
            return Err(CheckpointError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: view.shape().to_vec(),
            });
        }
        self.read.insert(name.to_owned());
        Ok(view)
    }

    fn progress<T: Real>(
        &mut self,
        header: &ProgressHeader,
    ) -> Result<Progress<T>, CheckpointError> {
        header.training.check().map_err(CheckpointError::Training)?;
        let steps = u64::try_from(header.step)
            .map_err(|_| CheckpointError::Training(format!("{} steps", header.step)))?;
        let Training { beta1, beta2, epsilon, .. } = header.training;
        let mut adam = Adam::new(beta1, beta2, epsilon);
        if header.step > 0 {
            // The same bits again ask for the same precision.
            let wte = self.view("wte", &[self.config.vocabulary, self.config.n_embd])?.dtype();
            if wte != dtype::<T>() {
                return Err(other_type("wte", &format!("{:?}", dtype::<T>()), wte));
            }
            let (mean, square) = (self.all("adam.mean.")?, self.all::<T>("adam.square.")?);
            if square.iter().any(|&number| number < T::zero()) {
                return Err(CheckpointError::Training("a mean of squares is negative".into()));
            }
            adam = adam.resumed(steps, mean, square);
        }
        let mut words = [0; 624];
        let view = self.view(WORDS, &[words.len()])?;
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
