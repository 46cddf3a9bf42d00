//! What a run that is killed leaves of secrets: nothing but a private plan file on its machine, which the next run takes
//! away; in the bucket they are in the state alone.

use std::{
    fs,
    io::{Cursor, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use zip::ZipArchive;

use super::victim::{Victim, kill};
use crate::support::{
    age,
    cli::{Ran, files_below, find_program},
    moto::Moto,
    repository::{Repository, until_written},
};

const BUCKET: &str = "acme-state";
const CANARY: &str = "canary-killed-7f20b9";

/// A stack whose only secret is everywhere, with a command that takes this long.
fn stack(log: &Path, command: &str) -> String {
    format!(
        "variable \"password\" {{\n  type      = string\n  sensitive = true\n}}\n\nresource \"terraform_data\" \"first\" {{\n  \
         input = var.password\n}}\n\nresource \"terraform_data\" \"slow\" {{\n  input = terraform_data.first.output\n\n  \
         provisioner \"local-exec\" {{\n    command     = \"echo begun >> {}; echo $TOKEN; {command}\"\n    environment = {{ TOKEN \
         = var.password }}\n  }}\n}}\n\noutput \"password\" {{\n  value     = terraform_data.slow.output\n  sensitive = \
         true\n}}\n",
        log.display()
    )
}

/// Whether it has the secret, also inside of an archive.
fn has_it(bytes: &[u8]) -> bool {
    let within = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    let inside = |mut archive: ZipArchive<Cursor<&[u8]>>| {
        (0..archive.len()).any(|index| {
            let mut member = Vec::new();
            archive.by_index(index).unwrap().read_to_end(&mut member).unwrap();
            within(&member)
        })
    };
    within(bytes) || ZipArchive::new(Cursor::new(bytes)).is_ok_and(inside)
}

/// The files of the world that have the secret.
fn files(victim: &Victim) -> Vec<String> {
    let root = victim.repository.world.root();
    let mut files = files_below(root);
    files.retain(|path| !root.join(path).is_symlink() && has_it(&fs::read(root.join(path)).unwrap()));
    files
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The objects of the bucket that have it.
fn objects(moto: &Moto) -> Vec<String> {
    let code = format!(
        "for it in client.list_objects_v2(Bucket='{BUCKET}').get('Contents', []):\n \
         print(it['Key'], client.get_object(Bucket='{BUCKET}', Key=it['Key'])['Body'].read().hex())"
    );
    let listed = moto.call("s3", &code);
    let objects = listed.lines().map(|line| line.split_once(' ').unwrap());
    objects.filter(|(_, hex)| has_it(&bytes(hex))).map(|(key, _)| key.to_owned()).collect()
}

#[test]
fn no_secret_stays_behind_a_killed_run() {
    let mut repository = Repository::new();
    let moto = Moto::start(repository.world.root());
    for (name, value) in moto.variables() {
        repository.world.set(name, value);
    }
    moto.make_bucket(BUCKET);
    let (key, recipient) = age::pair();
    repository.world.set("KSTACK_AGE_KEY", &key);
    repository.world.set("TF_VAR_password", CANARY);
    let platform = repository.world.read("kstack.hcl");
    let state = format!("state \"s3\" {{\n  bucket = \"{BUCKET}\"\n  region = \"eu-west-1\"\n}}\n");
    let sealed = format!("  parallelism = 1\n  recipients  = [\"{recipient}\"]\n");
    let platform = platform.replace("state \"local\" {}\n", &state).replace("  parallelism = 1\n", &sealed);
    repository.write("kstack.hcl", &platform);
    let victim = Victim { repository };
    let write = |command: &str| {
        victim.repository.stack("a", &stack(&victim.log(), command));
        let main = victim.repository.world.read("infra/a/main.tf").replace("backend \"local\" {}", "backend \"s3\" {}");
        victim.repository.write("infra/a/main.tf", &main);
        victim.repository.commit("Change the stack");
    };
    let mut printed: Vec<Ran> = Vec::new();
    // It takes long the first time.
    let begun = victim.repository.world.root().join("begun");
    let sleep = find_program("sleep").unwrap();
    write(&format!("test -e {0} || {{ echo > {0}; {1} 600; }}", begun.display(), sleep.display()));
    printed.push(victim.repository.kstack(&["plan", "--pending", "--format", "json", "-v"]).done());
    assert_eq!((files(&victim), objects(&moto)), (Vec::new(), Vec::new()), "a plan is sealed");

    let mut child = victim.start(&["apply", "--no-handoff", "--format", "json", "-v"]);
    until_written(&victim.log());
    kill(&mut child, true);
    let left = files(&victim);
    assert_eq!(left.len(), 1, "the plan that was being applied: {left:?}");
    assert!(left[0].contains("/plan-"), "{left:?}");
    let mode = fs::metadata(victim.repository.world.root().join(&left[0])).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "only the user can read it");
    assert!(objects(&moto).iter().all(|key| key == "ops/a.tfstate"), "{:?}", objects(&moto));

    // The next run finds out, and takes it away.
    printed.push(victim.resume(&["-v"]).0);
    assert_eq!(files(&victim), [""; 0], "after the next run");
    printed.push(victim.resume(&["--checked", "a", "-v"]).0.done());
    assert_eq!((files(&victim), objects(&moto)), (Vec::new(), vec!["ops/a.tfstate".to_owned()]));
    for ran in &printed {
        assert!(!has_it(ran.stdout.as_bytes()) && !has_it(ran.stderr.as_bytes()), "{ran}");
    }
}
