//! What `explain!` says of the equations.

use microgpt::{Tape, explain, expr};

fn lines<'a>(text: &'a str, section: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(move |line| !line.starts_with(section)).skip(1);
    lines.take_while(|line| line.starts_with("  ")).map(str::trim).collect()
}

const NORM: &str = explain! {
    let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
    [x[t, i] * scale[t] for t, i]
};

#[test]
fn the_equations_are_in_the_notation_of_the_language() {
    assert_eq!(
        lines(NORM, "equations"),
        [
            "sum = [sum(x[t, i] * x[t, i] for i) for t]",
            "scale = [pow(sum[t] / len(i) + 0.00001, -0.5) for t]",
            "result = [x[t, i] * scale[t] for t, i]",
        ]
    );
}

#[test]
fn the_gradient_of_each_operand_is_derived() {
    let gradients = lines(NORM, "gradients");
    assert_eq!(gradients[0], "∂scale[t] += ∂result[t, i] * x[t, i] for t, i");
    assert!(gradients.contains(&"∂x[t, i] += ∂result[t, i] * scale[t] for t, i"));
    assert!(gradients.contains(&"∂x[t, i] += ∂sum[t] * x[t, i] + ∂sum[t] * x[t, i] for t, i"));
}

#[test]
fn what_several_use_is_shared() {
    let text = explain! {
        let e = [exp(x[i]) for i];
        [e[i] / sum(e[j] for j) for i]
    };
    assert_eq!(lines(text, "shared"), ["e by sum, result"]);
    assert_eq!(lines(NORM, "shared"), [""; 0]);
}

#[test]
fn what_only_a_stop_uses_has_no_gradient() {
    let text = explain! {
        let top = max(x[i] for i);
        [exp(x[i] - stop(top)) for i]
    };
    assert_eq!(lines(text, "gradients").len(), 1);
    assert!(!text.contains("argmax"));
}

#[test]
fn what_is_no_contraction_goes_by_rows() {
    let text = explain!([sum(w[o, i] * stop(g[i]) * x[i] for i) for o]);
    assert_eq!(
        lines(text, "loops"),
        [
            "result[o]: for o, a sum along i in lanes",
            "∂x[i]: a row along i, kept in registers over o",
            "∂w[o, i]: for o, a row along i",
        ]
    );
}

#[test]
fn loops_and_costs_follow_the_equations() {
    let text = explain!([sum(w[o, i] * x[t, i] for i) for t, o]);
    assert_eq!(
        lines(text, "loops"),
        [
            "result[t, o]: blocks of t, o summed along i",
            "∂x[t, i]: blocks of t, i summed along o",
            "∂w[o, i]: blocks of o, i summed along t",
        ]
    );
    assert_eq!(
        lines(text, "operations"),
        [
            "result[t, o]: 2 * len(t) * len(o) * len(i)",
            "∂x[t, i]: 2 * len(t) * len(i) * len(o)",
            "∂w[o, i]: 2 * len(o) * len(i) * len(t)",
        ]
    );
    assert_eq!(
        lines(text, "numbers"),
        ["result: len(t) * len(o)", "a copy of each that is plain numbers: w, x"]
    );
}

#[test]
fn short_ranges_have_a_second_plan() {
    let text = explain! {
        let score = [sum(q[t, h, j] * stop(k[s, h, j]) for j) for h, t, s in 0..=t];
        let top = [max(score[h, t, s] for s in 0..=t) for h, t];
        [sum(exp(score[h, t, s] - stop(top[h, t])) for s in 0..=t) for t, h]
    };
    let loops = lines(text, "loops");
    let plans = |target: &str| -> Vec<&str> {
        let line = loops.iter().find_map(|line| line.strip_prefix(target)).expect("its line");
        line.trim_start_matches(": ").split("; ").collect()
    };
    assert_eq!(
        plans("score[h, t, s]"),
        [
            "for h, t, s in 0..t+1, a sum along j in lanes",
            "where long, for h, blocks of t, s in 0..t+1 summed along j",
            "interleaved, for t, s in 0..t+1, a sum along j for each h",
        ]
    );
    assert_eq!(
        plans("top[h, t]"),
        [
            "for h, t, the best along s in 0..t+1 in lanes",
            "interleaved, for t, a row along h, kept in registers over s in 0..t+1",
        ]
    );
    assert_eq!(
        plans("result[t, h]")[1],
        "interleaved, for t, a row along h of sums along s in 0..t+1 in lanes, \
         kept in registers over s in 0..t+1"
    );
    assert_eq!(
        plans("∂q[t, h, j]")[2],
        "interleaved, for t, a row along j for each h, kept in registers over s in 0..t+1"
    );
}

#[test]
fn the_attribute_changes_nothing() {
    let tape = Tape::new();
    let x = tape.vector([3.0, 4.0]);
    let y = expr!(#[explain] sqrt(sum(x[i]^2 for i)));
    y.backward();
    let plain = tape.vector([3.0, 4.0]);
    let z = expr!(sqrt(sum(plain[i]^2 for i)));
    z.backward();
    assert_eq!((y.data(), x.grad()), (z.data(), plain.grad()));
}
