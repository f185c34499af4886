//! Copies the domain's sources and puts a switch at each place that a mutant changes.
//!
//! A file of `tests/mutants/rules` is a mutant. Lines with `#` say what it leaves out; `@ file`
//! names a file of `domain/src`; the lines with `-` that follow must stand there exactly once,
//! and become those with `+` while the mutant runs. In these, `MUTANT` says whether it does; if
//! it is not used, a switch is put around both.

use std::fs;
use std::path::{Path, PathBuf};
use std::{env, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let (domain, rules) = (root.join("../../../domain/src"), root.join("../rules"));
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for input in [&domain, &rules] {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    let copy = out.join("domain");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    copy_all(&domain, &copy)?;
    // It is included, where documentation of a crate may not stand.
    edit(&copy.join("lib.rs"), |text| {
        let lines = text.lines().filter(|line| !line.starts_with("//!"));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    })?
    .ok();
    let mut files: Vec<PathBuf> = fs::read_dir(&rules)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.sort();
    let mut all = String::from("/// All of them.\npub const ALL: &[Mutant] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let rule = Rule::parse(&fs::read_to_string(file)?);
        let mut misfit = None;
        for change in &rule.changes {
            let broken = edit(&copy.join(&change.file), |text| change.make(text, number))?.err();
            misfit = misfit.or(broken);
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let about = rule.about.join(" ");
        all += &format!("    Mutant {{ name: {name:?}, about: {about:?}, misfit: {misfit:?} }},\n");
    }
    all += "];\n";
    fs::write(out.join("all.rs"), all)
}

#[derive(Default)]
struct Rule {
    about: Vec<String>,
    changes: Vec<Change>,
}

#[derive(Default)]
struct Change {
    file: String,
    old: Vec<String>,
    new: Vec<String>,
}

impl Rule {
    fn parse(text: &str) -> Self {
        let mut rule = Self::default();
        for line in text.lines() {
            let rest = line.get(2..).unwrap_or_default().to_owned();
            match (line.chars().next(), rule.changes.last_mut()) {
                (Some('#'), _) => rule.about.push(rest),
                (Some('@'), _) => rule.changes.push(Change {
                    file: rest,
                    ..Change::default()
                }),
                (Some('-'), Some(change)) => change.old.push(rest),
                (Some('+'), Some(change)) => change.new.push(rest),
                (None, _) => {}
                (Some(_), _) => panic!("what is `{line}`?"),
            }
        }
        rule
    }
}

impl Change {
    fn make(&self, text: &str, mutant: usize) -> Result<String, String> {
        let (old, new) = (self.old.join("\n"), self.new.join("\n"));
        let times = text.matches(&old).count();
        if old.is_empty() || times != 1 {
            return Err(format!("`{old}` stands {times} times in {}", self.file));
        }
        let runs = format!("crate::mutants::runs({mutant})");
        let switch = match new.contains("MUTANT") {
            true => new.replace("MUTANT", &runs),
            false => format!("if {runs} {{ {new} }} else {{ {old} }}"),
        };
        Ok(text.replacen(&old, &switch, 1))
    }
}

fn edit(
    file: &Path,
    change: impl FnOnce(&str) -> Result<String, String>,
) -> io::Result<Result<(), String>> {
    let Ok(text) = fs::read_to_string(file) else {
        return Ok(Err(format!("there is no {}", file.display())));
    };
    match change(&text) {
        Ok(text) => fs::write(file, text).map(Ok),
        Err(why) => Ok(Err(why)),
    }
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_all(&entry.path(), &target)?,
            false => fs::copy(entry.path(), target).map(drop)?,
        }
    }
    Ok(())
}
