//! The edges of the language and of the tape, one rule a module: what is at the end of a range, of a
//! precision, and of a handle's life.

mod changes;
mod handles;
mod leftovers;
mod names;
mod numbers;
mod ranges;
mod renamed;
mod sizes;
mod special;

/// The message of the panic that `work` ends in.
fn panic_of<R>(work: impl FnOnce() -> R) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    let payload = result.err().expect("a panic");
    let text = payload.downcast_ref::<String>().cloned();
    text.or(payload.downcast_ref::<&str>().map(ToString::to_string)).expect("a message")
}
