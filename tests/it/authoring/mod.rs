//! What an author does, in each language, against a real RabbitMQ.

mod languages;
mod page;
