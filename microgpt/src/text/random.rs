//! Python's `random.Random`, bit for bit: the same integer seed gives the same numbers here and in
//! `CPython` 3.

use std::{convert::Infallible, f64::consts::TAU, num::NonZeroU64};

use rand::{SeedableRng, TryRng};
use thiserror::Error;

/// Words of state in MT19937 (Matsumoto & Nishimura 1998).
pub(crate) const WORDS: usize = 624;
/// Distance between a word and the one its successor is mixed with.
const MIDDLE: usize = 397;
const MATRIX_A: u32 = 0x9908_b0df;
const UPPER_MASK: u32 = 0x8000_0000;

/// Why a draw or a saved state was refused.
///
/// ```
/// use microgpt::PythonRandom;
/// use microgpt::random::RandomError;
///
/// let mut random = PythonRandom::new(42);
/// assert_eq!(random.getrandbits(65), Err(RandomError::TooManyBits(65)));
/// ```
#[derive(Clone, Copy, PartialEq, Error)]
pub enum RandomError {
    /// [`PythonRandom::getrandbits`] was asked for more than 64 bits.
    #[error("cannot draw {0} random bits at once, the limit is 64")]
    TooManyBits(u32),
    /// The weights sum to zero (as no weights do) or less, to an infinity or to a NaN.
    #[error("the weights sum to {0}, which is not finite and greater than zero")]
    UnusableTotal(f64),
    /// The saved position lies outside `0..=624`.
    #[error("the saved position {0} is beyond the 624 words of state")]
    IndexOutOfRange(usize),
    /// The saved normal deviate is none.
    #[error("the saved normal deviate is {0}")]
    NotFinite(f64),
    /// The saved words would generate zeros for ever.
    #[error("the saved words carry no set bit the generator uses")]
    DegenerateWords,
}

/// Everything that decides the future output of a [`PythonRandom`], as in `Random.getstate()`.
///
/// ```
/// use microgpt::PythonRandom;
///
/// let mut random = PythonRandom::new(42);
/// let mut again = PythonRandom::from_state(random.state())?;
/// assert_eq!(again.random(), random.random());
/// # Ok::<(), microgpt::random::RandomError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The 624 untempered words of MT19937.
    pub words: [u32; WORDS],
    /// How many of the words are used up, `0..=624`.
    pub index: usize,
    /// The standard normal deviate that the next [`PythonRandom::gauss`] will use, if one is left.
    pub next_gauss: Option<f64>,
}

/// `CPython` 3's `random.Random` on integer seeds: MT19937 as in `Modules/_randommodule.c`, with the
/// draws of `Lib/random.py` (Matsumoto & Nishimura 1998). Not for cryptography.
///
/// As a [`rand::Rng`], its `u32` and `u64` words are `getrandbits(32)` and `getrandbits(64)`, and
/// its bytes are those of `randbytes`. The methods of [`rand::RngExt`] and rand's own shuffles work
/// but make other draws than Python's.
///
/// ```
/// use microgpt::PythonRandom;
///
/// // >>> import random; random.seed(42); random.random()
/// assert_eq!(PythonRandom::new(42).random(), 0.6394267984578837);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PythonRandom {
    state: State,
}

impl PythonRandom {
    /// Seeds as `random.seed(seed)` does, so a seed and its negative give the same numbers.
    #[must_use]
    pub fn new(seed: impl Into<i128>) -> Self {
        Self::from_magnitude(&seed.into().unsigned_abs().to_le_bytes())
    }

    /// Seeds as `random.seed(n)` does, for `|n|` given in base 2³², least significant digit first.
    /// Leading zeros of the number (the last digits here) make no difference; no digits mean 0.
    #[must_use]
    pub fn from_digits(digits: &[u32]) -> Self {
        let key = match digits.iter().rposition(|&digit| digit != 0) {
            Some(last) => &digits[..=last],
            None => &[0],
        };
        let state = State { words: words_from_key(key), index: WORDS, next_gauss: None };
        Self { state }
    }

    /// Continues from a saved state, as `random.setstate` does.
    ///
    /// # Errors
    /// When the index is above 624 or the words would generate zeros for ever.
    pub fn from_state(state: State) -> Result<Self, RandomError> {
        if state.index > WORDS {
            return Err(RandomError::IndexOutOfRange(state.index));
        }
        // The recurrence reads only the top bit of the first word.
        if state.words[0] & UPPER_MASK == 0 && state.words[1..].iter().all(|&word| word == 0) {
            return Err(RandomError::DegenerateWords);
        }
        Ok(Self { state })
    }

