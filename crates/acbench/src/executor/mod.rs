//! What schedulers are given: nothing that anybody named is read by a shell or as YAML but as a quoted text.

pub(crate) mod kubernetes;
pub(crate) mod slurm;
