//! Sagong: Kubernetes in one binary.
//!
//! This crate holds the only `main`: it reads flags, wires the parts together, supervises them, and ends them.
//! It never decides anything that a part could decide. Start reading at [`commands`], one file per command,
//! then [`server`], which starts a control plane. Upstream's counterpart is `cmd/`.

mod admin;
mod agent;
mod api_access;
mod audit_options;
mod backup_files;
mod check;
mod commands;
mod components;
mod config_file;
mod directories;
mod embedded_options;
mod etcd_member;
mod etcd_options;
mod etcd_process;
mod identity;
mod join_token;
mod kubelet_dialer;
mod output;
mod renewal;
mod scheduled_backups;
mod server;
mod server_join;
mod server_keys;
mod server_leases;
mod signer;
mod status;
mod store_api;
mod store_options;
mod store_watch;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Shims, inits, who answers names and who becomes etcd are this binary under another name; they must not see threads, logs or crypto.
    runtime::dispatch(std::env::args_os());
    dns::dispatch(std::env::args_os());
    etcd_process::dispatch(std::env::args_os());
    match commands::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
