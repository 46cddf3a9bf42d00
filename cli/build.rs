//! Lists `modules/` and `platform-templates/` for embedding.
//!
//! A list of our own instead of a macro over the whole folder, for two reasons: working files that
//! Terraform leaves in a module (a provider is several hundred megabytes) must not end up in the
//! program, and a new file must cause a new build.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed=cli/build.rs");
    let mut code = String::new();
    for (constant, folder) in [("MODULES", "modules"), ("TEMPLATES", "platform-templates")] {
        let mut files = Vec::new();
        walk(&root, Path::new(folder), &mut files)?;
        files.sort();
        writeln!(code, "/// The files of `{folder}/`, sorted by path.")?;
        writeln!(code, "pub(super) static {constant}: &[(&str, &[u8])] = &[")?;
        for file in files {
            let inside = file.strip_prefix(folder)?.to_str().ok_or("a file name is not UTF-8")?.to_owned();
            writeln!(code, "    ({inside:?}, include_bytes!({:?})),", root.join(&file))?;
        }
        writeln!(code, "];")?;
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("assets.rs"), code)?;
    Ok(())
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if is_working_file(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// What Terraform and editors leave behind; the same names are in `.gitignore`.
fn is_working_file(name: &str) -> bool {
    name.starts_with(".terraform") || name.contains(".tfstate") || name.ends_with('~') || name.ends_with(".swp")
}
