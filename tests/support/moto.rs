//! An AWS that is not AWS: a moto server on loopback, with the additions of `tests/moto/server.py`. It proves
//! that modules, plans and applies work with the real provider; it does not prove how AWS behaves.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// What `pip` installs when no Python on this machine has it.
const REQUIREMENT: &str = "moto[server]==5.2.1";

/// A running server; stopped when dropped.
pub struct Moto {
    process: Child,
    port: u16,
    made: PathBuf,
    hold: PathBuf,
}

impl Moto {
    /// Starts a server with nothing in it; its log goes to `folder`.
    pub fn start(folder: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/moto/server.py");
        let log = folder.join("moto.log");
        let (made, hold) = (folder.join("moto.made"), folder.join("moto.hold"));
        // The port is free when it is chosen; another program may take it before the server does.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let output = File::create(&log).unwrap();
            let mut process = Command::new(python())
                .arg(&script)
                .arg(port.to_string())
                .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
                .env("KSTACK_MOTO_MADE", &made)
                .env("KSTACK_MOTO_HOLD", &hold)
                .stdin(Stdio::null())
                .stdout(output.try_clone().unwrap())
                .stderr(output)
                .spawn()
                .unwrap();
            let deadline = Instant::now() + Duration::from_secs(120);
            while Instant::now() < deadline && process.try_wait().unwrap().is_none() {
                if answers(port) {
                    return Self { process, port, made, hold };
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("the moto server does not start:\n{}", fs::read_to_string(&log).unwrap_or_default());
    }

    /// The endpoint, and credentials that it accepts, as environment variables.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// Makes a bucket, as `kstack bootstrap` or a person would.
    pub fn make_bucket(&self, name: &str) {
        let status = self.request(
            "PUT",
            &format!("/{name}"),
            "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
        );
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
    }

    /// An object's content; `None` when there is none.
    pub fn object(&self, bucket: &str, key: &str) -> Option<String> {
        let answer = self.request("GET", &format!("/{bucket}/{key}"), "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    }

    /// Writes an object.
    pub fn put(&self, bucket: &str, key: &str, content: &str) {
        let answer = self.request("PUT", &format!("/{bucket}/{key}"), content);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The keys below `prefix`, sorted.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let answer = self.request("GET", &format!("/{bucket}?list-type=2&prefix={prefix}"), "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let key = regex::Regex::new("<Key>([^<]*)</Key>").unwrap();
        key.captures_iter(&answer).map(|found| found[1].to_owned()).collect()
    }

    /// How many things were made by calls such as `CreateVpc`, answered or not.
    pub fn made(&self) -> usize {
        fs::read_to_string(&self.made).unwrap_or_default().lines().count()
    }

    /// From now on, calls that make something do so and are not answered, until [`Moto::answer`].
    pub fn hold(&self) {
        fs::write(&self.hold, "").unwrap();
    }

    /// Answers what was held back, and what comes.
    pub fn answer(&self) {
        fs::remove_file(&self.hold).unwrap();
    }

    /// What the account holds that somebody made, as `kind name`, sorted. Keys whose deletion is under way do not count.
    pub fn left(&self) -> Vec<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/moto/left.py");
        let output =
            Command::new(python()).arg(script).arg(format!("http://127.0.0.1:{}", self.port)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut left: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        left.sort_unstable();
        left
    }

    /// Runs Python that has a boto3 client for `service`, called `client`: what happens behind Terraform's back. Gives what
    /// it prints.
    pub fn call(&self, service: &str, code: &str) -> String {
        let code = format!(
            "import boto3\nclient = boto3.client('{service}', 'eu-west-1', endpoint_url='http://127.0.0.1:{}', \
             aws_access_key_id='test', aws_secret_access_key='test')\n{code}",
            self.port
        );
        let output = Command::new(python()).args(["-c", &code]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Makes a DNS zone, as whoever owns the domain would; gives its id.
    pub fn make_zone(&self, name: &str) -> String {
        let code = format!(
            "print(client.create_hosted_zone(Name='{name}', CallerReference='test')['HostedZone']['Id'].split('/')[-1])"
        );
        self.call("route53", &code)
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // moto tells the service by the signature's scope; it does not check the signature.
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut answer = String::new();
    write!(stream, "GET /moto-api/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// A Python that has moto: the one on the `PATH`, or one in an environment that is made once in the cache.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let system = super::cli::find_program("python3").expect("`python3` is needed by this test");
        if has_moto(&system) {
            return system;
        }
        let cache = super::cache().join("python").join(REQUIREMENT.replace(['[', ']', '='], "-"));
        fs::create_dir_all(&cache).unwrap();
        // Test runs side by side make it once: the first one holds the lock while it does.
        let lock = File::create(cache.join("lock")).unwrap();
        lock.lock().unwrap();
        let python = cache.join("venv/bin/python3");
        if !has_moto(&python) {
            run(Command::new(&system).args(["-m", "venv", "--clear"]).arg(cache.join("venv")));
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", REQUIREMENT]));
            assert!(has_moto(&python), "{REQUIREMENT} was installed but cannot be imported");
        }
        python
    })
}

fn has_moto(python: &Path) -> bool {
    let check =
        Command::new(python).args(["-c", "import moto.server"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    check.is_ok_and(|status| status.success())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
}
