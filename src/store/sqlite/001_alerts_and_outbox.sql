-- Times are microseconds since 1970 in UTC. Texts in JSON have the frozen shapes of src/store/sqlite/shape.rs and
-- src/message.rs.

create table runs (
    id      integer primary key,
    job     text    not null,
    slot    integer,
    started integer not null,
    ended   integer not null,
    health  text    not null check (health in ('healthy', 'no_data', 'error')),
    state   text    not null check (state in ('ok', 'pending', 'recovering', 'firing')),
    rows    integer,
    note    text    not null
) strict;
-- A slot has one run, whoever made it.
create unique index runs_by_slot on runs (job, slot) where slot is not null;
create index runs_by_time on runs (job, started);

create table alerts (
    alert  text primary key,
    health text    not null check (health in ('healthy', 'no_data', 'error')),
    since  integer not null,
    rule   text    not null
) strict, without rowid;

create table instances (
    alert  text    not null,
    key    text    not null,
    labels text    not null,
    state  text    not null check (state in ('ok', 'pending', 'recovering', 'firing')),
    since  integer not null,
    began  integer,
    vals   text    not null,
    primary key (alert, key)
) strict, without rowid;

create table told (
    alert   text    not null,
    key     text    not null,
    channel text    not null,
    news    text    not null check (news in ('firing', 'resolved')),
    began   integer not null,
    at      integer not null,
    primary key (alert, key, channel)
) strict, without rowid;

create table told_health (
    alert   text    not null,
    channel text    not null,
    health  text    not null check (health in ('healthy', 'no_data', 'error')),
    at      integer not null,
    primary key (alert, channel)
) strict, without rowid;

create table outbox (
    seq          integer primary key autoincrement,
    id           text    not null unique,
    alert        text    not null,
    channel      text    not null,
    thread       text    not null,
    message      text    not null,
    state        text    not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
    attempts     integer not null default 0,
    created      integer not null,
    expires      integer not null,
    next_attempt integer not null,
    settled      integer,
    problem      text,
    receipt      text
) strict;
create index outbox_waiting on outbox (channel, alert, seq) where state = 'waiting';
create index outbox_threads on outbox (channel, thread, seq) where state = 'delivered';
