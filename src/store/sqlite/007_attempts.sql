-- When an attempt to deliver began, as long as nobody wrote how it ended; of how many attempts nobody ever did, so that
-- the message may have arrived; who took it out of the outbox.
alter table outbox add column begun integer;
alter table outbox add column lost integer not null default 0;
alter table outbox add column dropped_by text;
create index outbox_dead on outbox (channel) where state = 'dead' and dropped_by is null;

-- Channels that do not work: one message is tried, and not before `until`.
create table troubles (
    channel text primary key,
    since   integer not null,
    until   integer not null,
    strikes integer not null,
    broken  integer not null check (broken in (0, 1)),
    problem text    not null
) strict, without rowid;
