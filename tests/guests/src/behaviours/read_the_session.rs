//! Reads how its session is set, in a new connection and in one that was used before. Its role would have it otherwise.

use crate::scene::{Said, Scene, done, got_through, open};
use hallpass_connector::sql::{Step, Value};

/// The columns of the statement, and what must be in them.
const PINNED: [(&str, &str); 5] = [
    ("search_path", "pg_catalog, pg_temp"),
    ("strings", "on"),
    ("messages", "error"),
    ("isolation", "read committed"),
    ("read_only", "on"),
];

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    for _ in 0..2 {
        let page = open(scene)?.query(&Step::new("session"), 1)?;
        let row = page.rows.first().ok_or_else(|| got_through("no row"))?;
        for (name, pinned) in PINNED {
            let found = page.columns.iter().position(|column| column == name).and_then(|at| row.get(at));
            match found {
                Some(Value::Text(text)) if text.replace(", ", ",") == pinned.replace(", ", ",") => {}
                other => return Err(got_through(&format!("{name} is {other:?}"))),
            }
        }
    }
    done()
}
