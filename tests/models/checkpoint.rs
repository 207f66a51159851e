//! Checkpoints: nothing is lost in a file, and nothing in a file can hurt.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use microgpt::checkpoint::{CheckpointError, FileError, can_save};
use microgpt::model::Bias;
use microgpt::{
    CharTokenizer, Checkpoint, Gpt, Instance, Loss, Model, Optimiser, Parameters, PythonRandom,
    Real, Rule, Sampler, Sampling, Schedule, Tape, Trainer, Training, Value, expr,
};
use proptest::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

const DOCUMENTS: [&str; 4] = ["anna", "bob", "carol", "dañiel"];
const TRAINING: Training = Training {
    steps: 12,
    learning_rate: 0.02,
    schedule: Schedule::Linear,
    rule: Rule::Adam { beta1: 0.8, beta2: 0.9, epsilon: 1e-8, weight_decay: 0.0 },
    clip: None,
};

fn small(vocabulary: usize) -> Gpt {
    Gpt { n_layer: 2, n_embd: 4, n_head: 2, block_size: 6, ..Gpt::new(vocabulary) }
}

/// Trains so many steps, from the start or from a checkpoint.
fn trained<T: Real>(from: Option<&Checkpoint<Gpt, T>>, until: usize) -> Checkpoint<Gpt, T> {
    let tokenizer = CharTokenizer::new(DOCUMENTS);
    let tape = Tape::default();
    let mut random = PythonRandom::new(5);
    let gpt = match from {
        Some(from) => from.instance(&tape).expect("a model"),
        None => Instance::new(&tape, small(tokenizer.vocabulary()), &mut random).expect("a model"),
    };
    // One normal deviate is left over for the next.
    random.gauss(0.0, 1.0);
    let mut trainer = Trainer::new(&gpt, TRAINING);
    if let Some(progress) = from.and_then(|from| from.progress.clone()) {
        trainer = Trainer::new(&gpt, progress.training).resumed(progress.steps, progress.optimiser);
        random = progress.random;
    }
    while trainer.steps() < until {
        let document = DOCUMENTS[trainer.steps() % DOCUMENTS.len()];
        trainer.step(&[&tokenizer.encode(document).expect("known")]).expect("a finite loss");
    }
    Checkpoint {
        notes: BTreeMap::from([("data".to_owned(), "four \"names\"\n".to_owned())]),
        ..Checkpoint::of_training(&trainer, Some(&tokenizer), &random)
    }
}

fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checkpoint").join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("a directory for the test");
    directory
}

fn resumes<T: Real>(name: &str) {
    let path = directory(name).join("half.safetensors");
    let whole = trained::<T>(None, 12);
    let half = trained::<T>(None, 5);
    half.save(&path).expect("it is written");
    let loaded = Checkpoint::<Gpt, T>::load(&path).expect("it is read");
    assert_eq!(loaded, half);
    let resumed = trained(Some(&loaded), 12);
    let bits = |weights: &[T]| weights.iter().map(|x| x.as_f64().to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&resumed.parameters), bits(&whole.parameters));
    assert_eq!(resumed, whole);
    assert_eq!(resumed.to_bytes().expect("bytes"), whole.to_bytes().expect("bytes"));
}

#[test]
fn a_training_goes_on_with_the_same_bits() {
    resumes::<f64>("double");
    resumes::<f32>("single");
}

#[test]
fn a_model_samples_what_it_did_before() {
    let before = trained::<f64>(None, 12);
    let after =
        Checkpoint::<Gpt>::from_bytes(&before.to_bytes().expect("bytes")).expect("a checkpoint");
    let samples = |checkpoint: &Checkpoint<Gpt>| {
        let tape = Tape::new();
        let gpt = checkpoint.instance(&tape).expect("a model");
        let sampler = Sampler::new(
            &gpt,
            checkpoint.tokenizer.as_ref().expect("a tokenizer").bos(),
            Sampling::default(),
            PythonRandom::new(1),
        );
        sampler.take(5).collect::<Result<Vec<_>, _>>().expect("samples")
    };
    assert_eq!(samples(&before), samples(&after));
}

