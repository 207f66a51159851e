//! What came before the tokens of a forward pass, and which of them belong together.

mod cache;
mod recurrences;

use std::any::type_name;

use crate::array::{Array, Matrix};
use crate::layers::token_embedding;
use crate::real::Real;
use crate::shape::Rows;

use super::{Instance, LanguageModel};
use cache::{Cache, Kept, Seen, Size, keep, rows_of};

/// What a forward pass of a [`LanguageModel`] knows of its tokens beside them: they are one document
/// from its beginning, or several packed one after the other, or they continue what a cache holds.
///
/// A model says in [`attend`](Context::attend), [`scan`](Context::scan) and [`recurrence`](Context::recurrence) what
/// it does with one document; the context does it for all of them, and keeps what the next tokens need.
///
/// ```
/// use microgpt::{Context, Gpt, Instance, PythonRandom, Tape};
///
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(1))?;
/// let whole = gpt.logits(&[4, 0, 1], &mut Context::document()).data();
/// let mut cache = Context::cache(&gpt, 1);
/// let first = gpt.logits(&[4, 0], &mut cache).data();
/// let last = gpt.logits(&[1], &mut cache).data();
/// for (one, other) in whole.iter().zip(first.iter().chain(&last)) {
///     assert!((one - other).abs() < 1e-12);
/// }
/// # Ok::<(), microgpt::model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Context<'t, T: Real> {
    past: Past<'t, T>,
    spans: Spans,
    positions: Positions,
    times: Vec<T>,
    /// So many calls of `attend`, `scan` and `recurrence` were made in this forward pass.
    calls: usize,
    /// The queries and keys of each call of `attend`, a row for each position, if they are asked for.
    attended: Option<Vec<Attended<'t, T>>>,
}

/// Queries and keys of one call of [`Context::attend`], a row for each position.
pub(super) type Attended<'t, T> = [Matrix<'t, usize, usize, T>; 2];

#[derive(Debug)]
enum Past<'t, T: Real> {
    /// The tokens begin their documents.
    Nothing,
    /// It is found out what a cache must hold.
    Sought(Vec<Size>),
    /// They follow what was kept of each of some streams.
    Cache(Cache<'t, T>),
}

/// Tokens side by side that are of one document.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// The stream of a cache.
    stream: usize,
    len: usize,
    /// The number of positions before them.
    past: usize,
}

/// Those of a forward pass. One, the usual case, takes no memory.
#[derive(Debug)]
enum Spans {
    One(Span),
    Several(Vec<Span>),
}

impl Spans {
    /// All tokens are of one document, or of the first stream.
    const WHOLE: Self = Self::One(Span { stream: 0, len: 0, past: 0 });

    fn all(&self) -> &[Span] {
        match self {
            Self::One(span) => std::slice::from_ref(span),
            Self::Several(spans) => spans,
        }
    }
}

/// Where each token is in its document.
#[derive(Debug)]
enum Positions {
    From { first: usize, len: usize },
    Each(Vec<usize>),
}

/// Positions that take no memory.
static FIRST: [usize; 1024] = {
    let mut all = [0; 1024];
    let mut at = 0;
    while at < all.len() {
        all[at] = at;
        at += 1;
    }
    all
};

impl<'t, T: Real> Context<'t, T> {
    fn new(past: Past<'t, T>, spans: Spans) -> Self {
        let positions = Positions::From { first: 0, len: 0 };
        Self { past, spans, positions, times: Vec::new(), calls: 0, attended: None }
    }

    /// The tokens are one document, from its beginning.
    #[must_use]
    pub fn document() -> Self {
        Self::new(Past::Nothing, Spans::WHOLE)
    }

