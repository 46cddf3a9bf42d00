//! The `kstack` program: one call into the library.

fn main() -> std::process::ExitCode {
    kstack::run(std::env::args_os())
}
