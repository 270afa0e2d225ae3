-- What a rule looked at, in the frozen shape of `Seen` in src/store.rs.
alter table runs add column seen text not null default '[]';
create index runs_by_start on runs (started);

-- Why each channel was told something or nothing by a run: all instances with the same reason counted in a row without
-- key, and rows with the keys that were told of or are held back.
create table decisions (
    run     integer not null,
    place   integer not null,
    channel text    not null,
    key     text,
    about   text    not null check (about in ('incident', 'health', 'source')),
    reason  text    not null,
    until   integer,
    held_by text,
    count   integer not null,
    message text,
    primary key (run, place)
) strict, without rowid;

create index outbox_by_alert on outbox (alert, channel, seq);
create index outbox_settled on outbox (settled) where state <> 'waiting';