    /// The tokens are several documents of these lengths, one after the other. So it knows them before a forward pass,
    /// and a [`Loss`](crate::Loss) can give it to what it calls.
    #[must_use]
    pub fn packed(lens: impl IntoIterator<Item = usize>) -> Self {
        let span = |len| Span { stream: 0, len, past: 0 };
        let spans: Vec<Span> = lens.into_iter().map(span).collect();
        let tokens = spans.iter().map(|span| span.len).sum();
        let mut context = Self::new(Past::Nothing, Spans::Several(spans));
        context.begin(tokens, tokens);
        context
    }

    /// As [`document`](Context::document), and the queries and keys are kept.
    pub(super) fn observed() -> Self {
        Self { attended: Some(Vec::new()), ..Self::document() }
    }

    pub(super) fn attended(&self) -> &[Attended<'t, T>] {
        self.attended.as_deref().unwrap_or_default()
    }

    /// A cache: so many documents are continued side by side, each of which is a stream; none has begun.
    ///
    /// What the cache keeps lies on the tape of the model, and a rewind to before it forgets it. It is
    /// constant: no gradient flows to the positions before, nor through the keys and values of the new ones. To find
    /// out how much there is to keep, the model runs once, with token 0.
    #[must_use]
    #[track_caller]
    pub fn cache<M: LanguageModel>(model: &Instance<'t, M, T>, streams: usize) -> Self {
        let tape = model.tape();
        let mark = tape.mark();
        let mut sought = Self::new(Past::Sought(Vec::new()), Spans::WHOLE);
        tape.inference(|| {
            let _ = model.logits(&[0], &mut sought);
        });
        tape.rewind(mark);
        let sizes = match sought.past {
            Past::Sought(sizes) => sizes,
            _ => Vec::new(),
        };
        let cache = Cache::new(tape, sizes, streams, model.model().block_size());
        Self::new(Past::Cache(cache), Spans::WHOLE)
    }

    /// The number of positions before, in a stream of a cache; 0 without a cache.
    ///
    /// # Panics
    ///
    /// If there is no such stream.
    #[must_use]
    #[track_caller]
    pub fn past(&self, stream: usize) -> usize {
        match &self.past {
            Past::Cache(cache) => cache.lens[stream],
            _ => 0,
        }
    }

    /// A stream of a cache begins another document.
    ///
    /// # Panics
    ///
    /// If there is no such stream.
    #[track_caller]
    pub fn restart(&mut self, stream: usize) {
        if let Past::Cache(cache) = &mut self.past {
            cache.lens[stream] = 0;
        }
    }

    /// Takes what a forward pass keeps, from the first position on, as the prefix of the documents of all streams.
    #[track_caller]
    pub(crate) fn share_prefix(&mut self, pass: impl FnOnce(&mut Self)) {
        let spans = std::mem::replace(&mut self.spans, Spans::WHOLE);
        self.restart(0);
        pass(self);
        self.spans = spans;
        if let Past::Cache(cache) = &mut self.past {
            cache.share_prefix();
        }
    }

    /// A stream of a cache begins another document, which goes on behind the prefix.
    #[track_caller]
    pub(crate) fn restart_behind_prefix(&mut self, stream: usize) {
        if let Past::Cache(cache) = &mut self.past {
            cache.restart_behind_prefix(stream);
        }
    }

    /// Says which streams of a cache the tokens of the next forward passes continue: one token each, in
    /// this order, until it is said anew. Before it is said, all tokens continue the first stream. A pass panics
    /// that has two tokens of one stream, or one of a stream that there is not.
    ///
    /// ```
    /// use microgpt::{Context, Gpt, Instance, PythonRandom, Tape};
    ///
    /// let tape = Tape::new();
    /// let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(1))?;
    /// let mut cache = Context::cache(&gpt, 3);
    /// cache.advance([0, 2]);
    /// assert_eq!(gpt.logits(&[4, 4], &mut cache).shape(), (2, 5));
    /// assert_eq!([0, 1, 2].map(|stream| cache.past(stream)), [1, 0, 1]);
    /// # Ok::<(), microgpt::model::ModelError>(())
    /// ```
    pub fn advance(&mut self, streams: impl IntoIterator<Item = usize>) {
        let mut spans = match std::mem::replace(&mut self.spans, Spans::WHOLE) {
            Spans::Several(spans) => spans,
            Spans::One(_) => Vec::new(),
        };
        spans.clear();
        spans.extend(streams.into_iter().map(|stream| Span { stream, len: 1, past: 0 }));
        self.spans = Spans::Several(spans);
    }

