//! The stages together: what is shared, what is moved out of loops, what is derived, and the loops.

mod additions;
mod compiled;
mod corpus;
mod fused;
mod generate;
mod golden;
mod interpret;
mod machine;
mod mutate;
mod mutations;
mod number;
mod pairs;
mod passes;
mod reductions;
mod subsets;
mod unfused;

use proc_macro2::TokenStream;
use quote::quote;

use crate::graph::differentiate::{Gradient, differentiate};
use crate::graph::lower::lower;
use crate::graph::notation::Notation;
use crate::resolve::hir::Checked;
use crate::syntax::ast::Program;
use crate::syntax::parse::parse;
use crate::syntax::report::Report;

thread_local! {
    /// The table's names, as `expr!` passes them on.
    static OPS: TokenStream = ops().parse().expect("tokens");
}

/// This many, or `PROGRAMS` times as many if the environment says so. CI says 5; without it the tests take a minute.
fn times(programs: u64) -> u64 {
    let times = std::env::var("PROGRAMS").ok().map(|text| text.parse::<u64>());
    programs * times.map_or(1, |times| times.expect("PROGRAMS is a whole number"))
}

fn ops() -> String {
    let ops = microgpt::ops::TABLE.iter().map(|op| {
        let arguments: Vec<_> = op.arguments.iter().map(|(name, _)| *name).collect();
        format!("{}({})", op.name, arguments.join(" "))
    });
    ops.collect::<Vec<_>>().join(" ")
}

