//! What training and generation take from the allocator once they are under way.

use allocation_counter::measure;
use microgpt::{
    Gpt, Instance, LanguageModel, PythonRandom, Real, Sampler, Sampling, Streams, Tape, Trainer,
    Training,
};

use crate::any::{BOS, mixed};
use crate::prefix::gated;

const DOCUMENTS: [&[usize]; 4] =
    [&[5, 0, 1, 2, 3, 4, 0, 5], &[5, 1, 5], &[5, 4, 4, 0, 5], &[5, 2, 3, 1, 0, 0, 5]];

fn model<T: Real>(tape: &Tape<T>, config: Gpt) -> Instance<'_, Gpt, T> {
    Instance::new(tape, config, &mut PythonRandom::new(1)).expect("a model")
}

fn of_a_step<T: Real>(config: Gpt) -> u64 {
    let tape = Tape::<T>::default();
    let gpt = model(&tape, config);
    let mut trainer = Trainer::new(&gpt, Training::default());
    let mut learn = || {
        for tokens in DOCUMENTS {
            trainer.step(&[tokens]).expect("a finite loss");
        }
    };
    learn();
    measure(learn).count_total
}

#[test]
fn a_training_step_does_not_touch_the_allocator() {
    let config = Gpt::new(6);
    assert_eq!(of_a_step::<f64>(config), 0);
    assert_eq!(of_a_step::<f32>(config), 0);
    assert_eq!(of_a_step::<f64>(Gpt { n_embd: 24, n_head: 3, n_layer: 3, ..config }), 0);
}

#[test]
fn a_batch_allocates_the_same_every_step() {
    let tape = Tape::new();
    let gpt = model(&tape, Gpt::new(6));
    let mut trainer = Trainer::new(&gpt, Training::default());
    let batch: Vec<&[usize]> = DOCUMENTS.iter().copied().cycle().take(40).collect();
    let mut learn = || {
        trainer.step(&batch).expect("a finite loss");
    };
    learn();
    let (second, third) = (measure(&mut learn), measure(&mut learn));
    assert_eq!(second.count_total, third.count_total);
    assert_eq!((second.bytes_current, third.bytes_current), (0, 0));
    assert!(second.count_total < 120, "{}", second.count_total);
}

#[test]
fn what_a_step_takes_is_linear_in_the_positions() {
    let on_tape = |positions: usize| {
        let tape = Tape::<f64>::default();
        let gpt = model(&tape, Gpt { block_size: 200, ..Gpt::new(6) });
        let tokens: Vec<usize> = (0..=positions).map(|t| t % 6).collect();
        let before = tape.len();
        let _ = gpt.loss(&[&tokens]);
        (tape.len() - before) as f64
    };
    // Attention alone has a number for each pair of positions.
    let without_pairs = |positions: usize| on_tape(positions) - (4 * 4 * positions.pow(2)) as f64;
    let (ten, hundred) = (without_pairs(10), without_pairs(100));
    assert!((hundred / ten - 10.0).abs() < 0.5, "{ten} and {hundred}");
}

/// What a sampler under way takes from the allocator for each document.
fn of_a_document<M: LanguageModel, T: Real>(model: &Instance<'_, M, T>, bos: usize) -> f64 {
    let mut sampler = Sampler::new(model, bos, Sampling::default(), PythonRandom::new(3));
    let mut draw = |documents: usize| {
        for document in sampler.by_ref().take(documents) {
            document.expect("numbers");
        }
    };
    draw(50);
    let allocated = measure(|| draw(50));
    assert_eq!(allocated.bytes_current, 0);
    allocated.count_total as f64 / 50.0
}

#[test]
fn generation_allocates_for_its_result_alone() {
    fn check<T: Real>() {
        let config = Gpt::new(6);
        for config in [config, Gpt { n_embd: 24, n_head: 3, n_layer: 3, ..config }] {
            let tape = Tape::<T>::default();
            assert_eq!(of_a_document(&model(&tape, config), 5), 1.0);
        }
        let tape = Tape::<T>::default();
        assert_eq!(of_a_document(&mixed(&tape), BOS), 1.0);
        assert_eq!(of_a_document(&gated(&tape), BOS), 1.0);
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn streams_allocate_for_their_documents_alone() {
    let tape = Tape::<f32>::default();
    let gpt = model(&tape, Gpt::new(6));
    let generators = || (0..8).map(PythonRandom::new).collect();
    let mut streams = Streams::new(&gpt, 5, Sampling::default(), generators());
    let mut draw = || streams.sample(80).expect("numbers");
    for _ in 0..5 {
        draw();
    }
    let mut some = 0;
    let allocated = measure(|| some = draw().iter().filter(|one| !one.is_empty()).count() as u64);
    // A document without a token takes nothing; `sample` has five lists of its own.
    assert!(allocated.count_total <= some + 5, "{} for {some}", allocated.count_total);
    assert_eq!(allocated.bytes_current, 0);
}
