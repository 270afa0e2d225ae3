//! What every implementation of a trait must do: the same cases against each of them.

mod channel;
mod source;
mod store;
