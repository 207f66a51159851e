//! The edges of the language and of the tape, one rule a module: what is at the end of a range, of a
//! precision, and of a handle's life.

#[path = "edges/changes.rs"]
mod changes;
#[path = "edges/handles.rs"]
mod handles;
#[path = "edges/names.rs"]
mod names;
#[path = "edges/numbers.rs"]
mod numbers;
#[path = "edges/ranges.rs"]
mod ranges;
#[path = "edges/renamed.rs"]
mod renamed;
#[path = "edges/sizes.rs"]
mod sizes;
#[path = "edges/special.rs"]
mod special;

/// The message of the panic that `work` ends in.
fn panic_of<R>(work: impl FnOnce() -> R) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    let payload = result.err().expect("a panic");
    let text = payload.downcast_ref::<String>().cloned();
    text.or(payload.downcast_ref::<&str>().map(ToString::to_string)).expect("a message")
}
