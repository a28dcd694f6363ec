//! The program inside the containers: does what its arguments say.

use std::io::{Read, Write};

/// Becomes the program if this process was started under its name.
pub(crate) fn dispatch() {
    let mut arguments = std::env::args();
    if arguments.next().as_deref() != Some("/helper") {
        return;
    }
    let arguments: Vec<String> = arguments.collect();
    std::process::exit(run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
}

fn run(arguments: &[&str]) -> i32 {
    match arguments {
        ["say", out, error, code] => {
            println!("{out}");
            eprintln!("{error}");
            code.parse().unwrap()
        }
        // Ends by default at SIGTERM, except as the init of a process namespace.
        ["wait"] => loop {
            std::thread::park();
        },
        ["cat"] => {
            let mut input = Vec::new();
            std::io::stdin().read_to_end(&mut input).unwrap();
            std::io::stdout().write_all(&input).unwrap();
            0
        }
        ["read", path] => match std::fs::read_to_string(path) {
            Ok(text) => {
                print!("{text}");
                0
            }
            Err(error) => {
                eprintln!("{error}");
                1
            }
        },
        ["write", path] => match std::fs::write(path, "written") {
            Ok(()) => 0,
            Err(error) => {
                println!("{error}");
                1
            }
        },
        ["list", path] => {
            let mut names: Vec<_> = std::fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            println!("{}", names.join(" "));
            0
        }
        ["environment"] => {
            for (name, value) in std::env::vars() {
                println!("{name}={value}");
            }
            println!("cwd={}", std::env::current_dir().unwrap().display());
            0
        }
        ["devour"] => {
            let mut eaten = Vec::new();
            loop {
                eaten.push(vec![1_u8; 1 << 20]);
            }
        }
        ["size"] => {
            let size = rustix::termios::tcgetwinsize(std::io::stdin()).unwrap();
            println!("{}x{}", size.ws_col, size.ws_row);
            0
        }
        // Says its terminal's size once for each line that it reads.
        ["sizes"] => {
            println!("ready");
            for _ in std::io::stdin().lines() {
                run(&["size"]);
            }
            0
        }
        // Waits for a line first, so that whoever is attached then sees that it serves.
        ["serve", port] => {
            std::io::stdin().read_line(&mut String::new()).unwrap();
            let listener = std::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).unwrap();
            println!("serving");
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = [0; 5];
                stream.read_exact(&mut line).unwrap();
                stream.write_all(&line).unwrap();
            }
            0
        }
        other => {
            eprintln!("no such thing: {other:?}");
            99
        }
    }
}