fn input(equations: &TokenStream) -> TokenStream {
    OPS.with(|ops| quote!([::microgpt] [#ops] #equations))
}

/// What the stages up to the derivatives make of a program, or its mistakes.
fn stages(equations: &TokenStream) -> Result<(Program, Checked, Gradient), String> {
    let mut report = Report::default();
    let (_, ops, program) = parse(input(equations), &mut report);
    let checked =
        crate::resolve::check(&program, &ops, &crate::resolve::Known::default(), &mut report);
    if !report.is_empty() {
        return Err(report.messages().join("; "));
    }
    let checked = checked.ok_or("no program")?;
    let gradient = differentiate(crate::graph::equations::equations(lower(&checked)));
    Ok((program, checked, gradient))
}

fn compiled(equations: &TokenStream) -> (Checked, Gradient) {
    let (_, checked, gradient) = stages(equations).expect("no mistake");
    (checked, gradient)
}

fn equations(tokens: &TokenStream) -> Vec<String> {
    let (checked, gradient) = compiled(tokens);
    let notation = Notation::new(&checked, &gradient);
    notation.equations().into_iter().chain(notation.gradients()).collect()
}

fn mistakes(tokens: &TokenStream) -> Vec<String> {
    let mut report = Report::default();
    let (_, ops, program) = parse(input(tokens), &mut report);
    crate::resolve::check(&program, &ops, &crate::resolve::Known::default(), &mut report);
    report.messages().into_iter().map(ToOwned::to_owned).collect()
}

#[test]
fn a_linear_map_is_one_equation_with_two_gradients() {
    assert_eq!(
        equations(&quote!([sum(w[o, i] * x[t, i] for i) for t, o])),
        [
            "result = [sum(w[o, i] * x[t, i] for i) for t, o]",
            "∂x[t, i] += ∂result[t, o] * w[o, i] for t, o, i",
            "∂w[o, i] += ∂result[t, o] * x[t, i] for t, o, i",
        ]
    );
}

#[test]
fn of_a_block_only_what_needs_its_own_past_goes_step_by_step() {
    let (checked, gradient) = compiled(&quote! {
        for t {
            let a = [sum(w[i, j] * x[t, j] for j) for i];
            let h[-1] = [start[i] for i];
            let h = [tanh(a[i] + sum(u[j, i] * h[t - 1, j] for j)) for i];
            let y = sum(h[i] * v[i] for i);
        }
        [y[t] for t]
    });
    let notation = Notation::new(&checked, &gradient);
    assert_eq!(
        notation.steps(),
        ["for t, from the first to the last: sum, h, as they need what they were"]
    );
    let gradients = notation.gradients();
    let place = |line: &str| gradients.iter().position(|written| written == line).expect(line);
    // What belongs to the weights is a product of matrices, after all steps.
    assert!(
        place("∂h[t-1, i] += ∂sum[t, i] * u[i, i] for t, i, i")
            < place("∂u[i, i] += ∂sum[t, i] * h[t-1, i] for t, i, i")
    );
    // What the first step begins with receives what the array before it does.
    place("∂start[i] += ∂h[-1, i] for i");
}

#[test]
fn an_adjoint_has_an_array_only_where_it_is_a_sum_or_used_more_than_once() {
    let gradients = |tokens: &TokenStream| {
        let (checked, gradient) = compiled(tokens);
        Notation::new(&checked, &gradient).gradients()
    };
    // A copy, under other letters and through another.
    assert_eq!(
        gradients(&quote! {
            let a = [sum(w[j, k] * x[t, j] for j) for t, k];
            let b = [a[s, l] + bias[l] for s, l];
            [b[t, k] for t, k]
        }),
        [
            "∂bias[l] += ∂b[s, l] for s, l",
            "∂x[t, j] += ∂b[t, k] * w[j, k] for t, k, j",
            "∂w[j, k] += ∂b[t, k] * x[t, j] for t, k, j",
        ]
    );
    // Not where more is added, nor of some of the elements.
    assert_eq!(
        gradients(&quote!(let a = [exp(x[i]) for i]; [a[i] + a[i + 1] for i in 0..3]))[..2],
        ["∂a[i+1] += ∂result[i] for i in 0..3", "∂a[i] += ∂result[i] for i in 0..3"]
    );
    let transposed = gradients(
        &quote!(let a = [sum(x[i, k] * w[k, j] for k) for i, j]; [a[i, j] + y[i] for j, i]),
    );
    assert!(transposed.contains(&"∂a[i, j] += ∂result[j, i] for j, i".to_owned()));
    assert_eq!(
        gradients(&quote!(let a = [exp(x[i]) for i]; [a[i] * y[i] for i in 0..2]))[0],
        "∂a[i] += ∂result[i] * y[i] for i in 0..2"
    );
    // Used once, element by element, it is computed there, whatever the letters; a product of matrices takes it from an
    // array, along which it goes in the order of its own axes.
    assert_eq!(
        gradients(&quote!([tanh(x[i]) * y[i] for i])),
        ["∂y[i] += ∂result[i] * tanh[i] for i", "∂x[i] += ∂result[i] * y[i] * tanh'(x[i]) for i"]
    );
    assert_eq!(
        gradients(&quote!([relu(sum(w[j, k] * x[t, j] for j)) for t, k]))[0],
        "∂sum[t, k] += ∂result[t, k] * relu'(sum[t, k]) for t, k"
    );
}

#[test]
fn equal_expressions_are_computed_once_whatever_their_letters() {
    let lines = equations(&quote! {
        let a = [x[t, i] / sum(exp(x[t, j]) for j) for t, i];
        let b = [x[s, k] * sum(exp(x[s, l]) for l) for s, k];
        sum(a[t, i] + b[t, i] for t, i)
    });
    let values: Vec<_> = lines.iter().filter(|line| !line.starts_with('∂')).collect();
    assert_eq!(
        values,
        [
            "exp = [exp(x[t, j]) for t, j]",
            "sum = [sum(exp[t, j] for j) for t]",
            "a = [x[t, i] / sum[t] for t, i]",
            "b = [x[t, i] * sum[t] for t, i]",
            // Canonically named, an index shows the first letter that it was given.
            "result = sum(a[t, j] + b[t, j] for t, j)",
        ]
    );
}

#[test]
fn what_does_not_depend_on_an_index_is_outside_its_loop() {
    assert_eq!(
        equations(&quote!([sum(p[t, s] / z[t] * v[s, j] for s) for t, j]))[..2],
        [
            "ratio = [p[t, s] / z[t] for t, s]",
            "result = [sum(ratio[t, s] * v[s, j] for s) for t, j]",
        ]
    );
}

#[test]
fn the_chain_rule_goes_through_calls_quotients_and_maxima() {
    assert_eq!(
        equations(&quote!(max(exp(x[i]) / y for i))),
        [
            "exp = [exp(x[i]) for i]",
            "result = max(exp[i] / y for i)",
            "result_at = argmax(exp[i] / y for i)",
            "∂y += -((∂result where i is result_at) * (exp[i] / y / y)) for i",
            "∂x[i] += (∂result where i is result_at) / y * exp'(x[i]) for i",
        ]
    );
}

#[test]
fn no_gradient_flows_through_stop_or_to_a_numbers_exponent() {
    assert_eq!(
        equations(&quote!(stop(x) * x ^ 3)),
        ["pow = pow(x, 3)", "result = stop(x) * pow", "∂x += ∂result * stop(x) * pow'0(x, 3)",]
    );
}

#[test]
fn nothing_is_folded_that_could_change_a_result() {
    assert_eq!(equations(&quote!(0 * x + 1 * x))[0], "result = 0 * x + 1 * x");
}

#[test]
fn a_let_that_no_result_needs_is_not_computed() {
    let lines = equations(&quote! {
        let unused = [exp(x[i]) for i];
        sum(x[i] for i)
    });
    assert_eq!(lines[0], "result = sum(x[i] for i)");
}

#[test]
fn a_large_equation_is_divided() {
    let product: TokenStream = (1..100)
        .fold("(a0[i] + 1)".to_owned(), |product, i| format!("{product} * (a{i}[i] + 1)"))
        .parse()
        .expect("tokens");
    let (_, gradient) = compiled(&quote!([#product for i]));
    assert!(gradient.equations.ids().len() >= 5);
    let tokens = crate::expand(input(&quote!([#product for i])), crate::emit::emit);
    // Each of 100 operands has its own accumulation; what they repeat stays small.
    assert!(tokens.to_string().len() < 1_000_000, "{}", tokens.to_string().len());
}

/// The text of each kernel of an expression.
fn kernels(input: &TokenStream) -> Vec<Vec<String>> {
    let (checked, mut gradient) = compiled(input);
    let kernels = crate::nest::kernels(&mut gradient);
    let notation = Notation::new(&checked, &gradient);
    kernels.all().map(|kernel| crate::nest::text::lines(&notation, kernel)).collect()
}

#[test]
fn rows_are_contiguous_and_sums_stay_in_registers() {
    let kernels = kernels(&quote!([sum(w[o, i] * x[t, i] * 2 for i) for t, o]));
    assert_eq!(
        kernels[0],
        [
            "let row_len = len(i)",
            "for t",
            "  let row1 = x[t, i] along i",
            "  for o",
            "    let row2 = w[o, i] along i",
            "    result[t, o] = sum in lanes",
            "      vectors along i",
            "        add row2[i] * row1[i] * 2, fused",
        ]
    );
    assert_eq!(
        kernels[1],
        [
            "let row_len = len(i)",
            "for t",
            "  ∂x[t, i] += row of sums along i",
            "    for o, in blocks",
            "      let value1 = ∂result[t, o]",
            "      let value2 = value1 * 2",
            "      let row3 = w[o, i] along i",
            "      vectors along i",
            "        add value2 * row3[i], fused",
        ]
    );
}

/// The contractions among the kernels of an expression.
fn contractions(input: &TokenStream) -> Vec<String> {
    let lines = kernels(input).into_iter().flatten();
    let blocks = |line: String| Some(line.split_once("blocks of ")?.1.to_owned());
    lines.filter_map(blocks).collect()
}

#[test]
fn products_of_two_arrays_are_contractions() {
    assert_eq!(
        contractions(&quote!([sum(w[o, i] * x[t, i] for i) for t, o])),
        ["t, o summed along i", "t, i summed along o", "o, i summed along t"]
    );
    assert_eq!(
        contractions(&quote!([sum(q[t, h, j] * stop(k[s, h, j]) for j) for h, t, s])),
        ["t, s summed along j", "t, j summed along s"]
    );
    // With bounds: the sum and both gradients.
    assert_eq!(
        contractions(&quote!([sum(p[t, s] * v[s, j] for s in 0..=t) for t, j])),
        [
            "t, j summed along s in 0..t+1",
            "s in 0..t+1, j summed along t",
            "t, s in 0..t+1 summed along j",
        ]
    );
    // Indices whose axes lie side by side are as one.
    assert_eq!(
        contractions(&quote!([sum(w[o, i, k] * x[t, i, k] for i, k) for t, o])),
        ["t, o summed along i, k", "t, i, k summed along o", "o, i, k summed along t"]
    );
    assert_eq!(
        contractions(&quote!([sum(w[g, o, i] * x[b, t, i] for i) for b, t, g, o])),
        ["b, t, g, o summed along i", "b, t, i summed along g, o", "g, o, i summed along b, t"]
    );
    // What is bounded by two, sums of two indices that do not lie so, vectors and other products stay loops.
    assert!(
        contractions(&quote!([sum(p[t, s] * v[s, j] for s in u..=t) for t, u in 0..3, j]))
            .is_empty()
    );
    assert!(contractions(&quote!([sum(p[t, s] * v[s] for s) for t])).is_empty());
    assert!(contractions(&quote!([sum(exp(p[t, s]) * 2 for s) for t])).is_empty());
    assert_eq!(
        contractions(&quote!([sum(w[o, k, i] * x[t, i, k] for i, k) for t, o])),
        ["t, k summed along o", "o, i summed along t"]
    );
}

#[test]
fn a_ragged_index_stays_inside_the_one_it_depends_on() {
    for lines in kernels(&quote!([sum(p[t, s] * v[s, j] * 2 for s in 0..=t) for t, j])) {
        let at = |what| lines.iter().position(|line| line.contains(what));
        assert!(at("for t") < at(" s in 0..t+1"), "{lines:?}");
    }
}

#[test]
fn the_expansion_is_rust_and_short() {
    let lines = lines(&quote! {
        let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
        [x[t, i] * scale[t] for t, i]
    });
    assert!(lines < 400, "{lines} lines");
}

/// The lines of code that an expression becomes, formatted.
fn lines(equations: &TokenStream) -> usize {
    let tokens = crate::expand(input(equations), crate::emit::emit);
    let file: syn::File = syn::parse2(quote!(fn f() { let y = #tokens; })).expect("it parses");
    let text = prettyplease::unparse(&file);
    text.lines().filter(|line| !line.trim_start().starts_with("///")).count()
}

#[test]
fn the_longest_layers_are_no_more_than_two_thousand_lines() {
    let sliding_window = lines(&quote! {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s in t + past + 1 - window..=t + past];
        let top   = [max(score[h, t, s] for s in t + past + 1 - window..=t + past) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s in t + past + 1 - window..=t + past];
        let total = [sum(e[h, t, s] for s in t + past + 1 - window..=t + past) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s in t + past + 1 - window..=t + past) for t, h, j]
    });
    let grouped_query = lines(&quote! {
        let score = [sum(q[t, g, r, j] * k[s, g, j] for j) / sqrt(len(j)) for g, r, t, s in 0..=t + past];
        let top   = [max(score[g, r, t, s] for s in 0..=t + past) for g, r, t];
        let e     = [exp(score[g, r, t, s] - stop(top[g, r, t])) for g, r, t, s in 0..=t + past];
        let total = [sum(e[g, r, t, s] for s in 0..=t + past) for g, r, t];
        [sum(e[g, r, t, s] / total[g, r, t] * v[s, g, j] for s in 0..=t + past) for t, g, r, j]
    });
    let alibi = lines(&quote! {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) - slope[h] * (t + {number(past)} - s) for h, t, s in 0..=t + past];
        let top   = [max(score[h, t, s] for s in 0..=t + past) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s in 0..=t + past];
        let total = [sum(e[h, t, s] for s in 0..=t + past) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s in 0..=t + past) for t, h, j]
    });
    for lines in [sliding_window, grouped_query, alibi] {
        assert!(lines <= 2000, "{sliding_window}, {grouped_query} and {alibi} lines");
    }
}

#[test]
fn sixty_ranges_of_which_each_names_the_one_before_expand() {
    let ranges: Vec<String> =
        (1..60).map(|at| format!("i{at} in i{0}..i{0} + 1", at - 1)).collect();
    let text = format!("sum(x[i59] for i0 in 0..3, {})", ranges.join(", "));
    let tokens = crate::expand(input(&text.parse().expect("tokens")), crate::emit::emit);
    assert!(syn::parse2::<syn::Expr>(tokens).is_ok());
    let own = format!(
        "let x = [sum(x[i59 + 1] for i0 in 0..t, {}) for t in 0..3]; x[0]",
        ranges.join(", ")
    );
    assert!(mistakes(&own.parse().expect("tokens"))[0].contains("uses itself"));
}

#[test]
fn mistakes_do_not_hide_each_other() {
    assert_eq!(
        mistakes(&quote! {
            let a = [x[i, j] for i];
            let b = sum(y[i]);
            foo(a[0])
        }),
        [
            "`for` is missing in `sum`",
            "`j` is not an index: no `for` around it binds that name",
            "unknown function `foo`",
        ]
    );
}

#[test]
fn a_part_that_cannot_be_read_causes_no_second_error() {
    assert_eq!(mistakes(&quote!([sum((x[i] -) for i) for t])).len(), 1);
}
