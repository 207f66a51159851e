//! The documents that all benchmarks run on.

use microgpt::tokenizer::documents;
use microgpt::{CharTokenizer, PythonRandom};

/// Shuffled as the program does, with BOS on both sides, and the size of the vocabulary.
pub struct Data {
    pub documents: Vec<Vec<usize>>,
    pub vocabulary: usize,
}

impl Data {
    /// Any dataset with one document a line can be named; the built-in one is much like it.
    pub fn read() -> Self {
        let text = match std::env::var("NAMES") {
            Ok(path) => std::fs::read_to_string(path).expect("NAMES is a text file"),
            Err(_) => include_str!("../../examples/names.txt").to_owned(),
        };
        let mut docs: Vec<&str> = documents(&text).collect();
        PythonRandom::new(42).shuffle(&mut docs);
        let tokenizer = CharTokenizer::new(docs.iter().copied());
        let encode = |doc: &&str| tokenizer.encode(doc).expect("a known character");
        Self { documents: docs.iter().map(encode).collect(), vocabulary: tokenizer.vocabulary() }
    }

    /// The documents of a step, in turn and then from the beginning again.
    pub fn batch(&self, step: usize, size: usize) -> Vec<&[usize]> {
        let documents = step * size..(step + 1) * size;
        documents.map(|at| &self.documents[at % self.documents.len()][..]).collect()
    }
}
