//! Sealing: encryption of what only those who apply may read, in the age format, <https://age-encryption.org/v1>, so
//! that the `age` program opens it too.
//!
//! Who plans needs public keys alone. The secret key comes from the environment of whoever applies, and is asked for
//! only when something sealed is opened.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use age::{DecryptError, Decryptor, EncryptError, Encryptor, x25519};
use secrecy::{ExposeSecret as _, SecretString};

/// The variable that holds a secret key, as `age-keygen` writes it.
pub const KEY: &str = "KSTACK_AGE_KEY";
/// The variable that names a file with secret keys.
pub const KEY_FILE: &str = "KSTACK_AGE_KEY_FILE";

/// What every file in the format begins with.
const MAGIC: &[u8] = b"age-encryption.org/";

/// Whether `bytes` are sealed.
pub(in crate::pipeline) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A recipient is none.
    #[error("`{text}` is not a recipient: {problem}")]
    Recipient {
        /// As `kstack.hcl` has it.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It cannot be encrypted.
    #[error("it cannot be encrypted")]
    Encrypt(#[source] Box<EncryptError>),
    /// A file of keys cannot be read.
    #[error("cannot read the keys in `{}`", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What should be a key is none. It is not shown: it may be a key with a typing error.
    #[error("line {line} of {origin} is not an age key: {problem}")]
    Key {
        /// The file or variable.
        origin: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is encrypted, and no key was given.
    #[error("it is encrypted, and no key to open it was given")]
    NoKey,
    /// It is encrypted to others.
    #[error("it is encrypted, and not to {}", if *keys == 1 { "the key that was given" } else { "one of the keys that were given" })]
    OtherKey {
        /// How many keys were tried.
        keys: usize,
    },
    /// It was cut short or changed.
    #[error("it is encrypted, and damaged: {0}")]
    Damaged(String),
}

impl From<EncryptError> for SealError {
    /// Boxed: it can carry much, and most results carry no error at all.
    fn from(error: EncryptError) -> Self {
        Self::Encrypt(Box::new(error))
    }
}

/// Whom something is sealed to.
#[derive(Debug, Clone)]
pub struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// Those of `kstack.hcl`.
    ///
    /// # Errors
    /// [`SealError::Recipient`].
    pub fn parse(texts: &[String]) -> Result<Self, SealError> {
        let parse =
            |text: &String| text.parse().map_err(|problem| SealError::Recipient { text: text.clone(), problem });
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is nobody to seal to: things stay in the clear.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Seals `plain` to each of them; without any it stays as it is.
    ///
    /// # Errors
    /// [`SealError::Encrypt`].
    pub fn seal(&self, plain: Vec<u8>) -> Result<Vec<u8>, SealError> {
        if self.is_empty() {
            return Ok(plain);
        }
        let encryptor = Encryptor::with_recipients(self.0.iter().map(|recipient| recipient as &dyn age::Recipient))?;
        let mut sealed = Vec::with_capacity(plain.len() + 1024);
        // Into memory, where writing cannot fail.
        let io = |error: io::Error| SealError::from(EncryptError::from(error));
        let mut writer = encryptor.wrap_output(&mut sealed).map_err(io)?;
        writer.write_all(&plain).map_err(io)?;
        writer.finish().map_err(io)?;
        Ok(sealed)
    }
}

/// Secret keys that open what is sealed.
#[derive(Clone, Default)]
pub struct Keys(Vec<x25519::Identity>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.0.len()).finish()
    }
}