    /// The current state, from which [`PythonRandom::from_state`] continues exactly.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.clone()
    }

    /// A uniform number in `[0, 1)`, a multiple of 2⁻⁵³, as `random.random()` draws it.
    pub fn random(&mut self) -> f64 {
        let high = f64::from(self.next_word() >> 5);
        let low = f64::from(self.next_word() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// A uniform integer of `k` bits, as `random.getrandbits(k)` draws it; `k = 0` draws nothing.
    ///
    /// # Errors
    /// When `k` is above 64.
    pub fn getrandbits(&mut self, k: u32) -> Result<u64, RandomError> {
        if k > u64::BITS {
            return Err(RandomError::TooManyBits(k));
        }
        Ok(self.bits(k))
    }

    /// A uniform integer in `0..n`, as `random.randrange(n)` draws it.
    pub fn randbelow(&mut self, n: NonZeroU64) -> u64 {
        // Python takes the bits of n, not of n - 1, so that even n = 1 uses up a word.
        let k = u64::BITS - n.leading_zeros();
        loop {
            let draw = self.bits(k);
            if draw < n.get() {
                return draw;
            }
        }
    }

    /// Permutes the slice in place, as `random.shuffle` does.
    pub fn shuffle<T>(&mut self, slice: &mut [T]) {
        for i in (1..slice.len()).rev() {
            let n = NonZeroU64::MIN.saturating_add(i as u64);
            #[expect(clippy::cast_possible_truncation, reason = "at most i, a usize")]
            let j = self.randbelow(n) as usize;
            slice.swap(i, j);
        }
    }

    /// A normal deviate of mean `mu` and standard deviation `sigma`, as `random.gauss` draws it:
    /// deviates come in pairs, and the second of a pair is kept for the next call. The last bits
    /// rest on the platform's `ln`, `cos` and `sin`.
    pub fn gauss(&mut self, mu: f64, sigma: f64) -> f64 {
        let deviate = self.state.next_gauss.take().unwrap_or_else(|| {
            let angle = self.random() * TAU;
            let radius = (-2.0 * (1.0 - self.random()).ln()).sqrt();
            self.state.next_gauss = Some(angle.sin() * radius);
            angle.cos() * radius
        });
        mu + deviate * sigma
    }

    /// An index drawn in proportion to the weights, as
    /// `random.choices(range(len(weights)), weights)[0]` draws it; no weight may be negative.
    ///
    /// # Errors
    /// When there are no weights or their sum is not finite and positive; nothing is then drawn.
    pub fn choices(&mut self, weights: &[f64]) -> Result<usize, RandomError> {
        let mut cumulative = Vec::with_capacity(weights.len());
        accumulate(weights, &mut cumulative);
        self.choices_among(&cumulative)
    }

    /// [`choices`](PythonRandom::choices) by cumulative weights.
    pub(crate) fn choices_among(&mut self, cumulative: &[f64]) -> Result<usize, RandomError> {
        let Some((&total, bounds)) = cumulative.split_last() else {
            return Err(RandomError::UnusableTotal(0.0));
        };
        let target = self.below(total)?;
        // They rise, as no weight is negative: the first beyond the target comes after all that are not. All
        // are compared, for a search ends with a branch that no processor foresees.
        Ok(bounds.iter().filter(|&&bound| bound <= target).count())
    }

    /// A uniform number below the total of some weights. Nothing is drawn if that is not finite and positive.
    pub(crate) fn below(&mut self, total: f64) -> Result<f64, RandomError> {
        if total <= 0.0 || !total.is_finite() {
            return Err(RandomError::UnusableTotal(total));
        }
        Ok(self.random() * total)
    }

    fn from_magnitude(little_endian: &[u8]) -> Self {
        let (digits, _) = little_endian.as_chunks();
        let digits: Vec<u32> = digits.iter().copied().map(u32::from_le_bytes).collect();
        Self::from_digits(&digits)
    }

    /// `getrandbits(k)` for `k` of at most 64.
    fn bits(&mut self, k: u32) -> u64 {
        match k {
            0 => 0,
            1..=32 => u64::from(self.next_word() >> (32 - k)),
            _ => u64::from(self.next_word()) | u64::from(self.next_word() >> (64 - k)) << 32,
        }
    }

    fn next_word(&mut self) -> u32 {
        if self.state.index >= WORDS {
            twist(&mut self.state.words);
            self.state.index = 0;
        }
        let mut word = self.state.words[self.state.index];
        self.state.index += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }
}

impl TryRng for PythonRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits(u64::BITS))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(4) {
            // Python keeps the high bytes of a word it needs only part of.
            let bytes = self.next_word().to_le_bytes();
            chunk.copy_from_slice(&bytes[4 - chunk.len()..]);
        }
        Ok(())
    }
}

