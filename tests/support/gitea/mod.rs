//! A real Gitea with its runner, on loopback: the server with a database of its own, and a runner in host mode, so that
//! jobs are processes of this machine.

mod http;
mod programs;

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use programs::programs;

/// Longer than anything takes here, also on a busy machine.
const LONG: Duration = Duration::from_secs(300);

/// A running server; stopped when dropped.
pub struct Gitea {
    process: Child,
    port: u16,
    folder: PathBuf,
    /// The administrator's.
    token: String,
}

impl Gitea {
    /// The administrator, who owns the repositories.
    pub const OWNER: &str = "acme";

    /// Starts a server with nothing but its administrator in it; everything of it lies in `folder`.
    pub fn start(folder: &Path) -> Self {
        for name in ["home", "public/assets/.vite"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        // The Go module has no web assets. Without this list of them every page would be an error in the log.
        let vite = ["index.ts", "iife.ts", "eventsource.sharedworker.ts"]
            .map(|name| format!(r#""web_src/js/{name}": {{"file": "js/none.js"}}"#));
        fs::write(folder.join("public/assets/.vite/manifest.json"), format!("{{{}}}", vite.join(", "))).unwrap();
        // The port is free when it is chosen; another program may take it before the server does.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            fs::write(folder.join("app.ini"), configuration(folder, port)).unwrap();
            let log = File::create(folder.join("gitea.log")).unwrap();
            let mut process = command(folder)
                .arg("web")
                .args(["--config", "app.ini", "--custom-path", "."])
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            let deadline = Instant::now() + LONG;
            while Instant::now() < deadline && process.try_wait().unwrap().is_none() {
                if http::request(port, "GET", "/api/v1/version", None, "").is_ok_and(|(status, _)| status == 200) {
                    let token = administrator(folder);
                    return Self { process, port, folder: folder.to_owned(), token };
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("Gitea does not start:\n{}", fs::read_to_string(folder.join("gitea.log")).unwrap_or_default());
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The administrator's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What the API answers to the owner of `token`: the status, and the document; text that is none as a string.
    pub fn try_as(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) =
            http::request(self.port, method, &format!("/api/v1{path}"), Some(&format!("token {token}")), &body)
                .unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// What the API answers to the administrator, for whom it must work.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.try_as(&self.token, method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status}: {answer}");
        answer
    }

    /// What `GET` of `path` answers.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.api("GET", path, &Value::Null)
    }

    /// Another user, with a token for repositories and issues.
    pub fn make_user(&self, name: &str) -> String {
        let password = uuid::Uuid::new_v4().to_string();
        let user = json!({
            "username": name, "email": format!("{name}@example.invalid"), "password": password,
            "must_change_password": false,
        });
        self.api("POST", "/admin/users", &user);
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
        let scopes = json!({ "name": "test", "scopes": ["write:repository", "write:issue", "read:user"] });
        let path = format!("/api/v1/users/{name}/tokens");
        let (status, answer) =
            http::request(self.port, "POST", &path, Some(&format!("Basic {basic}")), &scopes.to_string()).unwrap();
        assert_eq!(status, 201, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["sha1"].as_str().unwrap().to_owned()
    }

    /// Registers and starts a runner with these labels, whose jobs see `variables` and nothing else of this process but
    /// `PATH`. It takes two jobs at a time.
    pub fn start_runner(&self, labels: &[&str], variables: &[(String, String)]) -> Runner {
        let folder = self.folder.join("runner");
        fs::create_dir_all(folder.join("home")).unwrap();
        let labels: Vec<String> = labels.iter().map(|label| format!("{label}:host")).collect();
        let configuration = json!({
            "log": {"level": "info"},
            "runner": {
                "file": ".runner", "capacity": 2, "timeout": "30m", "fetch_timeout": "5s", "fetch_interval": "500ms",
                "fetch_interval_max": "500ms", "log_report_interval": "1s", "log_report_max_latency": "500ms",
                "state_report_interval": "500ms", "labels": labels,
            },
            "cache": {"enabled": false},
            "host": {"workdir_parent": folder.join("work")},
        });
        // JSON is YAML.
        fs::write(folder.join("config.yaml"), configuration.to_string()).unwrap();
        let runner = || {
            let mut command = Command::new(&programs().runner);
            command.args(["--config", "config.yaml"]).current_dir(&folder).env_clear();
            command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder.join("home"));
            command.envs(variables.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
            command
        };
        let answer = self.api("POST", "/admin/actions/runners/registration-token", &Value::Null);
        let token = answer["token"].as_str().unwrap();
        let registered = runner()
            .args(["register", "--no-interactive", "--name", "test", "--instance", &self.url(), "--token", token])
            .output()
            .unwrap();
        assert!(registered.status.success(), "{}", String::from_utf8_lossy(&registered.stderr));
        let log = File::create(folder.join("runner.log")).unwrap();
        let process =
            runner().arg("daemon").stdout(log.try_clone().unwrap()).stderr(log).process_group(0).spawn().unwrap();
        Runner { process }
    }
}

impl Drop for Gitea {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A running runner; stopped when dropped, with the jobs that it runs.
pub struct Runner {
    process: Child,
}

impl Drop for Runner {
    fn drop(&mut self) {
        // It ends its jobs when it is asked to stop, and cannot when it is killed.
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(&programs().gitea);
    command.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", folder.join("home")).env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
    command
}

/// Makes the administrator and gives its token.
fn administrator(folder: &Path) -> String {
    let password = uuid::Uuid::new_v4().to_string();
    let made = command(folder)
        .args(["--config", "app.ini", "--custom-path", ".", "admin", "user", "create", "--admin"])
        .args(["--username", Gitea::OWNER, "--email", "acme@example.invalid", "--must-change-password=false"])
        .args(["--password", &password, "--access-token", "--access-token-name", "test"])
        .args(["--access-token-scopes", "all"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&made.stdout);
    assert!(made.status.success(), "{said}\n{}", String::from_utf8_lossy(&made.stderr));
    let token = regex::Regex::new(r"\b[0-9a-f]{40}\b").unwrap().find(&said).unwrap_or_else(|| panic!("{said}"));
    token.as_str().to_owned()
}

/// See <https://docs.gitea.com/administration/config-cheat-sheet>.
fn configuration(folder: &Path, port: u16) -> String {
    let user = Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    let secret = || {
        let halves = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        URL_SAFE_NO_PAD.encode([halves[0].as_bytes().as_slice(), halves[1].as_bytes()].concat())
    };
    format!(
        "\
RUN_MODE = prod
RUN_USER = {user}
WORK_PATH = {folder}
; Tests may run as root, in a container of their own.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
DOMAIN = 127.0.0.1
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {assets}
OFFLINE_MODE = true
DISABLE_SSH = true

[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db
SQLITE_JOURNAL_MODE = WAL

[repository]
ROOT = {folder}/repositories
DEFAULT_BRANCH = main

[security]
INSTALL_LOCK = true
SECRET_KEY = {key}
INTERNAL_TOKEN = {internal}

[oauth2]
JWT_SECRET = {jwt}

[service]
DISABLE_REGISTRATION = true

[session]
PROVIDER = memory

[indexer]
ISSUE_INDEXER_TYPE = db

[cron.update_checker]
ENABLED = false

[actions]
ENABLED = true
; Nothing comes from the internet: an action that is not of this server would be a failure.
DEFAULT_ACTIONS_URL = self

[log]
MODE = console
LEVEL = Info
",
        user = user.trim(),
        folder = folder.display(),
        assets = programs().assets.display(),
        key = secret(),
        internal = secret(),
        jwt = secret(),
    )
}
