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
    let shown = "
  result = [sum(w[o, i] * stop(g[i]) * x[i] for i) for o]
    let row_len = len(i)
    let row1 = g[i] along i
    let row2 = x[i] along i
    for o
      let row3 = w[o, i] along i
      result[o] = sum in lanes
        vectors along i
          let value4 = stop(row1[i])
          add row3[i] * value4 * row2[i], fused
  ∂x[i] += ∂result[o] * (w[o, i] * stop(g[i])) for o, i
    let row_len = len(i)
";
    assert!(text.contains(shown), "{text}");
}

#[test]
fn loops_and_costs_follow_the_equations() {
    let text = explain!([sum(w[o, i] * x[t, i] for i) for t, o]);
    assert_eq!(
        lines(text, "loops"),
        [
            "result = [sum(w[o, i] * x[t, i] for i) for t, o]",
            "result[t, o] = x[t, i] * w[o, i], blocks of t, o summed along i",
            "∂x[t, i] += ∂result[t, o] * w[o, i] for t, o, i",
            "∂x[t, i] += ∂result[t, o] * w[o, i], blocks of t, i summed along o",
            "∂w[o, i] += ∂result[t, o] * x[t, i] for t, o, i",
            "∂w[o, i] += ∂result[t, o] * x[t, i], blocks of o, i summed along t",
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
    for shown in [
        "
    if arrays lie interleaved
      for t
        for s in 0..t+1
          score[h, t, s] = q[t, h, j] * k[s, h, j], a sum along j for each h
    else
      if t is long
        for h
          score[h, t, s] = q[t, h, j] * k[s, h, j], blocks of t, s in 0..t+1 summed along j
      else
        let row_len = len(j)
",
        "
        top[h, t] = row of max along h
          for s in 0..t+1
",
        "
        result[t, h] = row of sums along h, each in lanes along s
          for s in 0..t+1
",
    ] {
        assert!(text.contains(shown), "{shown}\nin {text}");
    }
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
