//! The local control plane: components, processes, kubeconfig.
