//! Many replies at a time: requests in, sampled tokens out.

pub(crate) mod logprob;
pub(crate) mod memory;
pub(crate) mod sample;
pub(crate) mod session;
pub(crate) mod stop;
