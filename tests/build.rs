//! Lists the files of `guests/` and `it/hostile/files/`, one behaviour each, so that `it/hostile` does not compile without a test for
//! each.

use std::path::Path;
use std::{env, fs};

const FOLDERS: [(&str, &str); 4] =
    [("guests/src/behaviours", "rs"), ("guests/http/src/behaviours", "rs"), ("guests/wat", "wat"), ("it/hostile/files", "rs")];

#[expect(clippy::disallowed_methods, reason = "cargo says by a variable where to write")]
fn main() {
    let mut names = Vec::new();
    for (folder, ending) in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|found| found == ending) {
                names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    let calls: String = names.iter().map(|name| format!("        $called!({name});\n")).collect();
    let text = format!(
        "/// Calls a macro with the name of each behaviour.\nmacro_rules! foreach_behaviour {{\n    ($called:ident) => {{\n{calls}    }};\n}}\n"
    );
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("behaviours.rs"), text).unwrap();
}