#[test]
fn a_model_without_a_training_is_a_checkpoint_too() {
    let tokenizer = CharTokenizer::new(DOCUMENTS);
    let tape = Tape::new();
    let config = small(tokenizer.vocabulary());
    let gpt = Instance::new(&tape, config, &mut PythonRandom::new(0)).expect("a model");
    let bytes = Checkpoint::of_model(&gpt, Some(&tokenizer)).to_bytes().expect("bytes");
    let file = SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut names = file.names();
    names.sort_unstable();
    assert_eq!(names.len(), 3 + 2 * 6);
    assert!(names.contains(&"wte") && names.contains(&"layer1.mlp_fc2"), "{names:?}");
    let loaded = Checkpoint::<Gpt>::from_bytes(&bytes).expect("a checkpoint");
    assert_eq!((loaded.progress, loaded.parameters), (None, gpt.block().data()));
    // Single precision reads double, rounded.
    let single = Checkpoint::<Gpt, f32>::from_bytes(&bytes).expect("a checkpoint");
    assert_eq!(f64::from(single.parameters[0]), f64::from(f32::of(gpt.block().data()[0])));
}

#[test]
fn a_file_is_replaced_as_a_whole_or_not_at_all() {
    let directory = directory("replaced");
    let path = directory.join("model.safetensors");
    let old = trained::<f64>(None, 1);
    old.save(&path).expect("it is written");
    trained::<f64>(None, 2).save(&path).expect("it is written");
    assert_eq!(Checkpoint::<Gpt>::load(&path).expect("it is read"), trained(None, 2));
    let files: Vec<_> = std::fs::read_dir(&directory).expect("a directory").collect();
    assert_eq!(files.len(), 1, "nothing is left behind: {files:?}");
    // What cannot be written leaves what is there.
    std::fs::create_dir(directory.join("taken")).expect("a directory");
    assert!(old.save(directory.join("taken")).is_err());
    assert!(old.save(directory.join("missing").join("model.safetensors")).is_err());
    let files: Vec<_> = std::fs::read_dir(&directory).expect("a directory").collect();
    assert_eq!(files.len(), 2, "nothing is left behind: {files:?}");
}

#[test]
fn what_would_not_load_is_not_saved() {
    let path = directory("not_saved").join("model.safetensors");
    let good = trained::<f64>(None, 2);
    good.save(&path).expect("it is written");
    let mut weights = good.clone();
    weights.parameters[7] = f64::NAN;
    let error = weights.save(&path).expect_err("it is refused").to_string();
    assert_eq!(error, format!("{}: its tensor `wte` has NaN at position 7", path.display()));
    let mut few = good.clone();
    few.parameters.pop();
    assert!(matches!(few.save(&path), Err(FileError { error: CheckpointError::Model(_), .. })));
    let mut rate = good.clone();
    rate.progress.as_mut().expect("a training").training.learning_rate = f64::INFINITY;
    assert!(matches!(rate.save(&path), Err(FileError { error: CheckpointError::Training(_), .. })));
    let mut vocabulary = good.clone();
    vocabulary.tokenizer = Some(CharTokenizer::new(["ab"]));
    assert!(matches!(
        vocabulary.save(&path),
        Err(FileError { error: CheckpointError::Vocabulary { .. }, .. })
    ));
    // Gradients of 1e200 have squares that overflow.
    let mut squares = good.clone();
    let progress = squares.progress.as_mut().expect("a training");
    let remembered = progress.optimiser.remembered();
    let mut remembered: Vec<_> = remembered.iter().map(|(_, numbers)| numbers.to_vec()).collect();
    remembered[1][0] = f64::INFINITY;
    progress.optimiser = progress.optimiser.clone().resumed(2, remembered);
    assert!(matches!(
        squares.save(&path),
        Err(FileError { error: CheckpointError::NotFinite { .. }, .. })
    ));
    let progress = squares.progress.as_mut().expect("a training");
    let remembered = progress.optimiser.remembered();
    let mut remembered: Vec<_> = remembered.iter().map(|(_, numbers)| numbers.to_vec()).collect();
    remembered[1][0] = -1.0;
    progress.optimiser = progress.optimiser.clone().resumed(2, remembered);
    let error = squares.save(&path).expect_err("it is refused").to_string();
    assert!(
        error.ends_with(": its tensor `adam.square.wte` has a negative number among its squares")
    );
    let mut rule = good.clone();
    rule.progress.as_mut().expect("a training").training.rule = Rule::Sgd { momentum: 0.5 };
    assert!(matches!(rule.save(&path), Err(FileError { error: CheckpointError::Optimiser, .. })));
    assert_eq!(Checkpoint::<Gpt>::load(&path).expect("it is read"), good);
}

