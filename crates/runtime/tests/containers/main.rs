//! Pods and containers on this host's kernel. Needs root; each test has directories and cgroups of its own and clears
//! them away, also when it fails.
//!
//! The binary is its own container image: inside a container it is the program `helper` ([`helper`]), under the names
//! of shims and inits it is the runtime's ([`runtime::dispatch`]).

mod adoption;
mod harness;
mod helper;
mod images;
mod isolation;
mod lifecycle;
mod measure;

fn main() {
    runtime::dispatch(std::env::args_os());
    helper::dispatch();
    adoption::dispatch();
    measure::dispatch();
    harness::run(&[lifecycle::TESTS, isolation::TESTS, adoption::TESTS, images::TESTS].concat());
}