    /// Before a forward pass of so many tokens.
    #[track_caller]
    pub(super) fn begin(&mut self, tokens: usize, block_size: usize) {
        self.calls = 0;
        self.times.clear();
        if let Some(attended) = &mut self.attended {
            attended.clear();
        }
        match &mut self.spans {
            Spans::One(span) => {
                span.len = tokens;
                if let Past::Cache(cache) = &self.past {
                    span.past = cache.lens[0];
                }
                self.positions = Positions::From { first: span.past, len: tokens };
            }
            Spans::Several(spans) => {
                let len: usize = spans.iter().map(|span| span.len).sum();
                assert!(len == tokens, "a context of {len} tokens was given {tokens}");
                if let Past::Cache(cache) = &mut self.past {
                    cache.begin(spans);
                }
                if !matches!(self.positions, Positions::Each(_)) {
                    self.positions = Positions::Each(Vec::with_capacity(tokens));
                }
            }
        }
        if let (Positions::Each(each), spans) = (&mut self.positions, self.spans.all()) {
            each.clear();
            each.extend(spans.iter().flat_map(|span| span.past..span.past + span.len));
        }
        if let Positions::From { first, len } = self.positions
            && first + len > FIRST.len()
        {
            self.positions = Positions::Each((first..first + len).collect());
        }
        let end = self.spans.all().iter().map(|span| span.past + span.len).max().unwrap_or(0);
        assert!(end <= block_size, "{end} positions do not fit a block of {block_size}");
    }

    /// After a forward pass: what it kept is before the next one.
    pub(super) fn finish(&mut self) {
        if let Past::Cache(cache) = &mut self.past {
            for span in self.spans.all() {
                cache.lens[span.stream] = span.past + span.len;
            }
        }
    }

    /// The position of each token in its document.
    #[must_use]
    pub fn positions(&self) -> &[usize] {
        match &self.positions {
            Positions::From { first, len } => &FIRST[*first..first + len],
            Positions::Each(each) => each,
        }
    }

    /// The position of each token in its document, as numbers.
    pub fn times(&mut self) -> &[T] {
        if self.times.is_empty() {
            let mut times = std::mem::take(&mut self.times);
            times.extend(self.positions().iter().map(|&position| T::of(position as f64)));
            self.times = times;
        }
        &self.times
    }

    /// What a cache keeps for the next call of `attend` or `scan`, which asks for so much.
    #[track_caller]
    fn kept(&mut self, size: Size) -> Option<(Kept<'t, T>, &Cache<'t, T>)> {
        let call = self.calls;
        self.calls += 1;
        match &mut self.past {
            Past::Nothing => None,
            Past::Sought(sizes) => {
                sizes.push(size);
                None
            }
            Past::Cache(cache) => match cache.kept.get(call) {
                Some(&kept) => Some((kept, cache)),
                None => panic!(
                    "`attend`, `scan` and `recurrence` are called more than the {call} times that the cache is for"
                ),
            },
        }
    }