/// A model of two numbers with these names.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Named([String; 2]);

impl Model for Named {
    type Weights<'t, T: Real> = [Bias<'t, T>; 2];

    fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> [Bias<'t, T>; 2] {
        self.0.each_ref().map(|name| p.constant(name, (1,), 0.5))
    }
}

impl Loss for Named {
    type Example = [f64];

    fn loss<'t, T: Real>(
        &self,
        _: &'t Tape<T>,
        [a, b]: &[Bias<'t, T>; 2],
        examples: &[&[f64]],
    ) -> Value<'t, T> {
        let x = T::of(examples[0][0]);
        let (a, b) = (*a, *b);
        expr!(a[0] * b[0] * x)
    }
}

#[test]
fn tensors_of_one_name_are_refused() {
    for (names, refused) in [
        (["a", "random.words"], Some("random.words")),
        (["w", "adam.mean.w"], Some("adam.mean.w")),
        (["__metadata__", "b"], Some("__metadata__")),
        (["adam.mean.a", "random.word"], None),
    ] {
        let tape = Tape::new();
        let model = Named(names.map(str::to_owned));
        let instance = Instance::new(&tape, model, &mut PythonRandom::new(1)).expect("a model");
        let mut trainer = Trainer::new(&instance, TRAINING);
        trainer.step(&[&[1.0]]).expect("a finite loss");
        let saved = Checkpoint::of_training(&trainer, None, &PythonRandom::new(1)).to_bytes();
        match (saved, refused) {
            (Ok(bytes), None) => {
                Checkpoint::<Named>::from_bytes(&bytes).expect("it is read");
            }
            (Err(CheckpointError::Name(name)), Some(refused)) => assert_eq!(name, refused),
            (other, _) => panic!("{names:?}: {other:?}"),
        }
    }
}

/// The training says how the next steps are made; the optimiser brings what it remembers.
#[test]
fn another_rule_of_the_same_kind_counts_and_one_of_another_kind_is_refused() {
    let found = trained::<f64>(None, 2);
    let progress = found.progress.clone().expect("a training");
    let go_on = |rule| {
        let tape = Tape::default();
        let gpt = found.instance(&tape).expect("a model");
        let training = Training { rule, ..TRAINING };
        let trainer = Trainer::new(&gpt, training);
        let mut trainer = trainer.resumed(progress.steps, progress.optimiser.clone());
        trainer.step(&[&[1, 2, 3]]).expect("a finite loss");
        let made = Checkpoint::of_training(&trainer, None, &progress.random);
        let bytes = made.to_bytes().expect("it can be loaded again");
        assert_eq!(Checkpoint::<Gpt>::from_bytes(&bytes).expect("it is read"), made);
        made.parameters
    };
    let other = Rule::Adam { beta1: 0.1, beta2: 0.2, epsilon: 1e-8, weight_decay: 0.0 };
    assert_ne!(go_on(TRAINING.rule), go_on(other));
    let error =
        std::panic::catch_unwind(|| go_on(Rule::Sgd { momentum: 0.5 })).expect_err("refused");
    let error = error.downcast_ref::<String>().expect("a message");
    assert_eq!(
        error,
        "the optimiser remembers adam.mean, adam.square, and that of the training's rule sgd.velocity"
    );
}

