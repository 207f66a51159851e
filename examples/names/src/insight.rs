//! What a model thinks: why it wrote a name, and how likely it finds others.

use std::error::Error;
use std::f64::consts::LN_2;
use std::io::Write;

use microgpt::{CharTokenizer, Gpt, Instance, LanguageModel, Real, Sampler};

use super::output::{shown, shown_in_a_cell};
use super::report::in_nats_and_bits;
use super::start;

/// So many alternatives are shown.
const ALTERNATIVES: usize = 4;
/// From all of the attention to none, with the least weight of each.
const SHADES: [(f64, char); 5] = [(0.8, '█'), (0.5, '▓'), (0.25, '▒'), (0.05, '░'), (0.0, '·')];

fn shade(weight: f64) -> char {
    SHADES.iter().find(|(least, _)| weight >= *least).map_or('?', |&(_, shade)| shade)
}

/// A token as a reader sees it.
fn letter(tokenizer: &CharTokenizer, token: usize) -> char {
    // The end of a name, and the beginning.
    tokenizer.characters().get(token).map_or('⏎', |&c| shown_in_a_cell(c))
}

/// One sample, with the probability of each character and of the best others, and the attention
/// weights of each head.
pub fn explain<T: Real>(
    out: &mut impl Write,
    gpt: &Instance<'_, Gpt, T>,
    tokenizer: &CharTokenizer,
    sampler: &mut Sampler<'_, '_, Gpt, T>,
    prompt: &[usize],
) -> Result<(), Box<dyn Error>> {
    let choices = sampler.explained()?;
    let mut tokens = vec![tokenizer.bos()];
    tokens.extend(prompt);
    let drawn = choices.iter().map(|choice| choice.token);
    tokens.extend(drawn.filter(|&token| token != tokenizer.bos()));
    writeln!(out, "explained: {}", shown(&tokenizer.decode(&tokens)))?;
    for choice in &choices {
        let mut others: Vec<usize> = (0..choice.probabilities.len()).collect();
        others.retain(|&token| token != choice.token);
        others.sort_by(|&a, &b| choice.probabilities[b].total_cmp(&choice.probabilities[a]));
        let show = |token: usize| {
            format!("{} {:5.1} %", letter(tokenizer, token), 100.0 * choice.probabilities[token])
        };
        let others: Vec<_> = others.into_iter().take(ALTERNATIVES).map(show).collect();
        writeln!(out, "  {}   of  {}", show(choice.token), others.join("   "))?;
    }
    tokens.truncate(gpt.model().block_size());
    let header: String = tokens.iter().map(|&token| letter(tokenizer, token)).collect();
    for (layer, weights) in gpt.attention_weights(&tokens).iter().enumerate() {
        let (heads, positions, _) = weights.shape();
        let width = positions.max("head 10".len());
        let side_by_side = |one: &dyn Fn(usize) -> String| {
            let all: Vec<_> = (0..heads).map(|head| format!("{:width$}", one(head))).collect();
            all.join("  ").trim_end().to_owned()
        };
        writeln!(out, "attention of layer {layer}: each row looks at the columns")?;
        writeln!(out, "      {}", side_by_side(&|head| format!("head {head}")))?;
        writeln!(out, "      {}", side_by_side(&|_| header.clone()))?;
        for at in 0..positions {
            let row = |head| (0..=at).map(|to| shade(weights[[head, at, to]].as_f64())).collect();
            writeln!(out, "    {} {}", letter(tokenizer, tokens[at]), side_by_side(&row))?;
        }
    }
    Ok(())
}

/// Names with their tokens.
pub fn encoded<'n>(
    tokenizer: &CharTokenizer,
    names: &'n [String],
) -> Result<Vec<(&'n str, Vec<usize>)>, String> {
    let encode =
        |name: &'n String| Ok((name.as_str(), start::encoded("--score", name, tokenizer)?));
    names.iter().map(encode).collect()
}

/// How likely each of these names is, in the order of the bits that a character of it costs, its
/// end included. Of a name longer than a block only the beginning counts, as in training.
pub fn score<T: Real>(
    out: &mut impl Write,
    gpt: &Instance<'_, Gpt, T>,
    names: &[(&str, Vec<usize>)],
) -> Result<(), Box<dyn Error>> {
    let mut scores = Vec::new();
    for (name, tokens) in names {
        let block = gpt.model().block_size();
        let (counted, characters) = ((tokens.len() - 1).min(block), (tokens.len() - 2).min(block));
        let nats_per_token = gpt.evaluate(&[tokens]).as_f64();
        let nats = nats_per_token * counted as f64;
        // The empty name has an end alone.
        let bits_per_character = nats / LN_2 / characters.max(1) as f64;
        let whole = counted == tokens.len() - 1;
        scores.push((bits_per_character, nats, nats_per_token, whole, name));
    }
    scores.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (bits_per_character, nats, nats_per_token, whole, name) in scores {
        let (name, bits) = (shown(name), nats / LN_2);
        let whole = if whole { "in all" } else { "for what fits a block" };
        let per_token = in_nats_and_bits(nats_per_token, 3);
        writeln!(
            out,
            "score: {name} | {bits_per_character:.3} bits per character | {per_token} | \
             {nats:.2} nats ({bits:.2} bits) {whole}"
        )?;
    }
    Ok(())
}
