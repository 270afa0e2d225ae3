-- When it was first told that it fires: what the thread of that message is named after; without it, its beginning.
alter table told add column thread bigint;