#[test]
fn what_killed_processes_left_is_removed_and_what_others_write_is_not() {
    let directory = directory("leftovers");
    let path = directory.join("model.safetensors");
    let write = |name: &str| {
        std::fs::write(directory.join(name), b"half").expect("a file");
        std::fs::File::open(directory.join(name)).expect("a file")
    };
    write(".microgpt-abc123.partial");
    for other in [".microgpt-notes.partial.txt", ".microgpt-abc.partial", "abc123.partial"] {
        write(other);
    }
    let at_work = write(".microgpt-def456.partial");
    at_work.try_lock().expect("a lock");
    trained::<f64>(None, 1).save(&path).expect("it is written");
    let files = || std::fs::read_dir(&directory).expect("a directory").count();
    assert_eq!(files(), 5);
    drop(at_work);
    can_save(&path).expect("it can be written");
    assert_eq!(files(), 4);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_modes_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let directory = directory("links");
    std::fs::create_dir(directory.join("far")).expect("a directory");
    let (near, far) = (directory.join("near"), directory.join("far/model"));
    // The link may come before its file.
    symlink("middle", &near).expect("a link");
    symlink("far/model", directory.join("middle")).expect("a link");
    let one = trained::<f64>(None, 1);
    one.save(&near).expect("it is written");
    assert!(near.is_symlink() && !far.is_symlink());
    assert_eq!(Checkpoint::<Gpt>::load(&far).expect("it is read"), one);
    let mode = |mode: u32| {
        std::fs::set_permissions(&far, PermissionsExt::from_mode(mode)).expect("a mode");
    };
    let kept = || std::fs::metadata(&far).expect("a file").permissions().mode() & 0o777;
    for private in [0o600, 0o640, 0o666] {
        mode(private);
        one.save(&near).expect("it is written");
        assert_eq!(kept(), private);
    }
    mode(0o444);
    assert!(matches!(one.save(&near), Err(FileError { error: CheckpointError::ReadOnly, .. })));
    symlink("b", directory.join("a")).expect("a link");
    symlink("a", directory.join("b")).expect("a link");
    for no_file in
        [&directory, &directory.join("a"), &directory.join("new/"), Path::new("/dev/null")]
    {
        assert!(
            matches!(can_save(no_file), Err(FileError { error: CheckpointError::NotAFile, .. })),
            "{no_file:?}"
        );
    }
    assert!(matches!(
        can_save(directory.join("none/model")),
        Err(FileError { error: CheckpointError::Io(_), .. })
    ));
}

/// A file with holes takes no space, and would take long to read.
#[test]
fn a_large_foreign_file_is_refused_by_its_header() {
    let path = directory("large").join("foreign.safetensors");
    let header = r#"{"w":{"dtype":"F32","shape":[8000000000],"data_offsets":[0,32000000000]}}"#;
    let length = u64::try_from(header.len()).expect("short").to_le_bytes();
    std::fs::write(&path, [&length[..], header.as_bytes()].concat()).expect("a file");
    let file = std::fs::File::options().write(true).open(&path).expect("a file");
    if file.set_len(8 + header.len() as u64 + 32_000_000_000).is_ok() {
        let error = Checkpoint::<Gpt>::load(&path).expect_err("it is refused").to_string();
        assert!(error.contains("another program wrote it"), "{error}");
    }
    std::fs::remove_file(&path).expect("it goes");
}

/// The bytes of a file, with one tensor changed.
fn changed(
    bytes: &[u8],
    change: impl Fn(&str, &mut Dtype, &mut Vec<usize>, &mut Vec<u8>) -> bool,
    header: impl Fn(&str) -> String,
) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("safetensors");
    let metadata = metadata.metadata().clone().expect("metadata");
    let metadata = metadata.into_iter().map(|(key, text)| (key, header(&text))).collect();
    let mut blocks = Vec::new();
    for (name, view) in file.tensors() {
        let (mut dtype, mut shape) = (view.dtype(), view.shape().to_vec());
        let mut data = view.data().to_vec();
        if change(&name, &mut dtype, &mut shape, &mut data) {
            blocks.push((name, dtype, shape, data));
        }
    }
    let views = blocks.iter().map(|(name, dtype, shape, data)| {
        (name, TensorView::new(*dtype, shape.clone(), data).expect("a tensor"))
    });
    safetensors::serialize(views, Some(metadata)).expect("bytes")
}

fn steps_of(optimiser: &Optimiser<f64>) -> u64 {
    match optimiser {
        Optimiser::Adam(adam) => adam.steps(),
        Optimiser::Sgd(sgd) => sgd.steps(),
    }
}

