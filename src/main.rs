//! The tlswhy program.

#[cfg(feature = "cli")]
fn main() -> std::process::ExitCode {
    tlswhy::cli::main()
}

#[cfg(not(feature = "cli"))]
fn main() {}
