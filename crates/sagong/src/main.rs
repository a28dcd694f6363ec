//! The one binary.

fn main() {
    eprintln!("sagong: no command yet");
    std::process::exit(2);
}