impl SeedableRng for PythonRandom {
    type Seed = [u8; 32];

    /// Seeds as `random.seed(int.from_bytes(seed, "little"))` does.
    fn from_seed(seed: Self::Seed) -> Self {
        Self::from_magnitude(&seed)
    }

    /// Seeds as `random.seed(seed)` does.
    fn seed_from_u64(seed: u64) -> Self {
        Self::new(seed)
    }
}

/// The state MT19937 starts from for a non-empty key (the `init_by_array` of its authors' 2002
/// revision, which `CPython` uses).
fn words_from_key(key: &[u32]) -> [u32; WORDS] {
    let fold = |word: u32| word ^ (word >> 30);
    let mut words = [19_650_218; WORDS];
    for (i, number) in (1..WORDS).zip(1_u32..) {
        words[i] = fold(words[i - 1]).wrapping_mul(1_812_433_253);
        words[i] = words[i].wrapping_add(number);
    }

    let mut previous = words[0];
    let mut positions = (1..WORDS).zip(1_u32..).cycle();
    let digits = key.iter().zip(0_u32..).cycle();
    let first_pass = positions.by_ref().take(WORDS.max(key.len()));
    for ((i, _), (&digit, place)) in first_pass.zip(digits) {
        words[i] ^= fold(previous).wrapping_mul(1_664_525);
        words[i] = words[i].wrapping_add(digit).wrapping_add(place);
        previous = words[i];
    }
    for (i, number) in positions.take(WORDS - 1) {
        words[i] ^= fold(previous).wrapping_mul(1_566_083_941);
        words[i] = words[i].wrapping_sub(number);
        previous = words[i];
    }
    // Only this bit of the first word counts, and setting it keeps the state from being all zero.
    words[0] = UPPER_MASK;
    words
}

/// Replaces all words by the next 624 of the recurrence.
fn twist(words: &mut [u32; WORDS]) {
    for i in 0..WORDS {
        let joined = (words[i] & UPPER_MASK) | (words[(i + 1) % WORDS] & !UPPER_MASK);
        let feedback = if joined & 1 == 0 { 0 } else { MATRIX_A };
        words[i] = words[(i + MIDDLE) % WORDS] ^ (joined >> 1) ^ feedback;
    }
}

