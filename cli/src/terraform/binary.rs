//! Finding Terraform or OpenTofu, and knowing exactly which program it is.

use std::{
    env,
    ffi::OsString,
    fmt, fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Platform, TerraformError, Version, environment};
use crate::program;

/// The environment variable that names the program.
pub const SETTING: &str = "KSTACK_TERRAFORM";

/// The oldest Terraform and OpenTofu that lock state in S3 by themselves (`use_lockfile`),
/// which generated backends rely on.
const OLDEST: Version = Version::release(1, 10, 0);

/// Which of the two programs it is. They share formats but not versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// HashiCorp Terraform.
    Terraform,
    /// OpenTofu.
    OpenTofu,
}

impl Product {
    /// The program's usual name.
    pub fn program(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::OpenTofu => "tofu",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terraform => "Terraform",
            Self::OpenTofu => "OpenTofu",
        })
    }
}

/// A program that was found and is new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Absolute path.
    pub path: PathBuf,
    /// Which program.
    pub product: Product,
    /// Its version.
    pub version: Version,
    /// Hex SHA-256 of the file.
    pub sha256: String,
    /// What it was built for, which its providers must be too.
    pub platform: Platform,
}

impl Binary {
    /// Finds the program: `setting` if given, else `$KSTACK_TERRAFORM`, else `terraform`, else
    /// `tofu` on `PATH`. A setting with a `/` is a path, any other a name on `PATH`.
    ///
    /// What was learnt of a file is kept in the folder `cache` by path, size and time of change, since
    /// starting the program and hashing its 90 MB would cost every command a good part of a second.
    ///
    /// # Errors
    /// [`TerraformError::NotFound`], [`TerraformError::NotTerraform`] when it does not say what it
    /// is, [`TerraformError::TooOld`], or an I/O error.
    pub async fn find(setting: Option<&str>, cache: &Path) -> Result<Self, TerraformError> {
        let path = Self::locate(setting)?;
        let facts = match Remembered::open(&path, cache)? {
            (_, Some(facts)) => facts,
            (remembered, None) => {
                let (product, version, platform) = ask(&path).await?;
                let file = path.clone();
                let hashed = tokio::task::spawn_blocking(move || hash(&file)).await;
                let sha256 = hashed.map_err(|error| TerraformError::io("read", &path, error.into()))??;
                let facts = Facts { product, version: version.to_string(), sha256, platform };
                remembered.keep(&facts)?;
                facts
            }
        };
        let version = facts
            .version
            .parse()
            .map_err(|_| TerraformError::NotTerraform { path: path.clone(), said: facts.version.clone() })?;
        if version < OLDEST {
            return Err(TerraformError::TooOld { path, product: facts.product, version, oldest: OLDEST });
        }
        Ok(Self { path, product: facts.product, version, sha256: facts.sha256, platform: facts.platform })
    }

    /// Where the program is that [`Binary::find`] would look at; nothing is run.
    ///
    /// # Errors
    /// [`TerraformError::NotFound`], or an I/O error.
    pub fn locate(setting: Option<&str>) -> Result<PathBuf, TerraformError> {
        let from_environment = env::var(SETTING).ok().filter(|value| !value.is_empty());
        let names = match setting.map(str::to_owned).or(from_environment) {
            Some(name) => vec![name],
            None => vec!["terraform".to_owned(), "tofu".to_owned()],
        };
        let path = names.iter().find_map(program::find).ok_or(TerraformError::NotFound { names })?;
        path.canonicalize().map_err(|source| TerraformError::io("find", &path, source))
    }
}

