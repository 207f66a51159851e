//! Documents and their tokens: characters, and one token that begins and ends a document.

use std::collections::{BTreeSet, HashMap};

use thiserror::Error;

/// The documents of a text: its lines without white space around them, empty ones left out, as
/// microgpt.py reads them. Lines end as they may in Python, with `\n`, `\r\n` or `\r`, and the same
/// characters are white space; a byte order mark at the beginning is none of the text.
///
/// ```
/// use microgpt::tokenizer::documents;
///
/// assert_eq!(documents("ada\n\n  bob \r\n").collect::<Vec<_>>(), ["ada", "bob"]);
/// ```
pub fn documents(text: &str) -> impl Iterator<Item = &str> {
    let space = |c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split(['\n', '\r'])
        .map(move |line| line.trim_matches(space))
        .filter(|line| !line.is_empty())
}

/// Characters as token ids, in the order of their code points; the last id is BOS.
///
/// ```
/// use microgpt::CharTokenizer;
///
/// let tokenizer = CharTokenizer::new(["ada", "bo"]);
/// assert_eq!(tokenizer.vocabulary(), 5);
/// assert_eq!(tokenizer.encode("bad")?, [4, 1, 0, 2, 4]);
/// assert_eq!(tokenizer.decode(&[1, 0, 2]), "bad");
/// # Ok::<(), microgpt::tokenizer::UnknownCharacter>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharTokenizer {
    characters: Vec<char>,
    ids: HashMap<char, usize>,
}

/// A character that is in none of the documents the tokenizer was made from.
///
/// ```
/// let tokenizer = microgpt::CharTokenizer::new(["ada"]);
/// assert_eq!(tokenizer.encode("add!").unwrap_err().0, '!');
/// ```
#[derive(Clone, Copy, Error, PartialEq, Eq)]
#[error("the character {0:?} is not in the vocabulary")]
pub struct UnknownCharacter(pub char);

/// A character that would have two ids.
///
/// ```
/// let error = microgpt::CharTokenizer::from_characters("aba".chars()).unwrap_err();
/// assert_eq!(error.0, 'a');
/// ```
#[derive(Clone, Copy, Error, PartialEq, Eq)]
#[error("the character {0:?} comes twice")]
pub struct RepeatedCharacter(pub char);

impl CharTokenizer {
    /// The tokenizer of all characters in these documents.
    pub fn new<'a>(documents: impl IntoIterator<Item = &'a str>) -> Self {
        let characters: BTreeSet<char> = documents.into_iter().flat_map(str::chars).collect();
        let characters: Vec<char> = characters.into_iter().collect();
        let ids = characters.iter().enumerate().map(|(id, &character)| (character, id)).collect();
        Self { characters, ids }
    }

    /// The tokenizer of these characters, by id.
    ///
    /// # Errors
    ///
    /// If one comes twice.
    pub fn from_characters(
        characters: impl IntoIterator<Item = char>,
    ) -> Result<Self, RepeatedCharacter> {
        let characters: Vec<char> = characters.into_iter().collect();
        let mut ids = HashMap::new();
        for (id, &character) in characters.iter().enumerate() {
            if ids.insert(character, id).is_some() {
                return Err(RepeatedCharacter(character));
            }
        }
        Ok(Self { characters, ids })
    }

    /// The number of tokens, BOS included.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.characters.len() + 1
    }

    /// The characters, by id.
    #[must_use]
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// The token that begins and ends a document.
    #[must_use]
    pub fn bos(&self) -> usize {
        self.characters.len()
    }

    /// The ids of a document, with BOS on both sides.
    ///
    /// # Errors
    ///
    /// If a character is not in the vocabulary.
    pub fn encode(&self, document: &str) -> Result<Vec<usize>, UnknownCharacter> {
        let bos = std::iter::once(Ok(self.bos()));
        let ids = document
            .chars()
            .map(|character| self.ids.get(&character).copied().ok_or(UnknownCharacter(character)));
        bos.clone().chain(ids).chain(bos).collect()
    }

    /// The characters of these ids; BOS and ids that are not in the vocabulary have none.
    #[must_use]
    pub fn decode(&self, ids: &[usize]) -> String {
        ids.iter().filter_map(|&id| self.characters.get(id)).collect()
    }
}
