//! Why a file is no checkpoint.

use std::path::{Path, PathBuf};

use safetensors::SafeTensorError;
use thiserror::Error;

use super::{Dtype, VERSION};
use crate::model::ModelError;
use crate::random::RandomError;
use crate::tokenizer::RepeatedCharacter;
use crate::train::Unusable;

/// A file that is not a checkpoint, or could not be written, and why.
///
/// ```
/// use microgpt::checkpoint::CheckpointError;
/// use microgpt::{Checkpoint, Gpt};
///
/// let found = Checkpoint::<Gpt>::load("Cargo.toml").unwrap_err();
/// assert!(matches!(found.error, CheckpointError::HeaderLength(_)));
/// assert!(found.to_string().starts_with("Cargo.toml: not a safetensors file: "));
/// ```
#[derive(Error)]
#[error("{}: {error}", .path.display())]
pub struct FileError {
    /// The file, as it was asked for.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub error: CheckpointError,
}

impl FileError {
    /// What says of errors that they are of this file.
    pub(super) fn of(path: &Path) -> impl FnOnce(CheckpointError) -> Self {
        |error| Self { path: path.to_owned(), error }
    }
}

/// Why bytes are not a checkpoint, or there are none of it; [`FileError`] says of which file.
///
/// ```
/// use microgpt::checkpoint::CheckpointError;
/// use microgpt::{Checkpoint, Gpt};
///
/// let error = Checkpoint::<Gpt>::from_bytes(b"ada").unwrap_err();
/// assert!(matches!(error, CheckpointError::Format(_)));
/// ```
#[derive(Error)]
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
    Format(#[from] SafeTensorError),
    /// Not even the length of a header.
    #[error("not a safetensors file: it is shorter than its header's length")]
    Short,
    /// A header that does not fit into the file, or is far longer than any of ours.
    #[error("not a safetensors file: its header would have {0} bytes, more than it can")]
    HeaderLength(u64),
    /// Another length than the header says.
    #[error("not a safetensors file: it is longer or shorter than its header says")]
    Length,
    /// A safetensors file of another program.
    #[error("not a checkpoint of microgpt: another program wrote it")]
    Foreign,
    /// A file of another version.
    #[error("not a checkpoint of this microgpt: its layout is version {0}, not {VERSION}")]
    Version(u32),
    /// A header that is none, or one of another model.
    #[error("not a checkpoint of this model: {0}")]
    Header(serde_json::Error),
    /// Characters that make no tokenizer.
    #[error("its characters make no tokenizer: {0}")]
    Tokenizer(#[from] RepeatedCharacter),
    /// A tokenizer of another vocabulary than the model's.
    #[error("its tokenizer has {tokenizer} tokens, but its model {model}")]
    Vocabulary {
        /// The number of tokens of the tokenizer.
        tokenizer: usize,
        /// That of the model; 0 if it is no model of tokens.
        model: usize,
    },
    /// Sizes that make no model.
    #[error("its sizes make no model: {0}")]
    Model(#[from] ModelError),
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
    #[error("its tensor `{name}` is of type {found:?}, not {expected}")]
    Type {
        /// The tensor.
        name: String,
        /// What was expected.
        expected: &'static str,
        /// What the file says.
        found: Dtype,
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
    Training(#[from] Unusable),
    /// A square that is negative.
    #[error("its tensor `{0}` has a negative number among its squares")]
    NegativeSquare(String),
    /// A parameter whose tensor has a name that another has, or that the file keeps for itself.
    #[error("two of its tensors would be called `{0}`: give the parameter another name")]
    Name(String),
    /// A training freezes what is no parameter.
    #[error("its training freezes `{0}`, which is no parameter of its model")]
    Frozen(String),
    /// A training freezes all parameters.
    #[error("its training freezes all parameters")]
    AllFrozen,
    /// An optimiser that remembers more or fewer numbers than its training moves.
    #[error(
        "its optimiser remembers {found} numbers of each kind, and its training moves {expected}"
    )]
    Remembered {
        /// How many parameters are not frozen.
        expected: usize,
        /// How many are remembered.
        found: usize,
    },
    /// An optimiser that is not the one of the training's rule.
    #[error("its optimiser is not the one of its training")]
    Optimiser,
    /// The generator's state is none.
    #[error("its random state is invalid: {0}")]
    Random(#[from] RandomError),
}
