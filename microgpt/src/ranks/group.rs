//! The group of processes, and what they tell each other.

use std::cell::Cell;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mpi::Count;
use mpi::collective::SystemOperation;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Equivalence, Root};
use thiserror::Error;

/// Why processes cannot work together.
///
/// ```
/// use microgpt::ranks::RanksError;
///
/// let error = RanksError::Differs { what: "dataset".to_owned(), ranks: vec![2] };
/// assert_eq!(error.to_string(), "dataset: rank 2 differs from rank 0");
/// ```
#[derive(Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RanksError {
    /// MPI was started before in this process: [`Ranks::of`] takes its communicator.
    #[error("MPI is started already in this process")]
    Started,
    /// The MPI of this machine allows no thread beside the one that calls it.
    #[error("this MPI allows no threads in a process")]
    Threads,
    /// Numbers that are not sent: those of a tape of dual numbers.
    #[error("ranks exchange f32 and f64, no dual numbers")]
    Precision,
    /// Some ranks have something else than the first.
    #[error("{what}: {} from rank 0", differ(ranks))]
    Differs {
        /// What differs.
        what: String,
        /// The ranks that have another than rank 0.
        ranks: Vec<usize>,
    },
}

fn differ(ranks: &[usize]) -> String {
    let all: Vec<String> = ranks.iter().map(usize::to_string).collect();
    match &all[..] {
        [one] => format!("rank {one} differs"),
        several => format!("ranks {} differ", several.join(", ")),
    }
}

/// What a process has sent to others for its trainers, and how long it took: [`Ranks::traffic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes of gradients that went to other ranks.
    pub bytes: u64,
    /// The time from the moment at which gradients were there to that at which the sum of all was: what
    /// the exchange took, and the wait for ranks that were not ready.
    pub time: Duration,
}

/// The processes of a training, as one of them sees them. A clone is the same group.
///
/// All of them make the same calls, in the same order: most methods wait for the others.
///
/// ```no_run
/// use microgpt::{Gpt, Instance, PythonRandom, Ranks, Tape, Trainer, Training};
///
/// // `mpirun -n 4` of this program: each of four processes runs all of it.
/// let ranks = Ranks::start()?;
/// let tape = Tape::new();
/// let gpt = Instance::new(&tape, Gpt::new(5), &mut PythonRandom::new(42))?;
/// let mut trainer = Trainer::new(&gpt, Training::default()).threads(2)?.ranks(&ranks)?;
/// let documents: Vec<&[usize]> = vec![&[4, 0, 1, 2, 3, 4]; 256];
/// for _ in 0..100 {
///     let loss = trainer.step(&documents)?;
///     if ranks.is_first() {
///         println!("{loss}");
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A process that panics ends all others, for they would wait for it for ever.
#[derive(Clone)]
pub struct Ranks {
    group: Rc<Group>,
}

struct Group {
    communicator: SimpleCommunicator,
    traffic: Cell<Traffic>,
    /// Dropped last: it ends MPI.
    _universe: Option<Universe>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.communicator.abort(PANICKED);
        }
    }
}

/// The exit status of a Rust program that panicked.
const PANICKED: i32 = 101;

/// The most numbers that MPI counts.
const MOST: usize = (1 << 31) - 1;

/// What launchers tell a process about its group: Open MPI, MPICH and its kin, `PMIx`.
const LAUNCHERS: [&str; 3] = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"];

/// A number that is sent as it is.
pub(crate) trait Number: Equivalence + Copy + Default {}

impl<T: Equivalence + Copy + Default> Number for T {}

impl Ranks {
    /// Whether `mpirun`, or another launcher, started this process as one of a group.
    #[must_use]
    pub fn launched() -> bool {
        LAUNCHERS.iter().any(|name| std::env::var_os(name).is_some())
    }

    /// Starts MPI, with all processes that were launched together. It ends as the last clone is dropped,
    /// which waits for the others; without a launcher the group is of this process alone.
    ///
    /// # Errors
    ///
    /// If MPI was started before, or allows no threads.
    pub fn start() -> Result<Self, RanksError> {
        let started = mpi::initialize_with_threading(mpi::Threading::Funneled);
        let (universe, threading) = started.ok_or(RanksError::Started)?;
        if threading == mpi::Threading::Single {
            return Err(RanksError::Threads);
        }
        Ok(Self::new(universe.world(), Some(universe)))
    }

    /// The processes of a communicator, in a program that has started MPI itself.
    #[must_use]
    pub fn of(communicator: &impl Communicator) -> Self {
        Self::new(communicator.duplicate(), None)
    }

    fn new(communicator: SimpleCommunicator, universe: Option<Universe>) -> Self {
        let group = Group { communicator, traffic: Cell::default(), _universe: universe };
        Self { group: Rc::new(group) }
    }

    fn communicator(&self) -> &SimpleCommunicator {
        &self.group.communicator
    }

