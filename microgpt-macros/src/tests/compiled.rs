//! Random programs compiled for real: what generated code gives, against one `Value` at a time.
//!
//! Each is a function of one source file, with operands of random lengths, known to the compiler or not,
//! tracked or constant.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use microgpt::PythonRandom;

use crate::tests::fused::{compare, operands};
use crate::tests::generate::{Integers, OPERANDS, Shapes, below, program, recurrence};
use crate::tests::passes::{BANDS, DIVIDED, RAGGED};
use crate::tests::times;

/// So many cases go into one source file, each numbered by its position there.
pub const IN_A_FILE: usize = 30;

/// What every source file begins with.
const PRELUDE: &str = r#"#![allow(unused, non_snake_case)]
use microgpt::{Array, Const, Dim, Matrix, Numbers, Real, Shape, Tape, Value, Vector, expr};

trait Results<'t> {
    fn add_to(self, all: &mut Vec<Vector<'t, usize>>);
}
impl<'t> Results<'t> for Value<'t> {
    fn add_to(self, all: &mut Vec<Vector<'t, usize>>) {
        self.as_array().add_to(all);
    }
}
impl<'t, S: Shape> Results<'t> for Array<'t, S> {
    fn add_to(self, all: &mut Vec<Vector<'t, usize>>) {
        all.push(self.reshape((self.size(),)));
    }
}
impl<'t, A: Results<'t>, B: Results<'t>> Results<'t> for (A, B) {
    fn add_to(self, all: &mut Vec<Vector<'t, usize>>) {
        self.0.add_to(all);
        self.1.add_to(all);
    }
}

fn agree(program: &str, what: &str, found: &[f64], expected: &[f64]) {
    let scale = found.iter().chain(expected).fold(1.0f64, |scale, x| scale.max(x.abs()));
    let same = |(x, y): (&f64, &f64)| x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= 1e-11 * scale;
    if found.len() != expected.len() || !found.iter().zip(expected).all(same) {
        println!("{program}\n{what}: {found:?}, but one value at a time {expected:?}");
        std::process::exit(1);
    }
}

fn same(layer: &str, what: &str, found: &[f64], expected: &[f64]) {
    let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    if bits(found) != bits(expected) {
        println!("{layer}, {what}: {found:?}, but with all arrays tracked {expected:?}");
        std::process::exit(1);
    }
}

/// Leaves numbers that are none in the memory of values and of gradients.
fn leave_nan(tape: &Tape) {
    let mark = tape.mark();
    let x = tape.vector(vec![f64::NAN; 20_000]);
    let y = expr!([x[i] * x[i] for i]);
    y.backward_with(&vec![f64::NAN; y.size()]);
    tape.rewind(mark);
}

fn pull_back<'t>(results: impl Results<'t>, cotangents: &[f64]) -> Vec<f64> {
    let mut all = Vec::new();
    results.add_to(&mut all);
    let mut rest = cotangents;
    for result in &all {
        let (own, after) = rest.split_at(result.size());
        result.backward_with(own);
        rest = after;
    }
    all.iter().flat_map(|result| result.data()).collect()
}
"#;

