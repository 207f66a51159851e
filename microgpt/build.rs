//! Tells the library whether it is optimised: only then it has code of its own for the usual lengths.

fn main() {
    println!("cargo::rerun-if-changed=microgpt/build.rs");
    println!("cargo::rustc-check-cfg=cfg(optimised)");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| ["2", "3"].contains(&level.as_str())) {
        println!("cargo::rustc-cfg=optimised");
    }
}
