//! The program under the name that `cargo install` gives it.

use std::process::ExitCode;

fn main() -> ExitCode {
    microgpt_names::main()
}
