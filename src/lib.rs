//! rowcall asks databases questions and tells people the answers.

pub mod catalogue;
pub mod channel;
pub mod clock;
pub mod incident;
pub mod job;
pub mod message;
pub mod name;
pub mod predicate;
pub mod render;
pub mod schedule;
pub mod scheduler;
pub mod secret;
pub mod source;
pub mod sql;
pub mod store;
pub mod table;
pub mod value;
