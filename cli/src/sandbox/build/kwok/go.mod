// Builds kwok on its own: it does not compile with the Kubernetes modules of ../components.
// How to move to another version is told there.
module kstack.dev/sandbox/kwok

go 1.24.0

require sigs.k8s.io/kwok v0.7.0
