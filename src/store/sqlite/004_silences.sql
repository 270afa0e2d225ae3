-- What is held back because someone said so; `ended` when someone took it back before its time.
create table silences (
    id     integer primary key,
    alert  text    not null,
    key    text,
    since  integer not null,
    until  integer not null,
    who    text    not null,
    reason text    not null,
    ended  integer
) strict;
create index silences_by_alert on silences (alert) where ended is null;