/// Runs `version`. Not `version -json`: there OpenTofu calls itself `terraform_version` as well.
async fn ask(path: &Path) -> Result<(Product, Version, Platform), TerraformError> {
    let mut command = tokio::process::Command::new(path);
    command.arg("version").current_dir("/").stdin(std::process::Stdio::null()).kill_on_drop(true);
    environment::apply(&mut command);
    let output = command.output().await.map_err(|source| TerraformError::io("run", path, source))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // OpenTofu has warnings before it, about its CLI configuration for example.
    let known = text.lines().find_map(|line| {
        let (name, version) = line.trim().split_once(" v")?;
        let product = match name {
            "Terraform" => Product::Terraform,
            "OpenTofu" => Product::OpenTofu,
            _ => return None,
        };
        // Another line, such as `on linux_amd64`; without one it is taken to be for the machine that kstack is for.
        let platform = text.lines().find_map(|line| line.trim().strip_prefix("on ")?.parse().ok());
        Some((product, version.parse().ok()?, platform.unwrap_or_else(Platform::current)))
    });
    let first = text.lines().next().unwrap_or_default().trim();
    known.ok_or_else(|| TerraformError::NotTerraform { path: path.to_owned(), said: first.chars().take(80).collect() })
}

fn hash(path: &Path) -> Result<String, TerraformError> {
    let wrong = |source| TerraformError::io("read", path, source);
    let mut file = fs::File::open(path).map_err(wrong)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut buffer).map_err(wrong)?;
        if length == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..length]);
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use fmt::Write as _;
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    product: Product,
    version: String,
    sha256: String,
    platform: Platform,
}

/// The file in which the facts of one binary are kept.
#[derive(Debug)]
struct Remembered {
    folder: PathBuf,
    name: String,
}

impl Remembered {
    fn open(binary: &Path, cache: &Path) -> Result<(Self, Option<Facts>), TerraformError> {
        let metadata = fs::metadata(binary).map_err(|source| TerraformError::io("read", binary, source))?;
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let mut hasher = Sha256::new();
        hasher.update(OsString::from(binary).as_encoded_bytes());
        hasher.update([0]);
        hasher.update(metadata.len().to_le_bytes());
        hasher.update(changed.unwrap_or_default().as_nanos().to_le_bytes());
        let remembered =
            Self { folder: cache.join("terraform-binaries"), name: format!("{}.json", hex(&hasher.finalize())) };
        // A file that cannot be read or understood is as good as none: it is written anew.
        let facts = fs::read(remembered.folder.join(&remembered.name)).ok();
        Ok((remembered, facts.and_then(|bytes| serde_json::from_slice(&bytes).ok())))
    }

    fn keep(&self, facts: &Facts) -> Result<(), TerraformError> {
        let wrong = |source| TerraformError::io("write", &self.folder, source);
        fs::create_dir_all(&self.folder).map_err(wrong)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(wrong)?;
        let text = serde_json::to_vec(facts).map_err(|error| wrong(error.into()))?;
        file.write_all(&text).map_err(wrong)?;
        file.persist(self.folder.join(&self.name)).map_err(|error| wrong(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A program that only says what it is; the real ones are run in `tests/terraform.rs`.
    fn saying(folder: &Path, words: &str) -> PathBuf {
        let path = folder.join("engine");
        fs::write(&path, format!("#!/bin/sh\necho '{words}'\necho x >> \"$0.runs\"\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn the_program_says_what_it_is_and_is_asked_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = saying(folder.path(), "\nWarning: Unable to open CLI configuration file\n\nOpenTofu v1.12.6\non x");
        for _ in 0..2 {
            let binary = Binary::find(path.to_str(), &folder.path().join("cache")).await.unwrap();
            assert_eq!((binary.product, binary.version), (Product::OpenTofu, Version::release(1, 12, 6)));
            assert_eq!(binary.sha256, hex(&Sha256::digest(fs::read(&path).unwrap())));
        }
        assert_eq!(fs::read_to_string(folder.path().join("engine.runs")).unwrap(), "x\n");
    }

    #[tokio::test]
    async fn an_old_or_foreign_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = saying(folder.path(), "Terraform v1.5.7");
        let error = Binary::find(path.to_str(), folder.path()).await.unwrap_err();
        assert!(matches!(error, TerraformError::TooOld { product: Product::Terraform, .. }), "{error}");
        let path = saying(folder.path(), "Packer v1.9.9 is not it");
        let error = Binary::find(path.to_str(), folder.path()).await.unwrap_err();
        assert!(matches!(error, TerraformError::NotTerraform { .. }), "{error}");
        let error = Binary::find(Some("/nowhere/terraform"), folder.path()).await.unwrap_err();
        assert_eq!(error.to_string(), "cannot find `/nowhere/terraform`");
    }
}
