//! rowcall asks databases questions and tells people the answers.
//!
//! A catalogue in TOML names sources, queries, alerts, reports and channels. This is the way its data takes:
//!
//! ```text
//! rowcall.toml -> catalogue: read, checked, every mistake at once
//! catalogue + clock -> scheduler: which slots are due -> store: claim
//! job: source -> batches -+-> query: render -> standard output, streamed
//!                         +-> alert: table -> predicate -> verdicts -> incident step -> reason per channel -> message
//!                         +-> report: tables -> page -> terminal, file, message
//! everything a run learned -> one outcome -> store: run, instances and outbox in one transaction
//! outbox -> job::deliver -> channel -> receipt
//! ```
//!
//! By hand, from crontab and by the loop take the same `job`; the loop adds time and claims, nothing else.
//!
//! The rooms stand in one order, and each knows only those before it; a test reads the sources and holds them to it:
//!
//! `name < secret < value < table < sql < predicate < schedule < incident < chart < render < page < message < clock <
//! source < channel < store < catalogue < job < scheduler < cli < main`
//!
//! - Words: [`name`], [`secret`], [`value`], [`table`].
//! - Judgement, pure, without I/O or clock: [`sql`], [`predicate`], [`schedule`], [`incident`].
//! - Presentation, pure: [`chart`], [`render`], [`page`], [`message`].
//! - Doors, the only rooms that touch the world, blind to each other: [`clock`], [`source`], [`channel`], [`store`].
//! - Plan: [`catalogue`]. Work: [`job`], [`scheduler`]. Front door: [`cli`].

pub mod name;
pub mod secret;
pub mod table;
pub mod value;

pub mod incident;
pub mod predicate;
pub mod schedule;
pub mod sql;

pub mod chart;
pub mod message;
pub mod page;
pub mod render;

pub mod channel;
pub mod clock;
pub mod source;
pub mod store;

pub mod catalogue;
pub mod job;
pub mod scheduler;

pub mod cli;
