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

/// A trait for all types, whose methods have the names of those that generated code might call.
mod for_all_types {
    use microgpt::{Const, Numbers, Real, Tape, Value, Vector, expr, layer};

    macro_rules! methods {
        ($($name:ident)*) => {
            #[allow(clippy::iter_not_returning_iterator, clippy::new_ret_no_self, clippy::wrong_self_convention)]
            trait All: Sized {
                $(fn $name(self) {})*
            }
            impl<A> All for A {}
        };
    }
    methods! {
        active add after as_chunks as_ref as_slice before below borrow borrow_mut clear clone cloned contains copied
        deref difference div eq exp fill fma ge get gradients gt index into_iter is_empty iter iter_mut last le length
        ln lt max min mul ne neg new next number position powf powi push range rev row save saved shape size split_at
        split_at_mut sqrt sub sum take term to_vec total turn value values
    }

    layer! {
        /// All that a signature may have.
        pub fn everything(
            x: [t, i] in 0.5..2.0,
            w: [s, 2],
            a: [],
            mask: &[t, i],
            three: &[3],
            id: &[usize; t] in 0..s,
            pair: &[[usize; 2]; t] in 0..2,
            rows: &[[usize; i]; t] in 0..s,
            seen: &[bool; t],
            past: usize in 0..len(s),
            by: T in 0.5..2.0,
            _mode: &str in ["one", "other"],
        ) -> ([t, i], [3]) {
            let sums = [sum(x[r - {past}, j] for r in past..t + past + 1, j) for t];
            let least = [min(w[rows[t, i], k] for i, k in 0..2 where seen[t] || k == 0) for t];
            (
                [ln(x[t, i]) * mask[t, i] * by + sums[t] * w[id[t], pair[t, 1]] + least[t] for t, i],
                [a * three[k] + sum(x[t, i] for t, i) for k in 0..3],
            )
        }

        /// Plain numbers, whose axis is a number.
        pub fn plain(x: &[t]) -> [2] {
            [sum(x[t] for t) * k for k in 0..2]
        }
    }

    microgpt::op! {
        /// `x y`
        pub product(x in -2.0..2.0, y in -2.0..2.0) -> z {
            forward: x * y,
            gradient: [y, x],
        }
    }

    fn halves(x: Vector<'_, usize>) -> Value<'_> {
        expr!(sum(self::product(x[i], x[i]) for i) / 2)
    }

    fn thirds<T: Real>(x: Vector<'_, usize, T>) -> Value<'_, T> {
        expr!(sum(self::product(x[i], x[i]) for i) / 3)
    }

    microgpt::gradcheck_op!(the_product_is_right = product);
    microgpt::gradcheck_layer!(halves, x: [i]);
    microgpt::gradcheck_layer!(#[first_order = "the second is that of halves"] <T> thirds, x: [i]);

    #[test]
    fn they_are_not_met() {
        let tape = Tape::new();
        let m = tape.array((4, 9), &[0.5; 36]);
        let (w, start) = (tape.array((9, 9), &[0.1; 81]), tape.vector([0.25; 9]));
        let (ids, seen) = ([2_usize, 0, 3, 3], [true, false, true, true]);
        let (h, n, p) = expr! {
            for t {
                let h[-1] = [start[i] for i];
                let h = [tanh(m[t, i] + sum(w[i, j] * h[t - 1, j] for j)) for i];
            }
            for t {
                let n = if t + 1 < len(t) { max(n[t + 1], m[t, 0]) } else { min(m[t, j] for j where seen[t]) };
            }
            let e = [exp(h[t, i] - max(h[t, j] for j)) for t, i];
            let near = [m[t, i] + max(e[clip(t + r - 1), i] for r in 0..3) for t, i];
            let top = [max(m[t, s] for t) + min(m[t, s] for t where s <= 2 * t || t == 0) for s];
            (
                [near[t, i] * sum(m[ids[s], i] for s in 0..=t) + mean(w[i, j] for j) * top[i] for t, i],
                [n[t] + sum(m[s, i] for s, i where m[s, i] > 0) for t],
                [prod(e[t, j] + 1 for j) + logsumexp(m[t, r] for r in 0..=t) + norm(m[t, j] for j) for t],
            )
        };
        for loss in [expr!(sum(h[t, i] for t, i)), expr!(sum(n[t] for t)), expr!(sum(p[t] for t))] {
            loss.backward();
        }
        assert!(m.grad()[0].is_finite());
        let plain = plain(&[1.0, 2.0]);
        assert_eq!((Numbers::shape(&plain), plain[1]), ((Const::<2>,), 3.0));
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
