//! The documents of a run: where they come from, and which a step learns.

use std::path::Path;

use microgpt::CharTokenizer;
use microgpt::tokenizer::{UnknownCharacter, documents};

use super::args::Args;
use super::output::about;
use super::team::Team;

/// The documents when there is neither `--data` nor an `input.txt`.
const BUILT_IN: &str = include_str!("../../names.txt");

/// No name of a file has it.
const END_OF_NAME: u8 = 0;

/// A text, and where it is from.
pub struct Dataset {
    pub name: String,
    text: String,
}

impl Dataset {
    pub fn read(args: &Args) -> Result<Self, String> {
        let Some((flag, path)) = args.data() else {
            return Ok(Self { name: "the built-in names".into(), text: BUILT_IN.into() });
        };
        let bytes = std::fs::read(path).map_err(|error| about(flag, path, &error))?;
        let name = path.display().to_string();
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let before = &error.as_bytes()[..at];
            let start =
                before.iter().rposition(|byte| b"\r\n".contains(byte)).map_or(0, |at| at + 1);
            let (line, byte) = (line_number(before), at - start + 1);
            let found = error.as_bytes()[at];
            let error = format!("line {line}, byte {byte}: 0x{found:02X} is not UTF-8");
            about(flag, path, &error)
        })?;
        if documents(&text).next().is_none() {
            return Err(about(flag, path, &"it has no documents: it needs one on each line"));
        }
        Ok(Self { name, text })
    }

    /// What the first process reads, for all.
    pub fn read_for_all(args: &Args, team: &Team) -> Result<Self, String> {
        if !team.has_others() {
            return Self::read(args);
        }
        let bytes = team.read(|| {
            let Self { name, text } = Self::read(args)?;
            Ok([name.as_bytes(), text.as_bytes()].join(&END_OF_NAME))
        })?;
        let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
        let (name, text) = text.split_once(char::from(END_OF_NAME)).unwrap_or(("", &text));
        Ok(Self { name: name.to_owned(), text: text.to_owned() })
    }

    /// The documents, in the order of the file.
    pub fn documents(&self) -> Vec<&str> {
        documents(&self.text).collect()
    }

    /// Whether a tokenizer of another dataset has all characters of this one.
    pub fn check_characters(
        &self,
        args: &Args,
        tokenizer: &CharTokenizer,
        of: &Path,
    ) -> Result<(), String> {
        for document in documents(&self.text) {
            if let Err(UnknownCharacter(character)) = tokenizer.encode(document) {
                // Both are places in memory, the document's within the text's.
                let before = document.as_ptr().addr() - self.text.as_ptr().addr();
                let error = format!(
                    "line {}: the character {character:?} is not in the vocabulary of {}",
                    line_number(&self.text.as_bytes()[..before]),
                    of.display()
                );
                return Err(match args.data() {
                    Some((flag, path)) => about(flag, path, &error),
                    None => format!("{}: {error}", self.name),
                });
            }
        }
        Ok(())
    }
}

/// The number of the line that follows these bytes; a line ends with `\n`, `\r\n` or `\r`.
fn line_number(before: &[u8]) -> usize {
    let ends = before.iter().enumerate().filter(|&(at, &byte)| {
        byte == b'\r' || (byte == b'\n' && (at == 0 || before[at - 1] != b'\r'))
    });
    1 + ends.count()
}

/// The tokens of all documents. What does not fit a block is not learnt.
pub fn encoded(
    documents: &[&str],
    tokenizer: &CharTokenizer,
    block_size: usize,
) -> Result<Vec<Vec<usize>>, UnknownCharacter> {
    let encode = |document: &&str| {
        let mut tokens = tokenizer.encode(document)?;
        tokens.truncate(block_size + 1);
        Ok(tokens)
    };
    documents.iter().map(encode).collect()
}

/// That documents are longer than a block, if some are: their characters, and the end.
pub fn too_long(documents: &[&str], block_size: usize, may_change: bool) -> Option<String> {
    let positions = documents.iter().map(|document| document.chars().count() + 1);
    let long: Vec<usize> = positions.filter(|&positions| positions > block_size).collect();
    let longest = long.iter().max()?;
    let are = if long.len() == 1 { "is" } else { "are" };
    let (count, all) = (long.len(), documents.len());
    let mend = if may_change { "" } else { "a new model with " };
    Some(format!(
        "note: {count} of {all} documents {are} longer than a block of {block_size} and {are} cut; \
         {mend}--block-size {longest} holds all"
    ))
}

/// The documents that are learnt, and those that are held out.
pub fn split<'d, D>(args: &Args, docs: &'d [D]) -> (&'d [D], &'d [D]) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a share of their number
    let held_out = (docs.len() as f64 * args.val_fraction).ceil() as usize;
    docs.split_at(docs.len() - held_out.min(docs.len() - 1))
}

/// The documents of a step, of which the first is 0, in turn and then from the beginning again, in
/// the place of others.
pub fn batch<'d>(args: &Args, docs: &'d [Vec<usize>], step: usize, batch: &mut Vec<&'d [usize]>) {
    // A file may claim any number of steps.
    let first = (step as u128 * args.batch as u128) % docs.len() as u128;
    let first = usize::try_from(first).unwrap_or(0);
    batch.clear();
    batch.extend((first..first + args.batch).map(|at| docs[at % docs.len()].as_slice()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_they_end() {
        for (text, line) in [("", 1), ("a\n", 2), ("a\r\n", 2), ("a\rb\n\r\n", 4), ("\n\n", 3)] {
            assert_eq!(line_number(text.as_bytes()), line, "{text:?}");
        }
    }

    #[test]
    fn a_document_is_cut_to_a_block() {
        let tokenizer = CharTokenizer::new(["abñ"]);
        let cut = encoded(&["añb", "ab", ""], &tokenizer, 2).expect("its own characters");
        assert_eq!(cut, [vec![3, 0, 2], vec![3, 0, 1], vec![3, 3]]);
        let note = too_long(&["abcd", "ab", "abc"], 3, true).expect("a note");
        assert!(note.ends_with("2 of 3 documents are longer than a block of 3 and are cut; --block-size 5 holds all"), "{note}");
        // The end takes a position too.
        assert!(too_long(&["ab"], 2, true).is_some() && too_long(&["ab"], 3, true).is_none());
    }
}
