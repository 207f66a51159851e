//! The syntax tree of `expr!`, close to what was written.

use proc_macro2::{Ident, Span, TokenStream};

use crate::syntax::reductions::Reduction;

/// A whole `expr!`: intermediates and the result, or a tuple of results.
#[derive(Debug, Default)]
pub struct Program {
    pub statements: Vec<Statement>,
    pub results: Vec<Expr>,
    /// Whether the results were written as a tuple.
    pub tuple: bool,
    /// Whether `#[explain]` asks for what becomes of it.
    pub explain: bool,
}

#[derive(Debug)]
pub enum Statement {
    Let(Let),
    Block(Block),
}

/// `let name = value;`
#[derive(Debug)]
pub struct Let {
    pub name: Ident,
    pub value: Expr,
}

/// `for t { let h[-1] = start; let h = value; }`: equations that are computed for one value of the indices
/// after the other.
#[derive(Debug)]
pub struct Block {
    pub indices: Vec<Binder>,
    pub starts: Vec<Start>,
    pub lets: Vec<Let>,
    pub span: Span,
}

/// `let name[at] = value;`: what an array of a block is before the first value of the index.
#[derive(Debug)]
pub struct Start {
    pub name: Ident,
    pub at: Expr,
    pub value: Expr,
}

#[derive(Debug)]
pub struct Expr {
    pub kind: ExprKind,
    /// The token to point at: the name, the operator, the opening bracket.
    pub span: Span,
}

#[derive(Debug)]
pub enum ExprKind {
    /// A number, and whether it was written as an integer.
    Number {
        value: f64,
        is_integer: bool,
    },
    /// A name or a field path.
    Path(Path),
    /// `{any Rust expression}`
    Rust(TokenStream),
    /// `function(arguments)`
    Call {
        function: Path,
        arguments: Vec<Expr>,
    },
    /// `sum(body for indices where filter)`
    Reduce {
        reduction: &'static Reduction,
        body: Box<Expr>,
        indices: Vec<Binder>,
        filter: Option<Box<Condition>>,
    },
    /// `[body for indices]`
    Comprehension {
        body: Box<Expr>,
        indices: Vec<Binder>,
    },
    /// `base[subscripts]`
    Subscript {
        base: Box<Expr>,
        subscripts: Vec<Expr>,
    },
    Negate(Box<Expr>),
    Binary {
        operator: Operator,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `left % right`, of integers.
    Remainder {
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `left·right` or `dot(left, right)`
    Dot {
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `stop(operand)`
    Stop(Box<Expr>),
    /// `if condition { then } else { otherwise }`
    If {
        condition: Box<Condition>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// A condition in parentheses, or one that another macro passed on.
    Condition(Box<Condition>),
    /// `len(index)`
    Len(Ident),
    /// What could not be parsed; the error is in the report.
    Error,
}

/// What an `if` asks.
#[derive(Debug)]
pub enum Condition {
    /// `left < right`
    Compare { comparison: Comparison, left: Box<Expr>, right: Box<Expr> },
    /// An element of an operand of conditions: `mask[t]`.
    Holds(Box<Expr>),
    /// `one && other`
    And(Box<Condition>, Box<Condition>),
    /// `one || other`
    Or(Box<Condition>, Box<Condition>),
    /// `!condition`
    Not(Box<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    /// By their signs, the longer before those that they begin with.
    pub const ALL: [(&'static str, Self); 6] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];
}

/// `name`, `name.field.0` or `module::name`.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// Tokens that name the same thing in Rust.
    pub tokens: TokenStream,
    /// Which expansion of a macro the first name comes from.
    pub hygiene: String,
    /// The name, if it is nothing more.
    pub ident: Option<Ident>,
    /// The last name, to call the operand by.
    pub last: String,
}

/// An index that a `for` binds, with its stated range.
#[derive(Debug)]
pub struct Binder {
    pub name: Ident,
    pub range: Option<Range>,
}

#[derive(Debug)]
pub struct Range {
    pub low: Expr,
    pub high: Expr,
    /// Whether `high` itself is taken: `..=`.
    pub inclusive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}
