//! A cluster to hand over.

use std::path::PathBuf;
pub struct Lab {
    pub kubeconfig: PathBuf,
    /// gotk-components.yaml of the sandbox's engine.
    pub components: String,
    pub url: String,
    pub push_url: String,
    pub username: String,
    pub password: String,
}

impl Lab {
    pub async fn up() -> Self {
        let root = PathBuf::from("/tmp/sync-lab");
        let ok = std::process::Command::new("bash").arg(root.join("fresh.sh")).status().unwrap();
        assert!(ok.success());
        Self {
            kubeconfig: root.join("run/admin.kubeconfig"),
            components: std::fs::read_to_string(root.join("gotk-components.yaml")).unwrap(),
            url: "http://127.0.0.1:23000/p.git".to_owned(),
            push_url: "/tmp/sync-lab/run/git/p.git".to_owned(),
            username: "git".to_owned(),
            password: "geheim".to_owned(),
        }
    }
}
