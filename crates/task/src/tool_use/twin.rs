//! The generated twin.
