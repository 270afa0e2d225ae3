-- Reports are decided on too. A check of SQLite changes with its table only.
alter table decisions rename to decided;
create table decisions (
    run     integer not null,
    place   integer not null,
    channel text    not null,
    key     text,
    about   text    not null check (about in ('incident', 'health', 'source', 'report')),
    reason  text    not null,
    until   integer,
    held_by text,
    count   integer not null,
    message text,
    primary key (run, place)
) strict, without rowid;
insert into decisions select run, place, channel, key, about, reason, until, held_by, count, message from decided;
drop table decided;