impl Keys {
    /// Those that `KSTACK_AGE_KEY` holds and those in the file that `KSTACK_AGE_KEY_FILE` names; may be none.
    ///
    /// # Errors
    /// [`SealError::KeyFile`], [`SealError::Key`].
    pub fn from_env() -> Result<Self, SealError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let mut keys = Self::default();
        if let Some(text) = variable(KEY) {
            keys.add(&SecretString::from(text.to_string_lossy().into_owned()), &format!("`{KEY}`"))?;
        }
        if let Some(path) = variable(KEY_FILE) {
            let path = Path::new(&path);
            let text =
                std::fs::read_to_string(path).map_err(|source| SealError::KeyFile { path: path.to_owned(), source })?;
            keys.add(&SecretString::from(text), &format!("`{}`", path.display()))?;
        }
        Ok(keys)
    }

    /// Adds the keys of a text as `age-keygen` writes it: one on a line, between comments.
    fn add(&mut self, text: &SecretString, origin: &str) -> Result<(), SealError> {
        for (index, line) in text.expose_secret().lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = line.parse().map_err(|problem| SealError::Key {
                origin: origin.to_owned(),
                line: index + 1,
                problem,
            })?;
            self.0.push(key);
        }
        Ok(())
    }

    /// Opens what is sealed to one of them.
    ///
    /// # Errors
    /// [`SealError::NoKey`], [`SealError::OtherKey`], [`SealError::Damaged`].
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let decryptor = Decryptor::new_buffered(sealed).map_err(|error| self.failed(error))?;
        let identities = self.0.iter().map(|key| key as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identities).map_err(|error| self.failed(error))?;
        let mut plain = Vec::with_capacity(sealed.len());
        reader.read_to_end(&mut plain).map_err(|error| SealError::Damaged(error.to_string()))?;
        Ok(plain)
    }

    fn failed(&self, error: DecryptError) -> SealError {
        match error {
            DecryptError::NoMatchingKeys if self.0.is_empty() => SealError::NoKey,
            DecryptError::NoMatchingKeys => SealError::OtherKey { keys: self.0.len() },
            // The library asks for whole sentences with a hint in lines of their own.
            error => SealError::Damaged(error.to_string().lines().next().unwrap_or_default().to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Keys, String) {
        let identity = x25519::Identity::generate();
        let public = identity.to_public().to_string();
        (Keys(vec![identity]), public)
    }

    #[test]
    fn each_recipient_opens_it_and_nobody_else() {
        let ((one, first), (two, second), (other, _)) = (pair(), pair(), pair());
        let sealed = Recipients::parse(&[first, second]).unwrap().seal(b"the plan".to_vec()).unwrap();
        assert!(is_sealed(&sealed));
        assert_eq!(one.open(&sealed).unwrap(), b"the plan");
        assert_eq!(two.open(&sealed).unwrap(), b"the plan");
        assert!(matches!(other.open(&sealed), Err(SealError::OtherKey { keys: 1 })));
        assert!(matches!(Keys::default().open(&sealed), Err(SealError::NoKey)));
        assert_eq!(format!("{one:?}"), "Keys(1)");
    }

    #[test]
    fn without_recipients_it_stays_as_it_is() {
        assert_eq!(Recipients::parse(&[]).unwrap().seal(b"plan".to_vec()).unwrap(), b"plan");
    }

    #[test]
    fn any_byte_that_is_missing_or_another_is_noticed() {
        let (keys, public) = pair();
        let sealed = Recipients::parse(&[public]).unwrap().seal(vec![7; 100]).unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(keys.open(&changed).is_err(), "byte {index}");
            assert!(keys.open(&sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn keys_are_read_as_age_keygen_writes_them_and_never_shown() {
        let identity = x25519::Identity::generate();
        let text = format!("# created: today\n# public key: x\n{}\n", identity.to_string().expose_secret());
        let mut keys = Keys::default();
        keys.add(&SecretString::from(text), "`keys.txt`").unwrap();
        assert_eq!(keys.0.len(), 1);
        let wrong = SecretString::from("\nAGE-SECRET-KEY-1CANARY".to_owned());
        let error = keys.add(&wrong, "`keys.txt`").unwrap_err().to_string();
        assert_eq!(error, "line 2 of `keys.txt` is not an age key: invalid Bech32 encoding");
    }
}
