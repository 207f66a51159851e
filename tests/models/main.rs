//! Models: their training, sampling and files, against the Python and against themselves.

mod any;
mod checkpoint;
mod declarations;
mod finite;
mod frozen;
mod golden;
mod gpt;
mod losses;
mod memory;
mod prefix;
