//! An Azure that is not Azure: `tests/azure/server.py` on loopback. It proves that modules, plans and applies work with the
//! real provider; it does not prove how Azure behaves.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The hosts of Azure that the stand-in answers for, as the proxy of whoever asks for them.
const HOSTS: [&str; 4] =
    ["login.microsoftonline.com", "management.azure.com", "*.vault.azure.net", "*.blob.core.windows.net"];

/// The subscription of stacks.
pub const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

/// The stand-in; stopped when dropped.
pub struct StandIn {
    process: Child,
    port: u16,
    certificate: PathBuf,
}

impl StandIn {
    /// Starts with nothing in it; its certificate and log go to `folder`.
    pub fn start(folder: &Path) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(HOSTS.map(ToOwned::to_owned)).unwrap();
        let (certificate, key_file) = (folder.join("certificate.pem"), folder.join("key.pem"));
        fs::write(&certificate, parameters.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        let log = folder.join("server.log");
        // The port is free when it is chosen; another program may take it before the server does.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let output = File::create(&log).unwrap();
            let mut process =
                Command::new(super::cli::find_program("python3").expect("`python3` is needed by this test"))
                    .arg("-B") // leaves no byte code beside the sources
                    .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/azure/server.py"))
                    .arg(port.to_string())
                    .args([&certificate, &key_file])
                    .stdin(Stdio::null())
                    .stdout(output.try_clone().unwrap())
                    .stderr(output)
                    .spawn()
                    .unwrap();
            let deadline = Instant::now() + Duration::from_secs(60);
            while Instant::now() < deadline && process.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { process, port, certificate };
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("the stand-in does not start:\n{}", fs::read_to_string(&log).unwrap_or_default());
    }

    /// What sends every host of Azure to the stand-in, so that nothing leaves the machine, and credentials that it accepts,
    /// as environment variables.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("HTTPS_PROXY", format!("http://127.0.0.1:{}", self.port)),
            ("SSL_CERT_FILE", self.certificate.display().to_string()),
            ("ARM_TENANT_ID", "00000000-0000-0000-0000-0000000000aa".to_owned()),
            ("ARM_CLIENT_ID", "00000000-0000-0000-0000-0000000000bb".to_owned()),
            ("ARM_CLIENT_SECRET", "stand-in".to_owned()),
            ("ARM_USE_CLI", "false".to_owned()),
        ]
    }

    /// The ids of everything that there is, in lower case.
    pub fn objects(&self) -> Vec<String> {
        serde_json::from_str(&self.get("objects").unwrap()).unwrap()
    }

    /// All blobs, as `account/container/name`.
    pub fn blobs(&self) -> Vec<String> {
        serde_json::from_str(&self.get("blobs").unwrap()).unwrap()
    }

    /// A blob's content; `None` when there is none.
    pub fn blob(&self, path: &str) -> Option<String> {
        self.get(&format!("blobs/{path}"))
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

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
