//! One integration binary: every story through the real program, every contract through the real doors.

mod builtin;
mod catalogue;
#[cfg(feature = "chart")]
mod charts;
mod check;
mod contract;
mod cronie;
mod delivery;
mod doctor;
mod explain;
mod export;
mod fakes;
mod fixtures;
mod kill;
mod memory;
mod messages;
mod outbox;
mod query;
mod report;
mod reports;
mod rig;
mod rooms;
mod roundtrip;
mod run_job;
mod schedule;
mod servers;
mod silence;
mod source_down;
mod surface;
mod timing;
mod trouble;
mod watch;
mod year;
