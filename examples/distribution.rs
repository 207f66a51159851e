//! What a training step costs on many processes: the tree over the micro-batches of a batch, and a model
//! of the time. `docs/distribution.md` explains it.
//!
//! `cargo run --release --example distribution` predicts steps on a network of 10 Gbit/s. Four numbers
//! in its place are α (seconds a message), β (seconds a byte), γ (seconds for a parameter and a
//! position) and μ (seconds for a parameter, of what is done once with each in a step).

use std::process::ExitCode;

use microgpt::train::Tree;

/// What a machine and its network need.
#[derive(Clone, Copy)]
struct Machine {
    /// Seconds for a message, however short.
    alpha: f64,
    /// Seconds for a byte.
    beta: f64,
    /// Seconds for a parameter and a position, forward and backward: some six operations.
    gamma: f64,
    /// Seconds for a parameter in the optimiser's step, and in a pass that adds gradients or copies them.
    mu: f64,
}

/// Cores as those that were measured, 10 Gbit/s between machines.
const ETHERNET: Machine = Machine { alpha: 30e-6, beta: 0.8e-9, gamma: 1.2e-10, mu: 1.5e-9 };

/// What is trained.
#[derive(Clone, Copy)]
struct Work {
    parameters: usize,
    micro_batches: usize,
    /// The positions of each.
    positions: usize,
}

const BYTES: usize = size_of::<f32>();

/// What one step costs, in seconds of the slowest rank.
struct Step {
    compute: f64,
    exchange: f64,
    update: f64,
    /// What the rank that sends most sends, in gradients.
    sent: f64,
}

impl Step {
    fn seconds(&self) -> f64 {
        self.compute + self.exchange + self.update
    }
}

/// A step on so many ranks, each of which takes its share of the tree.
fn step(machine: Machine, work: Work, ranks: usize) -> Step {
    let Machine { alpha, beta, gamma, mu } = machine;
    let (tree, parameters) = (Tree::new(work.micro_batches), work.parameters as f64);
    let shares: Vec<_> = (0..ranks).map(|rank| tree.share(rank, ranks)).collect();
    let sums: Vec<usize> = shares.iter().map(|share| tree.subtrees(share).len()).collect();
    let leaves = shares.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    // A pass over the gradient for each micro-batch, whether it is added or waits.
    let leaf = parameters * (work.positions as f64 * gamma + mu);
    let (most, all) = (sums.iter().max().copied().unwrap_or(0), sums.iter().sum::<usize>());
    let others = 1.0 - (ranks as f64).recip();
    let bytes = parameters * BYTES as f64 * others;
    // In each round a rank sends a part to each other; in the last one its part of the sum.
    let rounds = (most + 1) as f64;
    let send = rounds * ((ranks - 1) as f64 * alpha + bytes * beta);
    // Its part of all sums is added, and the sum of all copied.
    let add = parameters * mu * (all as f64 / ranks as f64 + 1.0);
    Step {
        compute: leaves as f64 * leaf,
        exchange: if ranks == 1 { 0.0 } else { send + add },
        update: parameters * mu,
        sent: rounds * others,
    }
}

fn main() -> ExitCode {
    let arguments: Result<Vec<f64>, _> =
        std::env::args().skip(1).map(|argument| argument.parse()).collect();
    let machine = match arguments.as_deref() {
        Ok([]) => ETHERNET,
        Ok(&[alpha, beta, gamma, mu]) => Machine { alpha, beta, gamma, mu },
        _ => {
            eprintln!("error: four numbers, α β γ μ, or none");
            return ExitCode::from(2);
        }
    };
    println!(
        "| parameters | micro-batches | ranks | a step | exchange | sent, in gradients | efficiency |"
    );
    println!("|---|---|---|---|---|---|---|");
    let batches = [(53_632, 8, 128), (804_352, 4, 256)];
    let measured = batches.map(|(parameters, micro_batches, positions)| {
        (Work { parameters, micro_batches, positions }, &[1, 2][..])
    });
    let predicted = [100_000, 10_000_000, 1_000_000_000].map(|parameters| {
        let work = Work { parameters, micro_batches: 8192, positions: 128 };
        (work, &[1, 8, 64, 1000][..])
    });
    for (work, all) in measured.into_iter().chain(predicted) {
        let alone = step(machine, work, 1).seconds();
        for &ranks in all {
            let step = step(machine, work, ranks);
            let seconds = step.seconds();
            println!(
                "| {} | {} | {ranks} | {} | {:.1} % | {:.2} | {:.0} % |",
                work.parameters,
                work.micro_batches,
                shown(seconds),
                100.0 * step.exchange / seconds,
                step.sent,
                100.0 * alone / seconds / ranks as f64,
            );
        }
    }
    ExitCode::SUCCESS
}

/// A time in a unit that suits it.
fn shown(seconds: f64) -> String {
    match seconds {
        0.0..1.0 => format!("{:.2} ms", seconds * 1e3),
        1.0..3600.0 => format!("{seconds:.1} s"),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
