//! Whether the server answers and the management role may do what this connector needs.

use hallpass_connector::log::Level;
use hallpass_connector::sql::{self, Step};
use hallpass_connector::{Failure, Health, Invocation};

use crate::{Postgres, no_row};

/// The oldest version with everything that the statements use, as the server numbers it.
const OLDEST: i64 = 150_000;

impl Health for Postgres {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        let page = sql::open(inv, None, None)?.query(&Step::new("ready"), 1)?;
        let row = page.record().ok_or_else(|| no_row("ready"))?;
        if row.integer("version")? < OLDEST {
            return Err(Failure::unsupported("old-server", "the server is older than PostgreSQL 15; upgrade it"));
        }
        if row.boolean("superuser")? {
            inv.log(Level::Warn, "the management role is a superuser; this connector needs none, see its README", &[]);
            return Ok(());
        }
        let me = row.text("me")?;
        let needed = [
            ("creates_roles", "ALTER ROLE \"{}\" CREATEROLE"),
            ("inherits", "ALTER ROLE \"{}\" INHERIT"),
            ("ends_sessions", "GRANT pg_signal_backend TO \"{}\""),
        ];
        for (column, remedy) in needed {
            if !row.boolean(column)? {
                let message = format!("the management role lacks a right; as a superuser: {}", remedy.replace("{}", me));
                return Err(Failure::forbidden("missing-right", message));
            }
        }
        Ok(())
    }
}
