//! A Google Cloud that is not Google's: `tests/google/server.py` on loopback. It proves that modules, plans and applies
//! work with the real provider; it does not prove how Google behaves.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// Each service by the name of its variable and of its path in the stand-in.
const SERVICES: [(&str, &str); 9] = [
    ("CLOUD_BILLING", "cloudbilling"),
    ("COMPUTE", "compute"),
    ("CONTAINER", "container"),
    ("DNS", "dns"),
    ("IAM", "iam"),
    ("IAM_BETA", "iam"),
    ("KMS", "cloudkms"),
    ("RESOURCE_MANAGER", "resourcemanager"),
    ("SERVICE_USAGE", "serviceusage"),
];

/// A running stand-in; stopped when dropped.
pub struct Google {
    process: Child,
    port: u16,
}

impl Google {
    /// Starts a stand-in with nothing in it; its log goes to `folder`.
    pub fn start(folder: &Path) -> Self {
        let (port_file, log) = (folder.join("google.port"), folder.join("google.log"));
        let output = File::create(&log).unwrap();
        let mut process = Command::new("python3")
            .arg("-B") // leaves no byte code beside the sources
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/google/server.py"))
            .arg(&port_file)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .expect("`python3` is needed by this test");
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline && process.try_wait().unwrap().is_none() {
            if let Ok(port) = fs::read_to_string(&port_file) {
                return Self { process, port: port.parse().unwrap() };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = process.kill();
        let _ = process.wait();
        panic!("the stand-in does not start:\n{}", fs::read_to_string(&log).unwrap_or_default());
    }

    /// The endpoints, and a credential that it accepts, as environment variables of provider and backend.
    pub fn variables(&self) -> Vec<(String, String)> {
        let base = format!("http://127.0.0.1:{}", self.port);
        let mut variables: Vec<_> = SERVICES
            .iter()
            .map(|(name, path)| (format!("GOOGLE_{name}_CUSTOM_ENDPOINT"), format!("{base}/{path}/v1/")))
            .collect();
        for name in ["GOOGLE_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"] {
            variables.push((name.to_owned(), format!("{base}/storage/v1/")));
        }
        variables.push(("GOOGLE_OAUTH_ACCESS_TOKEN".to_owned(), "stand-in".to_owned()));
        variables
    }

    /// From now on its projects are new ones, which have no API open before it is enabled.
    pub fn with_new_projects(&self) {
        self.get("stand-in/new-project").unwrap();
    }

    /// What there is: resources and objects of buckets by their paths, grants as target, role and member.
    pub fn left(&self) -> Inventory {
        let body: Value = serde_json::from_str(&self.get("stand-in/inventory").unwrap()).unwrap();
        let list = |name: &str| serde_json::from_value(body[name].clone()).unwrap();
        Inventory { resources: list("resources"), grants: list("grants"), objects: list("objects") }
    }

    /// An object's content; `None` when there is none.
    pub fn object(&self, bucket: &str, name: &str) -> Option<String> {
        self.get(&format!("{bucket}/{name}"))
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    }
}

/// What the stand-in holds, each list sorted.
#[derive(Debug, PartialEq, Eq)]
pub struct Inventory {
    pub resources: Vec<String>,
    pub grants: Vec<String>,
    pub objects: Vec<String>,
}

impl Inventory {
    /// The kinds of the resources: the collections that they are in.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<_> = self.resources.iter().filter_map(|path| path.rsplit('/').nth(1)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

impl Drop for Google {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
