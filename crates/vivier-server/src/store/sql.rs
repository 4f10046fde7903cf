//! How statements are written down: named, constant, and listed, so that a test can prepare every one of them on both engines.

/// `statements! { /// doc  NAME = "SQL"; … }` makes a constant of each, and `ALL` of them all.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)*
        pub(crate) const ALL: &[&str] = &[$($name),*];
    };
}
pub(crate) use statements;

statements! {
    PING = "SELECT 1";
}

/// For every connection to SQLite. `synchronous=NORMAL` in WAL: a commit survives the death of the process (what `kill -9`
/// tests); after a power cut the last few may be missing, never half there. See docs/decisions.
pub(crate) const PRAGMAS: &[&str] = &[
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    // What is revoked is overwritten in the file, not only forgotten.
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_size = -1000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 8388608",
];
