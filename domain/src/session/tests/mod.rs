//! Tests of sessions: sentences for every command and refusal, and properties over random histories.

mod by_gateway;
mod by_resident;
mod by_staff;
mod custody;
mod deletion;
mod desk;
mod dry_run;
mod duress;
mod every_event;
mod field;
mod histories;
mod opening;
mod place;
mod rebasing;
mod report_link;
mod responder;
mod strategies;
mod suspicion;
mod view;
mod words;
