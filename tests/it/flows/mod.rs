//! The lifecycle over a scripted target, on both databases.

mod activation;
mod approval;
mod audit;
mod authority;
mod connectors;
mod credential;
mod held_back;
mod identity;
mod outage;
mod overlap;
mod parameters;
mod permissions;
mod targets;
mod trial;
