//! The examples: each has tests of its own, and the first the figures of the Python.
#![allow(dead_code)] // they are programs

#[path = "../../examples/curvature.rs"]
mod curvature;
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
#[path = "../../examples/newton.rs"]
mod newton;
mod readme;
#[path = "../../examples/rotary.rs"]
mod rotary;
