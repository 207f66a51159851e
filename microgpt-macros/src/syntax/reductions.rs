//! Reductions: what may stand before `(E for i)`, each one entry of [`ALL`].
//!
//! An entry says by a formula what becomes of the terms. A formula is made of folds, which the later stages
//! know how to compute and to derive, of ops of the table, and of arithmetic. So `mean` is
//! `sum(E for i) / count`.

use crate::syntax::ast::Operator;

use Formula::{And, Binary, Call, Count, Equal, If, Less, Negate, Number, Or, Stop, Term};

#[derive(Debug)]
pub struct Reduction {
    pub name: &'static str,
    pub is: Formula,
    /// Its value where there is no term; if it has none, it panics where that is asked for.
    pub of_nothing: Option<f64>,
    /// Whether an op of several arguments has the same name: `max(x, 0)`.
    pub is_op: bool,
}

pub const ALL: &[&Reduction] = &[
    SUM,
    &Reduction {
        name: "mean",
        is: Binary(Operator::Div, &fold(Fold::Sum), &Count),
        of_nothing: None,
        is_op: false,
    },
    &Reduction { name: "max", is: fold(Fold::Max), of_nothing: None, is_op: true },
    &Reduction { name: "min", is: fold(Fold::Min), of_nothing: None, is_op: true },
    &Reduction { name: "prod", is: fold(Fold::Prod), of_nothing: Some(1.0), is_op: false },
    &Reduction { name: "logsumexp", is: LOG_SUM_EXP, of_nothing: None, is_op: false },
    &Reduction { name: "norm", is: NORM, of_nothing: Some(0.0), is_op: false },
];

pub const SUM: &Reduction =
    &Reduction { name: "sum", is: fold(Fold::Sum), of_nothing: Some(0.0), is_op: false };

/// `m + ln Σ exp(term - m)`, where `m` is the greatest term.
///
/// Where that is infinite, `m` is 0: `ln Σ exp` itself is then -∞ or ∞, as it should be. In these two
/// cases no gradient flows, for there is no softmax. Of a NaN the gradient is a NaN, too.
const LOG_SUM_EXP: Formula = {
    const GREATEST: Formula = Stop(&fold(Fold::Max));
    const IS_FINITE: Formula =
        And(&Less(&Number(f64::NEG_INFINITY), &GREATEST), &Less(&GREATEST, &Number(f64::INFINITY)));
    const SHIFT: Formula = Stop(&If(&IS_FINITE, &GREATEST, &Number(0.0)));
    const EXP: Formula = Call("exp", &Binary(Operator::Sub, &Term, &SHIFT));
    const TOTAL: Formula = Formula::Fold(Fold::Sum, &EXP);
    const IS_EXTREME: Formula =
        Or(&Equal(&TOTAL, &Number(0.0)), &Equal(&TOTAL, &Number(f64::INFINITY)));
    Binary(Operator::Add, &SHIFT, &Call("ln", &If(&IS_EXTREME, &Stop(&TOTAL), &TOTAL)))
};

/// `m sqrt(Σ (term / m)²)`, where `m` is the greatest size of a term: no square overflows, and none is lost.
///
/// Where that is 0 or infinite, `m` is 1, and no gradient flows: the norm has a corner at 0.
const NORM: Formula = {
    const SIZE: Formula = If(&Less(&Term, &Number(0.0)), &Negate(&Term), &Term);
    const GREATEST: Formula = Formula::Fold(Fold::Max, &SIZE);
    const IS_NORMAL: Formula =
        And(&Less(&Number(0.0), &GREATEST), &Less(&GREATEST, &Number(f64::INFINITY)));
    const SCALE: Formula = Stop(&If(&IS_NORMAL, &GREATEST, &Number(1.0)));
    const SCALED: Formula = Binary(Operator::Div, &Term, &SCALE);
    const TOTAL: Formula = Formula::Fold(Fold::Sum, &Binary(Operator::Mul, &SCALED, &SCALED));
    const IS_EXTREME: Formula =
        Or(&Equal(&TOTAL, &Number(0.0)), &Equal(&TOTAL, &Number(f64::INFINITY)));
    Binary(Operator::Mul, &SCALE, &Call("sqrt", &If(&IS_EXTREME, &Stop(&TOTAL), &TOTAL)))
};

const fn fold(fold: Fold) -> Formula {
    Formula::Fold(fold, &Term)
}

impl Reduction {
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|reduction| reduction.name == name)
    }
}

/// The names of all, as they are listed in a sentence.
pub fn listed() -> String {
    let names: Vec<String> = ALL.iter().map(|reduction| format!("`{}`", reduction.name)).collect();
    match names.split_last() {
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What a reduction is of its terms. Equal parts are computed once.
#[derive(Debug)]
pub enum Formula {
    /// The expression that is reduced.
    Term,
    /// How many terms there are.
    Count,
    Number(f64),
    /// A formula joined over all terms.
    Fold(Fold, &'static Formula),
    Binary(Operator, &'static Formula, &'static Formula),
    /// An op of the table.
    Call(&'static str, &'static Formula),
    Negate(&'static Formula),
    Stop(&'static Formula),
    If(&'static Formula, &'static Formula, &'static Formula),
    Less(&'static Formula, &'static Formula),
    Equal(&'static Formula, &'static Formula),
    And(&'static Formula, &'static Formula),
    Or(&'static Formula, &'static Formula),
}

/// How terms are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    Sum,
    Max,
    Min,
    Prod,
    /// At each index of the range, the product over all others.
    Others,
    /// The index of the maximum, as a number.
    ArgMax,
    ArgMin,
}

/// What the stages know of a fold.
#[derive(Debug)]
pub struct FoldRule {
    pub name: &'static str,
    /// The number that changes nothing among the terms.
    pub identity: f64,
    pub derivative: Derivative,
}

/// How the derivative by each term is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// It is 1.
    One,
    /// It is what this fold gives at the index of the term.
    At(Fold),
    /// It is 1 for the term at the index that this fold gives, else 0.
    Where(Fold),
    /// No gradient flows.
    None,
}

impl Fold {
    pub fn rule(self) -> FoldRule {
        let (name, identity, derivative) = match self {
            Self::Sum => ("sum", 0.0, Derivative::One),
            Self::Prod => ("prod", 1.0, Derivative::At(Self::Others)),
            Self::Max => ("max", f64::NEG_INFINITY, Derivative::Where(Self::ArgMax)),
            Self::Min => ("min", f64::INFINITY, Derivative::Where(Self::ArgMin)),
            Self::Others => ("prod of others", 1.0, Derivative::None),
            Self::ArgMax => ("argmax", f64::NEG_INFINITY, Derivative::None),
            Self::ArgMin => ("argmin", f64::INFINITY, Derivative::None),
        };
        FoldRule { name, identity, derivative }
    }
}
