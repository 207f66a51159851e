//! The loops that go by SIMD vectors: what is computed for each element becomes one statement.

use super::ir::{Kind, Row, Stmt, Term};

/// Makes rows of the innermost loops that are marked.
pub fn vectorize(body: &mut [Stmt]) {
    for stmt in body {
        match stmt {
            Stmt::Specialize { then, otherwise, .. } => {
                vectorize(then);
                vectorize(otherwise);
            }
            Stmt::For { index, kind: Kind::Row, body } => {
                let index = *index;
                let row = |value| Row { index, loads: Vec::new(), temporaries: Vec::new(), value };
                match body.pop() {
                    Some(Stmt::Store { to, value }) => {
                        *stmt = Stmt::StoreRow { to, row: row(value) };
                    }
                    Some(Stmt::Term(Term::One(value))) => *stmt = Stmt::Term(Term::Row(row(value))),
                    last => body.extend(last),
                }
            }
            Stmt::For { body, .. } => vectorize(body),
            Stmt::Reduce(reduce) => vectorize(&mut reduce.body),
            _ => {}
        }
    }
}