    /// What each position takes from those before it in its document.
    ///
    /// `q`, `k` and `v` have a row for each token of the forward pass. `attention` is called for each
    /// document and receives its queries, the keys and values of all its positions so far, and the number
    /// of positions before the first query; it returns a row for each query. The rows of all documents,
    /// one after the other, are the result.
    ///
    /// # Panics
    ///
    /// If there is not one query, key and value for each token.
    #[track_caller]
    pub fn attend<Q: Rows, K: Rows, V: Rows, O: Rows>(
        &mut self,
        q: Array<'t, Q, T>,
        k: Array<'t, K, T>,
        v: Array<'t, V, T>,
        attention: impl Fn(Array<'t, Q, T>, Array<'t, K, T>, Array<'t, V, T>, usize) -> Array<'t, O, T>,
    ) -> Array<'t, O, T> {
        let seen = self.seen(q, k, v);
        self.attend_each(q, k, v, seen, attention)
    }

    /// As [`attend`](Context::attend), and `of_streams` gives the same for one query of each of several streams at
    /// once, after [`advance`](Context::advance): a call for all of them, not one for each.
    ///
    /// `of_streams` receives the queries, `[n, ..]`, the keys and the values of all streams, `[m, ..]`, and for each
    /// query the first row of its stream and its position. It returns a row for each query, which sees the rows
    /// `first[n]..=first[n] + place[n]`; those behind are of documents before.
    /// [`attention_of_streams`](crate::layers::attention_of_streams) is that of
    /// [`attention`](crate::layers::attention). Where the tape records, `attention` is called for each stream: a record
    /// of it reads no row that a later pass writes.
    ///
    /// # Panics
    ///
    /// If there is not one query, key and value for each token, or if `of_streams` returns another number of rows.
    #[track_caller]
    pub fn attend_in_streams<Q: Rows, K: Rows, V: Rows, O: Rows>(
        &mut self,
        q: Array<'t, Q, T>,
        k: Array<'t, K, T>,
        v: Array<'t, V, T>,
        attention: impl Fn(Array<'t, Q, T>, Array<'t, K, T>, Array<'t, V, T>, usize) -> Array<'t, O, T>,
        of_streams: impl Fn(
            Array<'t, Q, T>,
            Array<'t, K, T>,
            Array<'t, V, T>,
            &[usize],
            &[usize],
        ) -> Array<'t, O, T>,
    ) -> Array<'t, O, T> {
        let seen = self.seen(q, k, v);
        match (seen, &self.past, &self.spans) {
            (Some(Seen { keys, values, capacity }), Past::Cache(cache), Spans::Several(spans))
                if !q.tape().is_recording() =>
            {
                let all = cache.lens.len() * capacity;
                let k = rows_of(keys, 0, k.shape().with_rows(all));
                let v = rows_of(values, 0, v.shape().with_rows(all));
                let read = of_streams(q, k, v, &cache.first, self.positions());
                let (rows, queries) = (read.shape().rows(), spans.len());
                assert!(rows == queries, "attention of {queries} streams returned {rows} rows");
                read
            }
            _ => self.attend_each(q, k, v, seen, attention),
        }
    }

