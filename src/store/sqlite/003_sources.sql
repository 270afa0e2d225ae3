-- What each channel was last told of a source, and when the run ended that saw it.
create table told_source (
    source  text    not null,
    channel text    not null,
    news    text    not null check (news in ('down', 'up')),
    at      integer not null,
    primary key (source, channel)
) strict, without rowid;
