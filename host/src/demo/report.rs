//! What the demo says: a story, its steps, what was checked. For people, or one JSON line a step.

use std::io::Write;
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use hallpass_broker::SystemClock;
use hallpass_domain::{Clock as _, Millis, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

/// Of the lines for people, in characters.
const WIDTH: usize = 110;

/// One thing that was checked.
struct Check {
    story: u8,
    what: String,
    held: bool,
}

/// Tells the story and keeps count.
pub(super) struct Report<'a> {
    out: &'a mut (dyn Write + Send),
    json: bool,
    bar: ProgressBar,
    begun: Timestamp,
    story: u8,
    checks: Vec<Check>,
}

impl<'a> Report<'a> {
    /// A report that begins now.
    pub(super) fn new(out: &'a mut (dyn Write + Send), json: bool) -> Self {
        Self { out, json, bar: ProgressBar::hidden(), begun: SystemClock.now(), story: 0, checks: Vec::new() }
    }

    /// How long it has been going on, in milliseconds.
    fn at_ms(&self) -> Millis {
        SystemClock.now().since(self.begun)
    }

    /// A story begins.
    pub(super) fn story(&mut self, number: u8, title: &str) {
        self.story = number;
        let head = if number == 0 { format!("\n{title}\n") } else { format!("\n{number}  {title}\n") };
        self.line(&head, &json!({ "title": title }));
    }

    /// Something was done.
    pub(super) fn step(&mut self, what: &str) {
        self.line(&format!("  · {what}"), &json!({ "step": what }));
    }

    /// Something was checked. `detail` is what was seen.
    pub(super) fn check(&mut self, what: &str, held: bool, detail: &str) {
        let mark = if held { '✓' } else { '✗' };
        self.line(&format!("  {mark} {what}{}", aside(what, detail)), &json!({ "check": what, "ok": held, "detail": detail }));
        self.checks.push(Check { story: self.story, what: what.to_owned(), held });
    }

    /// Something takes a while. Shown to people only, and only where they look on.
    pub(super) fn busy(&mut self, with: &str) {
        self.idle();
        if self.json {
            return;
        }
        self.bar = ProgressBar::new_spinner().with_message(with.to_owned());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})") {
            self.bar.set_style(style);
        }
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    /// It is done.
    pub(super) fn idle(&mut self) {
        self.bar.finish_and_clear();
    }

    /// The table of what was checked. Tells whether everything held.
    pub(super) fn finish(mut self) -> bool {
        self.idle();
        let held = self.checks.iter().filter(|check| check.held).count();
        let all = held == self.checks.len() && held > 0;
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["STORY", "CHECKED", "HELD"]);
        for check in &self.checks {
            let story = if check.story == 0 { String::new() } else { check.story.to_string() };
            table.add_row([story, check.what.clone(), String::from(if check.held { "yes" } else { "NO" })]);
        }
        let seconds = self.at_ms() / 1000;
        let total = self.checks.len();
        let verdict = if all {
            format!("All {total} checks held, in {seconds} s.")
        } else {
            format!("{} of {total} checks did NOT hold.", total - held)
        };
        self.line(&format!("\n{table}\n\n{verdict}"), &json!({ "checks": total, "held": held, "ok": all }));
        all
    }

    fn line(&mut self, text: &str, document: &Value) {
        let text = if self.json {
            let mut document = document.clone();
            if let Value::Object(document) = &mut document {
                document.insert("story".to_owned(), json!(self.story));
                document.insert("at_ms".to_owned(), json!(self.at_ms()));
            }
            document.to_string()
        } else {
            text.to_owned()
        };
        let out = &mut self.out;
        // Whoever stopped reading is not told; the checks go on.
        self.bar.suspend(|| {
            let _ = writeln!(out, "{text}");
            let _ = out.flush();
        });
    }
}

/// A detail beside what it belongs to, or below it where the line would be too long.
fn aside(what: &str, detail: &str) -> String {
    let length = what.chars().count() + detail.chars().count();
    match length {
        _ if detail.is_empty() => String::new(),
        ..=WIDTH => format!(": {detail}"),
        _ if detail.chars().count() <= WIDTH => format!("\n      {detail}"),
        _ => format!("\n      {}…", detail.chars().take(WIDTH).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(held: bool) -> (bool, Vec<Value>) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, true);
        report.story(1, "A story");
        report.step("something is done");
        report.check("it is so", held, "seen");
        let all = report.finish();
        (all, String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn every_line_is_a_document_and_the_last_one_is_the_verdict() {
        let (all, lines) = lines(true);
        assert!(all);
        assert_eq!(lines.len(), 4);
        assert_eq!((&lines[2]["check"], &lines[2]["ok"], &lines[2]["story"]), (&json!("it is so"), &json!(true), &json!(1)));
        assert_eq!(lines[3]["ok"], true);
    }

    #[test]
    fn one_check_that_does_not_hold_spoils_all() {
        assert!(!lines(false).0);
    }

    #[test]
    fn a_demo_that_checked_nothing_did_not_hold() {
        let mut out = Vec::new();
        assert!(!Report::new(&mut out, false).finish());
    }
}
