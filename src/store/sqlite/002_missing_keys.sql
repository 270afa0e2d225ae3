-- In how many answers in a row the key of an instance was missing.
alter table instances add column missed integer not null default 0;
