-- Which owners were told that a channel does not work, and since when it did not.
create table told_channel (
    channel text    not null,
    owner   text    not null,
    since   integer not null,
    primary key (channel, owner)
) strict, without rowid;
