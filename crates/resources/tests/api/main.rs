//! The built-in resources over real connections to a server with a real store.

mod versions;
mod wire;
