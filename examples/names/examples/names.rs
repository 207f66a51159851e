//! The program as an example: `cargo run --release --example names`.

use std::process::ExitCode;

fn main() -> ExitCode {
    microgpt_names::main()
}
