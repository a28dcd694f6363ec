//! Sagong: Kubernetes in one binary.
//!
//! This crate holds the only `main`: it reads flags, wires the parts together, supervises them, and ends them.
//! It never decides anything that a part could decide. Start reading at [`commands`], one file per command,
//! then [`server`], which starts a control plane. Upstream's counterpart is `cmd/`.

mod commands;
mod components;
mod directories;
mod identity;
mod server;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