fn error(bytes: &[u8]) -> String {
    let error = Checkpoint::<Gpt>::from_bytes(bytes).expect_err("it is refused");
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn what_is_wrong_is_named() {
    let bytes = trained::<f64>(None, 3).to_bytes().expect("bytes");
    let same = |text: &str| text.to_owned();
    let keep = |_: &str, _: &mut Dtype, _: &mut Vec<usize>, _: &mut Vec<u8>| true;
    assert!(Checkpoint::<Gpt>::from_bytes(&changed(&bytes, keep, same)).is_ok());

    let without = changed(&bytes, |name, _, _, _| name != "layer1.attn_wv", same);
    assert_eq!(error(&without), "it has no tensor `layer1.attn_wv`");
    let turned = changed(
        &bytes,
        |name, _, shape, _| {
            if name == "wpe" {
                shape.reverse();
            }
            true
        },
        same,
    );
    assert_eq!(error(&turned), "its tensor `wpe` has the shape [4, 6], not [6, 4]");
    let integers = changed(
        &bytes,
        |name, dtype, _, _| {
            if name == "lm_head" {
                *dtype = Dtype::I64;
            }
            true
        },
        same,
    );
    assert_eq!(error(&integers), "its tensor `lm_head` is of type I64, not F64 or F32");
    let poisoned = changed(
        &bytes,
        |name, _, _, data| {
            if name == "adam.mean.wte" {
                data[16..24].copy_from_slice(&f64::NAN.to_le_bytes());
            }
            true
        },
        same,
    );
    assert_eq!(error(&poisoned), "its tensor `adam.mean.wte` has NaN at position 2");
    let other = |from: &'static str, to: &'static str| {
        changed(&bytes, keep, move |text| {
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1)
        })
    };
    for (from, to, message) in [
        ("\"n_layer\":2", "\"n_layer\":1", "it has a tensor `"),
        ("\"n_layer\":2", "\"n_layer\":9000000000", "is more than 65536"),
        ("\"n_layer\":2", "\"n_layer\":60000", "it has no tensor `"),
        ("\"n_layer\":2", "\"n_layer\":-2", "not a checkpoint of this model: "),
        ("\"n_embd\":4", "\"n_embd\":18446744073709551615", "n_embd (18446744073709551615)"),
        ("\"n_embd\":4", "\"n_embd\":8", "the shape"),
        ("\"n_head\":2", "\"n_head\":0", "n_head must be at least 1"),
        ("\"n_head\":2", "\"n_head\":3", "multiple of n_head"),
        ("\"std\":0.08", "\"std\":1e999", "not a checkpoint of this model: "),
        ("\"version\":2", "\"version\":7", "its layout is version 7"),
        ("\"tokenizer\":\"a", "\"tokenizer\":\"", "tokens, but its model"),
        ("\"tokenizer\":\"ab", "\"tokenizer\":\"aa", "the character 'a' comes twice"),
        ("\"beta1\":0.8", "\"beta1\":1.5", "beta1 (1.5)"),
        ("\"steps\":3", "\"steps\":99999999999999999999", "not a checkpoint of this model: "),
        ("\"random_index\":", "\"random_index\":9", "is beyond the 624 words"),
        ("\"notes\":{", "\"notes\":{\"a\":1,", "not a checkpoint of this model: "),
    ] {
        let text = error(&other(from, to));
        assert!(text.contains(message), "{to}: {text}");
    }
    let long = Checkpoint::<Gpt>::from_bytes(&other("\"steps\":3", "\"steps\":9999999999"));
    let progress = long.expect("more steps than 32 bits count").progress.expect("a training");
    assert_eq!((progress.steps, steps_of(&progress.optimiser)), (9_999_999_999, 9_999_999_999));
    let foreign = safetensors::serialize(
        [("wte", TensorView::new(Dtype::F32, vec![1], &[0; 4]).expect("a tensor"))],
        None,
    );
    assert!(error(&foreign.expect("bytes")).contains("another program wrote it"));
}

