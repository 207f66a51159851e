//! The language of `expr!`, and the tape that its records lie on.

mod edges;
mod explain;
mod expressions;
mod fragments;
mod integers;
mod layers;
mod limits;
mod recurrences;
mod storage;
mod tape;
mod usual_lengths;
