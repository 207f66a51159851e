//! Losses of one's own over documents.

use microgpt::layers::smoothed_cross_entropy;
use microgpt::model::{Batch, ModelError};
use microgpt::{
    Context, Gpt, Instance, LanguageModel, Loss, Model, Parameters, PythonRandom, Real, Tape,
    Trainer, Training, Value,
};

use crate::any::{BOS, mixed};

/// A language model that trains with smoothed targets.
#[derive(Clone)]
struct Smoothed<M> {
    model: M,
    smoothing: f64,
}

impl<M: LanguageModel> Model for Smoothed<M> {
    type Weights<'t, T: Real> = M::Weights<'t, T>;

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> M::Weights<'t, T> {
        self.model.weights(p)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.model.check()
    }

    fn micro_batch(&self) -> usize {
        self.model.micro_batch()
    }
}

impl<M: LanguageModel> Loss for Smoothed<M> {
    type Example = [usize];

    fn loss<'t, T: Real>(
        &self,
        _: &'t Tape<T>,
        weights: &M::Weights<'t, T>,
        documents: &[&[usize]],
    ) -> Value<'t, T> {
        let batch = Batch::new(self.model.block_size(), documents);
        let logits = self.model.logits(weights, &batch.tokens, &mut batch.context());
        let shares = batch.shares::<T>();
        smoothed_cross_entropy(logits, &batch.targets, &shares, T::of(self.smoothing))
    }

    fn positions(&self, document: &[usize]) -> usize {
        self.model.positions(document)
    }
}

/// Of one token and of more than a block.
const DOCUMENTS: [&[usize]; 4] = [
    &[BOS, 0, BOS],
    &[BOS, BOS],
    &[BOS, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, BOS],
    &[BOS, 3, 3, 1, BOS],
];

/// A model with attention, recurrences and positions has the logits, and without smoothing the loss, that it has alone.
#[test]
fn the_context_of_a_batch_has_begun() {
    let tape = Tape::new();
    let model = mixed(&tape);
    let alone = model.loss(&DOCUMENTS);
    alone.backward();
    let gradient = model.block().grad();
    model.block().update_gradients(|gradients| gradients.fill(0.0));
    let smoothed = Smoothed { model: model.model().clone(), smoothing: 0.0 };
    let smoothed = Instance::with_parameters(model.block(), smoothed).expect("a model");
    let loss = smoothed.loss(&DOCUMENTS);
    loss.backward();
    assert!((loss.data() - alone.data()).abs() < 1e-12);
    for (one, other) in gradient.iter().zip(model.block().grad()) {
        assert!((one - other).abs() < 1e-12, "{one} and {other}");
    }
    // It can be given to several passes.
    let batch = Batch::new(9, &DOCUMENTS);
    let mut context = batch.context();
    assert_eq!(context.positions()[..4], [0, 1, 0, 0]);
    let mut logits = || model.model().logits(model.weights(), &batch.tokens, &mut context).data();
    assert_eq!(logits(), logits());
    let prepared = model.logits(&batch.tokens, &mut Context::packed(batch.lens.clone())).data();
    assert_eq!(logits(), prepared);
}

#[test]
fn a_loss_of_ones_own_trains_the_language_model_within() {
    let trained = |threads| {
        let tape = Tape::new();
        let smoothed = Smoothed { model: Gpt::new(5), smoothing: 0.1 };
        let smoothed = Instance::new(&tape, smoothed, &mut PythonRandom::new(3)).expect("a model");
        let gpt = Instance::with_parameters(smoothed.block(), Gpt::new(5)).expect("a model");
        let before = gpt.validation_loss(DOCUMENTS).nats_per_token;
        let training = Training { steps: 30, ..Training::default() };
        let mut trainer = Trainer::new(&smoothed, training).threads(threads).expect("threads");
        let batch = DOCUMENTS.repeat(20);
        for _ in 0..30 {
            trainer.step(&batch).expect("a finite loss");
        }
        let after = gpt.validation_loss(DOCUMENTS).nats_per_token;
        assert!(after < 0.7 * before, "{after} and {before}");
        gpt.block().data()
    };
    assert_eq!(trained(1), trained(3));
}

#[test]
fn a_batch_is_of_documents_with_two_tokens() {
    let panic = std::panic::catch_unwind(|| Batch::new(16, &[&[4, 1, 4], &[4]])).expect_err("one");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert_eq!(text, "a document has two tokens at least, not 1");
}