    /// The number of this process, of which the first is 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        usize::try_from(self.communicator().rank()).unwrap_or(0)
    }

    /// The number of processes.
    #[must_use]
    pub fn size(&self) -> usize {
        usize::try_from(self.communicator().size()).unwrap_or(1)
    }

    /// Whether this process is the one that reads, prints and saves.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// What this process has sent for its trainers so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.group.traffic.get()
    }

    /// Whether all processes have the same of something, by a hash of 64 bits.
    ///
    /// # Errors
    ///
    /// If some have another than the first: each process gets the same error, which names them.
    pub fn compare(&self, what: &str, own: &(impl Hash + ?Sized)) -> Result<(), RanksError> {
        let mut hasher = DefaultHasher::new();
        own.hash(&mut hasher);
        let mut all = vec![0_u64; self.size()];
        self.communicator().all_gather_into(&hasher.finish(), &mut all);
        let others = (1..all.len()).filter(|&rank| all[rank] != all[0]);
        match others.collect::<Vec<_>>() {
            none if none.is_empty() => Ok(()),
            ranks => Err(RanksError::Differs { what: what.to_owned(), ranks }),
        }
    }

    /// Whether it is so for any process: each gets the same answer.
    #[must_use]
    pub fn any(&self, is_so: bool) -> bool {
        self.first(is_so).is_some()
    }

    /// The first rank for which it is so.
    pub(crate) fn first(&self, is_so: bool) -> Option<usize> {
        let own = if is_so { self.communicator().rank() } else { Count::MAX };
        let mut first = Count::MAX;
        self.communicator().all_reduce_into(&own, &mut first, SystemOperation::min());
        usize::try_from(first).ok().filter(|&first| first < self.size())
    }

    /// The bytes of the first process, for all.
    pub fn broadcast(&self, bytes: &mut Vec<u8>) {
        let root = self.communicator().process_at_rank(0);
        let mut len = bytes.len() as u64;
        root.broadcast_into(&mut len);
        bytes.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
        for message in bytes.chunks_mut(MOST) {
            root.broadcast_into(message);
        }
    }

    /// What all processes have, one after the other, in the order of their ranks.
    pub(crate) fn gather<T: Number>(&self, own: &[T]) -> Vec<T> {
        let mut lens = vec![0; self.size()];
        self.communicator().all_gather_into(&count(own.len()), &mut lens);
        let mut all = vec![T::default(); lens.iter().map(|&len| to_usize(len)).sum()];
        let starts = starts(&lens);
        let mut parts = PartitionMut::new(&mut all[..], lens, starts);
        self.communicator().all_gather_varcount_into(own, &mut parts);
        all
    }

    /// Sends each rank its part of so many numbers, if this rank has them, and receives its own part from
    /// all ranks that have, in order.
    pub(crate) fn send_parts<T: Number>(
        &self,
        own: &[T],
        numbers: usize,
        have: &[bool],
        received: &mut [T],
    ) {
        let parts = |rank| part(numbers, rank, self.size());
        let (rank, size) = (self.rank(), self.size());
        let sent = (0..size).map(|to| if have[rank] { count(parts(to).len()) } else { 0 });
        let sent: Vec<Count> = sent.collect();
        let own_part = count(parts(rank).len());
        let awaited: Vec<Count> = have.iter().map(|&has| if has { own_part } else { 0 }).collect();
        let (from, to) = (starts(&sent), starts(&awaited));
        let start = Instant::now();
        self.communicator().all_to_all_varcount_into(
            &Partition::new(own, sent, from),
            &mut PartitionMut::new(received, awaited, to),
        );
        let others = if have[rank] { numbers - parts(rank).len() } else { 0 };
        self.count::<T>(others, start);
    }

    /// Sends this rank's part of so many numbers to all, and receives those of all.
    pub(crate) fn gather_parts<T: Number>(&self, own: &[T], all: &mut [T]) {
        let lens: Vec<Count> =
            (0..self.size()).map(|rank| count(part(all.len(), rank, self.size()).len())).collect();
        let starts = starts(&lens);
        let start = Instant::now();
        self.communicator()
            .all_gather_varcount_into(own, &mut PartitionMut::new(all, lens, starts));
        self.count::<T>(own.len() * (self.size() - 1), start);
    }

    /// Notes that so many numbers were sent.
    fn count<T>(&self, numbers: usize, start: Instant) {
        let Traffic { bytes, time } = self.group.traffic.get();
        let bytes = bytes + (numbers * size_of::<T>()) as u64;
        self.group.traffic.set(Traffic { bytes, time: time + start.elapsed() });
    }
}

impl fmt::Debug for Ranks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ranks(rank {} of {})", self.rank(), self.size())
    }
}

/// One of so many neighbouring parts of so many things, of much the same size.
pub(crate) fn part(things: usize, number: usize, parts: usize) -> Range<usize> {
    let end = |number: usize| {
        let end = things as u128 * number as u128 / parts as u128;
        usize::try_from(end).unwrap_or(things)
    };
    end(number)..end(number + 1)
}

/// MPI counts in 31 bits, and a tape holds fewer numbers than that.
#[track_caller]
fn count(len: usize) -> Count {
    assert!(len <= MOST, "{len} numbers in one message: MPI counts to {MOST}");
    Count::try_from(len).unwrap_or(Count::MAX)
}

fn to_usize(count: Count) -> usize {
    usize::try_from(count).unwrap_or(0)
}

/// Where each part begins.
#[track_caller]
fn starts(lens: &[Count]) -> Vec<Count> {
    let mut end = 0;
    let start = |&len: &Count| {
        let start = count(end);
        end += to_usize(len);
        start
    };
    lens.iter().map(start).collect()
}
