//! Panics of functions under check, caught with their messages and not printed.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// The message of the last panic, while this thread is quiet.
    static QUIET: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic becomes its message and its place, and is not printed.
pub(super) fn quietly<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let printing = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let quiet = QUIET.with_borrow_mut(|quiet| {
                let quiet = quiet.as_mut();
                quiet.map(|message| {
                    let payload = info.payload();
                    let text = payload.downcast_ref::<&str>().copied();
                    let text = text.or(payload.downcast_ref::<String>().map(String::as_str));
                    let text = text.unwrap_or("a panic without a message");
                    let place =
                        info.location().map(|at| format!(" (at {}:{})", at.file(), at.line()));
                    *message = format!("{text}{}", place.unwrap_or_default());
                })
            });
            if quiet.is_none() {
                printing(info);
            }
        }));
    });
    let outer = QUIET.replace(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(work));
    let message = QUIET.replace(outer).unwrap_or_default();
    result.map_err(|_| message)
}

#[cfg(test)]
mod tests {
    use super::quietly;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(quietly(|| 3), Ok(3));
        let inner = quietly(|| quietly(|| panic!("within")).is_err());
        assert_eq!(inner, Ok(true));
        let message = quietly(|| panic!("no {}", 3)).map(|()| 0).expect_err("it panics");
        assert!(message.starts_with("no 3 (at ") && message.contains("panics.rs:"), "{message}");
    }
}
