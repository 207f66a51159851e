//! Every derivative against a source of its own: differences, dual numbers, figures of other
//! programs; and the gradient check itself against rules that are wrong.

mod declared;
mod derivatives;
mod figures;
mod gradcheck;
mod layers;
mod mutations;
mod ops;
mod special_points;