    /// Keeps the keys and values of the tokens, if there is a cache, and returns all that it has.
    #[track_caller]
    fn seen<Q: Rows, K: Rows, V: Rows>(
        &mut self,
        q: Array<'t, Q, T>,
        k: Array<'t, K, T>,
        v: Array<'t, V, T>,
    ) -> Option<Seen<'t, T>> {
        let (queries, keys, values) = (q.shape().rows(), k.shape().rows(), v.shape().rows());
        let tokens = self.tokens(queries);
        assert!(
            queries == tokens && keys == tokens && values == tokens,
            "{queries} queries, {keys} keys and {values} values of {tokens} tokens"
        );
        let [key, value] = [k.shape().row_size(), v.shape().row_size()];
        if let Some(attended) = &mut self.attended {
            let rows = |size| (tokens, size);
            attended.push([q.reshape(rows(q.shape().row_size())), k.reshape(rows(key))]);
        }
        let call = self.calls;
        let seen = self.kept(Size::Positions { key, value }).map(|(kept, cache)| match kept {
            Kept::Positions { keys, values } => Seen { keys, values, capacity: cache.capacity },
            Kept::States(_) => panic!("call {call} is `attend`, but was not as the cache was made"),
        })?;
        // That there is room for all of them was asked before the forward pass.
        let spans = self.spans.all();
        keep(k, seen.keys, seen.capacity, spans);
        keep(v, seen.values, seen.capacity, spans);
        Some(seen)
    }

    /// How many tokens the forward pass has, for a call that was given so many rows.
    #[track_caller]
    fn tokens(&self, rows: usize) -> usize {
        let tokens = self.positions().len();
        assert!(
            tokens > 0 || rows == 0,
            "{rows} rows in a context that no forward pass has begun: `Instance::logits` begins one, and that of \
             `Batch::context` has begun"
        );
        tokens
    }

    /// Attention of one document after the other.
    #[track_caller]
    fn attend_each<Q: Rows, K: Rows, V: Rows, O: Rows>(
        &self,
        q: Array<'t, Q, T>,
        k: Array<'t, K, T>,
        v: Array<'t, V, T>,
        seen: Option<Seen<'t, T>>,
        attention: impl Fn(Array<'t, Q, T>, Array<'t, K, T>, Array<'t, V, T>, usize) -> Array<'t, O, T>,
    ) -> Array<'t, O, T> {
        let spans = self.spans.all();
        let mut first = 0;
        let attention = |q: Array<'t, Q, T>, k, v, past| {
            let read = attention(q, k, v, past);
            let (made, asked) = (read.shape().rows(), q.shape().rows());
            assert!(made == asked, "attention of {asked} queries returned {made} rows");
            read
        };
        if spans.is_empty() {
            return attention(q, k, v, 0);
        }
        let of_span = |span: &Span| {
            let rows = (first, span.len);
            first += span.len;
            let q = q.rows(rows.0, rows.1);
            let Some(Seen { keys, values, capacity }) = seen else {
                return attention(q, k.rows(rows.0, rows.1), v.rows(rows.0, rows.1), span.past);
            };
            let (stream, len) = (span.stream * capacity, span.past + span.len);
            let k = rows_of(keys, stream, k.shape().with_rows(len));
            let v = rows_of(values, stream, v.shape().with_rows(len));
            attention(q, k, v, span.past)
        };
        if let [span] = spans {
            return { of_span }(span);
        }
        let each: Vec<_> = spans.iter().map(of_span).collect();
        let shape = each.first().map(|one| one.shape().with_rows(q.shape().rows()));
        q.tape().concatenate(&each, shape.expect("a document"))
    }
}

/// These rows of an array. Those that are side by side are a part of it and take no record.
fn gathered<'t, S: Rows, T: Real>(x: Array<'t, S, T>, rows: &[usize]) -> Array<'t, S, T> {
    if rows.windows(2).all(|pair| pair[0] + 1 == pair[1]) {
        return x.rows(rows.first().copied().unwrap_or(0), rows.len());
    }
    let flat = x.reshape((x.shape().rows(), x.shape().row_size()));
    token_embedding(flat, rows).reshape(x.shape().with_rows(rows.len()))
}

/// One forward pass, whose shape is held to the number of tokens and to the vocabulary.
#[track_caller]
pub(super) fn forward<'t, M: LanguageModel, T: Real>(
    model: &M,
    weights: &M::Weights<'t, T>,
    tokens: &[usize],
    context: &mut Context<'t, T>,
) -> Matrix<'t, usize, usize, T> {
    context.begin(tokens.len(), model.block_size());
    let logits = model.logits(weights, tokens, context);
    context.finish();
    let (rows, columns) = logits.shape();
    let vocabulary = model.vocabulary().unwrap_or(columns);
    assert!(
        (rows, columns) == (tokens.len(), vocabulary),
        "`{}::logits` must have a row for each of {} tokens and {vocabulary} columns, but its shape is {:?}",
        type_name::<M>(),
        tokens.len(),
        (rows, columns),
    );
    logits
}
