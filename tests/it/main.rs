//! One integration binary: every story through the real program, every contract through the real doors.

mod contract;
mod fakes;
mod rooms;
