//! The HTTP side in process: what is described, what is refused, what every answer carries.

mod openapi;
