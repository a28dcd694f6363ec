//! How clients change parts of objects, and who owns what.

pub(crate) mod managed;
