//! `sagong completions`: what a shell needs to complete this command line.

use clap::CommandFactory;

/// The shells for which completions exist.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Print a shell's completions.
///
/// Example: `sagong completions bash > /etc/bash_completion.d/sagong`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(options: &Options) {
    let shell = match options.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    clap_complete::generate(shell, &mut super::Command::command(), "sagong", &mut std::io::stdout());
}
