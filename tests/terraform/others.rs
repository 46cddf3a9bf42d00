//! What is not read where it lies: plans and states that OpenTofu encrypted, plans of programs that nobody compared, and
//! states in backends that only Terraform knows.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
};

use kstack::terraform::{
    Binary, PlanFile, PlanFileError, Platform, Product, Reader, StateFile, StateFileError, StateId, Version,
    changes_from_show_json,
};

use super::{
    compare::text,
    stack::{Stack, programs},
};
use crate::support;

/// Both encrypted, with the fewest rounds that OpenTofu takes.
const ENCRYPTION: &str = r#"
    terraform {
      encryption {
        key_provider "pbkdf2" "main" {
          passphrase = "correct horse battery staple"
          iterations = 200000
        }
        method "aes_gcm" "main" { keys = key_provider.pbkdf2.main }
        state { method = method.aes_gcm.main }
        plan { method = method.aes_gcm.main }
      }
    }"#;

const MAIN: &str = r#"
    resource "terraform_data" "a" { input = "hush-hush" }
    output "id" { value = "plain" }"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_opentofu_encrypted_is_left_to_it() {
    let opentofu = |program: &Binary| program.product == Product::OpenTofu;
    let Some(program) = programs().await.into_iter().find(opentofu) else { return };
    let stack = Stack::of(&program);
    stack.write("infra/stack/main.tf", &format!("{ENCRYPTION}{MAIN}"));
    stack.plan().await;
    assert!(matches!(PlanFile::open(&stack.plan_path()), Err(PlanFileError::Encrypted)));
    let terraform = stack.terraform().await;
    let changes = stack.watching(async |watch| terraform.changes(&stack.plan_path(), watch).await).await.unwrap();
    let because = "the plan is encrypted by OpenTofu, and only `tofu` has the keys".to_owned();
    assert_eq!(changes.reader, Reader::Show { because });
    insta::assert_snapshot!(text(&changes.list), @r#"
    Create terraform_data.a
      id: - > ?
      input: - > "hush-hush"
      output: - > ?
    output id: - > "plain"
    "#);

    stack.apply().await.unwrap();
    let bytes = fs::read(stack.path("infra/stack/terraform.tfstate")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("hush"));
    assert!(matches!(StateFile::parse(&bytes), Err(StateFileError::Encrypted)));
    let pulled = stack.watching(async |watch| terraform.pull_state(watch).await).await.unwrap().unwrap();
    assert_eq!(pulled.outputs["id"].value, "plain");
    let StateFile { lineage, serial, .. } = pulled;
    assert_eq!(StateId::parse(&bytes).unwrap(), StateId { lineage, serial }, "which state it is stays in clear");
}

/// Programs that kstack itself would not run, from `KSTACK_TEST_PROGRAMS`.
#[tokio::test(flavor = "multi_thread")]
async fn plans_of_older_programs_are_left_to_show_json() {
    for path in support::programs::others() {
        let Some(program) = older(&path) else { continue };
        let stack = Stack::of(&program);
        stack.converge(MAIN).await;
        stack.write("infra/stack/main.tf", &MAIN.replace("hush-hush", "changed"));
        stack.plan().await;
        let terraform = stack.terraform().await;
        let changes = stack.watching(async |watch| terraform.changes(&stack.plan_path(), watch).await).await.unwrap();
        let (product, version) = (program.product, &program.version);
        let because = format!("the plan has been made by {product} {version}, which the native reader does not know");
        assert_eq!(changes.reader, Reader::Show { because });
        let shown = stack.watching(async |watch| terraform.show_json(&stack.plan_path(), watch).await).await.unwrap();
        assert_eq!(changes.list, changes_from_show_json(&shown).unwrap());
        assert!(text(&changes.list).contains("input: \"hush-hush\" > \"changed\""), "{product} {version}");
        let state = fs::read(stack.path("infra/stack/terraform.tfstate")).unwrap();
        assert_eq!(StateFile::parse(&state).unwrap().outputs["id"].value, "plain", "{product} {version}");
    }
}

/// The program at `path`, if it is older than those that kstack runs.
fn older(path: &Path) -> Option<Binary> {
    let output = std::process::Command::new(path).arg("version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = |line: &str| {
        let (name, version) = line.split_once(" v")?;
        Some((name.to_owned(), version.parse::<Version>().ok()?))
    };
    let (name, version) = text.lines().find_map(said).unwrap();
    let product = if name == "Terraform" { Product::Terraform } else { Product::OpenTofu };
    // Those before cannot tell in JSON what `init` does, and kstack runs none of them.
    let older = version < Version::release(1, 10, 0) && version >= Version::release(1, 9, 0);
    let (sha256, platform) = (String::new(), Platform::current());
    older.then(|| Binary { path: path.to_owned(), product, version, sha256, platform })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_behind_any_backend_is_pulled() {
    for program in programs().await {
        let server = StateServer::start();
        let stack = Stack::of(&program);
        let backend = format!("terraform {{\n  backend \"http\" {{\n    address = \"{}\"\n  }}\n}}\n", server.address);
        stack.write("infra/stack/main.tf", &backend);
        let terraform = stack.terraform().await;
        let pull = async || stack.watching(async |watch| terraform.pull_state(watch).await).await.unwrap();
        assert_eq!(pull().await, None, "nothing was applied yet");
        stack.converge(&format!("{backend}{MAIN}")).await;
        let pulled = pull().await.unwrap();
        assert_eq!(pulled.outputs["id"].value, "plain");
        assert_eq!(pulled.resources, ["terraform_data.a"]);
        let stored = StateFile::parse(&server.state.lock().unwrap().clone().unwrap()).unwrap();
        assert_eq!((pulled.lineage, pulled.serial), (stored.lineage, stored.serial));
    }
}

/// What Terraform's `http` backend talks to: one state, without locks
/// (<https://developer.hashicorp.com/terraform/language/backend/http>). It ends with the process.
struct StateServer {
    address: String,
    state: Arc<Mutex<Option<Vec<u8>>>>,
}

impl StateServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/state", listener.local_addr().unwrap());
        let state = Arc::default();
        let held = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.unwrap(), &held);
            }
        });
        Self { address, state }
    }
}

fn answer(mut stream: &TcpStream, state: &Mutex<Option<Vec<u8>>>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    let mut lines = reader.by_ref().lines();
    while let Some(Ok(line)) = lines.next().filter(|line| line.as_ref().is_ok_and(|line| !line.is_empty())) {
        head.push(line);
    }
    let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let mut state = state.lock().unwrap();
    if head.first().is_some_and(|line| line.starts_with("POST")) {
        *state = Some(body);
    }
    let (status, content) = match &*state {
        Some(content) => ("200 OK", content.as_slice()),
        None => ("404 Not Found", &b""[..]),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len()).unwrap();
    stream.write_all(content).unwrap();
}
