//! Work on runs that several processes share, on one host or many: `units` of work, a `lease` for each, which is kept by signs of
//! life (`keeper`), and the choice of the next one (`pick`).

mod keeper;
mod lease;
mod pick;
mod units;

pub(crate) use keeper::Kept;
pub use keeper::{Ending, Stop};
pub(crate) use lease::{Holder, Lease, State};
pub(crate) use pick::{Next, Picker};
pub use units::Stage;
pub(crate) use units::{Board, Unit, worker_of};
