//! What the table of reductions says of itself, held to what an evaluator that does not know it gives.

use crate::syntax::reductions::ALL;
use crate::tests::compiled;
use crate::tests::fused::compare;
use crate::tests::generate::Shapes;

#[test]
fn a_reduction_of_nothing_is_what_the_table_says() {
    for reduction in ALL {
        let text = format!("{}(a[k] for k in 2..2)", reduction.name);
        let (_, gradient) = compiled(&text.parse().expect("tokens"));
        let is_refused =
            gradient.equations.iter().any(|equation| !equation.requirements.is_empty());
        assert_eq!(is_refused, reduction.of_nothing.is_none(), "{text}");
        if let Some(of_nothing) = reduction.of_nothing {
            let (answer, _) = compare(&text, 0, &Shapes::default()).expect(&text);
            assert_eq!(answer.results, [of_nothing], "{text}");
        }
    }
}
