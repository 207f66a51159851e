//! The examples: each has tests of its own, and the first the figures of the Python.
#![allow(dead_code)] // they are programs

mod digits;
#[path = "../../examples/gru.rs"]
mod gru;
#[path = "../../examples/lstm.rs"]
mod lstm;
#[path = "../../examples/microgpt.rs"]
mod microgpt_example;
#[path = "../../examples/moons.rs"]
mod moons;
#[path = "../../examples/new_layer.rs"]
mod new_layer;
mod readme;
#[path = "../../examples/rotary.rs"]
mod rotary;
