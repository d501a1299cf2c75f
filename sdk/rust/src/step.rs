//! Building the steps of a transaction.

use crate::sql::{Argument, Step};

impl<'a> Step<'a> {
    /// A declared statement whose slots are all filled by the host.
    pub fn new(statement: &str) -> Self {
        Self { statement: statement.to_owned(), arguments: Vec::new() }
    }

    /// The same step, with the value of its next open slot, in the order in which the slots stand in the statement's text.
    #[must_use]
    pub fn with(mut self, argument: Argument<'a>) -> Self {
        self.arguments.push(argument);
        self
    }
}
