//! The tlswhy program.

/// A report is many small strings, made and freed for each session: the C library's allocator takes twice
/// as long for them.
#[cfg(feature = "cli")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "cli")]
fn main() -> std::process::ExitCode {
    tlswhy::cli::main()
}

#[cfg(not(feature = "cli"))]
fn main() {}
