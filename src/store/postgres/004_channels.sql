-- Which owners were told that a channel does not work, and since when it did not.
create table told_channel (
    channel text   not null collate "C",
    owner   text   not null collate "C",
    since   bigint not null,
    primary key (channel, owner)
);
