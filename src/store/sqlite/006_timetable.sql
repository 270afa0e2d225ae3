-- Slots that had no run; `count` of them, up to this one.
create table skips (
    job    text    not null,
    slot   integer not null,
    at     integer not null,
    reason text    not null check (reason in ('overlap', 'replaced', 'paused', 'missed')),
    count  integer not null,
    primary key (job, slot)
) strict, without rowid;
create index skips_by_time on skips (at);

-- Jobs that do not run because someone said so; without `until` for as long as nobody takes it back.
create table pauses (
    job    text primary key,
    since  integer not null,
    until  integer,
    who    text    not null,
    reason text
) strict, without rowid;

-- Jobs whose owners were told that they are late, and the slot that was not served.
create table late (
    job  text primary key,
    slot integer not null,
    at   integer not null
) strict, without rowid;

-- The last word of every loop.
create table beats (
    node    text primary key,
    pid     integer not null,
    started integer not null,
    at      integer not null,
    version text    not null,
    jobs    integer not null,
    stopped integer not null
) strict, without rowid;
