-- Reports are decided on too.
alter table decisions drop constraint decisions_about_check;
alter table decisions add constraint decisions_about_check check (about in ('incident', 'health', 'source', 'report'));
