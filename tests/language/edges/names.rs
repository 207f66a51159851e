//! Whatever the user has named or declared, generated code does not meet it.
#![allow(non_upper_case_globals, non_camel_case_types, dead_code)]

use microgpt::{Tape, expr};

#[test]
fn operands_may_have_any_two_names() {
    let tape = Tape::new();
    let x = tape.vector([1.0, 2.0]);
    let x_source = tape.vector([3.0, 4.0]);
    let x_kept = tape.vector([5.0, 6.0]);
    let x_axis_0 = tape.vector([1.0, 1.0]);
    let d_x = tape.vector([2.0, 2.0]);
    let (len_i, axis_i, row_len, sum, real) = (1.0, 1.0, 1.0, 1.0, 1.0);
    let y = expr!(sum(
        x[i] * x_source[i] * x_kept[i] * x_axis_0[i] * d_x[i] * len_i * axis_i * row_len * sum * real
        for i
    ));
    y.backward();
    assert_eq!(y.data(), 2.0 * (15.0 + 48.0));
    assert_eq!((x.grad(), d_x.grad()), (vec![30.0, 48.0], vec![15.0, 48.0]));
    let text = microgpt::explain!([d_x[i] * x[i] for i]);
    assert!(text.contains("∂d_x[i] += ∂result[i] * x[i] for i"), "{text}");
}

mod declared {
    use super::*;

    const t: usize = 7;
    const i: f64 = 1.0;
    const j: () = ();
    const s: u8 = 0;
    static row_len: u8 = 1;
    static position: u8 = 1;
    static sum: u8 = 1;
    struct real;
    struct size;
    struct own;
    struct values;
    const x: usize = 0;
    const below: usize = 0;
    static best: f32 = 0.0;
    static product: f32 = 0.0;
    struct T;
    struct Axis0;
    trait total {
        fn total(self);
    }
    impl<A> total for A {
        fn total(self) {}
    }

    #[test]
    fn constants_statics_and_units_in_scope_are_not_met() {
        let tape = Tape::new();
        let m = tape.matrix([[1.0, 2.0], [3.0, 4.0]]);
        let w = tape.matrix([[1.0, 0.5], [0.25, 2.0]]);
        let y = expr! {
            let h = [sum(w[j, i] * m[t, i] for i) for t, j];
            let e = [exp(h[t, j] - max(h[t, i] for i)) for t, j];
            let p = [prod(e[t, j] + 1 for j) for t];
            [if t > 0 { p[t] * sum(m[s, 0] for s in 0..=t) } else { e[t, 0] } for t]
        };
        y.backward_with(&[1.0, 1.0]);
        assert!(m.grad().iter().all(|gradient| gradient.is_finite()));
    }
}

#[test]
fn raw_names_are_operands() {
    let tape = Tape::new();
    let r#type = tape.vector([1.0, 2.0]);
    let r#move = tape.vector([3.0, 4.0]);
    let y = expr!(dot(r#type, r#move) + sum(r#type[r#in] for r#in));
    y.backward();
    assert_eq!((y.data(), r#type.grad()), (14.0, vec![4.0, 5.0]));
}