/// The sum of each weight and those before it, in the place of others.
pub(crate) fn accumulate(weights: &[f64], cumulative: &mut Vec<f64>) {
    let mut total = 0.0;
    cumulative.clear();
    cumulative.extend(weights.iter().map(|weight| {
        total += weight;
        total
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    /// Printed by `CPython` 3.11: a seed, five `random()`, five `gauss(0, 1)`, `shuffle` of `0..10`,
    /// one of `choices(range(4), [0.1, 2.5, 0.0, 3.25])`, `getrandbits` of 0, 1, 7, 32, 33, 53, 64,
    /// `randbytes(3)`, and the last of a thousand more `random()`; then the next seed.
    const PYTHON: &str = "
0 0.8444218515250481 0.7579544029403025 0.420571580830845 0.25891675029296335 0.5112747213686085
-1.4471231264273656 0.9843395512466481 -0.37407684698672905 1.0746503857790555 -1.8919635634885046 6
5 3 9 7 0 1 4 2 8 1 0 1 9 3860481052 7947724564 4252684761157150 1857609452829537054 17 146 90
0.9900903354753839; 1 0.13436424411240122 0.8474337369372327 0.763774618976614 0.2550690257394217
0.49543508709194095 -1.3796439072995432 0.4531560627234404 0.10696137854395661 -0.4309074963658527
1.8706966084479901 9 3 4 8 1 5 2 7 0 6 1 0 1 69 39534911 8328582218 6183294254619087
17875644824501292767 212 15 108 0.13506734851795632; 42 0.6394267984578837 0.025010755222666936
0.27502931836911926 0.22321073814882275 0.7364712141640124 -0.938051221433234 -1.890670808223996
0.8945899596614022 0.5438760179176799 0.6901729991646017 2 1 9 7 4 6 5 3 0 8 3 0 1 111 27911967
7554020107 6288279483674308 6276514257268929809 147 34 71 0.8696954267695447; -7 0.32383276483316237
0.15084917392450192 0.6509344730398537 0.07243628666754276 0.5358820043066892 -0.22972548234202542
0.2583097534343715 -0.2761642433405951 -0.01291181403236429 -0.3479674699979267 3 5 2 9 7 4 0 6 8 1
3 0 0 6 4192983756 949539216 7732395222603582 5342348423785332397 178 76 107 0.9199078118809132;
1180591620717411303427 0.16339507200642456 0.9974755625541745 0.2450324792369598 0.28159516427189935
0.03324660183942185 1.2282581520525677 0.3582560996873076 2.8414149225453706 -0.09178325944184842
-1.6801347733121923 1 6 9 7 3 8 0 5 2 4 3 0 1 74 2424068532 81581008 5678356296664779
1425653813525310530 227 254 215 0.011844183792161234";

    #[test]
    fn draws_what_python_draws() -> Result<(), Box<dyn std::error::Error>> {
        for expected in PYTHON.split(';') {
            let expected: Vec<&str> = expected.split_whitespace().collect();
            let mut rng = PythonRandom::new(expected[0].parse::<i128>()?);
            // Both languages print the fewest digits that read back exactly: equal text, equal bits.
            let mut drawn: Vec<String> = (0..5).map(|_| rng.random().to_string()).collect();
            drawn.extend((0..5).map(|_| rng.gauss(0.0, 1.0).to_string()));
            let mut integers: Vec<u64> = (0..10).collect();
            rng.shuffle(&mut integers);
            integers.push(rng.choices(&[0.1, 2.5, 0.0, 3.25])? as u64);
            for k in [0, 1, 7, 32, 33, 53, 64] {
                integers.push(rng.getrandbits(k)?);
            }
            let mut rng = PythonRandom::from_state(rng.state())?;
            let mut bytes = [0; 3];
            rng.fill_bytes(&mut bytes);
            integers.extend(bytes.map(u64::from));
            drawn.extend(integers.iter().map(u64::to_string));
            drawn.extend((0..1000).map(|_| rng.random().to_string()).last());
            assert_eq!(drawn, expected[1..]);
        }
        Ok(())
    }

    /// `choices` takes the first whose cumulative weight is beyond the target, as Python's search does: none of
    /// weight 0, and the last where rounding leaves none.
    #[test]
    fn a_choice_is_the_first_beyond_the_target() {
        let mut seed = PythonRandom::new(7);
        for count in 1..40 {
            let weights: Vec<f64> = (0..count)
                .map(|at| if (at * 5 + count) % 3 == 0 { 0.0 } else { seed.random() })
                .collect();
            let total = weights.iter().fold(0.0, |sum, weight| sum + weight);
            for draw in 0..50 {
                let mut random = PythonRandom::new(draw);
                let target = random.clone().random() * total;
                let mut bound = 0.0;
                let expected = weights[..count - 1].iter().position(|weight| {
                    bound += weight;
                    bound > target
                });
                match random.choices(&weights) {
                    Ok(found) => assert_eq!(found, expected.unwrap_or(count - 1)),
                    Err(_) => assert_eq!(total, 0.0),
                }
            }
        }
    }

    #[test]
    fn seeds_agree() {
        let wide = PythonRandom::from_digits(&[3, 0, 64, 0]);
        assert_eq!(wide, PythonRandom::new((1_i128 << 70) + 3));
        assert_eq!(PythonRandom::from_seed([0; 32]), PythonRandom::new(0));
        let small = PythonRandom::seed_from_u64(1 << 40);
        assert_eq!(small, PythonRandom::from_digits(&[0, 256]));
    }

    #[test]
    fn bad_input_is_refused() {
        let mut rng = PythonRandom::new(1);
        let mut state = rng.state();
        assert_eq!(rng.getrandbits(65), Err(RandomError::TooManyBits(65)));
        for weights in [&[][..], &[0.0], &[f64::NAN, 1.0], &[-1.0], &[f64::INFINITY]] {
            assert!(rng.choices(weights).is_err());
        }
        assert_eq!(rng.state(), state);

        state.index = 625;
        assert!(PythonRandom::from_state(state.clone()).is_err());
        (state.index, state.words) = (0, [0; WORDS]);
        assert!(PythonRandom::from_state(state).is_err());
    }
}
