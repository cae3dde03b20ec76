//! Entries that no well-formed reply can win.

/// Four Python entries whose gold nothing can match, in every mode; thirteen Java entries whose values the reference
/// drops or keeps in quotes, in mode `paper`.
pub const UNREACHABLE: [&str; 17] = [
    "live_multiple_862-181-3",
    "live_multiple_964-207-0",
    "live_simple_106-63-0",
    "live_simple_112-68-0",
    "simple_java_1",
    "simple_java_35",
    "simple_java_36",
    "simple_java_65",
    "simple_java_67",
    "simple_java_68",
    "simple_java_78",
    "simple_java_83",
    "simple_java_85",
    "simple_java_86",
    "simple_java_89",
    "simple_java_90",
    "simple_java_91",
];

/// Whether nothing can win an entry in any mode: corrected scores leave it out.
pub fn is_unreachable(id: &str) -> bool {
    UNREACHABLE[..4].contains(&id)
}