/// A function that runs one program and compares.
fn case(number: usize, seed: u64) -> Result<String, String> {
    let mut random = PythonRandom::new(seed);
    let shapes = Shapes::drawn(&mut random, 10);
    // One in four steps through a block. Loops that are divided, bands and ragged arrays are in one of ten each.
    let text = match usize::try_from(seed).expect("small") {
        seed if seed % 10 == 4 => DIVIDED[seed / 10 % DIVIDED.len()].to_owned(),
        seed if seed % 10 == 2 => BANDS[seed / 10 % BANDS.len()].to_owned(),
        seed if seed % 10 == 6 => RAGGED[seed / 10 % RAGGED.len()].to_owned(),
        _ if seed % 4 == 3 => recurrence(seed, &shapes),
        _ => program(seed, &shapes),
    };
    let (answer, cotangents) = compare(&text, seed, &shapes)?;
    let operands = operands(&mut PythonRandom::new(seed), &shapes);
    let mut code = format!("fn case_{number}() {{ let tape = Tape::new(); ");
    let is_typed = below(&mut random, 2) == 0;
    let kind = if is_typed { "" } else { "vec!" };
    for name in Integers::NAMES {
        let all = shapes.integers.of(name);
        let _ = if name == "mask" {
            let all: Vec<bool> = all.iter().map(|&bit| bit == 1).collect();
            write!(code, "let {name} = {kind}{all:?}; ")
        } else {
            write!(code, "let {name} = {kind}{all:?}; ")
        };
    }
    // A result has a backward pass if one operand is tracked.
    let first_used = answer.gradients.first().map(|(at, _)| *at);
    let mut tracked = Vec::new();
    for (at, ((name, _), (lens, data))) in OPERANDS.iter().zip(operands).enumerate() {
        let is_tracked = Some(at) == first_used || below(&mut random, 3) > 0;
        let is_typed = below(&mut random, 2) == 0;
        let rows: Vec<Vec<f64>> = match lens[..] {
            [rows, columns] => {
                (0..rows).map(|row| data[row * columns..][..columns].to_vec()).collect()
            }
            _ => Vec::new(),
        };
        let value = match (lens.len(), is_typed) {
            (0, _) => format!("{:?}", data[0]),
            (1, true) => format!("{data:?}"),
            (1, false) => format!("vec!{data:?}"),
            (_, true) => format!("{rows:?}"),
            (_, false) => {
                format!("Numbers::new(({}usize, {}usize), vec!{data:?})", lens[0], lens[1])
            }
        };
        let value = match (is_tracked, lens.len(), is_typed) {
            (false, ..) => value,
            (true, 0, _) => format!("tape.value({value})"),
            (true, 1, _) => format!("tape.vector({value})"),
            (true, _, true) => format!("tape.matrix({value})"),
            (true, _, false) => {
                format!("tape.array(({}usize, {}usize), &{data:?})", lens[0], lens[1])
            }
        };
        let _ = write!(code, "let {name} = {value}; ");
        if is_tracked {
            tracked.push(at);
        }
    }
    if first_used.is_none() {
        return Ok(code + "}");
    }
    let _ = write!(
        code,
        "leave_nan(&tape); let found = pull_back(expr!({text}), &{cotangents:?}); agree({text:?}, \"results\", &found, &{:?}); ",
        answer.results
    );
    for (at, gradient) in answer.gradients.iter().filter(|(at, _)| tracked.contains(at)) {
        let (name, kinds) = OPERANDS[*at];
        let found =
            if kinds.is_empty() { format!("[{name}.grad()]") } else { format!("{name}.grad()") };
        let _ = write!(code, "agree({text:?}, \"gradient of {name}\", &{found}, &{gradient:?}); ");
    }
    Ok(code + "}")
}

/// The folder of what was compiled for this test, and in it the newest library of the other crate.
fn library() -> (PathBuf, PathBuf) {
    let test = std::env::current_exe().expect("the test is a file");
    let folder = test.parent().expect("in a folder").to_path_buf();
    let is_library = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libmicrogpt-") && path.extension().is_some_and(|end| end == "rlib")
    };
    let age = |path: &PathBuf| path.metadata().and_then(|data| data.modified()).ok();
    let files = folder.read_dir().expect("a folder").filter_map(|file| Some(file.ok()?.path()));
    let newest = files.filter(|path| is_library(path)).max_by_key(age);
    (folder, newest.expect("the other crate was compiled for this test"))
}

/// Runs cases in files of their own, two at a time.
pub fn run_all(name: &str, cases: &[String]) {
    let files: Vec<_> = cases.chunks(IN_A_FILE).enumerate().collect();
    std::thread::scope(|scope| {
        for half in files.chunks(files.len().div_ceil(2)) {
            scope.spawn(move || {
                for (number, cases) in half {
                    run(&format!("{name}_{number}"), cases);
                }
            });
        }
    });
}

fn run(name: &str, cases: &[String]) {
    let (folder, library) = library();
    let place = folder.join("random_programs");
    std::fs::create_dir_all(&place).expect("a folder");
    let (source, program) = (place.join(format!("{name}.rs")), place.join(name));
    let calls: Vec<String> = (0..cases.len()).map(|case| format!("case_{case}();")).collect();
    let (cases, calls) = (cases.join("\n"), calls.join("\n"));
    let text = format!("{PRELUDE}\n{cases}\nfn main() {{\n{calls}\n}}\n");
    std::fs::write(&source, text).expect("a file");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(compiler)
        .args(["--edition", "2024", "-C", "debuginfo=0", "-C", "overflow-checks=on", "-o"])
        .arg(&program)
        .arg("--extern")
        .arg(format!("microgpt={}", library.display()))
        .arg("-L")
        .arg(format!("dependency={}", folder.display()))
        .arg(&source)
        .output()
        .expect("the compiler runs");
    let errors = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{}: {errors}", source.display());
    let ran = Command::new(&program).output().expect("the program runs");
    let (out, errors) =
        (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{}: {out}{errors}", source.display());
}

#[test]
fn generated_code_gives_what_one_value_at_a_time_gives() {
    let cases: Vec<String> = (0..times(60))
        .map(|seed| {
            let number = usize::try_from(seed).expect("small") % IN_A_FILE;
            case(number, seed).unwrap_or_else(|error| panic!("{seed}: {error}"))
        })
        .collect();
    run_all("programs", &cases);
}
