//! One decoder for every architecture: linears in groups, blocks of groups, and the way through them.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod block;
pub(crate) mod block_reader;
pub(crate) mod cache;
pub(crate) mod flow;
pub(crate) mod gating;
pub(crate) mod linear;
pub(crate) mod mlp;
pub(crate) mod model;
pub(crate) mod rope;