#[test]
fn what_is_no_file_is_refused_before_it_is_read() {
    let directory = directory("refused");
    let load = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, bytes).expect("a file");
        Checkpoint::<Gpt>::load(&path).expect_err("it is refused").to_string()
    };
    assert!(load("empty", b"").contains("shorter than its header"));
    assert!(load("short", &[1, 0, 0]).contains("shorter than its header"));
    assert!(load("absurd", &u64::MAX.to_le_bytes()).contains("its header would have"));
    let huge = [&(60u64 << 20).to_le_bytes()[..], b"{}"].concat();
    assert!(load("huge", &huge).contains("its header would have"));
    assert!(load("text", b"anna\nbob\ncarol\ndaniel\n").contains("not a safetensors file"));
    let bytes = trained::<f64>(None, 1).to_bytes().expect("bytes");
    assert!(load("longer", &[&bytes[..], b"x"].concat()).contains("longer or shorter"));
    assert!(load("cut", &bytes[..bytes.len() - 1]).contains("longer or shorter"));
    assert!(matches!(
        Checkpoint::<Gpt>::load(&directory),
        Err(FileError { error: CheckpointError::NotAFile, .. })
    ));
    let missing = Checkpoint::<Gpt>::load(directory.join("missing"));
    assert!(matches!(missing, Err(FileError { error: CheckpointError::Io(_), .. })));
    #[cfg(unix)]
    assert!(matches!(
        Checkpoint::<Gpt>::load(Path::new("/dev/zero")),
        Err(FileError { error: CheckpointError::NotAFile, .. })
    ));
}

/// Whoever is given the error is told of which file, whatever was done with it.
#[test]
fn an_error_names_its_file() {
    let directory = directory("named");
    let path = directory.join("none").join("model");
    let good = trained::<f64>(None, 1);
    let errors = [
        good.save(&path).expect_err("there is no directory"),
        can_save(&path).expect_err("there is no directory"),
        Checkpoint::<Gpt>::load(&path).expect_err("there is no file"),
    ];
    for error in errors {
        assert_eq!(error.path, path);
        let text = error.to_string();
        assert_eq!(text, format!("{}: {}", path.display(), error.error));
        assert_eq!(text.lines().count(), 1);
        let mut cause: &dyn Error = &error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        assert!(cause.is::<std::io::Error>(), "{cause:?}");
        // What a program prints whose `main` returns it.
        assert_eq!(format!("{error:?}"), text);
    }
}

/// A way to spoil bytes.
#[derive(Clone, Debug)]
enum Damage {
    Cut(usize),
    Flip(usize, u8),
    Overwrite(usize, Vec<u8>),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    // Half of it in the header, where it matters most.
    let place = || prop_oneof![0usize..2500, any::<usize>()];
    prop_oneof![
        place().prop_map(Damage::Cut),
        (place(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (place(), proptest::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, with)| Damage::Overwrite(at, with)),
        (place(), 1usize..40).prop_map(|(at, count)| Damage::Remove(at, count)),
        (place(), proptest::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, with)| Damage::Insert(at, with)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    for one in damage {
        if bytes.is_empty() {
            return bytes;
        }
        let len = bytes.len();
        match one {
            Damage::Cut(at) => bytes.truncate(at % len),
            Damage::Flip(at, bit) => bytes[at % len] ^= 1 << bit,
            Damage::Overwrite(at, with) => {
                for (byte, with) in bytes[at % len..].iter_mut().zip(with) {
                    *byte = *with;
                }
            }
            Damage::Remove(at, count) => {
                let at = at % len;
                bytes.drain(at..(at + count).min(len));
            }
            Damage::Insert(at, with) => {
                let at = at % len;
                bytes.splice(at..at, with.iter().copied());
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// A spoilt file is an error of one line, or still a whole and consistent checkpoint: a bit of
    /// a weight may flip to another number.
    #[test]
    fn damage_is_found_or_harmless(
        single: bool, step in 0usize..3, damage in proptest::collection::vec(damage(), 1..4),
    ) {
        let bytes = if single {
            trained::<f32>(None, step).to_bytes()
        } else {
            trained::<f64>(None, step).to_bytes()
        };
        let bytes = damaged(bytes.expect("bytes"), &damage);
        match Checkpoint::<Gpt>::from_bytes(&bytes) {
            Ok(checkpoint) => {
                let tape = Tape::new();
                let gpt = checkpoint.instance(&tape).expect("a model");
                prop_assert!(gpt.block().data().iter().all(|weight| weight.is_finite()));
                if let Some(progress) = checkpoint.progress.filter(|one| one.steps > 0) {
                    for (_, numbers) in progress.optimiser.remembered() {
                        prop_assert_eq!(numbers.len(), gpt.block().size());
                    }
                }
            }
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 1, "{}", error),
        }
    }
}
